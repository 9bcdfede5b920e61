#include "property_tests/ops/owner_map.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstdlib>

namespace hakmem::ops {

namespace {

constexpr std::memory_order kRelaxed = std::memory_order_relaxed;
// Address space for nodes; only what is used becomes memory.
constexpr std::size_t kMemoryBytes = std::size_t{1} << 36;
constexpr std::size_t kMemoryBytesMin = std::size_t{1} << 26;
constexpr std::size_t kPageBytes = 4096;

/// Calls visit(page begin, first cell, last cell) for each page that a range touches.
template <class Visit>
void for_each_page(std::uintptr_t address, std::size_t bytes, Visit visit) noexcept {
  const std::uintptr_t last_byte = address + std::max<std::size_t>(bytes, 1) - 1;
  std::uintptr_t at = address;
  while (true) {
    const std::uintptr_t page = at & ~(kPageBytes - 1);
    const std::uintptr_t end = std::min(last_byte, page + kPageBytes - 1);
    if (!visit(at, (at - page) / 8, (end - page) / 8)) return;
    if (end == last_byte) return;
    at = end + 1;
  }
}

/// Calls visit(word, mask) for each word of 64 bits that cells [first, last] have bits in.
template <class Visit>
void for_each_word_of(std::size_t first, std::size_t last, Visit visit) noexcept {
  constexpr std::size_t kBits = 64;
  for (std::size_t word = first / kBits; word <= last / kBits; ++word) {
    const std::size_t low = std::max(first, word * kBits) - word * kBits;
    const std::size_t high = std::min(last, word * kBits + kBits - 1) - word * kBits;
    if (!visit(word, ~std::uint64_t{0} >> (kBits - 1 - (high - low)) << low)) return;
  }
}

}  // namespace

OwnerMap::OwnerMap() noexcept {
  for (std::size_t bytes = kMemoryBytes; bytes >= kMemoryBytesMin; bytes /= 4) {
    void* const memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) continue;
    memory_ = static_cast<std::byte*>(memory);
    memory_bytes_ = bytes;
    break;
  }
  if (memory_ == nullptr) std::abort();  // no address space at all: nothing can be tested
  next_.store(memory_, kRelaxed);
  root_ = static_cast<Root*>(take_memory(sizeof(Root)));
}

OwnerMap::~OwnerMap() { munmap(memory_, memory_bytes_); }

void* OwnerMap::take_memory(std::size_t bytes) noexcept {
  std::byte* const taken = next_.fetch_add(static_cast<std::ptrdiff_t>(bytes), kRelaxed);
  if (taken + bytes > memory_ + memory_bytes_) std::abort();  // more pages than a test may touch
  return taken;
}

template <class Node>
Node* OwnerMap::get_or_make(std::atomic<Node*>& place) noexcept {
  Node* node = place.load(kRelaxed);
  if (node != nullptr) return node;
  // Zero bytes are an empty node; one that loses the race is not used again.
  Node* const made = static_cast<Node*>(take_memory(sizeof(Node)));
  return place.compare_exchange_strong(node, made, kRelaxed, kRelaxed) ? made : node;
}

OwnerMap::Page* OwnerMap::page_of(std::uintptr_t address) noexcept {
  const std::uintptr_t page = address >> kPageBits;
  Middle* const middle =
      get_or_make(root_->middle[page >> (kMiddleBits + kLeafBits) & ((1u << kRootBits) - 1)]);
  Leaf* const leaf = get_or_make(middle->leaf[page >> kLeafBits & ((1u << kMiddleBits) - 1)]);
  return &leaf->page[page & ((1u << kLeafBits) - 1)];
}

const OwnerMap::Page* OwnerMap::find_page(std::uintptr_t address) const noexcept {
  const std::uintptr_t page = address >> kPageBits;
  const Middle* const middle =
      root_->middle[page >> (kMiddleBits + kLeafBits) & ((1u << kRootBits) - 1)].load(kRelaxed);
  if (middle == nullptr) return nullptr;
  const Leaf* const leaf =
      middle->leaf[page >> kLeafBits & ((1u << kMiddleBits) - 1)].load(kRelaxed);
  return leaf == nullptr ? nullptr : &leaf->page[page & ((1u << kLeafBits) - 1)];
}

Owner OwnerMap::owner_of_cell(const Cells& cells, std::size_t cell) noexcept {
  for (std::size_t at = cell + 1; at-- != 0;) {  // down to the first cell of its claim
    if (const Owner owner = cells.owner[at].load(kRelaxed); owner != 0) return owner;
  }
  return kUnknownOwner;  // its claim has not named it yet
}

