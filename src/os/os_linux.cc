#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

#include "os/os.h"
#include "os/os_fault.h"
#include "os/syscall_linux.h"

namespace hakmem::os {

namespace {


std::byte* map_with(std::size_t bytes, int protection) noexcept {
  if (fault_planted(Call::Map)) return nullptr;
  const long result =
      system_call(SYS_mmap, 0, static_cast<long>(bytes), protection,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, kNoFile, 0);
  if (is_error(result)) return nullptr;
  std::byte* const begin = reinterpret_cast<std::byte*>(result);
  note_mapped(begin, bytes);
  return begin;
}

bool is_limited(int resource) noexcept {
  rlimit limit{};
  system_call(SYS_prlimit64, 0, resource, 0, as_long(&limit));
  return limit.rlim_cur != RLIM_INFINITY;
}

bool strict_overcommit() noexcept {
  const int fd = open_file("/proc/sys/vm/overcommit_memory", OpenFor::Read);
  if (fd < 0) return false;
  char mode = '0';
  const long got = read_some(fd, &mode, 1);
  close_file(fd);
  return got == 1 && mode == '2';
}

}  // namespace

std::byte* map(std::size_t bytes, Access access) noexcept {
  return map_with(bytes, access == Access::ReadWrite ? PROT_READ | PROT_WRITE : PROT_READ);
}

std::byte* map_aligned(std::size_t bytes, std::size_t align) noexcept {
  std::byte* const direct = map(bytes, Access::ReadWrite);
  if (direct == nullptr) return nullptr;
  if (reinterpret_cast<Address>(direct) % align == 0) return direct;
  unmap(direct, bytes);
  if (bytes > kRequestMax - align) return nullptr;
  std::byte* const wide = map(bytes + align, Access::ReadWrite);
  if (wide == nullptr) return nullptr;
  const Address begin = reinterpret_cast<Address>(wide);
  const std::size_t lead = round_up(begin, align) - begin;
  if (lead != 0) unmap(wide, lead);
  if (lead != align) unmap(wide + lead + bytes, align - lead);
  return wide + lead;
}

bool unmap(std::byte* begin, std::size_t bytes) noexcept {
  if (fault_planted(Call::Unmap)) return false;
  note_unmapped(begin, bytes);
  const long result = system_call(SYS_munmap, as_long(begin), static_cast<long>(bytes));
  if (!is_error(result)) return true;
  note_mapped(begin, bytes);
  return false;
}

bool resize_in_place(std::byte* begin, std::size_t old_bytes, std::size_t new_bytes) noexcept {
  if (fault_planted(Call::Resize)) return false;
  const long result = system_call(SYS_mremap, as_long(begin), static_cast<long>(old_bytes),
                                  static_cast<long>(new_bytes), 0);
  if (is_error(result)) return false;
  note_unmapped(begin, old_bytes);
  note_mapped(begin, new_bytes);
  return true;
}

bool move_pages(std::byte* from, std::size_t from_bytes, std::byte* to,
                std::size_t to_bytes) noexcept {
  if (fault_planted(Call::MovePages)) return false;
  const long result = system_call(SYS_mremap, as_long(from), static_cast<long>(from_bytes),
                                  static_cast<long>(to_bytes), MREMAP_MAYMOVE | MREMAP_FIXED,
                                  as_long(to));
  if (is_error(result)) return false;
  note_unmapped(from, from_bytes);
  return true;
}

bool make_writable(std::byte* begin, std::size_t bytes) noexcept {
  if (fault_planted(Call::Protect)) return false;
  return !is_error(system_call(SYS_mprotect, as_long(begin), static_cast<long>(bytes),
                               PROT_READ | PROT_WRITE));
}

bool discard(std::byte* begin, std::size_t bytes) noexcept {
  if (fault_planted(Call::Discard)) return false;
  return !is_error(
      system_call(SYS_madvise, as_long(begin), static_cast<long>(bytes), MADV_DONTNEED));
}

void advise_huge_pages(std::byte* begin, std::size_t bytes) noexcept {
  system_call(SYS_madvise, as_long(begin), static_cast<long>(bytes), MADV_HUGEPAGE);
}

void collapse_to_huge_pages(std::byte* begin, std::size_t bytes) noexcept {
  constexpr int kCollapse = 25;  // MADV_COLLAPSE of Linux 6.1; older kernels refuse it
  system_call(SYS_madvise, as_long(begin), static_cast<long>(bytes), kCollapse);
}

std::uint64_t now_ms() noexcept {
  timespec now;
  // The vDSO's entry point: reads a shared page, neither allocates nor locks, cannot fail here.
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1000 +
         static_cast<std::uint64_t>(now.tv_nsec) / 1000000;
}

bool address_space_is_scarce() noexcept {
  return is_limited(RLIMIT_AS) || is_limited(RLIMIT_DATA) || strict_overcommit();
}

void wait_on(const std::uint32_t* word, std::uint32_t expected) noexcept {
  system_call(SYS_futex, as_long(word), FUTEX_WAIT_PRIVATE, expected);
}

void wake_one(const std::uint32_t* word) noexcept {
  system_call(SYS_futex, as_long(word), FUTEX_WAKE_PRIVATE, 1);
}

void random_bytes(void* out, std::size_t bytes) noexcept {
  constexpr long kNonBlocking = 1;  // GRND_NONBLOCK: early boot must not hang a malloc
  const long got = system_call(SYS_getrandom, as_long(out), static_cast<long>(bytes), kNonBlocking);
  if (got == static_cast<long>(bytes)) return;
  std::uint64_t mix = cycle_stamp() ^ reinterpret_cast<Address>(out);
  for (std::size_t i = 0; i < bytes; ++i) {
    mix = mix * 6364136223846793005u + 1442695040888963407u;  // Knuth's MMIX generator
    static_cast<unsigned char*>(out)[i] = static_cast<unsigned char>(mix >> 56);
  }
}

int process_id() noexcept { return static_cast<int>(system_call(SYS_getpid)); }
int thread_id() noexcept { return static_cast<int>(system_call(SYS_gettid)); }

bool write_all(int fd, const void* bytes, std::size_t size) noexcept {
  const char* cursor = static_cast<const char*>(bytes);
  while (size != 0) {
    const long wrote = system_call(SYS_write, fd, as_long(cursor), static_cast<long>(size));
    if (wrote == kInterrupted) continue;
    if (wrote <= 0) return false;
    cursor += wrote;
    size -= static_cast<std::size_t>(wrote);
  }
  return true;
}

int open_file(const char* path, OpenFor purpose) noexcept {
  int flags = O_RDONLY;
  if (purpose == OpenFor::Truncate) flags = O_WRONLY | O_CREAT | O_TRUNC;
  if (purpose == OpenFor::Append) flags = O_WRONLY | O_CREAT | O_APPEND;
  constexpr long kMode = 0644;
  return static_cast<int>(
      system_call(SYS_openat, AT_FDCWD, as_long(path), flags | O_CLOEXEC, kMode));
}

long read_some(int fd, void* out, std::size_t size) noexcept {
  for (;;) {
    const long got = system_call(SYS_read, fd, as_long(out), static_cast<long>(size));
    if (got != kInterrupted) return got;
  }
}

void close_file(int fd) noexcept { system_call(SYS_close, fd); }

bool make_directory(const char* path) noexcept {
  constexpr long kMode = 0755, kExists = -17;
  const long result = system_call(SYS_mkdirat, AT_FDCWD, as_long(path), kMode);
  return !is_error(result) || result == kExists;
}

void exit_now(int code) noexcept {
  for (;;) system_call(SYS_exit_group, code);
}

}  // namespace hakmem::os
