# Counts what a stage of ci/test left: ctest's JUnit, or lines. Sourced by ci/test and its test. A
# test that did not run counts as failed, unless it said itself that it cannot check here: then, or
# when disabled, as skipped.
# shellcheck shell=bash

# Prints "passed failed skipped" of one JUnit file of ctest; "0 0 0" when there is no such file.
junit_counts() {
  [[ -r $1 ]] || { echo "0 0 0"; return 0; }
  junit_results "$1" | awk '
    $1 == "passed" { passed++ } $1 == "failed" { failed++ } $1 == "skipped" { skipped++ }
    END { print passed + 0, failed + 0, skipped + 0 }'
}

# stage_counts RESULTS STAGE STATUS: the same of a stage, by its JUnit or, a check a line, its .tsv.
# A stage that is a check by itself counts as one; making things ready checks nothing.
stage_counts() {
  if [[ -r $1/$2.xml ]]; then
    junit_counts "$1/$2.xml"
  elif [[ -r $1/$2.tsv ]]; then
    awk -F '\t' '
      $1 == "failed" { failed++; next } $1 == "skipped" { skipped++; next } { passed++ }
      END { print passed + 0, failed + 0, skipped + 0 }' "$1/$2.tsv"
  elif [[ $3 != 0 || $2 == packages || $2 == build ]]; then
    echo "0 0 0"
  else
    echo "1 0 0"
  fi
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
