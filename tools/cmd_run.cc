// `hakmem run`: one program, unmodified, on the library of a level; the exit status is the verdict.

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <set>

#include <fmt/format.h>

#include "base/checks.h"
#include "base/violation.h"
#include "tools/child_process.h"
#include "tools/commands.h"
#include "tools/core_place.h"
#include "tools/environment.h"
#include "tools/library_path.h"
#include "tools/option_list.h"
#include "tools/page_runs.h"
#include "tools/own_malloc.h"
#include "tools/program_file.h"
#include "tools/run_debugger.h"
#include "tools/run_outputs.h"
#include "tools/run_plan.h"

namespace hakmem::tools {

namespace fs = std::filesystem;

namespace {

constexpr double kTimeoutMaxSeconds = 1e7;

ChildSpec child_spec(const RunRequest& request, const ProgramArgs& program, const RunPlan& plan,
                     const fs::path& work_folder) {
  const std::string search_path =
      std::getenv("PATH") != nullptr ? variable_of_process("PATH") : "/usr/local/bin:/usr/bin:/bin";
  ChildSpec spec;
  spec.file = resolve_program(program.front(), search_path);
  const ProgramKind kind = inspect_program(spec.file);
  require_preloadable(spec.file, kind);
  require_preloaded_malloc(spec.file);
  spec.args = program;
  if (kind == ProgramKind::PlainText) {
    // execve() refuses such a file; every shell runs it, and so do we.
    spec.args.insert(spec.args.begin(), "sh");
    spec.args[1] = spec.file.string();
    spec.file = "/bin/sh";
  }
  spec.environment = current_environment();
  const fs::path library = require_library(request.level);
  set_variable(spec.environment, "LD_PRELOAD",
               preload_value(library, variable_of_process("LD_PRELOAD"), work_folder));
  set_variable(spec.environment, "HAKMEM_INTEGRITY_LEVEL", std::to_string(request.level));
  set_variable(spec.environment, "HAKMEM_OPTIONS", plan.options);
  if (request.timeout_seconds > 0) {
    constexpr double kMillisPerSecond = 1000;
    spec.limit = std::chrono::milliseconds(
        std::max(1L, static_cast<long>(request.timeout_seconds * kMillisPerSecond)));
  }
  spec.follow_children = request.follow_children;
  return spec;
}

/// Hands the verdict on to the file that the user, or a `hakmem run` around this one, asked for.
void pass_verdict_on(const RunPlan& plan, const std::string& verdict_text) {
  if (plan.outer_verdict.empty() || verdict_text.empty()) return;
  std::ofstream out(plan.outer_verdict, std::ios::binary | std::ios::app);
  out << verdict_text;
  out.flush();
  if (!out) fmt::print(stderr, "hakmem: cannot append to {}\n", plan.outer_verdict.string());
}

std::string kind_of(int id) {
  for (const ViolationRow& row : kViolationTable) {
    if (id_of(row.violation) == id) return row.kind;
  }
  return "finding";
}

/// The closing words on standard error; nothing at all for a clean program.
void print_outcome(const RunRequest& request, const RunPlan& plan, const Verdict& verdict,
                   const ProgramEnd& end) {
  if (end.kind == ProgramEnd::Kind::TimedOut) {
    fmt::print(stderr,
               "hakmem: time limit of {} s reached; the program's process group was ended\n",
               request.timeout_seconds);
  }
  if (verdict.unreadable != 0) {
    fmt::print(stderr, "hakmem: {} unreadable verdict line(s); please report this\n",
               verdict.unreadable);
  }
  const VerdictLine* worst = worst_line(verdict);
  if (worst == nullptr) {
    const std::string hint = hint_for(end, request.page, plan.options);
    if (!hint.empty()) fmt::print(stderr, "hakmem: {}\n", hint);
    return;
  }
  std::set<pid_t> processes;
  for (const VerdictLine& line : verdict.lines) processes.insert(line.pid);
  const std::string name = fmt::format("HK{} {}", worst->id, kind_of(worst->id));
  if (verdict.lines.size() == 1) {
    fmt::print(stderr, "hakmem: {}, exit status {}\n", name, worst->exit_status);
  } else {
    fmt::print(
        stderr, "hakmem: {} findings in {}, the worst {}, exit status {}\n", verdict.lines.size(),
        processes.size() == 1 ? "one process" : fmt::format("{} processes", processes.size()), name,
        worst->exit_status);
  }
  for (const pid_t pid : processes) {
    const fs::path report = report_of(plan, pid);
    std::error_code error;
    if (!report.empty() && fs::exists(report, error)) {
      fmt::print(stderr, "hakmem: report {}\n", report.string());
    }
  }
}

/// The program's one run under a debugger.
PageOutcome run_watched(const RunRequest& request, const RunPlan& plan, const ChildSpec& program,
                        const fs::path& work_folder) {
  if (request.gdb) {
    const ChildSpec gdb = under_gdb(program, request.level, work_folder);
    PageOutcome outcome = run_page_sides(gdb, plan, "");
    outcome.end = end_under_gdb(outcome.end, work_folder);
    return outcome;
  }
  const fs::path folder = plan.report_folder.empty() ? fs::current_path() : plan.report_folder;
  const fs::path recording = folder / fmt::format("hk.rr.{}", getpid());
  const PageOutcome outcome = run_page_sides(under_rr(program, recording), plan, "");
  fmt::print(stderr, "hakmem: `rr replay {}` goes through the run again\n", recording.string());
  return outcome;
}

/// The program's run, or runs, alone or with a debugger.
PageOutcome run_program(const RunRequest& request, const RunPlan& plan, const ChildSpec& spec,
                        const fs::path& work_folder) {
  if (request.gdb || request.rr) {
    ChildSpec program = spec;
    if (!request.page.empty()) {
      set_variable(program.environment, "HAKMEM_OPTIONS",
                   append_options(plan.options, {{"page", request.page}}));
    }
    return run_watched(request, plan, program, work_folder);
  }
  if (request.core) allow_cores();
  return run_page_sides(spec, plan, request.page);
}

/// Says where the core of each process is that ended for a finding or by a signal, or why not.
void print_cores(const Verdict& verdict, const ProgramEnd& end, fs::file_time_type since) {
  std::set<pid_t> processes;
  for (const VerdictLine& line : verdict.lines) processes.insert(line.pid);
  if (end.kind == ProgramEnd::Kind::Signaled) processes.insert(end.pid);
  const CoreSettings settings = core_settings();
  for (const pid_t pid : processes) {
    const auto core = find_core(settings, pid, since);
    if (core) {
      fmt::print(stderr, "hakmem: core {0} (hakmem core {0})\n", core->string());
    } else {
      fmt::print(stderr, "hakmem: process {}: {}\n", pid, why_no_core(settings));
    }
  }
}

/// What a debugger cannot be combined with.
void require_one_run(const RunRequest& request) {
  const char* const debugger = request.gdb ? "--gdb" : request.rr ? "--rr" : nullptr;
  if (debugger == nullptr) return;
  if (request.page == "both") {
    throw CommandError(exit_code::kBadOption,
                       fmt::format("{} is one run and --page both are two; use after or before",
                                   debugger));
  }
  if (request.gdb && request.timeout_seconds > 0) {
    throw CommandError(exit_code::kBadOption, "--gdb waits for a person and --timeout does not");
  }
}

int run(const RunRequest& request, const ProgramArgs& program) {
  if (program.empty()) {
    throw CommandError(exit_code::kBadOption, "no program given: hakmem run -- ./prog args");
  }
  const WorkFolder work;
  const RunPlan plan = make_run_plan(request, variable_of_process("HAKMEM_OPTIONS"), work.path());
  require_page_mode(request.page, plan.options, request.level);
  require_one_run(request);
  const ChildSpec spec = child_spec(request, program, plan, work.path());
  prepare_outputs(request.outputs);
  constexpr std::chrono::milliseconds kFileTimeTick{20};  // files' times lag behind the clock
  const fs::file_time_type began = fs::file_time_type::clock::now() - kFileTimeTick;
  const auto [end, verdict_text] = run_program(request, plan, spec, work.path());
  const Verdict verdict = parse_verdict(verdict_text);
  pass_verdict_on(plan, verdict_text);
  print_outcome(request, plan, verdict, end);
  if (request.core) print_cores(verdict, end, began);
  const int status = decide_exit_status(verdict, end);
  if (!request.outputs.any()) return status;
  try {
    write_outputs(request.outputs, gather_reports(plan, verdict, end), end);
  } catch (const CommandError& error) {
    if (worst_line(verdict) == nullptr) throw;
    fmt::print(stderr, "hakmem: {}\n", error.what());  // a finding outranks our failure
  }
  return status;
}

void add_output_options(CLI::App& command, RunOutputs& outputs) {
  command.add_option("--json", outputs.json, "All findings of the run as one JSON file")
      ->type_name("FILE");
  command.add_option("--sarif", outputs.sarif, "The same as SARIF 2.1.0")->type_name("FILE");
  command.add_option("--junit", outputs.junit, "The same as JUnit XML")->type_name("FILE");
  command.add_option("--html", outputs.html, "The same as one offline page")->type_name("FILE");
}

}  // namespace

void add_run(CLI::App& app, Action& action, const ProgramArgs& program) {
  auto request = std::make_shared<RunRequest>();
  CLI::App* command =
      app.add_subcommand("run", "Run a program, unmodified, and report heap errors");
  command->footer(
      "Example: hakmem run --leaks -- ./prog args\n"
      "In FILE %p is the program's process, %h the host, %t the time in seconds.");
  command->add_option("--level", request->level, "Integrity level, 0 to 4; 4 unless told")
      ->envname("HAKMEM_INTEGRITY_LEVEL")
      ->check(CLI::Range(0, kIntegrityLevelMax))
      ->type_name("N");
  command->add_flag("--leaks", request->leaks, "Look for leaks at exit as well");
  command
      ->add_option("--page", request->page,
                   "Page mode: a closed page after or before each block; both: in two runs")
      ->check(CLI::IsMember({"off", "after", "before", "both"}))
      ->type_name("SIDE");
  command
      ->add_option("--stack", request->stack,
                   "How stacks are captured at level 4: auto, safe, fp or caller")
      ->check(CLI::IsMember({"auto", "safe", "fp", "caller"}))
      ->type_name("HOW");
  command
      ->add_option("--suppressions", request->suppressions,
                   "Be silent about the findings that FILE names: lines of KIND:PATTERN")
      ->type_name("FILE");
  command
      ->add_option("-o", request->output_folder, "Put reports into DIR/hk.PID instead of ./hk.PID")
      ->type_name("DIR");
  add_output_options(*command, request->outputs);
  command->add_option("--exitcode", request->exit_status, "Exit status after a heap error (86)")
      ->check(CLI::Range(1, 255))
      ->type_name("N");
  command
      ->add_option("--timeout", request->timeout_seconds,
                   "End the program's process group after SECONDS; exit status 124")
      ->check(CLI::Range(0.001, kTimeoutMaxSeconds))
      ->type_name("SECONDS");
  command->add_flag("--follow-children", request->follow_children,
                    "Wait also for processes that outlive the program; their findings count");
  CLI::Option* const gdb = command->add_flag(
      "--gdb", request->gdb, "Run it under gdb, which stops at each finding (see docs/TRIAGE.md)");
  CLI::Option* const rr =
      command->add_flag("--rr", request->rr, "Record it with rr, for going backwards");
  command->add_flag("--core", request->core, "Leave a core at a finding, and say where it is")
      ->excludes(gdb)
      ->excludes(rr);
  rr->excludes(gdb);
  command->add_option("--options", request->options, "More run-time options (see hakmem options)")
      ->type_name("K=V:K=V");
  command->callback([request, &action, &program] {
    action = [request, &program] { return run(*request, program); };
  });
}

}  // namespace hakmem::tools
