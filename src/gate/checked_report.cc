#include "gate/checked_report.h"

#include "base/text_sink.h"
#include "gate/block_history.h"
#include "gate/free_gate.h"
#include "integrity/poison.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

CheckedBlock block_around(const Domain& domain, Address address) noexcept {
  if (domain.pages.holds(address)) {
    PageBlock* const page = domain.pages.at(address);
    return page != nullptr ? checked_block_of(*page) : CheckedBlock{};
  }
  const MapEntry entry = domain.slabs.map.lookup(address);
  if (!entry.is_ours() || entry.kind() == GranuleKind::FreeRun) return {};
  if (entry.kind() == GranuleKind::Large) {
    LargeBlock& large = entry.large();
    return large.contains(address) ? checked_block_of(large) : CheckedBlock{};
  }
  const Slab& slab = entry.slab();
  if (slab.stride_bytes == 0 || address < slab.first_base()) return {};
  if (slab.index_of_block(address) >= slab.capacity) return {};
  return checked_block_in(slab, address);
}

namespace {

constexpr std::ptrdiff_t kWindowLead = 8;  // bytes shown before the first wrong one

TextSink sentence_of(Finding& finding) noexcept {
  return TextSink(finding.sentence, sizeof finding.sentence);
}

/// Copies the bytes around the damage, within the block.
void fill_bytes(const CheckedBlock& block, const Damage& damage, bool keyed,
                Finding& finding) noexcept {
  FindingBytes& out = finding.bytes;
  const std::ptrdiff_t begin = block.front() - block.user;
  const std::ptrdiff_t end = block.end - block.user;
  out.known = true;
  out.first_bad = damage.first;
  out.last_bad = damage.last;
  out.expected = kFreedByte;
  out.keyed = keyed;
  out.window_begin = damage.first - kWindowLead < begin ? begin : damage.first - kWindowLead;
  const std::ptrdiff_t room = end - out.window_begin;
  out.window_bytes = room < static_cast<std::ptrdiff_t>(kByteWindowMax)
                         ? static_cast<std::uint32_t>(room)
                         : static_cast<std::uint32_t>(kByteWindowMax);
  std::memcpy(out.window, block.user + out.window_begin, out.window_bytes);
}

/// When the damage was done: since free or allocation (or resizing) wrote what is broken now, or
/// since a later sweep saw it whole. Below level 4 operations have no numbers, and it is unknown.
FindingWindow window_of(const Domain& domain, const BlockRecord& record,
                        const Detection& detection) noexcept {
  FindingWindow window{.before = detection.sequence};
  const std::uint64_t seen =
      domain.checks.sweeps.began(record.seen_in);
  const std::uint64_t known_whole[] = {record.allocated_sequence, record.freed_sequence, seen};
  for (const std::uint64_t whole : known_whole) {
    if (whole > window.after) window.after = whole;
  }
  return window;
}

/// Waits until no thread has the block in its hands, but not for ever: who freed it has said so.
void wait_while_busy(const BlockRecord& record) noexcept {
  constexpr int kTriesMax = 1000000;
  for (int i = 0; i < kTriesMax && record.state() == BlockState::Busy; ++i) cpu_relax();
}

/// Names the block around `address`; false when there is none that ever was handed out.
bool fill_surroundings(const Domain& domain, Address address, Finding& finding) noexcept {
  const CheckedBlock block = block_around(domain, address);
  if (block.record == nullptr || block.record->state() == BlockState::Fresh) return false;
  wait_while_busy(*block.record);
  const RecordLook look(*block.record);
  describe_checked_block(domain, block, finding);
  return true;
}

[[noreturn]] void end() noexcept {
  publish_finding(true);
  unreachable();
}

void end_or_go_on() noexcept { publish_recoverable(); }

}  // namespace

void describe_detected(Finding& finding, const Detection& detection) noexcept {
  finding.detected.known = true;
  finding.detected.thread_id = detection.thread_id;
  finding.detected.sequence = detection.sequence;
  if (detection.stack != nullptr) finding.detected.stack = *detection.stack;
}

void describe_block(const Domain& domain, const CheckedBlock& block, Finding& finding) noexcept {
  const BlockRecord& record = *block.record;
  FindingBlock& out = finding.block;
  if (block.slab != nullptr) {
    describe_slab_block(facts_of(*block.slab), reinterpret_cast<Address>(block.user), out);
  } else if (block.is_page()) {
    out.known = true;
    out.own_pages = true;
  } else {
    out.known = true;
    out.large = true;
    out.slab = reinterpret_cast<Address>(block.large->base);
  }
  out.user = reinterpret_cast<Address>(block.user);
  out.request_bytes = record.request_bytes;
  out.kind = name_of(record.kind);
  finding.allocated.known = true;
  finding.allocated.thread_id = record.allocated_by;
  finding.allocated.sequence = record.allocated_sequence;
  domain.checks.depot.lookup(record.allocated_at, finding.allocated.stack);
  if constexpr (kTraced) {
    if (finding.violation != Violation::kLeak) describe_history(domain, block, finding);
  }
}

void describe_freed(const Domain& domain, const CheckedBlock& block, Finding& finding) noexcept {
  const BlockRecord& record = *block.record;
  finding.freed.known = true;
  finding.freed.thread_id = record.freed_by;
  finding.freed.sequence = record.freed_sequence;
  domain.checks.depot.lookup(record.freed_at, finding.freed.stack);
}

void describe_checked_block(const Domain& domain, const CheckedBlock& block,
                            Finding& finding) noexcept {
  describe_block(domain, block, finding);
  const BlockState state = block.record->state();
  finding.block.state = name_of(state);
  if (state != BlockState::Live) describe_freed(domain, block, finding);
}

