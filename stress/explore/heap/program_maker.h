// Operations of one thread, drawn from a mix. Called by program.cc and rare_programs.cc. Invariant:
// every operation has an effect if it can have one.
#pragma once

#include "explore/heap/program.h"
#include "explore/runtime/strategy.h"

namespace explore_heap {

using explore::Random;

inline constexpr std::uint32_t kSmall = 32;    // four blocks a slab, carved by two
inline constexpr std::uint32_t kOther = 64;    // four blocks a slab, carved one by one
inline constexpr std::uint32_t kWide = 3000;   // a span of two slabs
inline constexpr std::uint32_t kLarge = 70000;  // a run of two granules
inline constexpr std::uint32_t kAlign = 256;

/// How often a thread does what; shares of the sum.
struct Mix {
  unsigned allocate = 0, free = 0, send = 0, receive = 0, check = 0, exit = 0, purge = 0;
  unsigned resize = 0, aligned = 0, fork = 0;
};

/// What is known, without running it, of a slot's contents.
enum class SlotState : std::uint8_t { Empty, Full, Unknown };

/// Makes one thread's operations, each with an effect if it can have one.
class ThreadMaker {
 public:
  ThreadMaker(Random& random, unsigned slots) : random_(random), slots_(slots) {}

  std::vector<Op> make(unsigned count, const Mix& mix, const std::vector<std::uint32_t>& sizes) {
    static constexpr OpKind kKinds[] = {OpKind::Allocate, OpKind::Free,   OpKind::Send,
                                        OpKind::Receive,  OpKind::Check,  OpKind::Exit,
                                        OpKind::Purge,    OpKind::Resize, OpKind::Aligned,
                                        OpKind::Fork};
    const unsigned weights[] = {mix.allocate, mix.free,  mix.send,   mix.receive, mix.check,
                                mix.exit,     mix.purge, mix.resize, mix.aligned, mix.fork};
    unsigned sum = 0;
    for (const unsigned weight : weights) sum += weight;
    constexpr unsigned kTriesMax = 20;  // a mix may not be able to do anything but wait
    for (unsigned i = 0, tries = 0; i < count && tries < count * kTriesMax; ++tries) {
      unsigned draw = random_.below(sum);
      std::uint8_t kind = 0;
      while (draw >= weights[kind]) draw -= weights[kind++];
      const std::uint32_t size = sizes[random_.below(static_cast<unsigned>(sizes.size()))];
      if (add(kKinds[kind], random_.below(slots_), size)) ++i;
    }
    return ops_;
  }

  /// False: the operation would have no effect on that slot.
  bool add(OpKind kind, unsigned slot, std::uint32_t size) {
    SlotState& state = state_[slot];
    const bool makes = kind == OpKind::Allocate || kind == OpKind::Aligned;
    const bool fills = makes || kind == OpKind::Receive;
    const bool takes = kind == OpKind::Free || kind == OpKind::Send || kind == OpKind::Check ||
                       kind == OpKind::Resize;
    if ((fills && state == SlotState::Full) || (takes && state == SlotState::Empty)) return false;
    const bool sized = makes || kind == OpKind::Resize;
    Op op{.kind = kind, .slot = static_cast<std::uint8_t>(slot), .size = sized ? size : 0};
    if (kind == OpKind::Aligned) op.align = kAlign;
    ops_.push_back(op);
    if (makes) state = SlotState::Full;
    if (kind == OpKind::Free) state = SlotState::Empty;
    if (kind == OpKind::Send || kind == OpKind::Receive) state = SlotState::Unknown;
    return true;
  }

 private:
  Random& random_;
  unsigned slots_;
  SlotState state_[kSlots] = {};
  std::vector<Op> ops_;
};

/// `begin` blocks of `sizes` by turns, then `count` operations of the mix.
inline std::vector<Op> make_thread(Random& random, unsigned count, const Mix& mix,
                                   const std::vector<std::uint32_t>& sizes, unsigned slots,
                                   unsigned begin = 0) {
  ThreadMaker maker(random, slots);
  for (unsigned i = 0; i < begin; ++i) maker.add(OpKind::Allocate, i, sizes[i % sizes.size()]);
  return maker.make(count, mix, sizes);
}

}  // namespace explore_heap
