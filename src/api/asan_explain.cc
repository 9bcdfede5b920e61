// What AddressSanitizer cannot say of a block that its own malloc did not make: which block the bad
// access was beside or in, and where it was allocated and freed. Written behind the sanitizer's
// report, which calls back here. In hakmem_asan.o alone.
#include "api/process.h"
#include "base/text_sink.h"
#include "gate/checked_report.h"
#include "os/os.h"

extern "C" {
[[gnu::weak]] void __asan_set_error_report_callback(void (*callback)(const char*));
[[gnu::weak]] void* __asan_get_report_address();
[[gnu::weak]] void __sanitizer_symbolize_pc(void* pc, const char* format, char* out,
                                            std::size_t out_size);
}

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

namespace {

constexpr std::size_t kLineMax = 1024;

bool is_live(const CheckedBlock& block) noexcept {
  return block.record != nullptr && block.record->state() == BlockState::Live;
}

/// How far `address` is from the program's bytes of a block; 0 inside.
std::size_t distance_to(const CheckedBlock& block, Address address) noexcept {
  const Address begin = reinterpret_cast<Address>(block.user);
  const Address end = begin + block.record->request_bytes;
  if (address < begin) return begin - address;
  return address < end ? 0 : address - end + 1;
}

/// The block that an access was meant for: the one around it, or before it if that is nearer.
CheckedBlock block_meant(Address address) noexcept {
  const CheckedBlock around = block_around(process_domain, address);
  if (around.record == nullptr || around.slab == nullptr) return around;
  const Address front = reinterpret_cast<Address>(around.front());
  if (address >= reinterpret_cast<Address>(around.user)) return around;
  const CheckedBlock before = block_around(process_domain, front - 1);
  if (!is_live(before) || before.slab != around.slab) return around;
  const bool nearer = distance_to(before, address) <= distance_to(around, address);
  return nearer || !is_live(around) ? before : around;
}

void write_line(const TextSink& sink) noexcept { os::write_all(2, sink.c_str(), sink.size()); }

void write_event(const char* what, const FindingEvent& event) noexcept {
  char line[kLineMax];
  TextSink head(line, sizeof line);
  head.text("HAKMEM: ").text(what).text(" by thread ").decimal(event.thread_id).text(" here:\n");
  write_line(head);
  for (std::uint32_t i = 0; i < event.stack.count; ++i) {
    char frame[kLineMax / 2] = {};
    if (__sanitizer_symbolize_pc != nullptr) {
      __sanitizer_symbolize_pc(reinterpret_cast<void*>(event.stack.pcs[i]), "in %f %S", frame,
                               sizeof frame);
    }
    TextSink sink(line, sizeof line);
    sink.text("    #").decimal(i).text(" ").address(event.stack.pcs[i]).text(" ").text(frame);
    write_line(sink.character('\n'));
  }
}

void write_sentence(Address address, const CheckedBlock& block) noexcept {
  const Address user = reinterpret_cast<Address>(block.user);
  const std::size_t bytes = block.record->request_bytes;
  char line[kLineMax];
  TextSink sink(line, sizeof line);
  sink.text("HAKMEM: ").address(address).text(" is ");
  if (address < user) {
    sink.decimal(user - address).text(" bytes before");
  } else if (address < user + bytes) {
    sink.decimal(address - user).text(" bytes inside");
  } else {
    sink.decimal(address - user - bytes).text(" bytes behind");
  }
  sink.text(is_live(block) ? " a live " : " a freed ").decimal(bytes).text("-byte block at ");
  write_line(sink.address(user).character('\n'));
}

constinit Finding explained{};  // large; the sanitizer makes one report at a time

void explain(const char*) {
  const Address address = reinterpret_cast<Address>(__asan_get_report_address());
  const CheckedBlock block = block_meant(address);
  if (block.record == nullptr || block.record->state() == BlockState::Fresh) return;
  write_sentence(address, block);
  explained = {};
  describe_checked_block(process_domain, block, explained);
  if (!is_live(block)) write_event("freed", explained.freed);
  write_event("allocated", explained.allocated);
}

__attribute__((constructor(102))) void offer_explanations() {
  const bool possible =
      __asan_set_error_report_callback != nullptr && __asan_get_report_address != nullptr;
  if (possible) __asan_set_error_report_callback(explain);
}

}  // namespace

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
