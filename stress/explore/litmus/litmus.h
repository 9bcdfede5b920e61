// Litmus tests of the memory model: programs of two to four threads, a few accesses each, whose
// sets of outcomes are known exactly. Called by litmus_main.cc; the cases are instrumented, nothing
// else is. Invariant: registers are written by one thread each and read after all have ended.
#pragma once

#include <set>
#include <string>
#include <vector>

namespace litmus {

inline constexpr int kRegisters = 4;
extern int g_register[kRegisters];

struct Case {
  const char* name;
  void (*reset)();                        ///< sets the shared locations to zero
  std::vector<void (*)(void*)> threads;
  int registers;                          ///< how many of them make the outcome
  std::set<std::string> outcomes;         ///< all that C++ allows and the machine can reach
  const char* remark;                     ///< where the machine is stricter than C++
  const char* finding = nullptr;          ///< kind of finding expected instead of outcomes
  void (*final)() = nullptr;              ///< puts the locations' last values into registers
};

const std::vector<Case>& cases();
/// Those of locks, of what runs once and of values that end with their thread.
const std::vector<Case>& lock_cases();

}  // namespace litmus
