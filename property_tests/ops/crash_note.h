// A crash in any harness still says where it was and how to see it again.
// Called by the runner, stress and the test programs. Invariant: after the note the signal reaches
// whoever handled it before (the allocator's own report, the default).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace hakmem::ops {

/// The commit that this was built from, "unknown" outside a checkout.
const char* built_commit() noexcept;

/// What a crash prints. Texts stay valid.
struct CrashNote {
  std::uint64_t seed = 0;
  const char* command = "";                             ///< what a person types
  const std::atomic<std::uint64_t>* progress = nullptr;  ///< as RunSettings::progress
  std::size_t threads = 0;                               ///< entries of it
};

/// From here on a fatal signal prints the note first, on its own stack. Set it again for the next
/// run; threads that the schedules start have such a stack too.
void set_crash_note(const CrashNote& note) noexcept;

/// The last operation that was begun, plus one; 0: none.
std::uint64_t last_begun(const std::atomic<std::uint64_t>* progress, std::size_t threads) noexcept;

}  // namespace hakmem::ops
