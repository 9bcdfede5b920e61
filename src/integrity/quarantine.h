// A bounded queue of freed blocks, oldest first: what is in it cannot be handed out again, so that
// a late write is seen. One for each heap, used by the heap's owner alone; no lock. Called by the
// checked gates. Invariant: at most the blocks and bytes of its limits rest in it.
#pragma once

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
    constexpr std::size_t kShare = 4;
    return limits.blocks != 0 && bytes <= limits.bytes / kShare && ensure_ring(limits.blocks);
  }

  /// Fetches what the block needs that leaves some pops from now: after a long rest all of it has
  /// left the caches, and each miss would be waited for.
  void look_ahead() const noexcept {
    constexpr std::size_t kPopsAhead = 8, kFrontFetched = 16;  // the front canary
    if (count_ <= kPopsAhead) return;
    const std::size_t at = first_ + kPopsAhead;
    const Entry& entry = ring_[at < capacity_ ? at : at - capacity_];
    __builtin_prefetch(entry.record, 1);
    const std::byte* const user = reinterpret_cast<const std::byte*>(entry.user);
    prefetch_for_write(user - kFrontFetched, entry.bytes());
  }

  /// Adds a block. Precondition: admits(), and needs_room() was answered by pops.
  void push(Entry entry) noexcept {
    const std::size_t at = first_ + count_;
    ring_[at < capacity_ ? at : at - capacity_] = entry;
    ++count_;
    bytes_.add(entry.bytes());
  }

  /// True while a block of `bytes` does not fit beside what rests here.
  bool needs_room(std::size_t bytes, const QuarantineLimits& limits) const noexcept {
    return count_ != 0 && (count_ == capacity_ || this->bytes() + bytes > limits.bytes);
  }

  /// Takes the oldest block out. Precondition: not empty.
  Entry pop() noexcept {
    const Entry entry = ring_[first_];
    first_ = first_ + 1 < capacity_ ? first_ + 1 : 0;
    --count_;
    bytes_.add(0 - entry.bytes());
    return entry;
  }

  /// True for addresses of the queue itself, which names blocks that left it as well.
  bool holds(Address address) const noexcept {
    return address - reinterpret_cast<Address>(ring_) < capacity_ * sizeof(Entry);
  }
  bool empty() const noexcept { return count_ == 0; }
  std::size_t count() const noexcept { return count_; }
  /// The owner's word, that of anyone else an estimate.
  std::size_t bytes() const noexcept { return bytes_.read(); }

 private:
  /// The ring is taken at first use; its pages are touched as it fills.
  bool ensure_ring(std::size_t blocks) noexcept {
    if (ring_ != nullptr) return true;
    std::byte* const memory =
        os::map(round_up(blocks * sizeof(Entry), kPageBytes), os::Access::ReadWrite);
    if (memory == nullptr) return false;
    ring_ = reinterpret_cast<Entry*>(memory);
    capacity_ = blocks;
    return true;
  }

  Entry* ring_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  Counter bytes_;
};

}  // namespace hakmem
