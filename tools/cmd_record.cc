// `hakmem record -o FILE -- ./prog args`: runs a program as it is, on the C library's malloc or, if
// it was compiled with one, on its sanitizer's, and writes its own heap operations, with their
// threads, as a file for `hakmem replay`.

#include <sys/mman.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>

#include <fmt/format.h>

#include "base/violation.h"
#include "property_tests/ops/binary_form.h"
#include "property_tests/ops/file.h"
#include "property_tests/ops/recorder/record_state.h"
#include "tools/child_process.h"
#include "tools/commands.h"
#include "tools/environment.h"
#include "tools/library_path.h"
#include "tools/program_file.h"
#include "tools/run_plan.h"

namespace hakmem::tools {

namespace fs = std::filesystem;

namespace {

constexpr const char* kRecorderName = "libhakmem_recorder.so";

fs::path require_recorder() {
  const fs::path prefix = tool_directory().parent_path();
  for (const char* folder : {"lib/hakmem", "lib/x86_64-linux-gnu/hakmem", "lib"}) {
    std::error_code error;
    const fs::path candidate = prefix / folder / kRecorderName;
    if (fs::is_regular_file(candidate, error)) return candidate;
  }
  throw CommandError(exit_code::kHakmemFailed,
                     fmt::format("{} is not beside this program; build it with ci/hakmem, or "
                                 "reinstall",
                                 kRecorderName));
}

ChildSpec child_spec(const ProgramArgs& program, const fs::path& raw, const fs::path& folder) {
  const char* const path = std::getenv("PATH");
  const char* const preload = std::getenv("LD_PRELOAD");
  ChildSpec spec;
  spec.file = resolve_program(program.front(), path != nullptr ? path
                                                               : "/usr/local/bin:/usr/bin:/bin");
  const ProgramKind kind = inspect_program(spec.file);
  require_preloadable(spec.file, kind);
  spec.args = program;
  if (kind == ProgramKind::PlainText) {
    spec.args.insert(spec.args.begin(), "sh");
    spec.args[1] = spec.file.string();
    spec.file = "/bin/sh";
  }
  spec.environment = current_environment();
  set_variable(spec.environment, "LD_PRELOAD",
               preload_value(require_recorder(), preload != nullptr ? preload : "", folder));
  set_variable(spec.environment, ops::kRecordVariable, raw.string());
  // A program's own sanitizer wants to be the first library; here the recorder is.
  const char* const asan = std::getenv("ASAN_OPTIONS");
  set_variable(spec.environment, "ASAN_OPTIONS",
               fmt::format("{}{}verify_asan_link_order=0", asan != nullptr ? asan : "",
                           asan != nullptr ? ":" : ""));
  return spec;
}

/// Makes the file that the recorder maps: its state alone.
void make_raw(const fs::path& raw) {
  std::ofstream out(raw, std::ios::binary);
  const std::string zeros(ops::kRecordStateBytes, '\0');
  out.write(zeros.data(), static_cast<std::streamsize>(zeros.size()));
  out.close();
  if (!out) {
    throw CommandError(exit_code::kHakmemFailed,
                       fmt::format("{} cannot be written; set TMPDIR to a folder with room",
                                   raw.string()));
  }
}

/// What the recorder left: its state in `warning`, its operations as a list.
ops::OperationList read_raw(const fs::path& raw, std::string& warning) {
  std::ifstream in(raw, std::ios::binary);
  ops::RecordState state = {};
  in.read(reinterpret_cast<char*>(&state), sizeof state);
  if (state.pid == 0) {
    throw CommandError(exit_code::kHakmemFailed,
                       "the program did not load the recorder; is it statically linked?");
  }
  if (state.full != 0) warning = "the recording ends early: no room on disk, or too many blocks";
  std::vector<std::uint8_t> bytes(ops::kHeaderBytesMax + state.bytes);
  std::uint8_t* const begin = ops::put_header(bytes.data(), 0, 0);
  in.seekg(static_cast<std::streamoff>(ops::kRecordStateBytes));
  in.read(reinterpret_cast<char*>(begin), static_cast<std::streamsize>(state.bytes.load()));
  bytes.resize(static_cast<std::size_t>(begin - bytes.data()) + state.bytes);
  ops::OperationList list;
  const ops::FormError error = ops::from_binary(bytes, list);
  if (!error.ok()) {
    throw CommandError(exit_code::kHakmemFailed, "the recording is damaged: " + error.sentence);
  }
  return list;
}

int record(const std::string& output, const ProgramArgs& program) {
  if (program.empty()) {
    throw CommandError(exit_code::kBadOption,
                       "no program given: hakmem record -o FILE -- ./prog args");
  }
  const WorkFolder work;
  const fs::path raw = work.path() / "raw";
  make_raw(raw);
  const ProgramEnd end = run_child(child_spec(program, raw, work.path()));
  std::string warning;
  const ops::OperationList list = read_raw(raw, warning);
  const ops::FormError error = ops::write_file(output, list);
  if (!error.ok()) throw CommandError(exit_code::kHakmemFailed, error.sentence);
  if (!warning.empty()) fmt::print(stderr, "hakmem: {}\n", warning);
  fmt::print(stderr, "hakmem: {} operations on {} threads in {}\n", list.operations.size(),
             ops::extent_of(list.operations.data(), list.operations.size()).threads, output);
  return decide_exit_status({}, end);
}

}  // namespace

void add_record(CLI::App& app, Action& action, const ProgramArgs& program) {
  auto output = std::make_shared<std::string>();
  CLI::App* command =
      app.add_subcommand("record", "Run a program and write its heap operations to a file");
  command->footer("Example: hakmem record -o python.hkops -- python3 -c 'print(1)'");
  command
      ->add_option("-o", *output, "Where they go: as text when the name ends in .hkops, else bytes")
      ->required()
      ->type_name("FILE");
  command->callback([output, &action, &program] {
    action = [output, &program] { return record(*output, program); };
  });
}

}  // namespace hakmem::tools
