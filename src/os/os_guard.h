// Address space that faults until it is opened, for page mode: a level-4 neighbour of os.h.
// Called by page_mode/. Raw system calls: no allocation, no lock, errno untouched.
// Sizes in bytes, multiples of the page size; addresses page-aligned.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hakmem::os {

/// Reserves `bytes` that nothing may touch; never charged. make_writable() opens a part of it,
/// which then reads as zero. Returns null when the system refuses.
std::byte* reserve(std::size_t bytes) noexcept;

/// What became of pages that were to be closed.
enum class Closed : std::uint8_t {
  Empty,  ///< they fault, and read as zero when they are opened again
  Dirty,  ///< they fault, and keep their contents
  No,     ///< the system refuses: they are as they were
};

/// Makes opened pages of a reservation fault again and gives their memory back.
Closed close_pages(std::byte* begin, std::size_t bytes) noexcept;

/// Mappings that the kernel allows a process (vm.max_map_count); its default when it does not tell.
std::size_t mappings_max() noexcept;

}  // namespace hakmem::os
