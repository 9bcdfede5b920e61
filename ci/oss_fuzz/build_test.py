#!/usr/bin/env python3
"""Claim: build.sh makes fuzzers by the conventions of OSS-Fuzz ($CXX, $CXXFLAGS,
$LIB_FUZZING_ENGINE, $OUT), with seeds and a dictionary that the fuzzer takes, and every source that
it names is there.

    build_test.py REPOSITORY FUZZER…     options, hkops, ops

Called by ctest with the small one: `ops` is the whole heap, minutes to compile, which the stage
`fuzz` of ci/test builds by CMake. Exit: 0 as claimed, 1 not, 77 when there is no clang++-14.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

REPOSITORY = os.path.abspath(sys.argv[1])
FOLDER = os.path.join(REPOSITORY, "ci", "oss_fuzz")
RUNS = 2000


def run(*argv, **options):
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", timeout=3600, check=False, **options)
    if done.returncode != 0:
        sys.exit(f"FAIL {' '.join(argv)}: status {done.returncode}\n{done.stdout}")
    return done.stdout


def check_sources():
    listed = run("cmake", "-D", "ROOT=" + REPOSITORY, "-P", os.path.join(FOLDER, "sources.cmake"))
    with open(os.path.join(FOLDER, "build.sh"), encoding="utf-8") as file:
        script = file.read()
    sources = listed.split()
    for folder, name in re.findall(r'\$(root|ops)"?/([a-z_/]+\.cc)', script):
        below = "" if folder == "root" else "property_tests/ops"
        sources.append(os.path.join(REPOSITORY, below, name))
    for names in re.findall(r'"\$ops"/\{([a-z_,]+)\}\.cc', script):
        sources += [os.path.join(REPOSITORY, "property_tests/ops", name + ".cc")
                    for name in names.split(",")]
    assert len(sources) > 30, sources
    missing = [source for source in sources if not os.path.isfile(source)]
    if missing:
        sys.exit(f"FAIL build.sh names files that are not there: {missing}")


def check_build(fuzzers, out):
    environment = {**os.environ, "CXX": "clang++-14", "OUT": out,
                   "CXXFLAGS": "-O1 -g -fsanitize=address,fuzzer-no-link",
                   "LIB_FUZZING_ENGINE": "-fsanitize=fuzzer"}
    environment.pop("SRC", None)
    run("bash", os.path.join(FOLDER, "build.sh"), *fuzzers, env=environment)
    for fuzzer in fuzzers:
        check_fuzzer(fuzzer, out)


def check_fuzzer(fuzzer, out):
    program, seeds = os.path.join(out, "fuzz_" + fuzzer), os.path.join(out, "seeds_" + fuzzer)
    shutil.unpack_archive(program + "_seed_corpus.zip", seeds)
    committed = os.listdir(os.path.join(REPOSITORY, "fuzz", "corpus", fuzzer))
    assert sorted(os.listdir(seeds)) == sorted(committed), "the seeds are the committed corpus"
    words = []
    if os.path.exists(program + ".dict"):
        words = ["-dict=" + program + ".dict"]
    said = run(program, f"-runs={RUNS}", "-seed=1", *words, "-print_final_stats=1", seeds, cwd=out)
    executed = int(re.search(r"number_of_executed_units: (\d+)", said).group(1))
    entries = [int(number) for number in re.findall(r"Dictionary: (\d+) entries", said)]
    # The lists of operations have a mutator of their own in place of a dictionary.
    assert executed >= RUNS and (fuzzer == "ops" or entries[0] > 10), said
    print(f"{fuzzer}: {executed} executions, {len(committed)} seeds, {sum(entries)} words")


def main():
    if shutil.which("clang++-14") is None:
        print("SKIPPED: no clang++-14")
        return 77
    check_sources()
    with tempfile.TemporaryDirectory() as out:
        check_build(sys.argv[2:], out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
