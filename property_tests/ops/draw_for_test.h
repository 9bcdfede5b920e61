// Operation lists as rapidcheck draws and shrinks them, and what becomes of a list that fails.
// Called by the property tests. Invariant: every list that failed is in the file that its message
// names, and the last one written is the shortest that rapidcheck found.
#pragma once

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "property_tests/ops/child_case.h"
#include "property_tests/ops/generate.h"
#include "property_tests/ops/text_form.h"

namespace hakmem::ops {

inline constexpr std::uint32_t kThreads = 3, kBlocks = 24;

/// What rapidcheck draws and shrinks: numbers from which an operation follows.
struct Draw {
  std::uint8_t verb = 0;
  std::uint8_t thread = 0;
  std::uint8_t block = 0;
  std::uint32_t numbers = 0;
};

/// Draws that are zero are `malloc b0` of few bytes by thread 0: what shrinking strives for.
inline Operation operation_of(const Draw& draw) {
  Random random(draw.numbers);
  Shape shape{.threads = kThreads, .blocks = kBlocks};
  Operation operation;
  // Half of all draws say directly what it is, so that shrinking has something to hold on to.
  if (draw.verb < 64) {
    operation.verb = Verb::kMalloc;
    operation.first = draw.numbers % 4096;
  } else if (draw.verb < 128) {
    operation.verb = Verb::kRelease;
  } else {
    operation = random_operation(random, shape);
  }
  operation.thread = draw.thread;
  if (row_of(operation.verb).has_block) operation.block = draw.block;
  return operation;
}

inline OperationList list_of(const std::vector<Draw>& draws) {
  OperationList list;
  for (const Draw& draw : draws) list.operations.push_back(operation_of(draw));
  return list;
}

inline void showValue(const Draw& draw, std::ostream& out) { out << to_text(operation_of(draw)); }

inline std::string name_of_test() {
  const testing::TestInfo& info = *testing::UnitTest::GetInstance()->current_test_info();
  return std::string("failed_") + HAKMEM_VARIANT_FOR_TEST + "_" + info.name();
}

/// Fails the property with a message that says all, after the list was written to a file.
inline void require_clean(const OperationList& list, const CaseResult& result,
                          const std::string& options) {
  if (!result.ok) RC_FAIL(describe_failure(list, result, name_of_test(), options));
}

}  // namespace hakmem::ops

template <>
struct rc::Arbitrary<hakmem::ops::Draw> {
  static rc::Gen<hakmem::ops::Draw> arbitrary() {
    using hakmem::ops::Draw;
    return rc::gen::build<Draw>(
        rc::gen::set(&Draw::verb, rc::gen::inRange<std::uint8_t>(0, 255)),
        rc::gen::set(&Draw::thread,
                     rc::gen::inRange<std::uint8_t>(0, hakmem::ops::kThreads)),
        rc::gen::set(&Draw::block, rc::gen::inRange<std::uint8_t>(0, hakmem::ops::kBlocks)),
        rc::gen::set(&Draw::numbers));
  }
};
