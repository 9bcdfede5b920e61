// A bounded queue of freed blocks, oldest first: what is in it cannot be handed out again, so that
// a late write is seen. One for each heap, used by the heap's owner alone; no lock. Called by the
// checked gates. Invariant: at most the blocks and bytes of its limits rest in it.
#pragma once

#include <bit>

#include "base/counter.h"
#include "integrity/poison.h"
#include "os/os.h"

namespace hakmem {

struct BlockRecord;

/// How much may rest in one quarantine.
struct QuarantineLimits {
  std::size_t blocks = 0;
  std::size_t bytes = 0;
};

class Quarantine {
 public:
  struct Entry {
    Address user;
    std::uint64_t bytes_and_header;  ///< what its header byte is, in the lowest eight bits
    BlockRecord* record;

    static constexpr unsigned kHeaderBits = 8;
    static Entry of(Address user, std::size_t bytes, std::byte header,
                    BlockRecord* record) noexcept {
      const std::uint64_t packed = std::uint64_t{bytes} << kHeaderBits;
      return {user, packed | static_cast<std::uint8_t>(header), record};
    }
    std::size_t bytes() const noexcept { return bytes_and_header >> kHeaderBits; }
    std::byte header() const noexcept { return static_cast<std::byte>(bytes_and_header & 0xff); }
  };

  constexpr Quarantine() noexcept = default;

  /// True when a block of `bytes` may rest at all; a larger one would push out all others.
  bool admits(std::size_t bytes, const QuarantineLimits& limits) noexcept {
    return limits.blocks != 0 && bytes <= limits.bytes / kShare && ensure_ring(limits.blocks);
  }
  /// The same once a block was admitted; false before, and in a heap that no thread has.
  HAK_INLINE bool is_ready_for(std::size_t bytes, const QuarantineLimits& limits) const noexcept {
    return ring_ != nullptr && bytes <= limits.bytes / kShare;
  }

  /// Fetches what the block needs that leaves some pops from now: after a long rest all of it has
  /// left the caches, and each miss would be waited for.
  HAK_INLINE void look_ahead() const noexcept {
    constexpr std::size_t kPopsAhead = 8, kFrontFetched = 16;  // the front canary
    if (count() <= kPopsAhead) return;
    const Entry& entry = ring_[(popped_ + kPopsAhead) & mask_];
    __builtin_prefetch(entry.record, 1);
    const std::byte* const user = reinterpret_cast<const std::byte*>(entry.user);
    prefetch_for_write(user - kFrontFetched, entry.bytes());
  }

  /// Adds a block, whose state says already that it rests. Precondition: admits(), and needs_room()
  /// was answered by pops. A fork may cut its thread off anywhere: the child must not find a place
  /// counted in which there is still the block of the last time round, which may live again.
  void push(Entry entry) noexcept {
    keep_order_of_writes();
    ring_[pushed_ & mask_] = entry;
    keep_order_of_writes();
    ++pushed_;
    bytes_.add(entry.bytes());
  }

  /// True while a block of `bytes` does not fit beside what rests here.
  bool needs_room(std::size_t bytes, const QuarantineLimits& limits) const noexcept {
    return !empty() && (count() >= blocks_max_ || this->bytes() + bytes > limits.bytes);
  }

  /// Takes the oldest block out. Precondition: not empty.
  Entry pop() noexcept {
    const Entry entry = ring_[popped_++ & mask_];
    bytes_.add(0 - entry.bytes());
    return entry;
  }

  /// True for addresses of the queue itself, which names blocks that left it as well.
  bool holds(Address address) const noexcept {
    return address - reinterpret_cast<Address>(ring_) < (mask_ + 1) * sizeof(Entry);
  }
  bool empty() const noexcept { return pushed_ == popped_; }
  std::size_t count() const noexcept { return pushed_ - popped_; }
  /// The owner's word, that of anyone else an estimate.
  std::size_t bytes() const noexcept { return bytes_.read(); }

 private:
  static constexpr std::size_t kShare = 4;  // of the limit that one block may take

  /// The ring is taken at first use; its pages are touched as it fills.
  bool ensure_ring(std::size_t blocks) noexcept {
    if (ring_ != nullptr) return true;
    const std::size_t entries = std::bit_ceil(blocks);
    std::byte* const memory =
        os::map(round_up(entries * sizeof(Entry), kPageBytes), os::Access::ReadWrite);
    if (memory == nullptr) return false;
    ring_ = reinterpret_cast<Entry*>(memory);
    mask_ = entries - 1;
    blocks_max_ = blocks;
    return true;
  }

  Entry* ring_ = nullptr;
  std::size_t mask_ = 0;        // entries of the ring, a power of two, less one
  std::size_t blocks_max_ = 0;  // the limit when the ring was made
  std::size_t pushed_ = 0;      // ever
  std::size_t popped_ = 0;      // ever
  Counter bytes_;
};

}  // namespace hakmem
