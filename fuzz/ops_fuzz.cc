// Any list of operations on an allocator of its own, white box: every answer is what a correct
// malloc answers, every structure is sound after each operation, and nothing is lost at the end.
// One program for each level and geometry; the seed's lowest bit says whether freed blocks rest.
#define HAKMEM_FUZZ_MISUSE false
#include <cstdio>
#include <cstdlib>

#include "fuzz/op_mutator.h"
#include "property_tests/ops/crash_note.h"
#include "property_tests/ops/domain_subject.h"
#include "property_tests/ops/schedule.h"
#include "property_tests/ops/text_form.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hakmem;
  const ops::OperationList list = fuzz::decode(data, size);
  DomainSubject subject(fuzz::kThreads, list.seed % 2 == 0 ? 0 : 16);
  ops::Interpreter interpreter(
      list.operations, subject,
      {.fork = false, .verify_each = true, .live_bytes_max = std::uint64_t{64} << 20});
  ops::run(interpreter, ops::Schedule::Inline);
  const ops::Finding& finding = interpreter.finding();
  if (finding.rule == ops::Rule::None) return 0;
  std::fprintf(stderr, "ops fuzz: operation %llu: %s\ncommit %s\n%s",
               static_cast<unsigned long long>(finding.index), finding.text, ops::built_commit(),
               ops::to_text(list).c_str());
  std::abort();
}
