// Who owns which byte of the address space, as the test saw it: the oracle's ground truth.
// Called by oracle.h alone. Any thread; no locks, every access is a relaxed atomic, so that the
// map orders nothing that the allocator under test did not order itself. Allocates nothing from it.
// Invariant: a byte is never claimed twice; a cell's bit is set while its 8 bytes have an owner.
// Bits are taken and given back 64 at a time, which is what decides. The first and the last cell of
// a claim in a page name its owner, all others name nobody.
//
//   root (12 bits) → middle (12 bits) → page (11 bits): owner of the whole page, or 512 cells
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace hakmem::ops {

/// An owner's number; 0 is nobody.
using Owner = std::uint32_t;

class OwnerMap {
 public:
  OwnerMap() noexcept;
  ~OwnerMap();
  OwnerMap(const OwnerMap&) = delete;
  OwnerMap& operator=(const OwnerMap&) = delete;

  /// Enters [address, address + bytes) for `owner`; `bytes` 0 counts as 1. Returns 0, or who owns
  /// a part of it already (kUnknownOwner when that is not known): the map is then of no more use.
  Owner claim(std::uintptr_t address, std::size_t bytes, Owner owner) noexcept;

  /// Takes out what was claimed as exactly this. Returns false when it is not `owner`'s.
  bool release(std::uintptr_t address, std::size_t bytes, Owner owner) noexcept;

  /// Who owns the byte; 0: nobody.
  Owner owner_at(std::uintptr_t address) const noexcept;

  static constexpr Owner kUnknownOwner = UINT32_MAX;

 private:
  static constexpr unsigned kPageBits = 12, kCellBits = 3, kRootBits = 12, kMiddleBits = 12,
                            kLeafBits = 11;
  static constexpr std::size_t kCells = std::size_t{1} << (kPageBits - kCellBits);

  static constexpr std::size_t kWordBits = 64;

  struct Cells {
    std::atomic<std::uint64_t> taken[kCells / kWordBits];
    std::atomic<Owner> owner[kCells];  ///< of a claim, in its first and last cell; else 0
  };
  struct Page {
    std::atomic<std::uint64_t> state;  ///< odd: whole, owner << 1 | 1; even: 2 × partial claims
    std::atomic<Cells*> cells;
  };
  struct Leaf {
    Page page[std::size_t{1} << kLeafBits];
  };
  struct Middle {
    std::atomic<Leaf*> leaf[std::size_t{1} << kMiddleBits];
  };
  struct Root {
    std::atomic<Middle*> middle[std::size_t{1} << kRootBits];
  };

  void* take_memory(std::size_t bytes) noexcept;
  template <class Node>
  Node* get_or_make(std::atomic<Node*>& place) noexcept;
  Page* page_of(std::uintptr_t address) noexcept;
  static Owner owner_of_cell(const Cells& cells, std::size_t cell) noexcept;
  const Page* find_page(std::uintptr_t address) const noexcept;
  Owner claim_whole(Page& page, Owner owner) noexcept;
  Owner claim_cells(Page& page, std::size_t first, std::size_t last, Owner owner) noexcept;
  bool release_cells(Page& page, std::size_t first, std::size_t last, Owner owner) noexcept;

  std::atomic<std::byte*> next_{nullptr};
  std::byte* memory_ = nullptr;
  std::size_t memory_bytes_ = 0;
  Root* root_ = nullptr;
};

}  // namespace hakmem::ops
