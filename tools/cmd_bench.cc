// `hakmem bench`: hands its arguments to the benchmark harness, which parses them itself.

#include "bench/bench_command.h"
#include "tools/commands.h"
#include "tools/library_path.h"

namespace hakmem::tools {

void add_bench(CLI::App& app) {
  app.add_subcommand("bench", "Compare speed and memory with other allocators");
}

int run_bench(const std::vector<std::string>& args) {
  return hakmem_bench_main(args, tool_directory().string());
}

}  // namespace hakmem::tools
