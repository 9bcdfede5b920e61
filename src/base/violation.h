// The detectable errors as a type, from the one table violation.def.
// Called by every check, the report and the command-line program. Has no level: the ids are stable.
#pragma once

#include <array>
#include <cstdint>

namespace hakmem {

/// Whose bug a violation is: the program's (HK1xx) or ours (HK9xx).
enum class Fault : std::uint8_t { Program, Hakmem };

enum class Violation : std::uint16_t {
#define HAK_VIOLATION(id, name, kind, fault, level, meaning) k##name = id,
#include "base/violation.def"
#undef HAK_VIOLATION
};

/// One row of violation.def.
struct ViolationRow {
  Violation violation;
  const char* identifier;  ///< "DoubleFree"
  const char* kind;        ///< "double free", as the report's first line has it
  Fault fault;
  int level;               ///< lowest level that can detect it
  const char* meaning;     ///< one sentence
};

inline constexpr ViolationRow kViolationTable[] = {
#define HAK_VIOLATION(id, name, kind, fault, level, meaning) \
  {Violation::k##name, #name, kind, Fault::fault, level, meaning},
#include "base/violation.def"
#undef HAK_VIOLATION
};

constexpr int id_of(Violation v) noexcept { return static_cast<int>(v); }

/// The row of `v`; every enumerator has one.
constexpr const ViolationRow& row_of(Violation v) noexcept {
  for (const ViolationRow& row : kViolationTable) {
    if (row.violation == v) return row;
  }
  return kViolationTable[0];
}

/// Exit codes that the runtime and the command-line program share.
namespace exit_code {
inline constexpr int kHeapError = 86;
inline constexpr int kHakmemBug = 87;
inline constexpr int kRegression = 88;
inline constexpr int kFinding = 89;
inline constexpr int kLeakOnly = 90;
inline constexpr int kBadOption = 64;
inline constexpr int kTimeout = 124;
inline constexpr int kHakmemFailed = 125;
inline constexpr int kNotExecutable = 126;
inline constexpr int kNotFound = 127;
inline constexpr int kSignalBase = 128;
}  // namespace exit_code

}  // namespace hakmem
