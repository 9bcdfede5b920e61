// One schedule of one program: shown to people, kept as a file, gone through again. Called by
// main.cc and by the campaign. Invariant: what is printed is enough to see the finding again.
#pragma once

#include "explore/heap/options.h"
#include "explore/heap/program.h"

namespace explore_heap {

/// The program that a name and a number stand for, and how it is typed.
struct Subject {
  std::string name;       ///< "adoption:7", or a file's name
  std::string arguments;  ///< " --protocol adoption:7"
  Program program;
};

/// Program `number` of a family, or the one of the file that the options name.
Subject subject_of(const Options& options, const Family& family, std::uint64_t number);

/// Prints the finding, how to see it again and the smallest schedule that shows it; the same goes
/// to a file when the options name a folder for them. `schedules`: how many it took.
void show_finding(const Options& options, Subject& subject, const explore::Report& report,
                  std::uint64_t schedules);

/// Runs the one schedule that --replay or --script asks for. Returns the exit status.
int replay(const Options& options, Subject& subject);

}  // namespace explore_heap
