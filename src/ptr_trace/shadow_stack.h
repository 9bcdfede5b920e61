// What one thread's call stack looked like at its last captures, frame by frame, with the places of
// the return addresses: a capture walks only the frames that are new, and compares the others.
// Called by capture_stack().
//
//   depth_        frames around, the outermost first; frame i is the same as long as its serial is
//   leaves_       calls of this library: the innermost frame, and how many frames are around it
//
// Why a match is the truth: the innermost kept frame starts at the same address with the same
// return address, so its function's unwind rule leads to the same next place; that place holds the
// same return address, and so on to the end. Only places inside the thread's own stack are
// remembered, each found by the unwind tables and holding the address that they gave.
//
// PROTOCOL shadow stack
//   A shadow stack belongs to the heap's thread, which alone reads and writes it; a signal handler
//   that interrupts a capture does without. dlclose steps the epoch, and another thread may get
//   the heap: nothing that is older is believed then. Invariant: places fall from frame 0 on, and
//   lie in the own stack of thread_, where all that is further out than a live frame may be read.
//   Breaks it: reading places of another thread's stack; a frame that changes while its serial does
//   not.
#pragma once

#include "ptr_trace/backtrace.h"
#include "ptr_trace/frame_rules.h"
#include "ptr_trace/own_image.h"
#include "ptr_trace/stack_depot.h"

namespace hakmem {

/// 35 KiB, valid when zero, touched as it fills.
class ShadowStack {
 public:
  /// What equal captures have in common.
  struct Capture {
    Address frame;         ///< of capture_stack()
    Address caller;        ///< the innermost frame to keep
    std::uint64_t terms;   ///< see terms_of()
    Address thread;        ///< os::thread_pointer()
    std::uint32_t frames_max() const noexcept { return static_cast<std::uint8_t>(terms); }
  };
  /// How stacks are taken, in one word, because it is compared each time: up to `frames_max`
  /// frames, 1 to kStackFramesMax, are kept; code was unloaded since another epoch.
  static constexpr std::uint64_t terms_of(StackMethod method, std::uint32_t frames_max,
                                          std::uint32_t epoch) noexcept {
    return std::uint64_t{epoch} << 32 | static_cast<std::uint64_t>(method) << 8 | frames_max;
  }
  struct Leaf;

  /// The call that this capture is for, if all is as it was then; its stack is copied to `out`.
  /// Null: it must be walked for.
  Leaf* find(const Capture& capture, StackTrace& out) noexcept;

  /// Walks by remembered rules until it meets what is known, at a few nanoseconds a frame; drops
  /// frames inside `own`. Null, and `out` as it was: the rules do not lead to the end.
  Leaf* walk(const Capture& capture, const StackRange& range, const ImageRange& own,
             StackTrace& out) noexcept;

  /// True when a stack that walk() gave up is worth an unwinder's walk for its places: not more
  /// than one in kFillPrice captures is, if they keep missing.
  bool wants_places() noexcept;

  /// Remembers `count` frames, `capture`'s caller first. Null when they cannot be compared later:
  /// not all in the thread's own stack, or not rising.
  Leaf* remember(const Capture& capture, const PlacedFrame* frames, std::uint32_t count,
                 const StackRange& range) noexcept;

  /// The depot's id of the stack that a leaf was just found or remembered with; None when the
  /// depot is full.
  StackId intern(Leaf& leaf, StackDepot& depot) noexcept;

 private:
  static constexpr std::uint32_t kDepthMax = 128;
  static constexpr int kLeavesLog2 = 8;
  static constexpr std::uint32_t kFillPrice = 16, kCreditMax = 16 * kFillPrice;

  /// What is known of a frame and those around it.
  struct Mark {
    std::uint64_t serial;  ///< no other frame ever has it
    StackHash hash;        ///< of all frames up to this one
    StackId id;            ///< of the stack that ends with this frame; None: not asked yet
  };
  struct NewFrames;

  void begin(const Capture& capture) noexcept;
  Leaf& leaf_of(const Capture& capture) noexcept;
  /// True when frames [end - count, end) are where they were.
  bool holds(std::uint32_t end, std::uint32_t count) const noexcept;
  std::uint32_t where_joined(const PlacedFrame& frame, std::uint32_t below,
                             std::uint32_t new_frames) const noexcept;
  void push(const PlacedFrame& frame) noexcept;
  void make_room(std::uint32_t count) noexcept;
  Leaf& settle(const Capture& capture, Address place, std::uint32_t around) noexcept;
  StackHash hash_of_innermost(StackHash all, std::uint32_t frames) const noexcept;
  StackDepot::Key key_of(std::uint32_t end) const noexcept;
  StackId intern_around(std::uint32_t end, StackDepot& depot) noexcept;

  std::uint64_t terms_;
  Address thread_;
  std::uint32_t frames_max_;
  std::uint32_t depth_;
  bool is_whole_;          // frame 0 is the thread's outermost
  std::uint32_t debt_;     // of kCreditMax; captures pay it off, unwinders' walks add to it
  std::uint64_t power_;    // StackHash::power_of(frames_max_)
  std::uint64_t serial_;   // the last that was given
  PlacedFrame frames_[kDepthMax];
  Mark marks_[kDepthMax];

 public:
  struct Leaf {
    Address frame;
    Address caller;
    Address place;           ///< of the return address `caller`
    std::uint64_t serial;    ///< of the innermost frame around
    std::uint32_t around;    ///< that many frames are
    std::uint32_t count;     ///< of frames to keep, this one included
    StackHash hash;          ///< of those
    StackId id;
  };

 private:
  Leaf leaves_[std::size_t{1} << kLeavesLog2];
  FrameRules rules_;
};

}  // namespace hakmem
