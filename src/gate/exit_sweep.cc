#include "gate/exit_sweep.h"

#include "gate/block_walk.h"
#include "gate/checked_report.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

namespace {

/// What a look at a block saw.
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

/// Looks at a block and publishes what is wrong, while `findings` are not too many. `number` of the
/// sweep, 0 for one at the process's end.
void sweep_block(const Domain& domain, const CheckedBlock& block, BlockState state,
                 const Detection& detection, unsigned& findings, std::uint16_t number) noexcept {
  if (findings == kSweepFindingsMax) return;
  const Look look = look_at(domain, block, state);
  if (!look.damage.found) {
    if (number != 0) block.record->seen_in = number;
    return;
  }
  ++findings;
  report_damage(domain, block, look.violation, look.damage, detection);
}

bool try_become_sweeper(Domain& domain) noexcept {
  return domain.checks.sweeps.try_become_sweeper(os::thread_id());
}

/// Another thread sweeps: what it finds is to count before this one ends the process. Not for ever:
/// it may be waiting for what this thread holds.
void wait_for_sweeper(const Domain& domain) noexcept {
  constexpr int kTriesMax = 1000000;
  const int own = os::thread_id();
  for (int i = 0; i < kTriesMax; ++i) {
    const int sweeper = domain.checks.sweeps.sweeper();
    if (sweeper == 0 || sweeper == own) return;
    cpu_relax();
  }
}

unsigned sweep_all(Domain& domain, const Detection& detection,
                   std::uint16_t number) noexcept {
  unsigned findings = 0;
  for_each_block(domain, [&](const CheckedBlock& block, BlockState state) {
    sweep_block(domain, block, state, detection, findings, number);
  });
  return findings;
}

Detection nowhere(std::uint64_t sequence) noexcept {
  return {static_cast<std::uint32_t>(os::thread_id()), sequence, nullptr};
}

}  // namespace

unsigned sweep_at_exit(Domain& domain) noexcept {
  const bool only_sweeper = try_become_sweeper(domain);
  const unsigned findings = sweep_all(domain, nowhere(0), 0);
  if (only_sweeper) domain.checks.sweeps.stop_sweeping();
  return findings;
}

void sweep_before_death(Domain& domain) noexcept {
  if (!try_become_sweeper(domain)) return wait_for_sweeper(domain);
  unsigned findings = 0;
  try_for_each_block(domain, [&](const CheckedBlock& block, BlockState state) {
    sweep_block(domain, block, state, nowhere(0), findings, 0);
  });
  domain.checks.sweeps.stop_sweeping();
}

void sweep(Domain& domain, const Detection& detection) noexcept {
  if (!try_become_sweeper(domain)) return;
  const std::uint16_t number = domain.checks.sweeps.begin(detection.sequence);
  sweep_all(domain, halts_on_error() ? detection : nowhere(detection.sequence), number);
  domain.checks.sweeps.stop_sweeping();
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
