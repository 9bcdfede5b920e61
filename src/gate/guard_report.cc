#include "gate/guard_report.h"

#include "base/text_sink.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

namespace {

using Access = MemoryFault::Access;

/// Nearer than this to a block, an access is most likely meant for it.
constexpr std::size_t kNearBytes = 64;

bool was_freed(const PageBlock& block) noexcept {
  const BlockState state = block.record.state();
  return state == BlockState::Quarantined || state == BlockState::Free;
}

const char* past_tense_of(Access access) noexcept {
  if (access == Access::Read) return "read";
  return access == Access::Write ? "wrote" : "jumped";
}

const char* noun_of(Access access) noexcept {
  if (access == Access::Read) return "read";
  return access == Access::Write ? "write" : "jump";
}

/// "12 bytes past its end", "1 byte before its start".
void write_distance(TextSink& sentence, const GuardHit& hit) noexcept {
  sentence.decimal(hit.bytes).text(hit.bytes == 1 ? " byte " : " bytes ");
  sentence.text(hit.place == HitPlace::Past ? "past its end" : "before its start");
}

/// Whose fault it is. Checks of library calls read what the program passed, and only what is in a
/// live block, but for memory of which no block is known and for calls that were reported before.
Violation violation_of(const GuardHit& hit, bool own) noexcept {
  const bool ours = own && hit.block != nullptr && halts_on_error();
  return ours ? Violation::kRegistryBroken : Violation::kGuardHit;
}

/// "The program read at +13 of a 13-byte block: 1 byte past its end."
void write_sentence(TextSink& sentence, const char* who, Access access,
                    const GuardHit& hit) noexcept {
  const std::size_t request = hit.block->record.request_bytes;
  const bool freed = was_freed(*hit.block);
  sentence.text(who).text(past_tense_of(access)).text(" at ");
  switch (hit.place) {
    case HitPlace::Inside: sentence.text("+").decimal(hit.bytes); break;
    case HitPlace::Past: sentence.text("+").decimal(request + hit.bytes - 1); break;
    case HitPlace::Before: sentence.text("-").decimal(hit.bytes); break;
  }
  sentence.text(freed ? " of a freed " : " of a ").decimal(request).text("-byte block: ");
  if (freed) sentence.text(noun_of(access)).text(" after free");
  if (hit.place != HitPlace::Inside) {
    if (freed) sentence.text(", ");
    write_distance(sentence, hit);
  }
  sentence.text(".");
}

void write_likely(Finding& finding, const GuardHit& hit) noexcept {
  finding.confidence =
      hit.place == HitPlace::Inside || hit.bytes <= kNearBytes ? "high" : "medium";
  if (was_freed(*hit.block)) {
    finding.likely = "a dangling pointer was used";
  } else if (hit.block->record.request_bytes == 0) {
    finding.likely = "malloc(0) gives an address, and no byte to use";
  } else if (hit.place == HitPlace::Past) {
    finding.likely = "an index or a length too large";
  } else {
    finding.likely = "a negative index";
  }
}

/// The large block whose closed pages hold an address; null when there is none.
LargeBlock* closed_block_at(const Domain& domain, Address address) noexcept {
  const MapEntry entry = domain.slabs.map.lookup(address);
  if (!entry.is_ours() || entry.kind() != GranuleKind::Large) return nullptr;
  LargeBlock& large = entry.large();
  return large.contains(address) && large.record.closed ? &large : nullptr;
}

/// "The program wrote at +8 of a freed 1048576-byte block: write after free."
[[noreturn]] void report_closed_hit(const Domain& domain, LargeBlock& large,
                                    const MemoryFault& fault) noexcept {
  const bool wrote = fault.access == Access::Write;
  Finding& finding = begin_finding(wrote ? Violation::kWriteAfterFree : Violation::kGuardHit);
  finding.address = fault.address;
  describe_detected(finding, {static_cast<std::uint32_t>(os::thread_id()), 0, &fault.stack});
  const CheckedBlock block = checked_block_of(large);
  describe_block(domain, block, finding);
  describe_freed(domain, block, finding);
  finding.block.state = name_of(BlockState::Quarantined);
  const Address user = reinterpret_cast<Address>(block.user);
  const bool before = fault.address < user;
  TextSink sentence(finding.sentence, sizeof finding.sentence);
  sentence.text("The program ").text(past_tense_of(fault.access)).text(before ? " at -" : " at +")
      .decimal(before ? user - fault.address : fault.address - user).text(" of a freed ")
      .decimal(block.record->request_bytes).text("-byte block: ").text(noun_of(fault.access))
      .text(" after free.");
  finding.likely = "a dangling pointer was used";
  finding.confidence = "high";
  publish_finding(true);
  unreachable();
}

}  // namespace

bool is_guard_hit(const Domain& domain, Address address) noexcept {
  const PageExtents& extents = domain.pages.extents();
  if (!extents.holds(address)) return closed_block_at(domain, address) != nullptr;
  const GuardHit hit = find_guard_hit(extents, address);
  if (hit.block == nullptr) return extents.page_of(address) < extents.frontier();
  return hit.place != HitPlace::Inside || hit.block->record.state() != BlockState::Live;
}

void report_guard_hit(const Domain& domain, const MemoryFault& fault, bool own) noexcept {
  if (LargeBlock* const large = closed_block_at(domain, fault.address)) {
    report_closed_hit(domain, *large, fault);
  }
  const GuardHit hit = find_guard_hit(domain.pages.extents(), fault.address);
  const Violation violation = violation_of(hit, own);
  Finding& finding = begin_finding(violation);
  finding.address = fault.address;
  describe_detected(finding, {static_cast<std::uint32_t>(os::thread_id()), 0, &fault.stack});
  TextSink sentence(finding.sentence, sizeof finding.sentence);
  if (hit.block == nullptr) {
    sentence.text("The program ").text(past_tense_of(fault.access))
        .text(" where blocks were freed so long ago that they are no longer known.");
  } else {
    const CheckedBlock block = checked_block_of(*hit.block);
    describe_block(domain, block, finding);
    finding.block.state = name_of(hit.block->record.state());
    if (was_freed(*hit.block)) describe_freed(domain, block, finding);
    const bool ours = violation != Violation::kGuardHit;
    write_sentence(sentence, ours ? "HAKMEM itself " : "The program ", fault.access, hit);
    if (!ours) write_likely(finding, hit);
  }
  publish_finding(true);
  unreachable();
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
