// os_guard.h on Linux.
#include "os/os_guard.h"

#include <sys/mman.h>

#include "os/os.h"
#include "os/os_fault.h"
#include "os/syscall_linux.h"

namespace hakmem::os {

namespace {

constexpr int kReservation = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
constexpr std::size_t kMappingsMaxDefault = 65530;

}  // namespace

std::byte* reserve(std::size_t bytes) noexcept {
  if (fault_planted(Call::Map)) return nullptr;
  const long result =
      system_call(SYS_mmap, 0, static_cast<long>(bytes), PROT_NONE, kReservation, kNoFile, 0);
  if (is_error(result)) return nullptr;
  std::byte* const begin = reinterpret_cast<std::byte*>(result);
  note_mapped(begin, bytes);
  return begin;
}

Closed close_pages(std::byte* begin, std::size_t bytes) noexcept {
  const long size = static_cast<long>(bytes);
  // A new mapping in the old one's place, not mprotect(): it has no pages and no history, so the
  // kernel joins it with the closed ones on both sides, also after a fork, and the number of
  // mappings falls again.
  if (!fault_planted(Call::Discard) &&
      !is_error(system_call(SYS_mmap, as_long(begin), size, PROT_NONE, kReservation | MAP_FIXED,
                            kNoFile, 0))) {
    return Closed::Empty;
  }
  if (fault_planted(Call::Protect) ||
      is_error(system_call(SYS_mprotect, as_long(begin), size, PROT_NONE))) {
    return Closed::No;
  }
  return discard(begin, bytes) ? Closed::Empty : Closed::Dirty;
}

std::size_t mappings_max() noexcept {
  const int fd = open_file("/proc/sys/vm/max_map_count", OpenFor::Read);
  if (fd < 0) return kMappingsMaxDefault;
  char digits[24];
  const long got = read_some(fd, digits, sizeof digits);
  close_file(fd);
  std::size_t number = 0;
  for (long i = 0; i < got && digits[i] >= '0' && digits[i] <= '9'; ++i) {
    number = number * 10 + static_cast<std::size_t>(digits[i] - '0');
  }
  return number == 0 ? kMappingsMaxDefault : number;
}

}  // namespace hakmem::os
