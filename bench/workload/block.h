// Blocks under test: a slot holds one block, the block's first 8 bytes hold the slot's address.
// Called by every mode. Invariant: a benchmark never times a broken heap: a block whose stamp is
// not its slot's address when it is freed ends the process (two live blocks shared memory, or
// the allocator wrote into a live block). One store and one compare per block.
#pragma once

#include <cstddef>
#include <cstdlib>

namespace hakmem::bench {

inline constexpr std::size_t kPageBytes = 4096;
/// Smallest request of any mode: a stamp must fit.
inline constexpr std::size_t kBlockBytesMin = sizeof(void*);

/// What a mode writes into a fresh block besides the stamp.
enum class Touch { kStamp, kPages, kAll };

struct Slot {
  unsigned char* block = nullptr;
};

/// Ends the process with status 1 and one line on standard error.
[[noreturn]] void die_broken_block(const void* block, const void* expected, const void* found);
[[noreturn]] void die_out_of_memory(std::size_t bytes);
[[noreturn]] void die_not_zero(const void* block, std::size_t bytes);

/// Makes the compiler believe that the block was read and written elsewhere.
inline void escape(void* block) noexcept { asm volatile("" : : "r"(block) : "memory"); }

inline void stamp(Slot& slot, unsigned char* block) noexcept {
  *reinterpret_cast<void**>(block) = &slot;
  slot.block = block;
  escape(block);
}

inline void check_stamp(const Slot& slot) {
  const void* found = *reinterpret_cast<void**>(slot.block);
  if (found != &slot) [[unlikely]]
    die_broken_block(slot.block, &slot, found);
}

template <Touch kTouch>
inline void touch(unsigned char* block, std::size_t bytes) noexcept {
  if constexpr (kTouch == Touch::kPages) {
    for (std::size_t at = 0; at < bytes; at += kPageBytes) block[at] = 1;
  } else if constexpr (kTouch == Touch::kAll) {
    for (std::size_t at = 0; at < bytes; at += sizeof(void*)) block[at] = 1;
    block[bytes - 1] = 1;
  }
}

/// malloc into an empty slot.
template <Touch kTouch = Touch::kStamp>
inline void fill_slot(Slot& slot, std::size_t bytes) {
  auto* block = static_cast<unsigned char*>(std::malloc(bytes));
  if (block == nullptr) [[unlikely]]
    die_out_of_memory(bytes);
  touch<kTouch>(block, bytes);
  stamp(slot, block);
}

/// Check, then free. The slot keeps its stale pointer: the caller refills it or forgets it.
inline void free_slot(Slot& slot) {
  check_stamp(slot);
  std::free(slot.block);
}

/// Anonymous pages, zero-filled; a size of 0 is served as one page.
void* map_zeroed_or_die(std::size_t bytes);
void unmap(void* start, std::size_t bytes);

/// An array straight from the system, so that bookkeeping never shares the heap under test.
/// Zero-filled; given back at destruction.
template <typename T>
class PageArray {
 public:
  explicit PageArray(std::size_t count)
      : items_(static_cast<T*>(map_zeroed_or_die(count * sizeof(T)))), count_(count) {}
  PageArray(const PageArray&) = delete;
  PageArray& operator=(const PageArray&) = delete;
  ~PageArray() { unmap(items_, count_ * sizeof(T)); }

  T& operator[](std::size_t index) noexcept { return items_[index]; }
  T* begin() noexcept { return items_; }
  T* end() noexcept { return items_ + count_; }
  std::size_t size() const noexcept { return count_; }

 private:
  T* items_;
  std::size_t count_;
};

}  // namespace hakmem::bench
