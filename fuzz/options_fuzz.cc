// Any bytes at all as HAKMEM_OPTIONS: the parser reads nothing behind them, an error names an
// option of the table, a refused list changes no more than the entries before the bad one, and the
// sentence about it fits its buffer.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/options.h"

namespace {

void require(bool condition, const char* claim) {
  if (condition) return;
  std::fprintf(stderr, "options fuzz: broken: %s\n", claim);
  std::abort();
}

bool in_table(const char* name) {
  for (std::size_t i = 0; i < hakmem::kOptionCount; ++i) {
    if (std::strcmp(hakmem::kOptionTable[i].name, name) == 0) return true;
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);  // ends in NUL, exactly sized
  hakmem::Options options;
  const hakmem::OptionError error = hakmem::parse_options(text.c_str(), options);
  char sentence[96];
  const std::size_t length = hakmem::describe(error, sentence, sizeof sentence);
  require(length < sizeof sentence && sentence[length] == '\0', "the sentence fits its buffer");
  if (error.ok()) {
    require(length == 0, "no error, no sentence");
    const bool in_range = options.stack_frames >= 1 && options.stack_frames <= 32;
    require(in_range, "accepted values are in range");
  } else {
    require(std::strlen(error.option) < sizeof error.option, "the name is terminated");
    if (error.kind == hakmem::OptionError::Kind::Unknown) {
      require(error.nearest != nullptr && in_table(error.nearest), "the nearest is an option");
    } else {
      require(in_table(error.option), "what has a bad value is an option");
    }
  }
  return 0;
}
