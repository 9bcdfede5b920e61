// Instructions per operation of an allocator, counted by callgrind: exact and repeatable where
// times are not. Called by fast_path_counts and the tests.
// Invariant: counted is what the allocator's own object executes; the loop around it is not, and
// neither is the C library's memset or memcpy, whose variant depends on the processor.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace hakmem::bench {

/// One dump: the label given by the program, and self cost by object file.
struct CallgrindDump {
  std::string label;
  std::map<std::string, std::uint64_t> self_by_object;
};

/// Reads a dump written with --compress-strings=no --compress-pos=no.
CallgrindDump parse_callgrind(const std::string& text);

struct OperationCount {
  std::string operation;
  double instructions;  // per operation
};

/// Pairs the dumps "NAME n" and "NAME 2n" and divides their difference by n. An empty `library`
/// counts every object but `program`. In the order of the dumps. Throws std::runtime_error when a
/// dump has no partner.
std::vector<OperationCount> counts_from_dumps(const std::vector<CallgrindDump>& dumps,
                                              const std::string& library,
                                              const std::string& program);

/// Runs `program` under callgrind with `library` preloaded (none when empty). Both are canonical
/// paths. Throws std::runtime_error with a sentence when the run fails.
std::vector<OperationCount> count_instructions(const std::string& program,
                                               const std::string& library);

}  // namespace hakmem::bench
