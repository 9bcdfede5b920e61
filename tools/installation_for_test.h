// An installation of its own for tests that run the real program: bin/hakmem beside a library that
// only writes verdicts, so that every end of a program can be made to happen.
#pragma once

#include <gtest/gtest.h>

#include "tools/child_process.h"
#include "tools/environment.h"
#include "tools/library_path.h"
#include "tools/scratch_folder_for_test.h"

namespace hakmem::tools {

inline std::string read_text(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class Installation : public testing::Test {
 protected:
  void SetUp() override {
    namespace fs = std::filesystem;
    fs::create_directories(home_.path() / "bin");
    fs::create_directories(home_.path() / "lib" / "hakmem");
    fs::create_directories(home_.path() / "work");
    fs::copy_file(HAKMEM_TOOL_FOR_TEST, tool());
    for (int level = 0; level <= 4; ++level) {
      fs::copy_file(VERDICT_LIBRARY_FOR_TEST,
                    home_.path() / "lib" / "hakmem" / library_file_name(level));
    }
    environment_ = current_environment();
    for (const char* name : {"HAKMEM_OPTIONS", "HAKMEM_INTEGRITY_LEVEL", "LD_PRELOAD"}) {
      std::erase_if(environment_, [&](const std::string& variable) {
        return variable.starts_with(std::string(name) + "=");
      });
    }
    set_variable(environment_, "HAKMEM", tool().string());
  }

  std::filesystem::path tool() const { return home_.path() / "bin" / "hakmem"; }
  std::filesystem::path work() const { return home_.path() / "work"; }

  /// Runs a shell line in work(), where $HAKMEM is the program.
  Captured shell(const std::string& line) {
    constexpr std::chrono::milliseconds kHangLimit{60'000};
    ChildSpec spec;
    spec.file = "/bin/sh";
    spec.args = {"sh", "-c", "cd '" + work().string() + "' && " + line};
    spec.environment = environment_;
    return capture_child(spec, kHangLimit);
  }

  /// Exit status of a shell line; -1 when it did not exit by itself.
  int status(const std::string& line) {
    const Captured captured = shell(line);
    return captured.end.kind == ProgramEnd::Kind::Exited ? captured.end.value : -1;
  }

  /// Makes every process called `program` find what `lines` say.
  void plant(const std::string& program, const std::string& lines) {
    set_variable(environment_, "VERDICT_PROGRAM_FOR_TEST", program);
    set_variable(environment_, "VERDICT_FOR_TEST", lines);
  }

  ScratchFolder home_;
  std::vector<std::string> environment_;
};

}  // namespace hakmem::tools
