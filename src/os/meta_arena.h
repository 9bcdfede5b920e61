// Memory for the allocator's own records: bump allocation, never given back, apart from user data
// so that a program's overflow cannot reach it. Called by superslab/ and large/.
// Invariant: what it hands out is zeroed, aligned to 128 bytes, and stays at its address for ever.
#pragma once

#include <new>

#include "os/lock.h"

namespace hakmem {

class MetaArena {
 public:
  constexpr MetaArena() noexcept = default;

  /// Returns `bytes` of zeroed memory aligned to kAlignBytes; null when the system refuses.
  std::byte* allocate(std::size_t bytes) noexcept {
    const std::size_t need = round_up(bytes, kAlignBytes);
    LockScope scope(lock_);
    if (need > left_bytes_ && !grow(need)) return nullptr;
    std::byte* const result = next_;
    next_ += need;
    left_bytes_ -= need;
    return result;
  }

  /// Constructs a T; null when the system refuses. T must be trivially destructible.
  template <class T>
  T* create() noexcept {
    static_assert(alignof(T) <= kAlignBytes);
    std::byte* const memory = allocate(sizeof(T));
    return memory == nullptr ? nullptr : ::new (memory) T();
  }

  /// Bytes taken from the system so far.
  std::size_t mapped_bytes() const noexcept { return mapped_bytes_; }
  /// True for an address inside the records' memory. Takes the lock.
  bool holds(Address address) noexcept {
    LockScope scope(lock_);
    for (const Chunk* chunk = chunks_; chunk != nullptr; chunk = chunk->older) {
      if (address - reinterpret_cast<Address>(chunk) < chunk->bytes) return true;
    }
    return false;
  }

  Lock& lock_for_fork() noexcept { return lock_; }

 private:
  static constexpr std::size_t kAlignBytes = 128;
  static constexpr std::size_t kChunkBytes = 64 * kKiB;

  bool grow(std::size_t need) noexcept {
    const std::size_t wanted = need + kAlignBytes;
    const std::size_t chunk = wanted > kChunkBytes ? round_up(wanted, kPageBytes) : kChunkBytes;
    std::byte* const memory = os::map(chunk, os::Access::ReadWrite);
    if (memory == nullptr) return false;
    chunks_ = ::new (memory) Chunk{chunks_, chunk};
    next_ = memory + kAlignBytes;
    left_bytes_ = chunk - kAlignBytes;
    mapped_bytes_ += chunk;
    return true;
  }

  /// At the begin of each piece of memory taken from the system.
  struct Chunk {
    Chunk* older;
    std::size_t bytes;
  };
  static_assert(sizeof(Chunk) <= kAlignBytes);

  Lock lock_;
  Chunk* chunks_ = nullptr;
  std::byte* next_ = nullptr;
  std::size_t left_bytes_ = 0;
  std::size_t mapped_bytes_ = 0;
};

}  // namespace hakmem
