// The report of a benchmark run: tables for eyes, JSON for machines.
// Called by bench_command.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "bench/harness/subjects.h"
#include "bench/harness/summary.h"

namespace hakmem::bench {

/// Both tables and the list of what failed or could not run.
std::string text_report(const Summary& summary, const std::vector<Subject>& subjects, int runs);

/// Raw samples and the summary; `null` where nothing was measured.
nlohmann::json json_report(const Summary& summary, const std::vector<Subject>& subjects, int runs);

}  // namespace hakmem::bench
