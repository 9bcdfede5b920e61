// The reference heap: what a correct malloc may answer, judged call by call.
// Called by the interpreter, before and after each call of the subject. Compiled without
// instrumentation; its shared state is relaxed atomics, so that it hides no race of the subject.
// Invariant: it only ever blames the subject for what no correct malloc does.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "property_tests/ops/owner_map.h"

namespace hakmem::ops {

/// What can be wrong with an answer. The order is that of kRuleTexts.
enum class Rule : std::uint8_t {
  None,
  Overlap,       ///< a block lies on one that is live
  Alignment,     ///< less aligned than asked for, or than every block is
  NotZero,       ///< calloc's bytes are not zero
  Content,       ///< bytes of a live block changed
  Preserved,     ///< realloc lost bytes
  UsableSize,    ///< usable size below the request, or over another block
  Errno,         ///< errno not as the call leaves it
  Refusal,       ///< granted what must be refused, or refused what needs no memory
  Conservation,  ///< blocks are missing or left over when all is quiet
  Child,         ///< the child of a fork did not end well
};
inline constexpr const char* kRuleTexts[] = {
    "nothing",
    "the block overlaps a live one",
    "the block is not aligned",
    "a byte of calloc's block is not zero",
    "a byte of a live block changed",
    "realloc did not keep a byte",
    "the usable size is wrong",
    "errno is wrong",
    "the request should not have been answered so",
    "blocks are lost or left over",
    "the child of a fork failed",
};
constexpr const char* text_of(Rule rule) noexcept {
  return kRuleTexts[static_cast<std::size_t>(rule)];
}

/// A judgement: the rule that was broken, and two numbers that belong to it.
struct Verdict {
  Rule rule = Rule::None;
  std::uint64_t found = 0;
  std::uint64_t expected = 0;
  constexpr bool ok() const noexcept { return rule == Rule::None; }
};

/// An allocation as it was asked for.
struct Request {
  std::uint64_t bytes = 0;
  std::uint64_t align = 0;  ///< 0: none
  bool bad_align = false;    ///< posix_memalign with what is no alignment: EINVAL
  bool keeps_errno = false;  ///< posix_memalign returns its error
};

class Oracle {
 public:
  /// `small_align`: what blocks of less than 16 bytes are aligned to; all others are to 16.
  explicit Oracle(std::uint64_t small_align = 16) noexcept : small_align_(small_align) {}

  /// Judges the answer `result` with `error` (errno after the call; 0: not touched). A block that
  /// passes is `owner`'s from now on.
  Verdict allocated(Owner owner, const Request& request, std::uintptr_t result,
                    int error) noexcept;

  /// The block is about to be freed or resized: before the call, for afterwards another thread may
  /// have it. `usable` is what usable() granted, or `bytes`.
  Verdict releasing(Owner owner, std::uintptr_t address, std::uint64_t bytes,
                    std::uint64_t usable) noexcept;

  /// A resize was refused, or found to be none: the block is live as before.
  Verdict restored(Owner owner, std::uintptr_t address, std::uint64_t bytes) noexcept;

  /// Judges a usable size; what it grants beyond the request is the owner's from now on. `before`
  /// is the last answer for this block, or `bytes`.
  Verdict usable(Owner owner, std::uintptr_t address, std::uint64_t bytes, std::uint64_t before,
                 std::uint64_t answer) noexcept;

  /// errno after a release, which keeps it.
  Verdict kept_errno(int before, int after) const noexcept;

  /// At the end, when nothing runs: as many blocks are live as the caller holds.
  Verdict at_rest(std::uint64_t held_blocks) const noexcept;

  Owner owner_at(std::uintptr_t address) const noexcept { return map_.owner_at(address); }
  std::uint64_t live_blocks() const noexcept {
    return live_blocks_.load(std::memory_order_relaxed);
  }

 private:
  Verdict claim(Owner owner, std::uintptr_t address, std::uint64_t bytes) noexcept;

  OwnerMap map_;
  std::uint64_t small_align_;
  std::atomic<std::uint64_t> live_blocks_{0};
};

}  // namespace hakmem::ops
