// Any list of operations, misuse among them, on the malloc of this process, which is level 4's: a
// misuse is reported under its id, in time, and nothing else is; what crashes says why.
// Each input runs in a process of its own (zygote.h). With HAKMEM_FUZZ_TARGET=1 in the environment
// misuse is skipped: then any malloc may be preloaded, and a wrong answer or a crash is looked for.
#define HAKMEM_FUZZ_MISUSE true
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/violation.h"
#include "fuzz/op_mutator.h"
#include "fuzz/zygote.h"
#include "property_tests/ops/crash_note.h"
#include "property_tests/ops/process_subject.h"
#include "property_tests/ops/schedule.h"
#include "property_tests/ops/text_form.h"

namespace hakmem::fuzz {
namespace {

/// What the child did, where its parent sees it.
struct Shared {
  std::uint16_t now;        ///< id of the misuse that must be reported at once; 0: none
  std::uint32_t later;      ///< bit n: HK(100 + n) may be reported, and must be at the end
  std::uint64_t index;      ///< the operation of the last misuse
  ops::Observed observed[kOperationsMax];
  ops::Finding finding;
  bool finished;
};
ops::Table<Shared>& shared_table() {
  static ops::Table<Shared> table(1, true);
  return table;
}
Shared& shared() { return shared_table()[0]; }

constexpr std::size_t kFeatures = 4096;
/// libFuzzer counts these as coverage: a child's own counters die with it. Read by nobody here.
__attribute__((section("__libfuzzer_extra_counters"), used)) volatile std::uint8_t
    extra_counters[kFeatures];

/// What happened, as features: which verbs were executed on a slot one after another.
void count_features(const ops::OperationList& list) {
  std::uint8_t before[kBlocks] = {};
  for (std::size_t i = 0; i < list.operations.size(); ++i) {
    const ops::Operation& operation = list.operations[i];
    if (shared().observed[i] == ops::Observed::Skipped) continue;
    const auto verb = static_cast<std::uint8_t>(operation.verb);
    std::uint8_t& last = before[operation.block];
    extra_counters[(last * 61u + verb) % kFeatures] = 1;
    last = verb;
    if (shared().observed[i] == ops::Observed::NotReached) return;  // it was reported
  }
}

constexpr int kNotReported = 99;

void on_misuse(std::uint64_t index, std::uint16_t now, std::uint16_t later) {
  Shared& state = shared();
  if (state.now != 0) _exit(kNotReported);  // the last one went by without a word
  state.now = now;
  if (later != 0) state.later |= 1u << (later - 100);
  state.index = index;
}

bool allows_misuse() { return std::getenv("HAKMEM_FUZZ_TARGET") == nullptr; }

/// In a child of the zygote.
void run_child(const std::uint8_t* data, std::size_t size) {
  const ops::OperationList list = decode(data, size);
  ops::ProcessSubject subject;
  ops::RunSettings settings;
  settings.misuse = allows_misuse();
  settings.fork = false;
  settings.live_bytes_max = std::uint64_t{64} << 20;
  settings.small_align = settings.misuse ? 16 : 8;
  settings.on_misuse = on_misuse;
  settings.observed = shared().observed;
  ops::Interpreter interpreter(list.operations, subject, settings);
  ops::run(interpreter, ops::Schedule::Ordered);
  shared().finding = interpreter.finding();
  if (interpreter.finding().rule != ops::Rule::None) _exit(exit_code::kFinding);
  if (shared().now != 0) _exit(kNotReported);
  shared().finished = true;
  std::exit(0);
}

Zygote& zygote() {
  static Zygote the_zygote(run_child);
  return the_zygote;
}

/// 101 for a report that begins "━━ HAKMEM ━━ HK101"; 0: there is none.
unsigned reported_id(const std::string& errors) {
  const std::size_t headline = errors.find("HAKMEM");
  const std::size_t id = headline == std::string::npos ? headline : errors.find("HK", headline + 6);
  return id == std::string::npos ? 0 : static_cast<unsigned>(std::atoi(errors.c_str() + id + 2));
}

/// What is wrong with how the child ended; null: nothing.
const char* judge(const ChildEnd& end) {
  const Shared& state = shared();
  if (state.finding.rule != ops::Rule::None) return state.finding.text;
  if (WIFSIGNALED(end.status)) return "killed by a signal, undiagnosed";
  const int status = WEXITSTATUS(end.status);
  if (status == kNotReported) return "a misuse went by unreported";
  const unsigned id = reported_id(end.errors);
  const bool may_be = id != 0 && (id == state.now || (id >= 100 && id < 132 &&
                                                      (state.later >> (id - 100) & 1u) != 0));
  if (status == 0) {
    return state.later != 0 && state.finished ? "damage was not found at exit" : nullptr;
  }
  if (status != exit_code::kHeapError && status != exit_code::kLeakOnly) return "odd exit status";
  return may_be ? nullptr : "reported under another id";
}

}  // namespace
}  // namespace hakmem::fuzz

/// The runtime that comes with the fuzzer leaves fatal signals to the allocator's crash report.
extern "C" const char* __ubsan_default_options() {
  return "handle_segv=0:handle_sigbus=0:handle_sigill=0:handle_sigfpe=0:handle_abort=0";
}

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  hakmem::fuzz::shared();
  hakmem::fuzz::zygote();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hakmem;
  fuzz::Shared& state = fuzz::shared();
  state = {};
  const fuzz::ChildEnd end = fuzz::zygote().run(data, size);
  fuzz::count_features(fuzz::decode(data, size));
  const char* const wrong = fuzz::judge(end);
  if (wrong == nullptr) return 0;
  std::fprintf(stderr,
               "misuse fuzz: %s\n  last misuse: operation %llu, HK%u at once, mask 0x%x later; "
               "status 0x%x, commit %s\n%s%s",
               wrong, static_cast<unsigned long long>(state.index), state.now, state.later,
               static_cast<unsigned>(end.status), ops::built_commit(),
               ops::to_text(fuzz::decode(data, size)).c_str(), end.errors.c_str());
  std::abort();
}
