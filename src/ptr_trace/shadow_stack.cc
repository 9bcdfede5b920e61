#include "ptr_trace/shadow_stack.h"

#include "base/compiler.h"

namespace hakmem {

namespace {

// Frames of our own between capture_stack() and the program's call.
constexpr std::uint32_t kOwnCallsMax = 8;

HAK_NO_SANITIZE_ADDRESS inline Address read_place(Address place) noexcept {
  return *reinterpret_cast<const Address*>(place);
}

}  // namespace

/// What a walk met before it met what was known, innermost first. Deep stacks are walked for twice
/// as many frames as are kept: what lies further out then is known when the stack gets shorter.
struct ShadowStack::NewFrames {
  std::uint32_t count = 0;
  PlacedFrame frames[2 * kStackFramesMax];
};

void ShadowStack::begin(const Capture& capture) noexcept {
  if (terms_ == capture.terms && thread_ == capture.thread) return;
  terms_ = capture.terms;
  thread_ = capture.thread;
  frames_max_ = capture.frames_max();
  power_ = StackHash::power_of(frames_max_);
  depth_ = 0;
  is_whole_ = false;
  for (Leaf& leaf : leaves_) leaf.frame = 0;
  rules_.forget();
}

ShadowStack::Leaf& ShadowStack::leaf_of(const Capture& capture) noexcept {
  constexpr std::uint64_t kMultiplier = 0x9e3779b97f4a7c15;  // 2^64 / golden ratio (Knuth)
  return leaves_[((capture.frame ^ capture.caller << 20) * kMultiplier) >> (64 - kLeavesLog2)];
}

HAK_NO_SANITIZE_ADDRESS ShadowStack::Leaf* ShadowStack::find(const Capture& capture,
                                                              StackTrace& out) noexcept {
  if (debt_ != 0) --debt_;
  if (terms_ != capture.terms || thread_ != capture.thread) [[unlikely]] return nullptr;
  Leaf& leaf = leaf_of(capture);
  if (leaf.frame != capture.frame || leaf.caller != capture.caller) return nullptr;
  if (leaf.around > depth_) return nullptr;
  if (leaf.around != 0 && marks_[leaf.around - 1].serial != leaf.serial) return nullptr;
  if (read_place(leaf.place) != capture.caller) return nullptr;
  const std::uint32_t count = leaf.count;
  Address* pc = out.pcs;
  *pc = capture.caller;
  const PlacedFrame* frame = frames_ + leaf.around;
  for (const PlacedFrame* const last = frame - (count - 1); frame != last;) {
    --frame;
    const Address found = read_place(frame->place);
    if (found != frame->pc) return nullptr;
    *++pc = found;
  }
  out.count = count;
  return &leaf;
}

bool ShadowStack::wants_places() noexcept {
  if (debt_ + kFillPrice > kCreditMax) return false;
  debt_ += kFillPrice;
  return true;
}

HAK_NO_SANITIZE_ADDRESS bool ShadowStack::holds(std::uint32_t end,
                                                std::uint32_t count) const noexcept {
  if (count > end) count = end;
  for (std::uint32_t i = end - count; i < end; ++i) {
    if (read_place(frames_[i].place) != frames_[i].pc) return false;
  }
  return true;
}

/// How many of the outermost frames a walk has met that is at `frame` after `new_frames` others;
/// 0: it must go on. Of these no more than `below` can be.
std::uint32_t ShadowStack::where_joined(const PlacedFrame& frame, std::uint32_t below,
                                        std::uint32_t new_frames) const noexcept {
  if (below == 0) return 0;
  const PlacedFrame& known = frames_[below - 1];
  if (known.place != frame.place || known.pc != frame.pc) return 0;
  const std::uint32_t met = new_frames + 1;  // the leaf, too
  const bool enough = is_whole_ || met + below >= frames_max_;
  const std::uint32_t missing = met < frames_max_ ? frames_max_ - met : 0;
  return enough && holds(below, missing) ? below : 0;
}

void ShadowStack::push(const PlacedFrame& frame) noexcept {
  const StackHash around = depth_ != 0 ? marks_[depth_ - 1].hash : StackHash{};
  frames_[depth_] = frame;
  marks_[depth_] = {++serial_, around.then(frame.pc), StackId::None};
  ++depth_;
}

/// Forgets outer frames until there is room for some more.
void ShadowStack::make_room(std::uint32_t count) noexcept {
  if (depth_ + count <= kDepthMax) return;
  constexpr std::uint32_t kKept = kDepthMax - 2 * kStackFramesMax;
  static_assert(kKept >= kStackFramesMax);
  const std::uint32_t first = depth_ - kKept;
  depth_ = 0;
  is_whole_ = false;
  for (std::uint32_t i = 0; i < kKept; ++i) push(frames_[first + i]);
}

ShadowStack::Leaf* ShadowStack::walk(const Capture& capture, const StackRange& range,
                                     const ImageRange& own, StackTrace& out) noexcept {
  if (!range.kept) return nullptr;
  begin(capture);
  FrameWalk walk(capture.frame, range);
  if (!walk) return nullptr;
  for (std::uint32_t steps = 0; walk.frame().pc != capture.caller; ++steps) {
    if (steps == kOwnCallsMax || walk.next(rules_) != FrameWalk::Step::Moved) return nullptr;
  }
  const Address place = walk.frame().place;
  NewFrames found;
  std::uint32_t below = depth_, joined = 0;
  bool ended = false;
  while (joined == 0 && !ended && found.count < 2 * frames_max_) {
    const FrameWalk::Step step = walk.next(rules_);
    if (step == FrameWalk::Step::Lost) return nullptr;
    ended = step == FrameWalk::Step::Ended;
    if (ended || own.contains(walk.frame().pc)) continue;
    while (below != 0 && frames_[below - 1].place < walk.frame().place) --below;
    joined = where_joined(walk.frame(), below, found.count);
    if (joined == 0) found.frames[found.count++] = walk.frame();
  }
  std::uint32_t around = joined;
  if (joined == 0 || found.count != 0) {
    depth_ = joined;
    if (joined == 0) is_whole_ = ended;
    make_room(found.count);
    while (found.count != 0) push(found.frames[--found.count]);
    around = depth_;
  }
  Leaf& leaf = settle(capture, place, around);
  out.count = leaf.count;
  out.pcs[0] = leaf.caller;
  for (std::uint32_t i = 1; i < leaf.count; ++i) out.pcs[i] = frames_[around - i].pc;
  return &leaf;
}

HAK_NO_SANITIZE_ADDRESS ShadowStack::Leaf* ShadowStack::remember(
    const Capture& capture, const PlacedFrame* frames, std::uint32_t count,
    const StackRange& range) noexcept {
  if (!range.kept || count == 0 || count > capture.frames_max()) return nullptr;
  Address below = range.low;
  for (std::uint32_t i = 0; i < count; ++i) {
    const Address place = frames[i].place;
    if (place < below || !range.holds_word(place)) return nullptr;
    if (read_place(place) != frames[i].pc) return nullptr;
    below = place + sizeof(Address);
  }
  begin(capture);
  depth_ = 0;
  is_whole_ = count < capture.frames_max();
  for (std::uint32_t i = count - 1; i != 0; --i) push(frames[i]);
  return &settle(capture, frames[0].place, depth_);
}

/// Keeps the innermost frame of a stack, around which so many frames are.
ShadowStack::Leaf& ShadowStack::settle(const Capture& capture, Address place,
                                       std::uint32_t around) noexcept {
  const StackHash outer = around != 0 ? marks_[around - 1].hash : StackHash{};
  const StackHash hash = hash_of_innermost(outer.then(capture.caller), around + 1);
  const std::uint32_t count = around < frames_max_ ? around + 1 : frames_max_;
  Leaf& leaf = leaf_of(capture);
  const bool known = leaf.caller == capture.caller && leaf.count == count && leaf.hash == hash;
  leaf.frame = capture.frame;
  leaf.caller = capture.caller;
  leaf.place = place;
  leaf.serial = around != 0 ? marks_[around - 1].serial : 0;
  leaf.around = around;
  leaf.count = count;
  leaf.hash = hash;
  if (!known) leaf.id = StackId::None;
  return leaf;
}

/// Of a stack of `frames` frames, around whose innermost are frames_[frames - 2] and so on.
StackHash ShadowStack::hash_of_innermost(StackHash all, std::uint32_t frames) const noexcept {
  if (frames <= frames_max_) return all;
  return all.without(marks_[frames - 1 - frames_max_].hash, power_);
}

/// Of the stack that ends with frame `end` - 1.
StackDepot::Key ShadowStack::key_of(std::uint32_t end) const noexcept {
  return {hash_of_innermost(marks_[end - 1].hash, end), frames_[end - 1].pc,
          end < frames_max_ ? end : frames_max_};
}

/// The id of the stack that ends with frame `end` - 1. Frames further out than any stack of a leaf
/// may be stale: what is kept of them then is a stack that nobody asks for.
StackId ShadowStack::intern_around(std::uint32_t end, StackDepot& depot) noexcept {
  std::uint32_t known = end;
  while (known != 0 && marks_[known - 1].id == StackId::None) {
    marks_[known - 1].id = depot.find(key_of(known));
    if (marks_[known - 1].id != StackId::None) break;
    --known;
  }
  StackId id = known != 0 ? marks_[known - 1].id : StackId::None;
  for (; known < end; ++known) {
    id = depot.put(key_of(known + 1), id);
    marks_[known].id = id;
    if (id == StackId::None) break;
  }
  return id;
}

StackId ShadowStack::intern(Leaf& leaf, StackDepot& depot) noexcept {
  if (leaf.id != StackId::None) [[likely]] return leaf.id;
  const StackDepot::Key key{leaf.hash, leaf.caller, leaf.count};
  leaf.id = depot.find(key);
  if (leaf.id != StackId::None) return leaf.id;
  StackId around = StackId::None;
  if (leaf.count > 1) {
    around = intern_around(leaf.around, depot);
    if (around == StackId::None) return StackId::None;
  }
  return leaf.id = depot.put(key, around);
}

}  // namespace hakmem
