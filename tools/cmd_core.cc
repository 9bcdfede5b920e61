// `hakmem core CORE`: why a program died, as far as its heap can tell. gdb reads the core with our
// commands (tools/gdb/); what it found comes back as JSON.

#include <fstream>
#include <memory>
#include <sstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/violation.h"
#include "tools/child_process.h"
#include "tools/commands.h"
#include "tools/core_file.h"
#include "tools/environment.h"
#include "tools/gdb_command.h"
#include "tools/output_file.h"
#include "tools/plain_text.h"
#include "tools/run_plan.h"

namespace hakmem::tools {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

constexpr std::chrono::minutes kGdbLimit{10};  // a heap of some gigabytes takes minutes
constexpr std::size_t kGdbWordsMax = 2000;

struct CoreRequest {
  std::string core;
  std::string program;  ///< --program; empty: as the core says
  std::string json;     ///< --json; empty: text
};

fs::path require_program(const CoreRequest& request, const CoreFile& core) {
  const fs::path program = request.program.empty() ? core.program : fs::path(request.program);
  std::error_code error;
  if (!program.empty() && fs::is_regular_file(program, error)) return program;
  throw CommandError(exit_code::kHakmemFailed,
                     program.empty()
                         ? "the core does not say which program left it; name it with --program"
                         : fmt::format("the program {} is not there any more; name it with "
                                       "--program",
                                       program.string()));
}

int require_level(const CoreRequest& request, const CoreFile& core) {
  if (const auto level = hakmem_level_of(core)) return *level;
  throw CommandError(exit_code::kHakmemFailed,
                     fmt::format("{} has no HAKMEM in it; its malloc is that of {}", request.core,
                                 malloc_of(core)));
}

/// The end of what gdb said, for the case that it said nothing else.
std::string last_words(const std::string& output) {
  const std::size_t begin = output.size() > kGdbWordsMax ? output.size() - kGdbWordsMax : 0;
  std::istringstream in(output.substr(begin));
  std::string words;
  for (std::string line; std::getline(in, line);) words += printable(line) + '\n';
  return words;
}

Json ask_gdb(const CoreRequest& request, const fs::path& program, int level) {
  const WorkFolder work;
  const fs::path answer = work.path() / "crash.json";
  ChildSpec spec;
  spec.file = require_gdb();
  spec.args = gdb_arguments();
  for (const std::string& word :
       {std::string("-batch"), std::string("-iex"), std::string("set may-call-functions off"),
        std::string("-x"), require_gdb_commands(level).string(), std::string("-ex"),
        "hakmem crash " + answer.string(), program.string(), request.core}) {
    spec.args.push_back(word);
  }
  spec.environment = current_environment();
  const Captured captured = capture_child(spec, kGdbLimit);
  if (captured.end.kind == ProgramEnd::Kind::TimedOut) {
    throw CommandError(exit_code::kHakmemFailed, "gdb did not finish within ten minutes");
  }
  std::ifstream in(answer, std::ios::binary);
  const Json facts = in ? Json::parse(in, nullptr, false) : Json();
  if (facts.is_object() && facts.contains("text")) return facts;
  throw CommandError(exit_code::kHakmemFailed,
                     fmt::format("gdb could not read the core; it said:\n{}",
                                 last_words(captured.output)));
}

int analyse(const CoreRequest& request) {
  const CoreFile core = read_core_file(request.core);
  const int level = require_level(request, core);
  const fs::path program = require_program(request, core);
  if (!request.json.empty()) require_writable_place(request.json, "--json");
  if (core.is_truncated()) {
    fmt::print(stderr,
               "hakmem: the core is truncated, {} of {} bytes: what is missing is said so; a "
               "larger `ulimit -c` leaves a whole one\n",
               core.found_bytes, core.wanted_bytes);
  }
  Json facts = ask_gdb(request, program, level);
  if (request.json.empty()) {
    std::string text = fmt::format("core {} of {}\n", printable(request.core),
                                   printable(program.string()));
    for (const Json& line : facts["text"]) text += printable(line.get<std::string>()) + '\n';
    write_output("-", text, "hakmem core");
    return 0;
  }
  facts.erase("text");
  Json named = {{"core", request.core}, {"program", program.string()}};
  named.update(facts);
  write_output(request.json, named.dump(2, ' ', false, Json::error_handler_t::replace) + '\n',
               "--json");
  return 0;
}

}  // namespace

void add_core(CLI::App& app, Action& action) {
  auto request = std::make_shared<CoreRequest>();
  CLI::App* command =
      app.add_subcommand("core", "Say why a program died, by the heap in its core file");
  command->footer("Example: hakmem core core.4121");
  command->add_option("core", request->core, "The core file")->required()->type_name("CORE");
  command
      ->add_option("--program", request->program,
                   "The program that left it, when it is not where it was")
      ->type_name("FILE");
  command->add_option("--json", request->json, "The same as JSON; - is standard output")
      ->type_name("FILE");
  command->callback([request, &action] { action = [request] { return analyse(*request); }; });
}

}  // namespace hakmem::tools
