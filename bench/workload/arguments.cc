// Parsing of key=value words; see arguments.h.
#include "bench/workload/arguments.h"

#include <algorithm>
#include <charconv>

namespace hakmem::bench {
namespace {

std::string known_names(std::span<const Parameter> parameters) {
  std::string names;
  for (const Parameter& parameter : parameters) {
    if (!names.empty()) names += ", ";
    names += parameter.name;
  }
  return names;
}

}  // namespace

Arguments::Arguments(std::span<const Parameter> parameters, std::span<const std::string> words) {
  for (const Parameter& parameter : parameters) {
    values_.emplace_back(std::string(parameter.name), std::string(parameter.default_value));
  }
  for (const std::string& text : words) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) throw BadArgument("'" + text + "' is not key=value");
    const std::string key = text.substr(0, equals);
    const auto found = std::find_if(values_.begin(), values_.end(),
                                    [&](const auto& value) { return value.first == key; });
    if (found == values_.end()) {
      throw BadArgument("unknown argument '" + key + "'; known: " + known_names(parameters));
    }
    found->second = text.substr(equals + 1);
  }
}

const std::string& Arguments::word(std::string_view name) const {
  const auto found = std::find_if(values_.begin(), values_.end(),
                                  [&](const auto& value) { return value.first == name; });
  if (found == values_.end()) throw BadArgument("no argument " + std::string(name));
  return found->second;
}

std::uint64_t Arguments::number(std::string_view name, std::uint64_t least,
                                std::uint64_t most) const {
  const std::string& text = word(name);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most) {
    throw BadArgument(std::string(name) + "=" + text + " is not a number from " +
                      std::to_string(least) + " to " + std::to_string(most));
  }
  return value;
}

SizeRange size_range(const Arguments& arguments) {
  const SizeRange range{arguments.number("min", kBlockBytesMin, kBytesMax),
                        arguments.number("max", kBlockBytesMin, kBytesMax)};
  if (range.max_bytes < range.min_bytes) throw BadArgument("max is smaller than min");
  return range;
}

std::size_t one_size(const Arguments& arguments) {
  return arguments.number("size", kBlockBytesMin, kBytesMax);
}

unsigned thread_count(const Arguments& arguments) {
  return static_cast<unsigned>(arguments.number("threads", 1, kThreadsMax));
}

Touch touch_kind(const Arguments& arguments) {
  const std::string& name = arguments.word("touch");
  if (name == "stamp") return Touch::kStamp;
  if (name == "pages") return Touch::kPages;
  if (name == "all") return Touch::kAll;
  throw BadArgument("touch=" + name + " is none of stamp, pages, all");
}

}  // namespace hakmem::bench
