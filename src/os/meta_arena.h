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
  Lock& lock_for_fork() noexcept { return lock_; }

 private:
  static constexpr std::size_t kAlignBytes = 128;
  static constexpr std::size_t kChunkBytes = 64 * kKiB;

  bool grow(std::size_t need) noexcept {
    const std::size_t chunk = need > kChunkBytes ? round_up(need, kPageBytes) : kChunkBytes;
    std::byte* const memory = os::map(chunk, os::Access::ReadWrite);
    if (memory == nullptr) return false;
    next_ = memory;
    left_bytes_ = chunk;
    mapped_bytes_ += chunk;
    return true;
  }

  Lock lock_;
  std::byte* next_ = nullptr;
  std::size_t left_bytes_ = 0;
  std::size_t mapped_bytes_ = 0;
};

}  // namespace hakmem
