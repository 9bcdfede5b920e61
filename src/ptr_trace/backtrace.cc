#include "ptr_trace/backtrace.h"

#include <sys/single_threaded.h>

#include <atomic>

#include "base/compiler.h"
#include "os/os_process.h"
#include "os/os_signal.h"
#include "ptr_trace/frame_rules.h"
#include "ptr_trace/own_image.h"
#include "ptr_trace/shadow_stack.h"
#include "ptr_trace/stack_range.h"
#include "ptr_trace/unwinders.h"

namespace hakmem {

namespace {

// Frames of our own above the program's (unwinder, capture, hook, gate, signal): each frame more
// costs as much as one of the program's, whether it is kept or not.
constexpr std::uint32_t kOwnFramesMax = 8;
constexpr std::uint32_t kRawFramesMax = kStackFramesMax + kOwnFramesMax;
// Measured use (see backtrace.h) and as much again for a signal frame and a deeper table.
constexpr std::size_t kCachedUnwinderRoom = 10 * kKiB;
constexpr std::size_t kTableUnwinderRoom = 5 * kKiB;
constexpr std::size_t kFramePointerRoom = 2 * kKiB;
constexpr Address kFrameAlign = sizeof(Address);
constexpr Address kFrameBytesMax = 8 * kMiB;  // a larger step is no frame, but a stray value

HAK_TLS_INITIAL_EXEC constinit thread_local bool capturing = false;

/// Set by warm_up_backtrace() while there is one thread, read-only after.
constinit bool warm = false;
constinit ImageRange own_when_warm{};

struct EpochOrders {
  static constexpr std::memory_order kLook = std::memory_order_relaxed;
  static constexpr std::memory_order kStep = std::memory_order_relaxed;
};

/// Counts the moments from which on remembered stacks may be wrong: code was unloaded.
constinit std::atomic<std::uint32_t> shared_epoch{1};

/// Holds the thread's capture flag; a second holder on the same thread does not get it.
class CaptureScope {
 public:
  CaptureScope() noexcept : entered_(!capturing) { capturing = true; }
  ~CaptureScope() noexcept {
    if (entered_) capturing = false;
  }
  CaptureScope(const CaptureScope&) = delete;
  CaptureScope& operator=(const CaptureScope&) = delete;
  bool entered() const noexcept { return entered_; }

 private:
  bool entered_;
};

/// One saved frame: the caller's frame pointer, then the return address.
struct SavedFrame {
  Address frame;
  Address return_address;
};

bool read_frame(Address frame, const StackRange& range, SavedFrame& out) noexcept {
  if (frame < range.low || frame > range.high - sizeof(SavedFrame)) return false;
  if (!range.kept) return os::read_memory(frame, &out, sizeof out);
  const SavedFrame* const saved = reinterpret_cast<const SavedFrame*>(frame);
  out = *saved;
  return true;
}

/// Follows saved frame pointers while they rise, stay aligned and lie in the stack.
std::uint32_t unwind_frame_pointers(Address frame, const StackRange& range, Address* pcs,
                                    std::uint32_t pcs_max) noexcept {
  std::uint32_t count = 0;
  SavedFrame saved{};
  while (count < pcs_max && frame % kFrameAlign == 0 && read_frame(frame, range, saved)) {
    if (saved.return_address < kPageBytes) break;
    pcs[count++] = saved.return_address;
    if (saved.frame <= frame || saved.frame - frame > kFrameBytesMax) break;
    frame = saved.frame;
  }
  return count;
}

/// The method itself, or a smaller one where the stack has no room for it.
StackMethod fitting(StackMethod method, std::size_t room) noexcept {
  if (method == StackMethod::Auto && room < kCachedUnwinderRoom) method = StackMethod::Safe;
  if (method == StackMethod::Safe && room < kTableUnwinderRoom) method = StackMethod::FramePointer;
  if (method == StackMethod::FramePointer && room < kFramePointerRoom) {
    method = StackMethod::Caller;
  }
  return method;
}

std::uint32_t unwind(StackMethod method, Address frame, const StackRange& range,
                     Address* pcs, std::uint32_t pcs_max) noexcept {
  std::uint32_t count = 0;
  if (method == StackMethod::Auto) count = unwind_cached(pcs, pcs_max);
  if (method == StackMethod::Safe || (method == StackMethod::Auto && count == 0)) {
    count = unwind_tables(pcs, pcs_max);
  }
  if (method == StackMethod::FramePointer) {
    count = unwind_frame_pointers(frame, range, pcs, pcs_max);
  }
  return count;
}

/// Copies the program's frames: from `caller` on, or, when the walk did not meet it, `caller` and
/// whatever it met outside this library, behind `inner` (our own return address).
void keep_program_frames(const Address* pcs, std::uint32_t count, Address caller, Address inner,
                         std::uint32_t frames_max, StackTrace& out) noexcept {
  const ImageRange own = warm ? own_when_warm : own_image();
  std::uint32_t begin = 0;
  while (begin < count && (caller == 0 || pcs[begin] != caller)) ++begin;
  if (begin == count) {
    begin = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
      if (pcs[i] == inner) begin = i;
    }
    if (caller != 0) out.pcs[out.count++] = caller;
  }
  for (std::uint32_t i = begin; i < count && out.count < frames_max; ++i) {
    if (!own.contains(pcs[i])) out.pcs[out.count++] = pcs[i];
  }
}

}  // namespace

