#include "tools/run_debugger.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "base/violation.h"
#include "tools/commands.h"
#include "tools/environment.h"
#include "tools/gdb_command.h"
#include "tools/program_file.h"

namespace hakmem::tools {

namespace fs = std::filesystem;

namespace {

constexpr const char* kEndName = "gdb-end";
// What gdb and the shell that it starts a program through set for that program by themselves.
constexpr const char* kSetOnTheWay[] = {"SHELL", "LINES", "COLUMNS", "PWD",
                                        "OLDPWD", "SHLVL", "_"};

bool has_variable(const std::vector<std::string>& environment, const std::string& name) {
  return std::any_of(
      environment.begin(), environment.end(),
      [&](const std::string& variable) { return variable.starts_with(name + '='); });
}

bool is_set_on_the_way(const std::string& variable) {
  const std::string name = variable.substr(0, variable.find('='));
  return std::find(std::begin(kSetOnTheWay), std::end(kSetOnTheWay), name) !=
         std::end(kSetOnTheWay);
}

/// The `env` command that turns the debugger's environment into the program's. Its options come
/// before its assignments, after which it takes the next word for the program.
std::string env_words(const ChildSpec& program, const std::vector<std::string>& debugger) {
  std::string words = "env";
  for (const char* const name : kSetOnTheWay) {
    if (!has_variable(program.environment, name)) words += std::string(" -u ") + name;
  }
  for (const std::string& variable : program.environment) {
    const bool same = std::find(debugger.begin(), debugger.end(), variable) != debugger.end();
    if (!same || is_set_on_the_way(variable)) words += ' ' + shell_quoted(variable);
  }
  return words;
}

}  // namespace

ChildSpec under_gdb(const ChildSpec& program, int level, const fs::path& work_folder) {
  ChildSpec gdb;
  gdb.file = require_gdb();
  gdb.environment = current_environment();
  // gdb starts the program through the user's shell, whose quoting may be any.
  set_variable(gdb.environment, "SHELL", "/bin/sh");
  gdb.follow_children = program.follow_children;
  gdb.args = gdb_arguments();
  const std::string end = (work_folder / kEndName).string();
  for (const std::string& word :
       {std::string("-ex"), "set exec-wrapper " + env_words(program, gdb.environment),
        std::string("-x"), require_gdb_commands(level).string(), std::string("-ex"),
        "hakmem run-to-finding " + end, std::string("--args"), program.file.string()}) {
    gdb.args.push_back(word);
  }
  gdb.args.insert(gdb.args.end(), program.args.begin() + 1, program.args.end());
  return gdb;
}

ProgramEnd end_under_gdb(const ProgramEnd& debugger_end, const fs::path& work_folder) {
  std::ifstream in(work_folder / kEndName);
  std::string how;
  ProgramEnd end = debugger_end;
  if (in >> how >> end.value >> end.pid) {
    end.kind = how == "signaled" ? ProgramEnd::Kind::Signaled : ProgramEnd::Kind::Exited;
    return end;
  }
  return debugger_end;
}

ChildSpec under_rr(const ChildSpec& program, const fs::path& recording) {
  ChildSpec rr = program;
  const char* const path = std::getenv("PATH");
  try {
    rr.file = resolve_program("rr", path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin");
  } catch (const CommandError&) {
    throw CommandError(exit_code::kHakmemFailed,
                       "rr is not installed, or not in PATH (Debian: apt-get install rr)");
  }
  rr.args = {"rr", "record", "-o", recording.string()};
  for (const std::string& variable : {std::string("LD_PRELOAD="), std::string("HAKMEM_")}) {
    for (const std::string& entry : program.environment) {
      if (!entry.starts_with(variable)) continue;
      rr.args.insert(rr.args.end(), {"-v", entry});
    }
  }
  rr.environment = current_environment();
  rr.args.push_back(program.file.string());
  rr.args.insert(rr.args.end(), program.args.begin() + 1, program.args.end());
  return rr;
}

}  // namespace hakmem::tools
