// Findings about a block with a record: both stacks, both threads, the bytes that are wrong.
// Called by the checked gate and the exit sweep when a check failed. Nothing here allocates or
// locks anything of the heap's. Reports of the program's faults return when the program is to go on
// (halt_on_error=0, or it is suppressed); the caller then does what checked_gate.h says.
#pragma once

#include "gate/checked_block.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// Who noticed, and where: captured before the check.
struct Detection {
  std::uint32_t thread_id = 0;
  std::uint64_t sequence = 0;
  const StackTrace* stack = nullptr;  ///< null: the sweep at the process's end noticed
};

/// The live or freed block that holds an address of ours; without a record if there never was one.
CheckedBlock find_block_around(const Domain& domain, Address address) noexcept;
/// Writes what is known of the block into a finding: its state, and who allocated and freed it.
void describe_checked_block(const Domain& domain, const CheckedBlock& block,
                            Finding& finding) noexcept;
/// The parts of a finding that all these reports have: who noticed, which block, who freed it.
HAK_COLD void describe_detected(Finding& finding, const Detection& detection) noexcept;
HAK_COLD void describe_block(const Domain& domain, const CheckedBlock& block,
                         Finding& finding) noexcept;
HAK_COLD void describe_freed(const Domain& domain, const CheckedBlock& block,
                         Finding& finding) noexcept;

HAK_COLD void report_double_free(const Domain& domain, const CheckedBlock& block,
                                 const Detection& detection) noexcept;
/// A pointer into a block, or to one that was never handed out.
HAK_COLD void report_wild_free(const Domain& domain, Address address,
                               const Detection& detection) noexcept;
HAK_COLD void report_bad_realloc(const Domain& domain, Address address, const char* function,
                                 const Detection& detection) noexcept;
[[noreturn]] HAK_COLD void report_handed_out_twice(const Domain& domain, const CheckedBlock& block,
                                                   const Detection& detection) noexcept;
/// A release of another kind, size or alignment than the allocation; `sentence` says which.
HAK_COLD void report_mismatch(const Domain& domain, const CheckedBlock& block,
                              const Detection& detection, const char* sentence) noexcept;
/// Damaged canary or fill; the violation says which. A sweep always looks further.
HAK_COLD void report_damage(const Domain& domain, const CheckedBlock& block, Violation violation,
                            const Damage& damage, const Detection& detection) noexcept;
/// Blocks that nothing points to: the first one in full, the number and sum of all.
HAK_COLD void report_leak(const Domain& domain, const CheckedBlock& block, std::size_t blocks,
                          std::size_t bytes) noexcept;

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
