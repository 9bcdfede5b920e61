// The rules of a SARIF log: every error of base/violation.def with its texts. Called by
// render_sarif.cc. Invariant: an id that a report names has a rule, also one that a newer runtime
// knows and this program does not.
#pragma once

#include <string>

#include "tools/report_model.h"

namespace hakmem::tools {

/// Rules of SARIF (reportingDescriptor objects) in the order of their ids as first needed.
class SarifRules {
 public:
  SarifRules();  ///< those of the table

  /// Index of the finding's rule, made from the finding when the table has none.
  std::size_t index_of(const Finding& finding);
  const Json& json() const { return rules_; }

 private:
  Json rules_ = Json::array();
};

/// "error" for the program's bugs, "warning" for ours: the latter is nothing to mend in the
/// program.
const char* sarif_level(bool ours);

/// {"text": …} of a SARIF message: braces doubled and no bracket that could begin a link, since in
/// a message both have a meaning (SARIF 2.1.0, 3.11.5 and 3.11.6).
Json sarif_message(const std::string& text);

}  // namespace hakmem::tools
