// Finds and reads the report files that a person named. Called by cmd_report.cc and run_outputs.cc.
// Invariant: a name that cannot be read is an error that says what to do, never an empty report.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tools/report_model.h"

namespace hakmem::tools {

/// The report files that `name` stands for: itself when it is a file; of a folder its report.json
/// and those of the hk.PID folders in it, by PID. A folder may hold none: a clean run leaves none.
/// Throws CommandError (125) when `name` is not there or cannot be read.
std::vector<std::filesystem::path> report_files_of(const std::filesystem::path& name);

/// Reads one report file. Throws CommandError (125) that names the file, what is wrong with it and
/// the remedy.
Report read_report(const std::filesystem::path& file);

/// All reports that the names stand for, in order, each file once however often it is named.
std::vector<Report> read_reports(const std::vector<std::string>& names);

}  // namespace hakmem::tools
