// os_process.h on Linux x86-64: system calls by number, so that no interposed libc function and no
// libc lock is met while a report is written.
#include "os/os_process.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <time.h>

#include "base/text_sink.h"
#include "os/os.h"
#include "os/syscall_linux.h"

extern "C" char** environ;  // NOLINT: libc's, its name is fixed

namespace hakmem::os {

namespace {

constexpr long kInvalidMemory = -14;  // EFAULT

/// Reads one hexadecimal number and stops behind it.
std::uint64_t take_hex(const char*& text) noexcept {
  std::uint64_t number = 0;
  for (;; ++text) {
    const char c = *text;
    unsigned digit = 0;
    if (c >= '0' && c <= '9') {
      digit = static_cast<unsigned>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      digit = static_cast<unsigned>(c - 'a') + 10;
    } else {
      return number;
    }
    number = number * 16 + digit;
  }
}

/// "begin-end rwxp offset dev inode   path", NUL-terminated.
Mapping parse_mapping(const char* line) noexcept {
  Mapping mapping;
  mapping.begin = take_hex(line);
  if (*line == '-') ++line;
  mapping.end = take_hex(line);
  if (*line == ' ') ++line;
  mapping.readable = *line == 'r';
  mapping.writable = line[0] != '\0' && line[1] == 'w';
  for (int i = 0; i < 4 && *line != '\0'; ++i, ++line) mapping.executable |= *line == 'x';
  if (*line == ' ') ++line;
  mapping.file_offset = take_hex(line);
  for (int field = 0; field < 2; ++field) {  // device, inode
    while (*line == ' ') ++line;
    while (*line != ' ' && *line != '\0') ++line;
  }
  while (*line == ' ') ++line;
  mapping.path = line;
  return mapping;
}

}  // namespace

bool visit_mappings(char* buffer, std::size_t size, MappingVisitor visitor, void* state) noexcept {
  const int fd = open_file("/proc/self/maps", OpenFor::Read);
  if (fd < 0) return false;
  const std::size_t half = size / 2;
  char* const chunk = buffer;
  char* const line = buffer + half;
  std::size_t line_bytes = 0;
  bool more = true;
  while (more) {
    const long got = read_some(fd, chunk, half);
    if (got <= 0) break;
    for (long i = 0; i < got && more; ++i) {
      if (chunk[i] != '\n') {
        if (line_bytes + 1 < half) line[line_bytes++] = chunk[i];
        continue;
      }
      line[line_bytes] = '\0';
      line_bytes = 0;
      more = visitor(state, parse_mapping(line));
    }
  }
  close_file(fd);
  return true;
}

bool read_memory(Address from, void* to, std::size_t size) noexcept {
  const iovec local{to, size};
  const iovec remote{reinterpret_cast<void*>(from), size};
  const long got = system_call(SYS_process_vm_readv, process_id(), as_long(&local), 1,
                               as_long(&remote), 1, 0);
  if (got == static_cast<long>(size)) return true;
  if (got >= 0 || got == kInvalidMemory) return false;
  const int fd = open_file("/proc/self/mem", OpenFor::Read);  // a sandbox forbids the call above
  if (fd < 0) return false;
  const long read = system_call(SYS_pread64, fd, as_long(to), static_cast<long>(size),
                                static_cast<long>(from));
  close_file(fd);
  return read == static_cast<long>(size);
}

bool thread_name(int thread, char* out, std::size_t size) noexcept {
  char path[48];
  TextSink sink(path, sizeof path);
  sink.text("/proc/self/task/").decimal(static_cast<std::uint64_t>(thread)).text("/comm");
  out[0] = '\0';
  const int fd = open_file(path, OpenFor::Read);
  if (fd < 0) return false;
  const long got = read_some(fd, out, size - 1);
  close_file(fd);
  if (got <= 0) return false;
  std::size_t length = static_cast<std::size_t>(got);
  if (out[length - 1] == '\n') --length;
  out[length] = '\0';
  return true;
}

const char* environment_value(const char* name, std::size_t name_length) noexcept {
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    std::size_t i = 0;
    while (i < name_length && (*entry)[i] == name[i]) ++i;
    if (i == name_length && (*entry)[i] == '=') return *entry + i + 1;
  }
  return nullptr;
}

void host_name(char* out, std::size_t size) noexcept {
  utsname names{};
  system_call(SYS_uname, as_long(&names));
  TextSink(out, size).text(names.nodename);
}

std::uint64_t wall_clock_s() noexcept {
  timespec now{};
  system_call(SYS_clock_gettime, CLOCK_REALTIME, as_long(&now));
  return static_cast<std::uint64_t>(now.tv_sec);
}

void read_link(const char* path, char* out, std::size_t size) noexcept {
  const long got = system_call(SYS_readlinkat, AT_FDCWD, as_long(path), as_long(out),
                               static_cast<long>(size - 1));
  out[got > 0 ? got : 0] = '\0';
}

bool is_terminal(int fd) noexcept {
  constexpr long kGetAttributes = 0x5401;  // TCGETS
  constexpr std::size_t kKernelTermiosMax = 64;
  char attributes[kKernelTermiosMax];
  return !is_error(system_call(SYS_ioctl, fd, kGetAttributes, as_long(attributes)));
}

bool is_executable(const char* path) noexcept {
  constexpr long kMayExecute = 1;
  return !is_error(system_call(SYS_faccessat, AT_FDCWD, as_long(path), kMayExecute));
}

int open_for_update(const char* path) noexcept {
  constexpr long kMode = 0644;
  return static_cast<int>(system_call(SYS_openat, AT_FDCWD, as_long(path),
                                      O_WRONLY | O_CREAT | O_CLOEXEC, kMode));
}

bool write_all_at(int fd, const void* bytes, std::size_t size, std::uint64_t offset) noexcept {
  const char* cursor = static_cast<const char*>(bytes);
  while (size != 0) {
    const long wrote = system_call(SYS_pwrite64, fd, as_long(cursor), static_cast<long>(size),
                                   static_cast<long>(offset));
    if (wrote == kInterrupted) continue;
    if (wrote <= 0) return false;
    cursor += wrote;
    offset += static_cast<std::uint64_t>(wrote);
    size -= static_cast<std::size_t>(wrote);
  }
  return true;
}

}  // namespace hakmem::os
