#include "api/relaunch.h"

#include <dlfcn.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>

#include "base/text.h"
#include "base/text_sink.h"
#include "os/syscall_linux.h"

namespace hakmem {

namespace {

constexpr std::size_t kPathMax = 4096;
constexpr std::size_t kEnvironmentMax = 4096;  // entries; a larger environment is refused

char library_path[kPathMax];
char preload_entry[2 * kPathMax];
char* new_environment[kEnvironmentMax + 1];

/// Path of this library's sibling for `level`; false when there is none.
bool find_sibling(int level, const char* own_path) noexcept {
  std::size_t directory = 0;
  for (std::size_t i = 0; own_path[i] != '\0'; ++i) {
    if (own_path[i] == '/') directory = i + 1;
  }
  TextSink sink(library_path, sizeof library_path);
  sink.bytes(own_path, directory).text("libhakmem");
  if (level != 0) sink.text("_l").decimal(static_cast<unsigned>(level));
  sink.text(".so");
  return !sink.truncated() && access(library_path, R_OK) == 0;
}

/// LD_PRELOAD with our own file replaced by the sibling; entries are separated by ':' or ' '.
bool make_preload_entry(const char* old_value, const char* own_name) noexcept {
  TextSink sink(preload_entry, sizeof preload_entry);
  sink.text("LD_PRELOAD=").text(library_path);
  const char* cursor = old_value;
  while (*cursor != '\0') {
    const char* end = cursor;
    const char* name = cursor;
    while (*end != '\0' && *end != ':' && *end != ' ') {
      if (*end == '/') name = end + 1;
      ++end;
    }
    const bool ours = starts_with(name, "libhakmem") || starts_with(cursor, own_name);
    if (end != cursor && !ours) {
      sink.character(':').bytes(cursor, static_cast<std::size_t>(end - cursor));
    }
    cursor = *end == '\0' ? end : end + 1;
  }
  return !sink.truncated();
}

}  // namespace

void relaunch_at_level(int level, char** arguments, char** environment) noexcept {
  Dl_info self{};
  if (dladdr(reinterpret_cast<const void*>(&relaunch_at_level), &self) == 0) return;
  if (!find_sibling(level, self.dli_fname)) return;
  std::size_t count = 0;
  const char* old_value = "";
  for (char** entry = environment; *entry != nullptr; ++entry) {
    if (starts_with(*entry, "LD_PRELOAD=")) {
      old_value = *entry + sizeof "LD_PRELOAD=" - 1;
      continue;
    }
    if (count == kEnvironmentMax - 1) return;
    new_environment[count++] = *entry;
  }
  if (!make_preload_entry(old_value, self.dli_fname)) return;
  new_environment[count++] = preload_entry;
  new_environment[count] = nullptr;
  os::system_call(SYS_execve, os::as_long("/proc/self/exe"), os::as_long(arguments),
                  os::as_long(new_environment));
  const char* const image = reinterpret_cast<const char*>(getauxval(AT_EXECFN));
  os::system_call(SYS_execve, os::as_long(image), os::as_long(arguments),
                  os::as_long(new_environment));
}

}  // namespace hakmem
