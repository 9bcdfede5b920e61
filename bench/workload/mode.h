// The table of workload modes: name, parameters, function.
// Called by main, `comprehensive` and the tests. Invariant: every mode is deterministic in its
// arguments: the same sizes and slots for every allocator (thread interleaving apart).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "bench/workload/arguments.h"
#include "bench/workload/measure.h"

namespace hakmem::bench {

struct Mode {
  std::string_view name;
  std::string_view help;
  std::span<const Parameter> parameters;
  Measurement (*run)(const Arguments& arguments);
};

/// One family per file.
std::span<const Mode> pair_modes();     // pair, batch
std::span<const Mode> mixed_modes();    // mixed, mid, large
std::span<const Mode> larson_modes();   // larson
std::span<const Mode> remote_modes();   // remote
std::span<const Mode> bulk_modes();     // bulk
std::span<const Mode> realloc_modes();  // realloc, calloc
std::span<const Mode> sh8_modes();      // sh8
std::span<const Mode> cfrac_modes();    // cfrac
std::span<const Mode> espresso_modes();  // espresso

/// All of the above, in that order.
std::span<const std::span<const Mode>> all_families();

/// nullptr when there is none of that name.
const Mode* find_mode(std::string_view name);

/// Runs every mode with small counts and prints a table; 0, or 1 when a mode failed.
int run_comprehensive();

}  // namespace hakmem::bench
