# Counts what ctest wrote as JUnit. Sourced by ci/test and its test. A test that did not run counts
# as failed, unless it said itself that it cannot check here: then, or when disabled, as skipped.
# shellcheck shell=bash

# Prints "passed failed skipped" of one JUnit file of ctest; "0 0 0" when there is no such file.
junit_counts() {
  [[ -r $1 ]] || { echo "0 0 0"; return 0; }
  junit_results "$1" | awk '
    $1 == "passed" { passed++ } $1 == "failed" { failed++ } $1 == "skipped" { skipped++ }
    END { print passed + 0, failed + 0, skipped + 0 }'
}

# Prints "passed|failed|skipped name" for each test of the file.
junit_results() {
  awk '
    function finish() { if (name != "") print state, name; name = "" }
    /^\t<testcase / {
      finish()
      name = $0; sub(/.*<testcase name="/, "", name); sub(/" classname=.*/, "", name)
      status = $0; sub(/.* status="/, "", status); sub(/".*/, "", status)
      state = status == "run" ? "passed" : status == "disabled" ? "skipped" : "failed"
    }
    /^\t\t<skipped message="SKIP_/ { state = "skipped" }
    END { finish() }' "$1"
}
