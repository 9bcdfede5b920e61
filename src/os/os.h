// The whole surface of the operating system, on one page. Called by every layer above base/.
// Implementations: os_linux.cc (raw system calls: no libc state, errno untouched, nothing that
// allocates) and os_fake.cc (the same with faults planted; tests link it instead).
// Sizes in bytes, multiples of the page size; addresses page-aligned.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/units.h"

namespace hakmem::os {

/// How a mapping is charged and used.
enum class Access : std::uint8_t {
  ReadWrite,  ///< private memory, reads as zero; charged under strict overcommit
  ReadOnly,   ///< private, reads as zero, never charged; made writable piece by piece
};

/// Maps `bytes` of zeroed private memory. Returns null when the system refuses.
std::byte* map(std::size_t bytes, Access access) noexcept;

/// Maps `bytes` whose address is a multiple of `align` (a power of two >= kPageBytes); the excess
/// is unmapped before it returns. Returns null when the system refuses.
std::byte* map_aligned(std::size_t bytes, std::size_t align) noexcept;

/// Gives a mapping, or a page-aligned part of one, back. Cannot fail for what map() returned,
/// but for the kernel's limit on mappings: then the memory stays and false is returned.
bool unmap(std::byte* begin, std::size_t bytes) noexcept;

/// Grows or shrinks a mapping where it is. False: its neighbour is in the way, or refused.
bool resize_in_place(std::byte* begin, std::size_t old_bytes, std::size_t new_bytes) noexcept;

/// Moves the pages of a mapping onto another one of `to_bytes`, which it replaces; nothing is
/// copied. The old address range is unmapped. False: refused, both mappings are as they were.
bool move_pages(std::byte* from, std::size_t from_bytes, std::byte* to,
                std::size_t to_bytes) noexcept;

/// Makes a part of a ReadOnly mapping writable. False when the system refuses.
bool make_writable(std::byte* begin, std::size_t bytes) noexcept;

/// Drops the pages; they read as zero when touched again. False: they may keep their contents.
bool discard(std::byte* begin, std::size_t bytes) noexcept;

/// Asks for huge pages from here on; advice, without an answer.
void advise_huge_pages(std::byte* begin, std::size_t bytes) noexcept;
/// Moves what is there into huge pages at once, about half a millisecond for each; advice, too.
void collapse_to_huge_pages(std::byte* begin, std::size_t bytes) noexcept;

/// Milliseconds of a monotonic clock, a few milliseconds coarse, a few nanoseconds to read.
std::uint64_t now_ms() noexcept;

/// True when address space is scarce or charged (RLIMIT_AS, RLIMIT_DATA, strict overcommit): then
/// nothing is reserved ahead of its use.
bool address_space_is_scarce() noexcept;

/// Sleeps while `*word == expected`; may wake without a cause.
void wait_on(const std::uint32_t* word, std::uint32_t expected) noexcept;
/// Wakes one thread that sleeps on `word`.
void wake_one(const std::uint32_t* word) noexcept;

/// Fills `out` with unpredictable bytes, from the kernel.
void random_bytes(void* out, std::size_t bytes) noexcept;

int process_id() noexcept;
int thread_id() noexcept;

/// Writes all of `bytes` to a file descriptor, in as many system calls as it takes.
/// False when the descriptor refuses.
bool write_all(int fd, const void* bytes, std::size_t size) noexcept;

/// Opens `path` for reading, or for writing (created, mode 0644; truncated or appended).
/// Returns the descriptor (close-on-exec), negative on failure.
enum class OpenFor : std::uint8_t { Read, Truncate, Append };
int open_file(const char* path, OpenFor purpose) noexcept;
/// Reads up to `size` bytes; returns the number read, 0 at the end, negative on failure.
long read_some(int fd, void* out, std::size_t size) noexcept;
void close_file(int fd) noexcept;
/// Makes a directory (mode 0755); true also when it is there already.
bool make_directory(const char* path) noexcept;

/// Ends the process at once: no handlers, no destructors.
[[noreturn]] void exit_now(int code) noexcept;

}  // namespace hakmem::os
