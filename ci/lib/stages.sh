# The stages of ci/test and of `hakmem gate --profile`, in order: the one list of them. Each is the
# function stage_<name with _ for -> of ci/test. Sourced by ci/test and its test.
# shellcheck shell=bash

# name, the profiles that have it, what it holds. A profile's stages run in this order.
stage_table="
packages     quick,full,nightly  what is missing of the Debian packages is installed
build        quick,full,nightly  g++: the five levels, the tools, all tests
ctest-quick  quick               what is labelled quick: unit, properties, stress, corpus, golden
ctest        full,nightly        every test of that build but the mutants
mutants      nightly             each defect put back must be found; left out without such tests
clang-14     full,nightly        the five levels run python3; all else compiles without a warning
clang-19     full,nightly        the same
asan-ubsan   full,nightly        unit tests and properties under ASan and UBSan in one
tsan         full,nightly        the same under ThreadSanitizer
coverage     nightly             lines and branches of src/ that tests execute reach their goals
fuzz         full,nightly        every fuzzer for a while, from the committed corpus
bench        full,nightly        time and memory beside glibc; against a baseline when one is given
"

# Prints the names of the profile's stages, one a line; of all stages without a profile.
stages_of_profile() {
  awk -v profile="${1:-}" '
    NF == 0 { next }
    profile == "" { print $1; next }
    { count = split($2, profiles, ",")
      for (i = 1; i <= count; i++) if (profiles[i] == profile) print $1 }' <<< "$stage_table"
}
