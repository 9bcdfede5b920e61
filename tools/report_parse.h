// report.json from text to types. Called by report_input.cc. Invariant: whatever the text, the
// answer is a report that fits docs/report.schema.json or an exception that names the place.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "tools/report_model.h"

namespace hakmem::tools {

/// The text is no report; what() says where and why, without the file's name.
class MalformedReport : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Parses a report of the runtime, or a merge that `hakmem report --json` wrote. `file` goes into
/// its processes. Throws MalformedReport.
Report parse_report(std::string_view text, const std::string& file);

}  // namespace hakmem::tools
