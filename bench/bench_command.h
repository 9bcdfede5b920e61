// `hakmem bench`: HAKMEM beside other allocators on the same work.
// Called by the hakmem tool and by the hakmem_bench program.
#pragma once

#include <string>
#include <vector>

/// `args` are the words after `bench`; `tool_dir` is the directory of the running program, from
/// which libraries (../lib) and the workload binary are found. Returns the exit code: 0 done,
/// 64 bad option, 125 an allocator is missing or the subject failed on a workload.
int hakmem_bench_main(const std::vector<std::string>& args, const std::string& tool_dir);
