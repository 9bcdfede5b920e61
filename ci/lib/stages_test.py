#!/usr/bin/env python3
"""Claim: what made a stage of ci/test fail is a failed check of the gate's result, with a command;
every stage of the one list can be run; a slower or fatter group is told from a faster one.

Called by ctest: stages_test.py REPOSITORY. Exit: 0 as claimed, 1 not.
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest

REPOSITORY = os.path.abspath(sys.argv[1])
LIB = os.path.join(REPOSITORY, "ci", "lib")
CTEST_FILE = """
add_test(passes "true")
add_test(fails "sh" "-c" "echo boo; echo 'replay: hakmem replay x.hkops --level 2'; false")
set_tests_properties(fails PROPERTIES LABELS "quick;property")
add_test(dies "sh" "-c" "echo dying; kill -9 $$")
add_test(skips "sh" "-c" "echo cannot here; exit 77")
set_tests_properties(skips PROPERTIES SKIP_RETURN_CODE 77 LABELS stress)
add_test(is_not_built "/no/such/file")
add_test(cases "printf" "%s\\n" "[ RUN      ] A.Sound" "[       OK ] A.Sound (0 ms)"
  "[ RUN      ] A.Wrong/1" "[  FAILED  ] A.Wrong/1 (0 ms)" "[ RUN      ] A.Raced"
  "WARNING: ThreadSanitizer: data race (pid=7)"
  "SUMMARY: ThreadSanitizer: data race a.cc:7 in f()" "[       OK ] A.Raced (0 ms)"
  "[ RUN      ] A.Died")
