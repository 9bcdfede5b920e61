#include "explore/runtime/symbols.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>

namespace explore {

namespace {

struct Place {
  std::string module;
  std::uintptr_t offset = 0;
};

Place locate(const void* return_address) {
  Dl_info info{};
  if (return_address == nullptr || dladdr(return_address, &info) == 0) return {};
  // The call is before the address that it returns to.
  return {info.dli_fname,
          reinterpret_cast<std::uintptr_t>(return_address) -
              reinterpret_cast<std::uintptr_t>(info.dli_fbase) - 1};
}

std::string tool() {
  const char* const path = std::getenv("PATH");
  for (const char* name : {"llvm-symbolizer", "llvm-symbolizer-19", "llvm-symbolizer-14"}) {
    std::string folders = path == nullptr ? "/usr/bin" : path;
    folders += ':';
    for (std::size_t begin = 0, end; (end = folders.find(':', begin)) != std::string::npos;
         begin = end + 1) {
      const std::string candidate = folders.substr(begin, end - begin) + '/' + name;
      if (access(candidate.c_str(), X_OK) == 0) return candidate;
    }
  }
  return {};
}

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + '\'';
}

/// From `function(parameters)` and `path:line:column`.
CodePlace parse(std::string function, std::string place) {
  CodePlace parsed;
  if (const std::size_t open = function.find('('); open != std::string::npos && open != 0) {
    function.resize(open);
  }
  parsed.function = std::move(function);
  if (const std::size_t colon = place.rfind(':'); colon != std::string::npos) place.resize(colon);
  const std::size_t colon = place.rfind(':');
  if (colon == std::string::npos) return parsed;
  parsed.line = static_cast<unsigned>(std::strtoul(place.c_str() + colon + 1, nullptr, 10));
  parsed.path = place.substr(0, colon);
  return parsed;
}

/// Asks the symbolizer about addresses of one module: a block of "function, place" line pairs,
/// innermost first, and an empty line for each address.
std::vector<CodePlace> ask(const std::string& symbolizer, const std::string& module,
                           const std::vector<std::uintptr_t>& offsets) {
  std::string command = quoted(symbolizer) + " --obj=" + quoted(module);
  char number[32];
  for (const std::uintptr_t offset : offsets) {
    std::snprintf(number, sizeof number, " 0x%zx", static_cast<std::size_t>(offset));
    command += number;
  }
  std::vector<CodePlace> answers;
  FILE* const pipe = popen((command + " 2>/dev/null").c_str(), "r");
  if (pipe == nullptr) return answers;
  std::vector<std::string> block;
  char line[4096];
  while (std::fgets(line, sizeof line, pipe) != nullptr) {
    std::string text = line;
    if (!text.empty() && text.back() == '\n') text.pop_back();
    if (!text.empty()) {
      block.push_back(text);
      continue;
    }
    if (block.size() < 2) {
      answers.push_back({"", 0, "?"});
    } else {
      // The first frame that is not the C++ library's own.
      std::size_t frame = 0;
      while (frame + 3 < block.size() && block[frame].starts_with("std::")) frame += 2;
      answers.push_back(parse(block[frame], block[frame + 1]));
    }
    block.clear();
  }
  pclose(pipe);
  return answers;
}

}  // namespace

std::vector<CodePlace> places_of(const std::vector<const void*>& return_addresses) {
  std::vector<CodePlace> found(return_addresses.size());
  std::map<std::string, std::map<std::uintptr_t, CodePlace>> wanted;
  std::vector<Place> places;
  for (const void* address : return_addresses) {
    places.push_back(locate(address));
    if (!places.back().module.empty()) wanted[places.back().module][places.back().offset] = {};
  }
  const std::string symbolizer = tool();
  const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  for (auto& [module, offsets] : wanted) {
    std::vector<std::uintptr_t> list;
    for (const auto& [offset, place] : offsets) list.push_back(offset);
    const std::string file = std::filesystem::exists(module) ? module : self;
    std::vector<CodePlace> answers;
    if (!symbolizer.empty()) answers = ask(symbolizer, file, list);
    for (std::size_t i = 0; i < list.size(); ++i) {
      char plain[64];
      std::snprintf(plain, sizeof plain, "+0x%zx", static_cast<std::size_t>(list[i]));
      offsets[list[i]] = answers.size() == list.size() ? answers[i] : CodePlace{"", 0, plain};
    }
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (!places[i].module.empty()) found[i] = wanted[places[i].module][places[i].offset];
  }
  return found;
}

std::string to_text(const CodePlace& place) {
  if (place.path.empty()) return place.function;
  return place.path.substr(place.path.rfind('/') + 1) + ':' + std::to_string(place.line) + ' ' +
         place.function;
}

}  // namespace explore
