# The stages of ci/test and of `hakmem gate --profile`, in order: the one list of them. Each is the
# function stage_<name with _ for -> of ci/test. Sourced by ci/test and its test.
# shellcheck shell=bash

# name, the profiles that have it, what it holds. A profile's stages run in this order.
stage_table="
packages     quick,ci,full,nightly  what is missing of the Debian packages is installed
build        quick,ci,full,nightly  g++: the five levels, the tools, all tests
ctest-quick  quick                  tests of every kind: unit, properties, stress, corpus, golden
ctest        ci,full,nightly        every test of that build but the mutants
mutants      full,nightly           each defect put back must be found; nightly: more lists of them
clang-14     ci,full,nightly        the five levels run python3; all else compiles without a warning
clang-19     ci,full,nightly        the same
asan-ubsan   ci,full,nightly        unit tests and properties under ASan and UBSan in one
tsan         ci,full,nightly        the same under ThreadSanitizer
coverage     nightly                lines and branches of src/ that tests execute reach their goals
fuzz         ci,full,nightly        every fuzzer for a while, from the committed corpus
bench        ci,full,nightly        time and memory beside glibc; against a baseline if one is given
"

# What is labelled quick, but takes the quick profile beyond its three minutes on two cores: five to
# forty-five seconds each, of kinds that it has others of. Expressions of ctest; full has them all.
quick_leaves_out="
checks_off\.quick level0_identical.* api_semantics\.l4 sanitizer_memcheck sanitizer_.*_clang.*
oom\.address_space\.l0 oom\.strict_commit\.l0 larson\.l0 page_mode\.(sqlite3|python3)\..*
page_mode\.read_freed_late.* explore\.heap\.clean_l4 explore\..*same_schedules
explore\.litmus\.clang.* real_programs\.(git|gxx)\.l0
"

# Prints it as one expression.
quick_without() {
  local names
  read -r -d '' -a names <<< "$quick_leaves_out" || true
  local IFS='|'
  echo "^(${names[*]})\$"
}

# Prints the names of the profile's stages, one a line; of all stages without a profile.
stages_of_profile() {
  awk -v profile="${1:-}" '
    NF == 0 { next }
    profile == "" { print $1; next }
    { count = split($2, profiles, ",")
      for (i = 1; i <= count; i++) if (profiles[i] == profile) print $1 }' <<< "$stage_table"
}
