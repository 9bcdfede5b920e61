// hakmem_workload MODE key=value…: one workload, one process, one JSON line on standard output.
// Called by `hakmem bench`, by tests and by hand under LD_PRELOAD. Exit 0: done and every block was
// as its owner left it; 1: broken heap or out of memory; 64: bad argument.
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>

#include "bench/workload/allocator_stats.h"
#include "bench/workload/mode.h"

namespace hakmem::bench {
namespace {

constexpr int kExitBadArgument = 64;

/// Path of the object whose malloc this process uses: proof that a preload took effect.
const char* allocator_path() {
  Dl_info info{};
  void* address = dlsym(RTLD_DEFAULT, "malloc");
  if (address == nullptr || dladdr(address, &info) == 0) return "";
  return info.dli_fname;
}

void print_usage(std::FILE* out) {
  std::fprintf(out,
               "usage: hakmem_workload MODE [key=value]...\n       hakmem_workload "
               "comprehensive\n\nmodes, with defaults:\n");
  for (const std::span<const Mode> family : all_families()) {
    for (const Mode& mode : family) {
      std::fprintf(out, "\n  %s: %s\n", mode.name.data(), mode.help.data());
      for (const Parameter& parameter : mode.parameters) {
        std::fprintf(out, "    %s=%s  %s\n", parameter.name.data(), parameter.default_value.data(),
                     parameter.help.data());
      }
    }
  }
}

void print_json_text(const char* text) {
  std::putchar('"');
  for (; *text != '\0'; ++text) {
    const auto byte = static_cast<unsigned char>(*text);
    if (byte == '"' || byte == '\\') {
      std::printf("\\%c", byte);
    } else if (byte < 0x20) {
      std::printf("\\u%04x", static_cast<unsigned>(byte));
    } else {
      std::putchar(byte);
    }
  }
  std::putchar('"');
}

void print_result(const Mode& mode, const Arguments& arguments, const Measurement& measured) {
  const auto ops = static_cast<double>(measured.ops);
  const std::uint64_t peak_kib = peak_rss_kib();
  std::printf("{\"mode\":\"%s\",\"args\":{", mode.name.data());
  bool first = true;
  for (const auto& [name, value] : arguments.all()) {
    if (!first) std::putchar(',');
    first = false;
    print_json_text(name.c_str());
    std::putchar(':');
    print_json_text(value.c_str());
  }
  std::printf("},\"ops\":%llu,\"wall_ns_per_op\":%.4f,\"cpu_ns_per_op\":%.4f,\"vm_hwm_kib\":%llu,",
              static_cast<unsigned long long>(measured.ops), measured.wall_ns / ops,
              measured.cpu_ns / ops, static_cast<unsigned long long>(peak_kib));
  std::printf("\"allocator\":");
  print_json_text(allocator_path());
  print_allocator_stats();
  std::printf("}\n");
}

int run(int argc, char** argv) {
  if (argc < 2) {
    print_usage(stderr);
    return kExitBadArgument;
  }
  const std::string name = argv[1];
  if (name == "--help") {
    print_usage(stdout);
    return 0;
  }
  if (name == "comprehensive" && argc == 2) return run_comprehensive();
  const Mode* mode = find_mode(name);
  if (mode == nullptr) {
    std::fprintf(stderr, "hakmem_workload: no mode '%s'; see hakmem_workload --help\n", argv[1]);
    return kExitBadArgument;
  }
  const std::vector<std::string> words(argv + 2, argv + argc);
  const Arguments arguments(mode->parameters, words);
  print_result(*mode, arguments, mode->run(arguments));
  return 0;
}

}  // namespace
}  // namespace hakmem::bench

int main(int argc, char** argv) {
  try {
    return hakmem::bench::run(argc, argv);
  } catch (const hakmem::bench::BadArgument& error) {
    std::fprintf(stderr, "hakmem_workload: %s\n", error.what());
    return hakmem::bench::kExitBadArgument;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "hakmem_workload: %s\n", error.what());
    return 1;
  }
}
