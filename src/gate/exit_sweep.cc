#include "gate/exit_sweep.h"

#include "gate/block_walk.h"
#include "gate/checked_report.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

namespace {

/// One look at a block; what it saw counts only if nobody touched the block meanwhile.
struct Look {
  Violation violation = Violation::kOverflow;
  Damage damage;
};

Look look_at(const Domain& domain, const CheckedBlock& block, BlockState state) noexcept {
  if (state == BlockState::Quarantined) {
    return {Violation::kWriteAfterFree, check_fill(block)};
  }
  const Damage front = check_front(domain, block);
  if (front.found) return {Violation::kUnderflow, front};
  return {Violation::kOverflow, check_tail(domain, block)};
}

/// Looks at a block and publishes what is wrong, while `findings` are not too many.
void sweep_block(const Domain& domain, const CheckedBlock& block, unsigned& findings) noexcept {
  const BlockRecord& record = *block.record;
  const BlockState state = record.state();
  const std::uint64_t sequence = record.allocated_sequence;
  if (state != BlockState::Live && state != BlockState::Quarantined) return;
  if (findings == kSweepFindingsMax) return;
  const Look look = look_at(domain, block, state);
  if (!look.damage.found) return;
  if (record.state() != state || record.allocated_sequence != sequence) return;
  ++findings;
  const Detection at_exit{static_cast<std::uint32_t>(os::thread_id()), 0, nullptr};
  report_damage(domain, block, look.violation, look.damage, at_exit);
}

}  // namespace

unsigned sweep_at_exit(Domain& domain) noexcept {
  unsigned findings = 0;
  for_each_record(domain,
                  [&](const CheckedBlock& block) { sweep_block(domain, block, findings); });
  return findings;
}

unsigned sweep_at_signal(Domain& domain) noexcept {
  unsigned findings = 0;
  try_for_each_record(domain,
                      [&](const CheckedBlock& block) { sweep_block(domain, block, findings); });
  return findings;
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