set_tests_properties(cases PROPERTIES FAIL_REGULAR_EXPRESSION "FAILED")
"""


def run(*argv):
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)


class Stages(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.root = self.scratch.name
        self.results = os.path.join(self.root, "build", "results")
        os.makedirs(self.results)

    def tearDown(self):
        self.scratch.cleanup()

    def write(self, name, text):
        path = os.path.join(self.results, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def checks(self):
        output = os.path.join(self.root, "gate.json")
        done = run(sys.executable, "-B", os.path.join(LIB, "gate_result.py"), "--profile", "full",
                   "--results", self.results, "--root", self.root, "--output", output)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(output, encoding="utf-8") as file:
            return json.load(file)["checks"]

    def test_a_run_of_ctest_comes_back_as_it_was(self):
        with open(os.path.join(self.root, "build", "CTestTestfile.cmake"), "w",
                  encoding="utf-8") as file:
            file.write(CTEST_FILE)
        run("ctest", "--test-dir", os.path.join(self.root, "build"), "--output-junit",
            os.path.join(self.results, "ctest.xml"))
        self.write("stages.tsv", "ctest\t8\t12\n")
        checks = {check["name"]: check for check in self.checks()}
        self.assertEqual({name: check["state"] for name, check in checks.items()},
                         {"passes": "passed", "fails": "failed", "dies": "failed",
                          "skips": "skipped", "is_not_built": "failed", "cases": "failed"})
        self.assertEqual(checks["fails"]["group"], "property")
        self.assertEqual(checks["skips"]["group"], "stress")
        self.assertEqual(checks["fails"]["command"], "hakmem replay x.hkops --level 2")
        self.assertIn("ctest --test-dir build", checks["fails"]["reason"])
        self.assertEqual(checks["cases"]["reason"].splitlines()[0],
                         "A.Wrong/1, A.Raced, A.Died: ThreadSanitizer: data race a.cc:7 in f()")
        self.assertEqual(checks["cases"]["command"],
                         "GTEST_FILTER='A.Wrong/1:A.Raced:A.Died' ctest --test-dir build "
                         "--output-on-failure -R '^cases$'")
        self.assertEqual(checks["is_not_built"]["command"],
                         "ctest --test-dir build --output-on-failure -R '^is_not_built$'")

    def test_a_stage_that_fails_without_a_test_is_a_failure(self):
        self.write("stages.tsv", "clang-14\t1\t7\nclang-19\t0\t7\nfuzz\t1\t9\n")
        self.write("fuzz.tsv", "passed\tops\t5\t\tcommand\n")
        found = [(check["group"], check["name"], check["state"]) for check in self.checks()]
        self.assertEqual(found, [("clang-14", "clang-14", "failed"),
                                 ("clang-19", "clang-19", "passed"), ("fuzz", "ops", "passed"),
                                 ("fuzz", "fuzz", "failed")])

    def test_every_stage_has_its_function(self):
        with open(os.path.join(REPOSITORY, "ci", "test"), encoding="utf-8") as file:
            script = file.read()
        stages = run(os.path.join(REPOSITORY, "ci", "test"), "--list").stdout.split()
        self.assertGreater(len(stages), 8)
        for stage in stages:
            self.assertIn(f"stage_{stage.replace('-', '_')}() {{", script)
        for option in (["--only", "nothing"], ["--profile", "nothing"], ["--only"], ["--what"]):
            done = run(os.path.join(REPOSITORY, "ci", "test"), *option)
            self.assertEqual(done.returncode, 64, done.stderr)

    def test_the_workflow_runs_every_stage_once(self):
        stages = run(os.path.join(REPOSITORY, "ci", "test"), "--list").stdout.split()
        with open(os.path.join(REPOSITORY, ".github", "workflows", "gate.yml"),
                  encoding="utf-8") as file:
            matrix = file.read().split("        stages:\n")[1].split("    steps:")[0]
        named = [stage for line in matrix.splitlines() for stage in line.strip(" -").split(",")]
        self.assertEqual(set(named) - {""}, set(stages) - {"packages", "ctest-quick"})
        for stage in set(stages) - {"packages", "ctest-quick", "build"}:
            self.assertEqual(named.count(stage), 1, stage)

    def bench_file(self, name, ratio, ratio_rss):
        group = {"name": "mixed", "allocators": {"l0": {"ratio": ratio, "ratio_rss": ratio_rss}}}
        return self.write(name, json.dumps(
            {"base": "glibc", "allocators": [{"name": "l0"}, {"name": "glibc"}],
             "groups": [group]}))

    def test_a_baseline_is_missed_by_more_than_a_third_only(self):
        baseline = self.bench_file("baseline.json", 0.30, 1.0)
        for ratio, rss, status in ((0.30, 1.0, 0), (0.38, 1.3, 0), (0.42, 1.0, 88),
                                   (0.30, 1.4, 88)):
            done = run(sys.executable, "-B", os.path.join(LIB, "bench_compare.py"), "--measured",
                       self.bench_file("now.json", ratio, rss), "--baseline", baseline,
                       "--output", os.path.join(self.results, "bench.tsv"))
            self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.write("stages.tsv", "bench\t88\t7\n")
        self.assertEqual([check["state"] for check in self.checks()], ["failed"])
        done = run(sys.executable, "-B", os.path.join(LIB, "bench_compare.py"), "--measured",
                   baseline, "--output", os.path.join(self.results, "bench.tsv"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.write("stages.tsv", "bench\t0\t7\n")
        self.assertEqual([check["state"] for check in self.checks()], ["measured"])

    def test_a_baseline_is_made_of_the_largest_figures(self):
        made = os.path.join(self.results, "made.json")
        runs = [self.bench_file("a.json", 0.30, 1.2), self.bench_file("b.json", 0.41, 1.0)]
        done = run(sys.executable, "-B", os.path.join(LIB, "bench_compare.py"), "--make-of", *runs,
                   "--output", made)
        self.assertEqual(done.returncode, 0, done.stderr)
        for ratio, rss, status in ((0.41, 1.2, 0), (0.54, 1.2, 0), (0.55, 1.2, 88),
                                   (0.41, 1.61, 88)):
            done = run(sys.executable, "-B", os.path.join(LIB, "bench_compare.py"), "--measured",
                       self.bench_file("now.json", ratio, rss), "--baseline", made, "--output",
                       os.path.join(self.results, "bench.tsv"))
            self.assertEqual(done.returncode, status, done.stdout + done.stderr)

    def test_the_committed_baseline_can_be_compared_with(self):
        committed = os.path.join(REPOSITORY, "ci", "golden", "bench_baseline.json")
        tsv = os.path.join(self.results, "bench.tsv")
        done = run(sys.executable, "-B", os.path.join(LIB, "bench_compare.py"), "--measured",
                   committed, "--baseline", committed, "--output", tsv)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(tsv, encoding="utf-8") as file:
            states = [line.split("\t")[0] for line in file]
        self.assertGreater(len(states), 5)
        self.assertEqual(set(states), {"passed"})


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
