#include "gate/library_call.h"

#include "base/text_sink.h"
#include "gate/raw_calls.h"

namespace hakmem {

constinit RawCalls raw_calls{};

}  // namespace hakmem

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

namespace {

/// A block of a slab by index and base: what checked_block_in() finds, without its second division.
struct SlabBlock {
  const BlockRecord* record = nullptr;  ///< null where no block ever was
  Address base = 0;
};

/// The block whose bytes these are, or whose neighbourhood: what lies between two blocks belongs to
/// one of them.
HAK_INLINE SlabBlock slab_block_at(const Slab& slab, Address address) noexcept {
  // Fields that do not change while a block of the slab is live: who asks may not be the owner.
  const std::uint32_t stride = slab.stride_bytes, capacity = slab.capacity;
  if (stride == 0 || capacity == 0) [[unlikely]] return {};
  const Address first = slab.first_base();
  // A slab or span is less than 4 GiB: the short division takes a third of the long one's time.
  const std::uint32_t offset = address < first ? 0 : static_cast<std::uint32_t>(address - first);
  std::uint32_t index = offset / stride;
  if (index >= capacity) [[unlikely]] index = capacity - 1;
  return {&record_of(slab, index), first + std::size_t{index} * stride};
}

HAK_INLINE std::size_t room_in(const BlockRecord& record, Address user, Address address) noexcept {
  BlockState state = record.state_and_mark();
  if (state != BlockState::Live) [[unlikely]] state = record.state();
  if (state == BlockState::Live) [[likely]] {
    const Address offset = address - user;  // huge for an address before the block
    const std::size_t request = record.request_bytes;
    return offset < request ? request - offset : 0;
  }
  // Another thread is resizing or freeing the block at this moment: what will be is not known yet.
  return state == BlockState::Busy ? kUnboundedRoom : 0;
}

/// The block at an address that the map says is ours. `record` is null when it is in none that ever
/// was handed out.
CheckedBlock block_touched(MapEntry entry, Address address) noexcept {
  if (entry.kind() == GranuleKind::FreeRun) return {};
  // What lies behind a large block's end is its as well.
  if (entry.kind() == GranuleKind::Large) return checked_block_of(entry.large());
  const SlabBlock block = slab_block_at(entry.slab(), address);
  return block.record == nullptr ? CheckedBlock{} : checked_block_in(entry.slab(), block.base);
}

/// "memcpy() would write 21 bytes": what every sentence begins with.
void write_call(TextSink& sentence, const RefusedCall& call) noexcept {
  sentence.text(call.function).text("() would ");
  sentence.text(call.touch == Touch::Writes ? "write " : "read ").decimal(call.bytes);
  sentence.text(call.bytes == 1 ? " byte" : " bytes").text(call.open_ended ? " or more" : "");
}

/// " at +0 of a 20-byte block: 1 past its end.", and the probable cause.
void write_place(TextSink& sentence, const RefusedCall& call, const BlockRecord& record,
                 Finding& finding) noexcept {
  const std::ptrdiff_t offset = finding.call.offset;
  const std::size_t reached = static_cast<std::size_t>(offset);
  const std::size_t request = record.request_bytes;
  const bool before = offset < 0;
  const bool freed = finding.freed.known;
  sentence.text(before ? " at -" : " at +")
      .decimal(static_cast<std::uint64_t>(before ? -offset : offset))
      .text(freed ? " of a freed " : " of a ").decimal(request).text("-byte block");
  finding.confidence = "high";
  if (freed) {
    sentence.text(".");
    finding.likely = "a dangling pointer was passed";
  } else if (before) {
    sentence.text(": before its start.");
    finding.likely = "a negative index, or the overflow of the block before";
  } else {
    sentence.text(": ").decimal(call.bytes - (reached < request ? request - reached : 0))
        .text(call.open_ended ? " or more" : "").text(" past its end.");
    finding.likely = call.open_ended ? "a text without its closing NUL"
                                     : "a size larger than the block that was allocated";
  }
}

/// `block.record` is null when the address is in no block that ever was handed out.
void report(const Domain& domain, const CheckedBlock& block, const RefusedCall& call,
                         const StackTrace& stack) noexcept {
  Finding& finding = begin_finding(Violation::kLibraryCall);
  finding.address = call.address;
  finding.detected.known = true;
  finding.detected.thread_id = static_cast<std::uint32_t>(os::thread_id());
  finding.detected.sequence = domain.checks.shared_sequence.load(CounterOrders::kAny) + 1;
  finding.detected.stack = stack;
  TextSink sentence(finding.sentence, sizeof finding.sentence);
  write_call(sentence, call);
  if (block.record != nullptr && block.record->state() != BlockState::Fresh) {
    describe_checked_block(domain, block, finding);
    const std::ptrdiff_t offset =
        static_cast<std::ptrdiff_t>(call.address - reinterpret_cast<Address>(block.user));
    finding.call = {true, call.function, call.touch == Touch::Writes, offset, call.bytes,
                    call.open_ended};
    write_place(sentence, call, *block.record, finding);
  } else {
    sentence.text(" of heap memory that no allocation call returned.");
  }
  publish_recoverable();
}

}  // namespace

std::size_t room_in_heap(MapEntry entry, Address address) noexcept {
  const GranuleKind kind = entry.kind();
  if (kind == GranuleKind::FreeRun) [[unlikely]] return 0;
  if (kind == GranuleKind::Large) {
    const LargeBlock& large = entry.large();
    return room_in(large.record, large.user.address(), address);
  }
  const SlabBlock block = slab_block_at(entry.slab(), address);
  return block.record == nullptr ? 0 : room_in(*block.record, block.base + kFrontBytes, address);
}

std::size_t room_on_pages(const Domain& domain, Address address) noexcept {
  const PageBlock* const block = domain.pages.at(address);
  // Pages of no block are closed: whoever touches them is told by the fault.
  if (block == nullptr) return kUnboundedRoom;
  return room_in(block->record, reinterpret_cast<Address>(block->user), address);
}

void refuse_call(const Domain& domain, RefusedCall call, Address caller) noexcept {
  PageBlock* const page = domain.pages.at(call.address);
  const MapEntry entry = domain.slabs.map.lookup(call.address);
  if (page == nullptr && !entry.is_ours()) return;
  StackTrace stack;
  capture_stack(domain.checks.stack_method, domain.checks.stack_frames, caller, stack);
  const CheckedBlock block =
      page != nullptr ? checked_block_of(*page) : block_touched(entry, call.address);
  report(domain, block, call, stack);
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
