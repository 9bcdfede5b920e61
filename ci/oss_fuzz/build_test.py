#!/usr/bin/env python3
"""Claim: build.sh makes fuzzers by the conventions of OSS-Fuzz ($CXX, $CXXFLAGS,
$LIB_FUZZING_ENGINE, $OUT), with seeds and a dictionary that the fuzzer takes, and every source that
it names is there.

One small fuzzer is built; the stage `fuzz` of ci/test builds the large ones by CMake. Called by
ctest: build_test.py REPOSITORY. Exit: 0 as claimed, 1 not, 77 when there is no clang++-14.
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
                          timeout=240, check=False, **options)
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


def check_build(out):
    environment = {**os.environ, "CXX": "clang++-14", "OUT": out,
                   "CXXFLAGS": "-O1 -g -fsanitize=address,fuzzer-no-link",
                   "LIB_FUZZING_ENGINE": "-fsanitize=fuzzer"}
    environment.pop("SRC", None)
    run("bash", os.path.join(FOLDER, "build.sh"), "options", env=environment)
    seeds = os.path.join(out, "seeds")
    shutil.unpack_archive(os.path.join(out, "fuzz_options_seed_corpus.zip"), seeds)
    committed = os.listdir(os.path.join(REPOSITORY, "fuzz", "corpus", "options"))
    assert sorted(os.listdir(seeds)) == sorted(committed), "the seeds are the committed corpus"
    said = run(os.path.join(out, "fuzz_options"), f"-runs={RUNS}", "-seed=1",
               "-dict=" + os.path.join(out, "fuzz_options.dict"), "-print_final_stats=1", seeds,
               cwd=out)
    executed = int(re.search(r"number_of_executed_units: (\d+)", said).group(1))
    entries = int(re.search(r"Dictionary: (\d+) entries", said).group(1))
    assert executed >= RUNS and entries > 10, said
    print(f"{executed} executions, {len(committed)} seeds, {entries} words")


def main():
    if shutil.which("clang++-14") is None:
        print("SKIPPED: no clang++-14")
        return 77
    check_sources()
    with tempfile.TemporaryDirectory() as out:
        check_build(out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
