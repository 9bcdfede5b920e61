// hakmem_bench: the harness as a program of its own, for builds without the hakmem tool.
#include <filesystem>
#include <string>
#include <vector>

#include "bench/bench_command.h"

int main(int argc, char** argv) {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  return hakmem_bench_main(std::vector<std::string>(argv + 1, argv + argc),
                           error ? "." : self.parent_path().string());
}
