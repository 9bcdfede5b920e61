// A range of whole pages in page mode: a block, live or freed, or free pages. Called by the
// extents, the page tier and, through the tier's lookup, by the gates and the crash handler.
// Invariant: a PageBlock is never given back; a spare one is used again for another extent.
#pragma once

#include "base/ptr_types.h"
#include "integrity/block_record.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// Spare: describes nothing. Free: pages that may be taken. Taken: a block, live or resting.
enum class ExtentState : std::uint8_t { Spare, Free, Taken };

struct PageBlock {
  std::uint32_t first_page = 0;   ///< index in the reservation
  std::uint32_t pages = 0;        ///< with the guard
  ExtentState state = ExtentState::Spare;
  bool dirty = false;             ///< closed pages may hold data
  std::uint32_t data_pages = 0;   ///< those that were opened
  std::byte* data = nullptr;      ///< the first of them
  std::byte* user = nullptr;      ///< what the program got
  PageBlock* next = nullptr;      ///< in a bin, among resting or spare ones
  PageBlock* prev = nullptr;      ///< in a bin
  BlockRecord record;             ///< what is known of the block; of the last one while Free

  std::size_t data_bytes() const noexcept { return std::size_t{data_pages} * kPageBytes; }
  /// One past the last byte that was accessible; the user address for a request of 0 bytes.
  std::byte* data_end() const noexcept { return data_pages == 0 ? user : data + data_bytes(); }
  /// Where accessible bytes begin.
  std::byte* data_begin() const noexcept { return data_pages == 0 ? user : data; }
  /// True for an address on the open pages, and for the user address.
  bool reaches(Address address) const noexcept {
    return address == reinterpret_cast<Address>(user) ||
           address - reinterpret_cast<Address>(data) < data_bytes();
  }
  bool contains_page(std::size_t page) const noexcept {
    return page - first_page < pages;
  }
};

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
