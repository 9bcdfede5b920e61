#include "gate/poisoned_block.h"

#include "base/text_sink.h"
#include "os/os_process.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

namespace {

/// The freed block that `held` points into and that reads as fill there; without a record if there
/// is none.
CheckedBlock filled_block_at(const Domain& domain, Address held) noexcept {
  const CheckedBlock block = block_around(domain, held);
  if (block.record == nullptr || block.is_page() || block.record->closed) return {};
  const BlockState state = block.record->state();
  if (state != BlockState::Quarantined && state != BlockState::Free) return {};
  const Address user = reinterpret_cast<Address>(block.user);
  if (held < user || held - user >= block.record->request_bytes) return {};
  std::uint8_t byte = 0;
  const bool filled = os::read_memory(held, &byte, sizeof byte) && byte == kFreedPattern % 256;
  return filled ? block : CheckedBlock{};
}

}  // namespace

void describe_poisoned_block(const Domain& domain, const PoisonCrash& crash,
                             Finding& finding) noexcept {
  CheckedBlock named;
  bool only_one = true;
  for (std::uint32_t i = 0; i < crash.held_count; ++i) {
    const HeldPointer& held = crash.held[i];
    const CheckedBlock block = filled_block_at(domain, held.value);
    if (block.record == nullptr || block.record == named.record) continue;
    if (named.record != nullptr) {
      only_one = false;
      continue;
    }
    named = block;
    describe_checked_block(domain, block, finding);
    finding.address = held.value;
    if (held.on_stack) only_one = false;
    const std::size_t used = __builtin_strlen(finding.sentence);
    TextSink(finding.sentence + used, sizeof finding.sentence - used)
        .text(" ").text(held.on_stack ? "Its stack" : held.place).text(" points into a freed ")
        .decimal(block.record->request_bytes).text("-byte block that reads so.");
  }
  if (named.record != nullptr && !only_one) finding.confidence = "medium";
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
