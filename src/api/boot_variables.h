// The environment variables as a library's constructor reads them: getenv() is not ready yet.
// Called by preload_boot.cc and forward_boot.cc.
#pragma once

#include "base/options.h"
#include "base/text_sink.h"
#include "base/violation.h"
#include "os/os.h"

namespace hakmem {

/// The value of `name` in an environment; null when it is not there.
static inline const char* find_in(char** environment, const char* name) noexcept {
  for (; environment != nullptr && *environment != nullptr; ++environment) {
    const char* entry = *environment;
    const char* key = name;
    while (*key != '\0' && *entry == *key) ++entry, ++key;
    if (*key == '\0' && *entry == '=') return entry + 1;
  }
  return nullptr;
}

/// Writes one line about a variable to standard error.
static inline void say_of_variable(const char* variable, const char* what) noexcept {
  char line[kOptionTextMax];
  TextSink sink(line, sizeof line);
  sink.text("HAKMEM: ").text(variable).text(": ").text(what).character('\n');
  os::write_all(2, sink.c_str(), sink.size());
}

/// Ends the process: the variable's value is no good.
[[noreturn]] static inline void refuse(const char* variable, const char* what) noexcept {
  char line[kOptionTextMax];
  TextSink sink(line, sizeof line);
  sink.text("HAKMEM: ").text(variable).text(": ").text(what).character('\n');
  os::write_all(2, sink.c_str(), sink.size());
  os::exit_now(exit_code::kBadOption);
}

}  // namespace hakmem
