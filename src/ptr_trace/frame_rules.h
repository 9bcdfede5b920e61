// How to get from a call's return address to its caller's: one rule for each return address, read
// once from the unwind tables and remembered, so that a stack of 16 frames costs 16 look-ups and no
// unwinder. Called by capture_stack(). x86-64 System V ABI, section 3.7; DWARF 5, section 6.4.
//
// Only what the compilers write for ordinary frames is understood: a frame's end found from the
// stack or frame pointer, and the frame pointer saved or kept. A walk that meets anything else
// (signal frames, realigned stacks, code without tables) gives nothing, and an unwinder does it.
// Invariant: no byte outside the given stack range is read but the unwind tables'.
#pragma once

#include "ptr_trace/placed_frame.h"
#include "ptr_trace/stack_range.h"

namespace hakmem {

/// How the frame that a return address leads back to ends, and where it keeps its caller's rbp.
struct FrameRule {
  enum class Kind : std::uint8_t {
    Unknown, FromStackPointer, FromFramePointer, Outermost, Unusable
  };
  Address pc = 0;
  std::int32_t end_offset = 0;   ///< from the pointer to the frame's end (DWARF's CFA)
  std::int16_t saved_words = 0;  ///< where the caller's rbp is, words from the end; 0: still in rbp
  Kind kind = Kind::Unknown;
};

/// The rule of a return address, from the tables: microseconds. Neither locks nor allocates.
FrameRule read_frame_rule(Address pc) noexcept;

/// The remembered rules of one thread; valid when zero.
class FrameRules {
 public:
  const FrameRule& of(Address pc) noexcept {
    constexpr std::uint64_t kMultiplier = 0x9e3779b97f4a7c15;  // 2^64 / golden ratio (Knuth)
    FrameRule& rule = rules_[pc * kMultiplier >> (64 - kRulesLog2)];
    if (rule.pc != pc) [[unlikely]] rule = read_frame_rule(pc);
    return rule;
  }
  /// Forgets all: code was unloaded.
  void forget() noexcept;

 private:
  static constexpr int kRulesLog2 = 10;
  FrameRule rules_[std::size_t{1} << kRulesLog2];
};

/// A walk from a function's frame outwards, one return address at a time.
class FrameWalk {
 public:
  enum class Step : std::uint8_t {
    Moved,
    Ended,  ///< the frame was the outermost
    Lost    ///< a rule is missing: the walk is worth nothing
  };

  /// `frame` is the frame address of a function that keeps rbp; only bytes of `range` are read.
  FrameWalk(Address frame, const StackRange& range) noexcept;

  /// False when the first frame lies outside the range.
  explicit operator bool() const noexcept { return at_.place != 0; }
  /// The return address, and where it lies.
  const PlacedFrame& frame() const noexcept { return at_; }
  Step next(FrameRules& rules) noexcept;

 private:
  const StackRange& range_;
  PlacedFrame at_{};
  Address stack_pointer_ = 0;
  Address frame_pointer_ = 0;
};

}  // namespace hakmem
