// Remembers the call stacks of one thread with the places of their return addresses: the next equal
// call is known by comparing those, at a tenth of an unwinder's price. Called by capture_stack().
//
// Why a match is the truth: the innermost kept frame starts at the same address with the same
// return address, so its function's unwind rule leads to the same next place; that place holds the
// same return address, and so on to the end. Only places inside the thread's own stack are
// remembered, each found by the unwind tables and holding the address that they gave.
//
// PROTOCOL remembered stacks
//   A cache belongs to the heap's thread, which alone reads and writes it; a signal handler that
//   interrupts a capture does without. dlclose steps the epoch, and no entry of an older one is
//   believed. Invariant: an entry's places rise and lie in the stack of the thread that filled it.
//   Breaks it: comparing an entry whose places are not all inside the comparing thread's stack.
#pragma once

#include "ptr_trace/backtrace.h"
#include "ptr_trace/frame_rules.h"

namespace hakmem {

/// One thread's remembered stacks, and the rules to walk others; 300 KiB, valid when zero, touched
/// as it fills.
class StackCache {
 public:
  /// What an equal capture must have in common.
  struct Key {
    Address frame;              ///< of capture_stack()
    Address caller;
    std::uint32_t frames_max;
    std::uint32_t epoch;        ///< code was unloaded since another one
    friend bool operator==(const Key&, const Key&) noexcept = default;
  };
  struct Entry {
    Key key;
    std::uint32_t count;
    std::uint32_t note;         ///< the user's: what it made of the stack, 0 for nothing yet
    PlacedFrame frames[kStackFramesMax];
  };

  /// The remembered stack of this key whose return addresses are where they were, copied to `out`;
  /// null when there is none.
  Entry* find(const Key& key, const StackRange& range, StackTrace& out) noexcept;

  /// What this thread knows of the frames between.
  FrameRules& rules() noexcept { return rules_; }

  /// True when a stack that was not found is worth an unwinder's walk for its places: not more than
  /// one in kFillPrice captures is, if they keep missing.
  bool wants_another() noexcept;

  /// Remembers `count` frames of a stack in the place of an older one. Null when they cannot be
  /// compared later: too many, or not all in the thread's own stack.
  Entry* remember(const Key& key, const PlacedFrame* frames, std::uint32_t count,
                  const StackRange& range) noexcept;

 private:
  static constexpr int kSetsLog2 = 7;
  static constexpr std::uint32_t kWays = 4;
  static constexpr std::uint32_t kFillPrice = 16, kCreditMax = 16 * kFillPrice;

  struct Set {
    std::uint32_t next_way;
    std::uint32_t last_way;  // tried first, so that a loop never pays for its neighbours
    Entry ways[kWays];
  };
  Set& set_of(const Key& key) noexcept {
    constexpr std::uint64_t kMultiplier = 0x9e3779b97f4a7c15;  // 2^64 / golden ratio (Knuth)
    return sets_[((key.frame ^ key.caller << 20) * kMultiplier) >> (64 - kSetsLog2)];
  }
  static bool try_match(const Entry& entry, const StackRange& range, StackTrace& out) noexcept;

  std::uint32_t debt_;  // of kCreditMax; captures pay it off, unwinders' walks add to it
  FrameRules rules_;
  Set sets_[std::size_t{1} << kSetsLog2];
};

}  // namespace hakmem
