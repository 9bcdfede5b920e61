// Operations as a C++ test of their own, to hand a bug to somebody who has nothing of this project.
// Called by `hakmem replay --emit-gtest`. The program needs GoogleTest and a C++20 compiler alone.
// Invariant: it makes the calls that the interpreter would make, on the same threads, in order.
#pragma once

#include <string>

#include "property_tests/ops/operation.h"

namespace hakmem::ops {

/// The source of a program with one test `TEST(Heap, <name>)`; `name` must be an identifier.
std::string to_gtest(const OperationList& list, const std::string& name);

}  // namespace hakmem::ops