void report_double_free(const Domain& domain, const CheckedBlock& block,
                        const Detection& detection) noexcept {
  Finding& finding = begin_finding(Violation::kDoubleFree);
  finding.address = reinterpret_cast<Address>(block.user);
  describe_detected(finding, detection);
  {
    wait_while_busy(*block.record);
    const RecordLook look(*block.record);
    describe_block(domain, block, finding);
    describe_freed(domain, block, finding);
    finding.block.state = name_of(block.record->state());
  }
  sentence_of(finding).text("free() got a ").decimal(finding.block.request_bytes)
      .text("-byte block that was already freed.");
  end_or_go_on();
}

void report_wild_free(const Domain& domain, Address address, const Detection& detection) noexcept {
  Finding& finding = begin_finding(Violation::kForeignFree);
  finding.address = address;
  describe_detected(finding, detection);
  TextSink sentence = sentence_of(finding);
  if (fill_surroundings(domain, address, finding)) {
    finding.violation = Violation::kInvalidFree;
    const Address user = finding.block.user;
    const bool inside = address >= user;
    sentence.text("free() got an address ").decimal(inside ? address - user : user - address)
        .text(inside ? " bytes into" : " bytes before").text(" a ")
        .decimal(finding.block.request_bytes).text("-byte block.");
  } else {
    sentence.text("free() got an address that no allocation call returned.");
  }
  end_or_go_on();
}

void report_bad_realloc(const Domain& domain, Address address, const char* function,
                        const Detection& detection) noexcept {
  Finding& finding = begin_finding(Violation::kBadRealloc);
  finding.address = address;
  describe_detected(finding, detection);
  TextSink sentence = sentence_of(finding);
  sentence.text(function).text("() got ");
  if (!fill_surroundings(domain, address, finding)) {
    sentence.text("an address that no allocation call returned.");
  } else if (finding.freed.known && address == finding.block.user) {
    sentence.text("a ").decimal(finding.block.request_bytes)
        .text("-byte block that was already freed.");
  } else {
    sentence.text("an address inside a ").decimal(finding.block.request_bytes)
        .text("-byte block, not its start.");
  }
  end_or_go_on();
}

void report_handed_out_twice(const Domain& domain, const CheckedBlock& block,
                             const Detection& detection) noexcept {
  Finding& finding = begin_finding(Violation::kHandedOutTwice);
  finding.address = reinterpret_cast<Address>(block.user);
  describe_detected(finding, detection);
  describe_block(domain, block, finding);
  finding.block.state = name_of(block.record->state());
  sentence_of(finding).text("An allocation was given a block that is still in use.");
  end();
}

void report_mismatch(const Domain& domain, const CheckedBlock& block, const Detection& detection,
                     const char* sentence) noexcept {
  Finding& finding = begin_finding(Violation::kMismatch);
  finding.address = reinterpret_cast<Address>(block.user);
  describe_detected(finding, detection);
  describe_block(domain, block, finding);
  finding.block.state = name_of(BlockState::Live);
  sentence_of(finding).text(sentence);
  end_or_go_on();
}

void report_damage(const Domain& domain, const CheckedBlock& block, Violation violation,
                   const Damage& damage, const Detection& detection) noexcept {
  Finding& finding = begin_finding(violation);
  finding.address = reinterpret_cast<Address>(block.user + damage.first);
  describe_detected(finding, detection);
  describe_block(domain, block, finding);
  const bool freed = violation == Violation::kWriteAfterFree;
  if (freed) describe_freed(domain, block, finding);
  finding.block.state = name_of(freed ? BlockState::Quarantined : BlockState::Live);
  fill_bytes(block, damage, !freed, finding);
  finding.written = window_of(domain, *block.record, detection);
  TextSink sentence = sentence_of(finding);
  const std::size_t span = static_cast<std::size_t>(damage.last - damage.first) + 1;
  const std::size_t request = block.record->request_bytes;
  if (freed) {
    sentence.decimal(span).text(span == 1 ? " byte at +" : " bytes at +")
        .decimal(static_cast<std::uint64_t>(damage.first)).text(" of a freed ").decimal(request)
        .text("-byte block ").text(span == 1 ? "was" : "were").text(" changed after free().");
    finding.likely = "a dangling pointer was written through";
    finding.confidence = "high";
  } else if (violation == Violation::kOverflow) {
    sentence.text("The program wrote past the end of a ").decimal(request)
        .text("-byte block: bytes +").decimal(static_cast<std::uint64_t>(damage.first))
        .text(" to +").decimal(static_cast<std::uint64_t>(damage.last)).text(" changed.");
    finding.likely = "an index or a length one step too large";
    finding.confidence = "medium";
  } else {
    sentence.text("The program wrote before the start of a ").decimal(request)
        .text("-byte block: bytes -").decimal(static_cast<std::uint64_t>(-damage.first))
        .text(" to -").decimal(static_cast<std::uint64_t>(-damage.last)).text(" changed.");
    finding.likely = "a negative index, or the overflow of the block before";
    finding.confidence = "medium";
  }
  detection.stack != nullptr ? publish_recoverable() : publish_finding(false);
}

void report_leak(const Domain& domain, const CheckedBlock& block, std::size_t blocks,
                 std::size_t bytes) noexcept {
  Finding& finding = begin_finding(Violation::kLeak);
  finding.address = reinterpret_cast<Address>(block.user);
  describe_block(domain, block, finding);
  finding.block.state = name_of(BlockState::Live);
  TextSink sentence = sentence_of(finding);
  sentence.text("Nothing points to ").decimal(blocks).text(blocks == 1 ? " block" : " blocks")
      .text(" of together ").decimal(bytes).text(" bytes any more, allocated here.");
  publish_finding(false);
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