Owner OwnerMap::claim_whole(Page& page, Owner owner) noexcept {
  std::uint64_t state = 0;
  if (page.state.compare_exchange_strong(state, std::uint64_t{owner} << 1 | 1, kRelaxed,
                                         kRelaxed)) {
    return 0;
  }
  if ((state & 1) != 0) return static_cast<Owner>(state >> 1);
  const Cells* const cells = page.cells.load(kRelaxed);
  for (std::size_t word = 0; cells != nullptr && word < kCells / kWordBits; ++word) {
    const std::uint64_t taken = cells->taken[word].load(kRelaxed);
    if (taken == 0) continue;
    const std::size_t cell = word * kWordBits + static_cast<std::size_t>(std::countr_zero(taken));
    return owner_of_cell(*cells, cell);
  }
  return kUnknownOwner;
}

Owner OwnerMap::claim_cells(Page& page, std::size_t first, std::size_t last,
                            Owner owner) noexcept {
  std::uint64_t state = page.state.load(kRelaxed);
  do {
    if ((state & 1) != 0) return static_cast<Owner>(state >> 1);
  } while (!page.state.compare_exchange_weak(state, state + 2, kRelaxed, kRelaxed));
  Cells* const cells = get_or_make(page.cells);
  Owner other = 0;
  for_each_word_of(first, last, [&](std::size_t word, std::uint64_t mask) {
    const std::uint64_t twice = cells->taken[word].fetch_or(mask, kRelaxed) & mask;
    if (twice == 0) return true;
    const std::size_t cell = word * kWordBits + static_cast<std::size_t>(std::countr_zero(twice));
    other = owner_of_cell(*cells, cell);
    return false;
  });
  if (other != 0) return other;
  std::atomic_signal_fence(std::memory_order_seq_cst);  // bits first: they decide
  cells->owner[first].store(owner, kRelaxed);
  cells->owner[last].store(owner, kRelaxed);
  return 0;
}

bool OwnerMap::release_cells(Page& page, std::size_t first, std::size_t last,
                             Owner owner) noexcept {
  Cells* const cells = page.cells.load(kRelaxed);
  if (cells == nullptr) return false;
  for (const std::size_t end : {first, last}) {
    if (cells->owner[end].load(kRelaxed) != owner) return false;
  }
  for (const std::size_t end : {first, last}) cells->owner[end].store(0, kRelaxed);
  // Whoever takes the bits next names itself behind this; x86 keeps that, the compiler here too.
  std::atomic_signal_fence(std::memory_order_seq_cst);
  bool held = true;
  for_each_word_of(first, last, [&](std::size_t word, std::uint64_t mask) {
    held = (cells->taken[word].fetch_and(~mask, kRelaxed) & mask) == mask;
    return held;
  });
  if (!held) return false;
  page.state.fetch_sub(2, kRelaxed);
  return true;
}

Owner OwnerMap::claim(std::uintptr_t address, std::size_t bytes, Owner owner) noexcept {
  Owner other = 0;
  for_each_page(address, bytes, [&](std::uintptr_t at, std::size_t first, std::size_t last) {
    Page& page = *page_of(at);
    const bool whole = first == 0 && last == kCells - 1;
    other = whole ? claim_whole(page, owner) : claim_cells(page, first, last, owner);
    return other == 0;
  });
  return other;
}

bool OwnerMap::release(std::uintptr_t address, std::size_t bytes, Owner owner) noexcept {
  bool ours = true;
  for_each_page(address, bytes, [&](std::uintptr_t at, std::size_t first, std::size_t last) {
    Page& page = *page_of(at);
    if (first == 0 && last == kCells - 1) {
      std::uint64_t state = std::uint64_t{owner} << 1 | 1;
      ours = page.state.compare_exchange_strong(state, 0, kRelaxed, kRelaxed);
    } else {
      ours = release_cells(page, first, last, owner);
    }
    return ours;
  });
  return ours;
}

Owner OwnerMap::owner_at(std::uintptr_t address) const noexcept {
  const Page* const page = find_page(address);
  if (page == nullptr) return 0;
  const std::uint64_t state = page->state.load(kRelaxed);
  if ((state & 1) != 0) return static_cast<Owner>(state >> 1);
  const Cells* const cells = page->cells.load(kRelaxed);
  if (cells == nullptr) return 0;
  const std::size_t cell = (address & (kPageBytes - 1)) / 8;
  const std::uint64_t taken = cells->taken[cell / kWordBits].load(kRelaxed);
  return (taken >> cell % kWordBits & 1) != 0 ? owner_of_cell(*cells, cell) : 0;
}

}  // namespace hakmem::ops
