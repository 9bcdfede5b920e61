// Which bytes a program may touch, told to the tool that watches its accesses: AddressSanitizer in
// the program, or memcheck around it. Called by integrity/hooks.h and the checked gates. Which tool
// it is, is decided by which file is linked: memory_marks_asan.cc or memory_marks_memcheck.cc.
// Nothing of this is left in a build without marks.
//
//   closed ┃ front canary ┃ request: handed out ┃ tail canary: closed ┃ next block …
//
// Invariant: of the memory that blocks come from, what is handed out and nothing else is open to
// the program. The allocator's own accesses are not watched: its code is not instrumented and calls
// no memset but its own (Asan; see ci/cmake/marks.cmake), and memcheck keeps quiet in an OwnAccess.
#pragma once

#include <cstddef>

#include "base/build_config.h"
#include "base/compiler.h"
#include "base/options.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE::marks {

inline constexpr bool kOn = kMarked;

/// True when address space that is only reserved costs the tool as much as memory.
bool counts_reservations() noexcept;
/// A reservation, from which memory for blocks will be taken.
void set_aside(const std::byte* begin, std::size_t bytes) noexcept;
/// [begin, begin + bytes) is memory for blocks from now on, and none of them is handed out.
void close(const std::byte* begin, std::size_t bytes) noexcept;
/// What close() was told is about to go back to the system, as it came, or in parts.
void forget(const std::byte* begin, std::size_t bytes) noexcept;
void forget_part(const std::byte* begin, std::size_t bytes) noexcept;

/// A block as the program gets it, with what belongs to it and is not the program's.
struct MarkedBlock {
  const std::byte* front;   ///< a multiple of eight
  const std::byte* user;
  const std::byte* end;     ///< a multiple of eight, beyond the request
  std::size_t bytes;        ///< the request
};
/// A block goes to the program; `zeroed`: it is promised to read as zero.
void hand_out(const MarkedBlock& block, bool zeroed) noexcept;
/// The program gave a block of `bytes` back.
void take_back(const std::byte* user, std::size_t bytes) noexcept;

/// Blocks that the sanitizer's own functions allocated, and the program now gives to ours. Each is
/// false, or 0, for what is not the sanitizer's.
bool try_release_foreign(void* pointer) noexcept;
bool try_reallocate_foreign(void* pointer, std::size_t bytes, void*& moved) noexcept;
std::size_t foreign_usable_size(const void* pointer) noexcept;

/// Options whose defaults the tool makes unwise.
void adjust(Options& options) noexcept;

void begin_own_access() noexcept;
void end_own_access() noexcept;

/// While one lives, this thread's accesses are the allocator's own. They nest.
class OwnAccess {
 public:
  HAK_INLINE OwnAccess() noexcept {
    if constexpr (kOn) begin_own_access();
  }
  HAK_INLINE ~OwnAccess() {
    if constexpr (kOn) end_own_access();
  }
  OwnAccess(const OwnAccess&) = delete;
  OwnAccess& operator=(const OwnAccess&) = delete;
};

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE::marks
