#!/bin/bash
# Builds the fuzzers by the conventions of OSS-Fuzz and ClusterFuzzLite:
#   CXX=clang++ CXXFLAGS=… LIB_FUZZING_ENGINE=-fsanitize=fuzzer OUT=folder build.sh [FUZZER…]
# FUZZER: ops, hkops, options; all without one. Leaves in $OUT each fuzzer, its dictionary and its
# seed corpus. Flags of sanitizers and coverage come with CXXFLAGS alone, as the conventions want.
set -euo pipefail

root=$(cd "${SRC:-/nowhere}/hakmem" 2> /dev/null && pwd) ||
  root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd)
: "${CXX:?}" "${OUT:?}" "${LIB_FUZZING_ENGINE:?}"
read -r -a flags <<< "${CXXFLAGS:-}"
read -r -a engine <<< "$LIB_FUZZING_ENGINE"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

ops="$root/property_tests/ops"
# fmt's own library is built against another C++ library than the fuzzers; its headers are enough.
flags+=(-std=c++20 -DFMT_HEADER_ONLY "-I$root" "-I$root/src" "-I$work")
form_sources=("$ops"/{binary_form,gtest_form,operation,put_operation,text_form}.cc
  "$root/tools/nearest.cc")

# compile OBJECT SOURCE FLAG…
compile() {
  "$CXX" "${flags[@]}" "${@:3}" -c "$2" -o "$work/$1"
}

# link FUZZER SOURCE…: compiles the sources, two at a time, and links them with the engine.
link() {
  local name=$1 objects=() source number=0 extra
  shift
  for source in "$@"; do
    extra=("${definitions[@]}")
    # The oracle and its map watch the allocator; they are not what is judged.
    case $source in */oracle.cc | */owner_map.cc) extra+=(-fno-sanitize=all) ;; esac
    case $source in */process_subject.cc) extra+=(-fsized-deallocation) ;; esac
    objects+=("$work/$name.$number.o")
    compile "$name.$number.o" "$source" "${extra[@]}" &
    number=$((number + 1))
    if ((number % 2 == 0)); then wait_for_compilers; fi
  done
  wait_for_compilers
  "$CXX" "${flags[@]}" "${objects[@]}" "${engine[@]}" -ldl -lpthread -o "$OUT/fuzz_$name"
}

# Fails when one of the compilers in the background did.
wait_for_compilers() {
  local job
  for job in $(jobs -p); do wait "$job"; done
}

# seeds FUZZER: its corpus as an archive beside it.
seeds() {
  rm -f "$OUT/fuzz_$1_seed_corpus.zip"
  (cd "$root/fuzz/corpus/$1" && zip -q -r "$OUT/fuzz_$1_seed_corpus.zip" .)
}

build_options() {
  definitions=()
  link options "$root/fuzz/options_fuzz.cc" "$root/src/base/options.cc"
  # The dictionary is made of the table, so that an option that is new is in it.
  sed -n 's/^HAK_OPTION_[A-Z]*(\([a-z0-9_]*\),.*/"\1="/p' "$root/src/base/options.def" \
    > "$OUT/fuzz_options.dict"
}

build_hkops() {
  definitions=()
  link hkops "$root/fuzz/hkops_fuzz.cc" "${form_sources[@]}"
  {
    printf '"%s"\n' 'hkops 1' 'seed ' 'expect HK' ' bytes=' ' align=' ' count='
    sed -n 's/^HAK_VERB([0-9]*, [A-Za-z]*, \("[a-z_]*"\),.*/\1/p' "$ops/verbs.def"
  } > "$OUT/fuzz_hkops.dict"
}

# Level 0 with slabs of a few blocks, white box against the oracle.
build_ops() {
  local core
  definitions=(-DHAKMEM_INTEGRITY_LEVEL=0 -DHAK_OS_FAKE=1 -DHAKMEM_TINY_GEOMETRY=1)
  mapfile -t core < <(cmake -D "ROOT=$root" -P "$root/ci/oss_fuzz/sources.cmake")
  cmake -D "SOURCE=$root" -D "OUTPUT=$work/ops_commit.h" -P "$ops/commit.cmake"
  link ops "$root/fuzz/ops_fuzz.cc" "$root/src/gate/test_support_for_test.cc" "${core[@]}" \
    "$root/src/os/os_fake.cc" "${form_sources[@]}" \
    "$ops"/{file,generate,interleave,child_case,crash_note,interpreter}.cc \
    "$ops"/{interpreter_process,oracle,owner_map,packed_form,process_subject,schedule}.cc
}

fuzzers=("$@")
if [[ ${#fuzzers[@]} == 0 ]]; then fuzzers=(options hkops ops); fi
mkdir -p "$OUT"
for fuzzer in "${fuzzers[@]}"; do
  "build_$fuzzer"
  seeds "$fuzzer"
done
