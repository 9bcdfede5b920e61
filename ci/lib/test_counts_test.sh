#!/bin/bash
# Claim: test_counts.sh counts a run of ctest as it was: what did not run is a failure, unless the
# test said itself that it cannot check. Makes a project with one test of each kind and runs ctest.
set -euo pipefail

here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
# shellcheck source-path=SCRIPTDIR
. "$here/test_counts.sh"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat > "$folder/CTestTestfile.cmake" << 'END'
add_test(passes "true")
add_test(fails "false")
add_test(skips "sh" "-c" "exit 77")
set_tests_properties(skips PROPERTIES SKIP_RETURN_CODE 77)
add_test(skips_by_word "echo" "SKIPPED <&> here")
set_tests_properties(skips_by_word PROPERTIES SKIP_REGULAR_EXPRESSION "SKIPPED")
add_test(is_not_built "/no/such/file")
add_test(is_disabled "true")
set_tests_properties(is_disabled PROPERTIES DISABLED ON)
add_test(lacks_a_file "true")
set_tests_properties(lacks_a_file PROPERTIES REQUIRED_FILES "/no/such/file")
END

expect() {
  if [[ $2 != "$3" ]]; then
    printf '%s: expected\n%s\ngot\n%s\n' "$1" "$3" "$2"
    exit 1
  fi
}

# ctest fails, as some of the tests do; what it wrote is what counts.
ctest --test-dir "$folder" --output-junit "$folder/all.xml" > "$folder/log" 2>&1 || true
expect "results" "$(junit_results "$folder/all.xml")" "passed passes
failed fails
skipped skips
skipped skips_by_word
failed is_not_built
skipped is_disabled
failed lacks_a_file"
expect "counts" "$(junit_counts "$folder/all.xml")" "1 3 3"

ctest --test-dir "$folder" -L nothing --output-junit "$folder/none.xml" > "$folder/log" 2>&1 || true
expect "counts of no test" "$(junit_counts "$folder/none.xml")" "0 0 0"
expect "counts of no file" "$(junit_counts "$folder/absent.xml")" "0 0 0"

expect "counts of a stage" "$(stage_counts "$folder" all 8)" "1 3 3"
printf 'passed\tops\t5\nfailed\tmisuse\t5\nmeasured\ttiny\t0\n' > "$folder/fuzz.tsv"
expect "counts of lines" "$(stage_counts "$folder" fuzz 1)" "2 1 0"
expect "a stage that is a check" "$(stage_counts "$folder" clang-14 0)" "1 0 0"
expect "one that failed" "$(stage_counts "$folder" clang-14 1)" "0 0 0"
expect "one that checks nothing" "$(stage_counts "$folder" build 0)" "0 0 0"
echo "counts are right"
