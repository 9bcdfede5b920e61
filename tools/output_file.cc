#include "tools/output_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/violation.h"
#include "tools/commands.h"
#include "tools/plain_text.h"

namespace hakmem::tools {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail(const std::string& file, const std::string& option, const std::string& why) {
  throw CommandError(exit_code::kHakmemFailed,
                     fmt::format("{} of {} cannot be written: {}; name another file",
                                 printable(file), option, why));
}

bool write_text(const fs::path& file, const std::string& text) {
  errno = 0;
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  return !out.fail();
}

std::string reason() { return errno != 0 ? strerror(errno) : "unknown error"; }

}  // namespace

void require_writable_place(const std::string& file, const std::string& option) {
  if (file == "-") return;
  std::error_code error;
  const fs::path folder = fs::absolute(file, error).parent_path();
  fs::create_directories(folder, error);
  if (fs::is_directory(file, error)) fail(file, option, strerror(EISDIR));
  const bool there = fs::exists(file, error);
  if (access(folder.c_str(), W_OK | X_OK) == 0 || (there && access(file.c_str(), W_OK) == 0))
    return;
  fail(file, option, reason());
}

void write_output(const std::string& file, const std::string& text, const std::string& option) {
  if (file == "-") {
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) {
      fail("standard output", option, reason());
    }
    return;
  }
  require_writable_place(file, option);
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  if (fs::exists(status) && !fs::is_regular_file(status)) {  // a device or a pipe stays one
    if (!write_text(file, text)) fail(file, option, reason());
    return;
  }
  // A link keeps pointing to the file, which is replaced where it is.
  fs::path target = file;
  if (fs::is_symlink(target, error)) target = fs::weakly_canonical(target, error);
  const fs::path part = target.string() + fmt::format(".{}.part", getpid());
  if (!write_text(part, text)) {
    const std::string why = reason();
    fs::remove(part, error);
    fail(file, option, why);
  }
  fs::rename(part, target, error);
  if (!error) return;
  const std::string why = error.message();
  fs::remove(part, error);
  fail(file, option, why);
}

}  // namespace hakmem::tools
