// Marks for memcheck: client requests, a few instructions that do nothing outside of valgrind.
// memcheck takes the stack of each block from the request itself, so both are called on the
// program's way through malloc and free.
#include <valgrind/memcheck.h>
#include <valgrind/valgrind.h>

#include <cstring>

#include "os/memory_marks.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE::marks {

namespace {

/// Closed bytes around a block that are certainly there: the shorter canary.
constexpr std::size_t kBesideBytes = 8;

}  // namespace

/// The leak check reads everything that is not closed.
bool counts_reservations() noexcept { return true; }
void set_aside(const std::byte* begin, std::size_t bytes) noexcept { close(begin, bytes); }

void close(const std::byte* begin, std::size_t bytes) noexcept {
  VALGRIND_MAKE_MEM_NOACCESS(begin, bytes);
}

/// valgrind sees the unmapping itself.
void forget(const std::byte*, std::size_t) noexcept {}
void forget_part(const std::byte*, std::size_t) noexcept {}

void hand_out(const MarkedBlock& block, bool zeroed) noexcept {
  VALGRIND_MALLOCLIKE_BLOCK(block.user, block.bytes, kBesideBytes, zeroed);
}

void take_back(const std::byte* user, std::size_t) noexcept {
  VALGRIND_FREELIKE_BLOCK(user, kBesideBytes);
}

bool try_release_foreign(void*) noexcept { return false; }
bool try_reallocate_foreign(void*, std::size_t, void*&) noexcept { return false; }
std::size_t foreign_usable_size(const void*) noexcept { return 0; }

/// memcheck takes each stack itself, and makes ours thirty times as slow.
void adjust(Options& options) noexcept {
  if (std::strcmp(options.stack.bytes, "auto") == 0) std::strcpy(options.stack.bytes, "caller");
}

void begin_own_access() noexcept { VALGRIND_DISABLE_ERROR_REPORTING; }
void end_own_access() noexcept { VALGRIND_ENABLE_ERROR_REPORTING; }

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE::marks
