// The test's hold on the operating system: the real one, with faults planted and calls counted.
// Called by tests only; linked instead of nothing, since os_linux.cc asks os_fault.h.
#pragma once

#include "os/os_fault.h"

namespace hakmem::os {

/// Which calls fail from now on. Calls are counted from 1, of all kinds together.
struct FaultPlan {
  std::uint64_t fail_nth = 0;    ///< this one call; 0: none
  std::uint64_t fail_from = 0;   ///< this one and all after it; 0: none
  bool spare_releases = false;   ///< Unmap and Discard never fail, and are not counted
};

/// Replaces the plan and starts counting anew. Not while other threads allocate.
void plan_faults_for_test(const FaultPlan& plan) noexcept;
/// Unmaps at its end whatever was mapped during its life and is still: for tests that make many
/// instances of an allocator, which gives nothing back by itself. One at a time.
class MappingLedger {
 public:
  MappingLedger();
  ~MappingLedger();
  MappingLedger(const MappingLedger&) = delete;
  MappingLedger& operator=(const MappingLedger&) = delete;

  /// Bytes that were mapped since and are still.
  std::size_t mapped_bytes() const;
};

/// Calls since the plan was set.
std::uint64_t calls_counted_for_test() noexcept;
/// Faults planted since the plan was set.
std::uint64_t faults_planted_for_test() noexcept;

}  // namespace hakmem::os
