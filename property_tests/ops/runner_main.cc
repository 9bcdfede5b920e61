// The program that `hakmem replay` starts with the malloc under test preloaded: executes a packed
// file of operations, and leaves what it found in the file of its progress.
//   hakmem_replay_runner PACKED PROGRESS [OBSERVED]
// Exit status: 0 clean, 89 finding, 125 it could not run.
// Invariant: from the first operation to the last it allocates nothing from the heap but what the
// operations say.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "base/violation.h"
#include "property_tests/ops/crash_note.h"
#include "property_tests/ops/packed_form.h"
#include "property_tests/ops/process_subject.h"

namespace hakmem::ops {
namespace {

/// One byte for each operation, in a file.
Observed* map_observed(const char* path, std::size_t count) noexcept {
  const int file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const std::size_t bytes = count == 0 ? 1 : count;
  if (file < 0 || ftruncate(file, static_cast<off_t>(bytes)) != 0) return nullptr;
  void* const pages = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  return pages == MAP_FAILED ? nullptr : static_cast<Observed*>(pages);
}

int run_packed(int argc, char** argv) {
  std::span<const Operation> operations;
  const PackedHeader* const header = argc >= 3 ? map_packed(argv[1], operations) : nullptr;
  Progress* const progress = header != nullptr ? map_progress(argv[2]) : nullptr;
  Observed* const observed =
      progress != nullptr && argc == 4 ? map_observed(argv[3], operations.size()) : nullptr;
  if (progress == nullptr || (argc == 4 && observed == nullptr)) {
    std::fprintf(stderr, "hakmem_replay_runner: is started by `hakmem replay`\n");
    return exit_code::kHakmemFailed;
  }
  set_crash_note({header->seed, header->command, progress->at, kThreadMax});
  ProcessSubject subject;
  RunSettings settings;
  settings.until = header->until;
  settings.misuse = header->misuse;
  settings.small_align = header->small_align;
  settings.observed = observed;
  settings.progress = progress->at;
  static Interpreter interpreter(operations, subject, settings);
  run(interpreter, header->schedule);
  progress->finding = interpreter.finding();
  progress->counts = interpreter.counts();
  progress->finished = true;
  return interpreter.finding().rule == Rule::None ? 0 : exit_code::kFinding;
}

}  // namespace
}  // namespace hakmem::ops

int main(int argc, char** argv) { return hakmem::ops::run_packed(argc, argv); }
