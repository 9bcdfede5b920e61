// A file of the operation language as a program to explore, so that what a fuzzer or a recording
// found can be run through every interleaving. Called by main.cc. Invariant: operations of one
// thread, and those on one block, keep the file's order; everything else is the schedule's choice.
#pragma once

#include <string>

#include "explore/heap/program.h"

namespace explore_heap {

/// Reads the file into `program`. Returns a sentence for people when it cannot be explored: it
/// cannot be read, or it has more threads or blocks than a schedule. `left_out`: how many
/// operations have no counterpart (misuse, requests of many megabytes).
std::string read_operations(const std::string& path, Program& program, unsigned& left_out);

}  // namespace explore_heap