void warm_up_backtrace() noexcept {
  own_when_warm = own_image();
  warm = true;
  CaptureScope scope;  // loading allocates, and that allocation must not capture
  load_unwinders();
}

void forget_cached_frames() noexcept {
  stop_cached_unwinder();
  shared_epoch.fetch_add(1, EpochOrders::kStep);
}

void backtrace_after_fork_in_child() noexcept {
  capturing = false;
  if (!__libc_single_threaded) stop_cached_unwinder();
}

namespace {

/// Walks with the places of the return addresses, and remembers the program's part of the stack,
/// which begins with the caller, if it is what the capture found.
ShadowStack::Leaf* remember_places(ShadowStack& shadow, const ShadowStack::Capture& capture,
                                   const StackRange& range, const StackTrace& captured) noexcept {
  PlacedFrame frames[kRawFramesMax];
  const std::uint32_t count = unwind_tables_placed(frames, capture.frames_max() + kOwnFramesMax);
  std::uint32_t begin = 0;
  while (begin < count && frames[begin].pc != capture.caller) ++begin;
  std::uint32_t kept = 0;
  for (std::uint32_t i = begin; i < count && kept < capture.frames_max(); ++i) {
    if (own_when_warm.contains(frames[i].pc)) continue;
    if (kept == captured.count || frames[i].pc != captured.pcs[kept]) return nullptr;
    frames[kept++] = frames[i];
  }
  return kept == captured.count ? shadow.remember(capture, frames, kept, range) : nullptr;
}

/// Captures from `frame`, the caller's frame address, on; the body of both capture_stack().
HAK_INLINE void capture_from(StackMethod method, std::uint32_t frames_max, Address caller,
                             Address frame, StackTrace& out) noexcept {
  Address pcs[kRawFramesMax];
  pcs[0] = 0;
  std::uint32_t count = 0;
  if (method != StackMethod::Caller) {
    const StackRange range = stack_range_around(frame);
    method = fitting(method, frame - range.low);
    count = unwind(method, frame, range, pcs, frames_max + kOwnFramesMax);
  }
  const Address inner = reinterpret_cast<Address>(__builtin_return_address(0));
  keep_program_frames(pcs, count, caller, inner, frames_max, out);
}

}  // namespace

HAK_NOINLINE void capture_stack(StackMethod method, std::uint32_t frames_max, Address caller,
                                StackTrace& out) noexcept {
  out.count = 0;
  if (frames_max > kStackFramesMax) frames_max = kStackFramesMax;
  if (frames_max == 0) return;
  CaptureScope scope;
  if (!scope.entered()) method = StackMethod::Caller;
  capture_from(method, frames_max, caller, reinterpret_cast<Address>(__builtin_frame_address(0)),
               out);
}

namespace {

/// Of a call that the shadow stack does not know, or that it must not be asked about.
HAK_NOINLINE StackId capture_unknown(StackMethod method, const ShadowStack::Capture& capture,
                                     StackTrace& out, ShadowStack& shadow,
                                     StackDepot& depot) noexcept {
  const std::uint32_t frames_max = capture.frames_max();
  const bool walks = method == StackMethod::Auto || method == StackMethod::Safe;
  if (!walks || capture.caller == 0 || !warm) {
    capture_from(method, frames_max, capture.caller, capture.frame, out);
    return StackId::None;
  }
  const StackRange range = stack_range_around(capture.frame);
  ShadowStack::Leaf* leaf = shadow.walk(capture, range, own_when_warm, out);
  if (leaf != nullptr) [[likely]] return shadow.intern(*leaf, depot);
  capture_from(method, frames_max, capture.caller, capture.frame, out);
  const bool room = fitting(StackMethod::Safe, capture.frame - range.low) == StackMethod::Safe;
  if (!room || !shadow.wants_places()) return StackId::None;
  leaf = remember_places(shadow, capture, range, out);
  return leaf != nullptr ? shadow.intern(*leaf, depot) : StackId::None;
}

}  // namespace

HAK_NOINLINE StackId capture_stack(StackMethod method, std::uint32_t frames_max, Address caller,
                                   StackTrace& out, ShadowStack& shadow,
                                   StackDepot& depot) noexcept {
  const Address frame = reinterpret_cast<Address>(__builtin_frame_address(0));
  CaptureScope scope;
  if (!scope.entered()) [[unlikely]] method = StackMethod::Caller;
  if (frames_max > kStackFramesMax) frames_max = kStackFramesMax;
  const std::uint64_t terms =
      ShadowStack::terms_of(method, frames_max, shared_epoch.load(EpochOrders::kLook));
  const ShadowStack::Capture capture{frame, caller, terms, os::thread_pointer()};
  ShadowStack::Leaf* const leaf = shadow.find(capture, out);
  if (leaf != nullptr && leaf->id != StackId::None) [[likely]] return leaf->id;
  out.count = 0;
  if (frames_max == 0) return StackId::None;
  return capture_unknown(method, capture, out, shadow, depot);
}

}  // namespace hakmem
