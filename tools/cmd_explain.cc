// `hakmem explain HK102`: what an error means, how to read its report, what to do. Alone: all of
// them.

#include <memory>

#include <fmt/format.h>

#include "base/violation.h"
#include "tools/commands.h"
#include "tools/explanation.h"

namespace hakmem::tools {
namespace {

constexpr std::size_t kColumns = 80;
constexpr std::size_t kIndent = 2;

const char* fault_text(Fault fault) {
  return fault == Fault::Program ? "the program's fault" : "HAKMEM's own fault";
}

int exit_status_of(const ViolationRow& row) {
  if (row.fault == Fault::Hakmem) return exit_code::kHakmemBug;
  return row.violation == Violation::kLeak ? exit_code::kLeakOnly : exit_code::kHeapError;
}

void print_section(const char* title, const char* text) {
  fmt::print("\n{}\n{}", title, wrap_text(text, kColumns, kIndent));
}

void print_explanation(const ViolationRow& row) {
  fmt::print("HK{} {}: {}, found from level {} on, exit status {}\n", id_of(row.violation),
             row.kind, fault_text(row.fault), row.level, exit_status_of(row));
  fmt::print("{}\n", row.meaning);
  const Explanation* text = explanation_of(id_of(row.violation));
  if (text == nullptr) return;
  print_section("WHAT IT MEANS", text->means);
  print_section("HOW TO READ THE REPORT", text->reading);
  print_section("HOW TO FIND THE CAUSE", text->finding);
  print_section("WHAT TO DO NEXT", text->next);
}

void print_all() {
  for (const ViolationRow& row : kViolationTable) {
    fmt::print("HK{}  level {}  {}\n", id_of(row.violation), row.level, row.kind);
  }
  fmt::print("\nHK1xx: the program's fault. HK9xx: HAKMEM's own. More: hakmem explain HK102\n");
}

int explain(const std::string& name) {
  if (name.empty()) {
    print_all();
    return 0;
  }
  const auto violation = violation_named(name);
  if (!violation) {
    throw CommandError(exit_code::kBadOption,
                       fmt::format("unknown error '{}'; the nearest is {} (`hakmem explain` alone "
                                   "lists all)",
                                   name, nearest_violation(name)));
  }
  print_explanation(row_of(*violation));
  return 0;
}

}  // namespace

void add_explain(CLI::App& app, Action& action) {
  auto name = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("explain", "Explain an error by its id, such as HK102");
  command->add_option("id", *name, "HK102, 102, or its name; all are listed without it");
  command->callback([name, &action] { action = [name] { return explain(*name); }; });
}

}  // namespace hakmem::tools
