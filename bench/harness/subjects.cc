// See subjects.h.
#include "bench/harness/subjects.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <filesystem>

namespace hakmem::bench {
namespace {

namespace fs = std::filesystem;

struct Peer {
  std::string_view name;
  std::string_view library;
  std::string_view package;
};

constexpr std::array kPeers{
    Peer{"glibc", "", "libc6"},
    Peer{"jemalloc", "libjemalloc.so.2", "libjemalloc2"},
    Peer{"mimalloc", "libmimalloc.so.2", "libmimalloc2.0"},
    Peer{"tcmalloc", "libtcmalloc_minimal.so.4", "libtcmalloc-minimal4"},
};
constexpr std::array<std::string_view, 3> kLibraryDirs{"/usr/lib/x86_64-linux-gnu", "/usr/lib",
                                                       "/usr/local/lib"};
constexpr int kLevels = 5;

std::string stem_of(const fs::path& library) {
  std::string stem = library.filename().string();
  stem = stem.substr(0, stem.find(".so"));
  return stem.rfind("lib", 0) == 0 ? stem.substr(3) : stem;
}

std::string first_existing(const std::vector<fs::path>& candidates) {
  std::error_code ignored;
  for (const fs::path& candidate : candidates) {
    if (fs::exists(candidate, ignored)) return fs::canonical(candidate).string();
  }
  return "";
}

}  // namespace

const std::vector<std::string>& peer_names() {
  static const std::vector<std::string> kNames = [] {
    std::vector<std::string> names;
    for (const Peer& peer : kPeers) names.emplace_back(peer.name);
    return names;
  }();
  return kNames;
}

std::optional<Subject> find_peer(std::string_view name, std::string& missing_package) {
  for (const Peer& peer : kPeers) {
    if (peer.name != name) continue;
    if (peer.library.empty()) return Subject{std::string(name), "", false};
    std::vector<fs::path> candidates;
    for (const std::string_view dir : kLibraryDirs)
      candidates.push_back(fs::path(dir) / peer.library);
    std::string found = first_existing(candidates);
    if (!found.empty()) return Subject{std::string(name), std::move(found), false};
    missing_package = peer.package;
    return std::nullopt;
  }
  throw BenchError(kExitBadOption, fmt::format("unknown allocator '{}'; known: {}", name,
                                               fmt::join(peer_names(), ", ")));
}

std::vector<Checker> find_checkers() {
  const auto library = [](std::initializer_list<std::string_view> names) {
    std::vector<fs::path> candidates;
    for (const std::string_view name : names) {
      for (const std::string_view dir : kLibraryDirs) candidates.push_back(fs::path(dir) / name);
    }
    return first_existing(candidates);
  };
  std::vector<Checker> checkers{{"tcmalloc-debug", std::nullopt, "libtcmalloc-minimal4"},
                                {"asan", std::nullopt, "libasan8"},
                                {"memcheck", std::nullopt, "valgrind"}};
  if (std::string file = library({"libtcmalloc_debug.so.4", "libtcmalloc_minimal_debug.so.4"});
      !file.empty()) {
    checkers[0].subject = Subject{checkers[0].name, std::move(file), false};
  }
  if (std::string file = library({"libasan.so.8", "libasan.so.6"}); !file.empty()) {
    checkers[1].subject = Subject{checkers[1].name, std::move(file), false};
    checkers[1].subject->settings = {"ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0"};
  }
  if (std::string file = first_existing({"/usr/bin/valgrind"}); !file.empty()) {
    checkers[2].subject = Subject{checkers[2].name, "", false};
    checkers[2].subject->wrapper = {"/usr/bin/valgrind", "-q", "--leak-check=no"};
    checkers[2].subject->once = true;
  }
  return checkers;
}

Subject find_subject(const std::string& text, const std::string& tool_dir) {
  if (text.size() == 1 && text[0] >= '0' && text[0] < '0' + kLevels) {
    const std::string file = text == "0" ? "libhakmem.so" : fmt::format("libhakmem_l{}.so", text);
    const fs::path tool(tool_dir);
    const std::string found =
        first_existing({tool / ".." / "lib" / file, tool / ".." / "lib" / "hakmem" / file});
    if (!found.empty()) return {"hakmem-l" + text, found, true};
    throw BenchError(kExitBenchFailed,
                     fmt::format("{} is not in {}/../lib: build HAKMEM first", file, tool_dir));
  }
  if (text.find('/') == std::string::npos && text.find(".so") == std::string::npos) {
    throw BenchError(
        kExitBadOption,
        fmt::format("unknown subject '{}': a level 0-4 or the path of a library", text));
  }
  const std::string found = first_existing({text});
  if (found.empty()) throw BenchError(kExitBenchFailed, fmt::format("no library at {}", text));
  return {stem_of(text), found, true};
}

std::string find_workload_binary(const std::string& tool_dir) {
  const fs::path tool(tool_dir);
  const std::string found = first_existing(
      {tool / "hakmem_workload", tool / ".." / "libexec" / "hakmem" / "hakmem_workload"});
  if (!found.empty()) return found;
  throw BenchError(
      kExitBenchFailed,
      fmt::format("hakmem_workload is neither in {0} nor in {0}/../libexec/hakmem", tool_dir));
}

}  // namespace hakmem::bench
