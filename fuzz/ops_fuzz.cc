// Any list of operations on an allocator of its own, white box: every answer is what a correct
// malloc answers, every structure is sound as it goes, and nothing is lost at the end. The input
// holds operations of three threads and a seed: its lowest bit says whether freed blocks rest, the
// others in which order the threads' operations come. One program for each level and geometry.
#define HAKMEM_FUZZ_MISUSE false
#include <cstdio>
#include <cstdlib>

#include "fuzz/op_mutator.h"
#include "property_tests/ops/crash_note.h"
#include "property_tests/ops/domain_subject.h"
#include "property_tests/ops/schedule.h"
#include "property_tests/ops/text_form.h"

namespace {

using namespace hakmem;

/// To verify costs as much as many operations: it is done after one of so many, and after each of
/// them when that has found something.
constexpr std::uint32_t kVerifyOneIn = 16;

ops::Finding finding_of(const ops::OperationList& list, std::uint32_t verify_one_in) {
  DomainSubject subject(fuzz::kThreads, list.seed % 2 == 0 ? 0 : 16);
  ops::Interpreter interpreter(list.operations, subject,
                               {.fork = false,
                                .verify_each = true,
                                .verify_one_in = verify_one_in,
                                .live_bytes_max = std::uint64_t{64} << 20,
                                .stamps = {.edge_bytes = 512, .words_between_max = 4}});
  ops::run(interpreter, ops::Schedule::Inline);
  return interpreter.finding();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ops::OperationList list = fuzz::in_schedule(fuzz::decode(data, size));
  ops::Finding finding = finding_of(list, kVerifyOneIn);
  if (finding.rule == ops::Rule::None) return 0;
  const ops::Finding earlier = finding_of(list, 1);
  if (earlier.rule != ops::Rule::None) finding = earlier;
  std::fprintf(stderr, "ops fuzz: operation %llu: %s\ncommit %s\n%s",
               static_cast<unsigned long long>(finding.index), finding.text, ops::built_commit(),
               ops::to_text(list).c_str());
  std::abort();
}
