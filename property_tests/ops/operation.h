// The operation language that every driver speaks: replay, record, properties, fuzzing, stress.
// Called by all of property_tests/ops, fuzz/ and the command-line program.
// Invariant: any list of operations has a meaning. An operation that does not apply where it stands
// (a free of a slot that holds no block) is skipped, so that lists can be cut, mutated and shrunk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hakmem::ops {

enum class Verb : std::uint8_t {
#define HAK_VERB(code, name, word, group, has_block, first, second) k##name = code,
#include "property_tests/ops/verbs.def"
#undef HAK_VERB
};

enum class VerbGroup : std::uint8_t { Allocate, Resize, Release, Look, Thread, Process, Misuse };

/// One row of verbs.def.
struct VerbRow {
  Verb verb;
  const char* identifier;  ///< "NewArray"
  const char* word;        ///< "new_array"
  VerbGroup group;
  bool has_block;
  const char* first;   ///< name of the first number; empty: none
  const char* second;  ///< of the second
};

inline constexpr VerbRow kVerbTable[] = {
#define HAK_VERB(code, name, word, group, has_block, first, second) \
  {Verb::k##name, #name, word, VerbGroup::group, has_block, first, second},
#include "property_tests/ops/verbs.def"
#undef HAK_VERB
};
inline constexpr std::size_t kVerbCount = sizeof kVerbTable / sizeof kVerbTable[0];

/// The row of a code; null when no verb has it.
const VerbRow* find_row(std::uint8_t code) noexcept;
/// The row of a verb, which has one.
const VerbRow& row_of(Verb verb) noexcept;

/// Slots that hold blocks and threads are numbered below these; both bound an interpreter's tables.
inline constexpr std::uint32_t kBlockMax = 1u << 24;
inline constexpr std::uint32_t kThreadMax = 1u << 12;

/// One operation. Numbers that its verb does not have are 0.
struct Operation {
  Verb verb = Verb::kMalloc;
  std::uint16_t thread = 0;   ///< who does it; 0 is the process's first thread
  std::uint32_t block = 0;    ///< the slot that holds the block
  std::uint64_t first = 0;
  std::uint64_t second = 0;
  friend bool operator==(const Operation&, const Operation&) = default;
};

/// The bytes that an operation asks for: its number called "bytes", times "count"; pvalloc asks for
/// whole pages. Saturates.
std::uint64_t bytes_of(const Operation& operation) noexcept;
/// The alignment that it asks for; 0: none.
std::uint64_t align_of(const Operation& operation) noexcept;

/// Operations and what is known of them as a whole.
struct OperationList {
  std::uint64_t seed = 0;    ///< of the generator and of a schedule; 0: none
  std::uint16_t expect = 0;  ///< 102 when level 4 must report HK102; 0: nothing must be found
  std::vector<Operation> operations;
  friend bool operator==(const OperationList&, const OperationList&) = default;
};

/// Why a file is refused, for a person: where, what is wrong and what to do.
struct FormError {
  std::string sentence;  ///< empty: no error
  bool ok() const { return sentence.empty(); }
};

/// Threads and slots that the operations name: one more than the largest.
struct Extent {
  std::uint32_t threads = 1;
  std::uint32_t blocks = 0;
};
Extent extent_of(const Operation* operations, std::size_t count) noexcept;

}  // namespace hakmem::ops
