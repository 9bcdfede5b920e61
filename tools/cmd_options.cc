// `hakmem options`: the table of run-time options, from the same rows that the runtime parses.

#include <algorithm>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/options.h"
#include "tools/commands.h"

namespace hakmem::tools {
namespace {

std::string default_text(const OptionRow& row) {
  return row.fallback[0] == '\0' ? "-" : row.fallback;
}

void print_table() {
  std::size_t name_width = 0;
  std::size_t default_width = std::string_view("default").size();
  for (std::size_t i = 0; i < kOptionCount; ++i) {
    name_width = std::max(name_width, std::string_view(kOptionTable[i].name).size());
    default_width = std::max(default_width, default_text(kOptionTable[i]).size());
  }
  fmt::print("HAKMEM_OPTIONS=key=value:key=value (a backslash keeps a colon in a value)\n\n");
  fmt::print("{:<{}}  {:<6}  {:>{}}  {}\n", "option", name_width, "type", "default", default_width,
             "meaning");
  for (std::size_t i = 0; i < kOptionCount; ++i) {
    const OptionRow& row = kOptionTable[i];
    fmt::print("{:<{}}  {:<6}  {:>{}}  {}\n", row.name, name_width, row.type, default_text(row),
               default_width, row.help);
  }
  fmt::print("\nHAKMEM_INTEGRITY_LEVEL=N  the level alone, 0 to 4\n");
}

void print_json() {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < kOptionCount; ++i) {
    const OptionRow& row = kOptionTable[i];
    rows.push_back(
        {{"name", row.name}, {"type", row.type}, {"default", row.fallback}, {"help", row.help}});
  }
  fmt::print("{}\n", rows.dump(2));
}

}  // namespace

void add_options(CLI::App& app, Action& action) {
  auto as_json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("options", "List the run-time options of HAKMEM_OPTIONS");
  command->add_flag("--json", *as_json, "As JSON");
  command->callback([as_json, &action] {
    action = [as_json] {
      *as_json ? print_json() : print_table();
      return 0;
    };
  });
}

}  // namespace hakmem::tools
