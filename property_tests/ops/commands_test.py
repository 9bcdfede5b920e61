#!/usr/bin/env python3
"""`hakmem replay` and `hakmem record` from outside, on the real libraries of all five levels.

    commands_test.py --hakmem build/bin/hakmem --program build/bin/ops_commands_program
                     --stress build/bin/ops_stress --lists property_tests/ops/lists

Claims: a list runs the same at every level and on the C library; each misuse is reported at level 4
under its id; a run that dies names operation, seed, commit and command; what is recorded replays.
"""

import argparse
import glob
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import unittest

ARGS = None
LEVELS = range(5)

# Each misuse, ready to be reported: the id and the operations.
MISUSES = {
    "double_free": (101, "malloc b1 bytes=48\nfree b1\ndouble_free b1"),
    "double_free_of_new": (101, "new b1 bytes=48\nrelease b1\nt1 double_free b1"),
    "double_free_later": (101, "malloc b1 bytes=48\nfree b1\nmalloc b2 bytes=48\nfree b2\n"
                               "double_free b1"),
    "write_after_free": (102, "malloc b1 bytes=48\nfree b1\nwrite_after_free b1 offset=47"),
    "write_after_free_by_another": (102, "calloc b1 count=2 bytes=500\nt2 free b1\n"
                                         "t1 write_after_free b1 offset=0\nt1 thread_exit"),
    "overflow": (103, "malloc b1 bytes=48\noverflow b1 bytes=1\nfree b1"),
    "overflow_of_a_block_never_freed": (103, "malloc b1 bytes=47\noverflow b1 bytes=1"),
    "overflow_of_pages": (103, "pvalloc b1 bytes=504\noverflow b1 bytes=1\nfree b1"),
    "overflow_then_realloc": (103, "malloc b1 bytes=13\noverflow b1 bytes=8\n"
                                   "realloc b1 bytes=500"),
    "underflow": (104, "malloc b1 bytes=48\nunderflow b1 bytes=1\nfree b1"),
    "underflow_of_a_block_never_freed": (104, "new b1 bytes=3\nunderflow b1 bytes=15"),
    "interior_free": (105, "malloc b1 bytes=48\ninterior_free b1 offset=16"),
    "unaligned_free": (105, "malloc b1 bytes=4000\ninterior_free b1 offset=3999"),
    "wild_free": (106, "wild_free address=4096"),
    "stack_free": (106, "t1 stack_free"),
    "mismatch": (107, "new b1 bytes=48\nmismatched_release b1"),
    "mismatch_of_malloc": (107, "malloc b1 bytes=48\nmismatched_release b1"),
    "mismatch_of_aligned_new": (107, "new_aligned b1 align=64 bytes=9\nmismatched_release b1"),
    "wrong_size": (107, "new b1 bytes=48\nwrong_size b1 bytes=1"),
    "wrong_size_of_malloc": (107, "malloc b1 bytes=48\nwrong_size b1 bytes=16"),
    "read_after_free": (108, "malloc b1 bytes=48\nfree b1\nread_after_free b1 offset=8"),
    "realloc_freed": (110, "malloc b1 bytes=48\nfree b1\nrealloc_freed b1 bytes=96"),
    "usable_size_freed": (110, "malloc b1 bytes=48\nfree b1\nusable_size_freed b1"),
    "copy_overflow": (111, "malloc b1 bytes=48\ncopy_overflow b1 bytes=1"),
}


def run(folder, *words, options=""):
    """Runs hakmem with these arguments; its output and status."""
    environment = {name: value for name, value in os.environ.items()
                   if name not in ("LD_PRELOAD", "HAKMEM_INTEGRITY_LEVEL")}
    environment["HAKMEM_OPTIONS"] = "symbolize=0" + options
    return subprocess.run([ARGS.hakmem, *map(str, words)], cwd=folder, env=environment,
                          capture_output=True, text=True, timeout=100, check=False)


class Commands(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="hakops.")
        self.addCleanup(scratch.cleanup)
        self.folder = scratch.name

    def write(self, text, name="list.hkops"):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write("hkops 1\n" + text + "\n")
        return path

    def expect_status(self, result, status):
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)

    def test_lists_do_the_same_at_every_level_and_on_the_c_library(self):
        for path in glob.glob(os.path.join(ARGS.lists, "*.hkops")):
            for more in ([], ["--parallel"]):
                observed = set()
                for subject in [["--level", level] for level in LEVELS] + [["--malloc", "libc"]]:
                    result = run(self.folder, "replay", path, *subject, *more, "--observe", "seen")
                    self.expect_status(result, 0)
                    self.assertRegex(result.stdout, r"^\d+ operations executed, 0 skipped")
                    with open(os.path.join(self.folder, "seen"), "rb") as file:
                        observed.add(file.read())
                self.assertEqual(len(observed), 1, path)

    def test_random_lists_are_observed_the_same_at_every_level(self):
        for seed in range(40, 46):
            path = os.path.join(self.folder, "random.ops")
            subprocess.run([ARGS.stress, "--seed", str(seed), "--operations", "1500", "--write",
                            path], check=True, timeout=60)
            observed = {}
            for subject in [["--level", level] for level in LEVELS] + [["--malloc", "libc"]]:
                self.expect_status(run(self.folder, "replay", path, *subject, "--observe", "seen"),
                                   0)
                with open(os.path.join(self.folder, "seen"), "rb") as file:
                    observed[str(subject[1])] = file.read()
            for name, seen in observed.items():
                at = [i for i, pair in enumerate(zip(seen, observed["0"])) if pair[0] != pair[1]]
                self.assertEqual(at, [], f"seed {seed}: {name} and level 0 differ")
                self.assertGreater(seen.count(b"\2"), 700)

    def test_each_misuse_is_reported_at_level_4(self):
        for name, (identifier, operations) in MISUSES.items():
            with self.subTest(name):
                path = self.write(f"expect HK{identifier}\n{operations}")
                result = run(self.folder, "replay", path)
                self.expect_status(result, 0)
                self.assertIn(f"HK{identifier} was reported", result.stdout)

    def test_a_list_that_expects_a_finding_and_has_none_fails(self):
        result = run(self.folder, "replay", self.write("expect HK101\nmalloc b1 bytes=8\nfree b1"))
        self.expect_status(result, 89)
        self.assertIn("HK101 was expected", result.stderr)

    def test_the_correct_list_around_a_misuse_is_quiet(self):
        for _, operations in MISUSES.values():
            result = run(self.folder, "replay", self.write(operations))
            self.expect_status(result, 0)

    def test_until_ends_behind_the_operation_that_it_names(self):
        path = self.write("malloc b1 bytes=48\nfree b1\ndouble_free b1")
        self.expect_status(run(self.folder, "replay", path, "--misuse", "--until", 1), 0)
        self.expect_status(run(self.folder, "replay", path, "--misuse", "--until", 2), 86)

    def test_a_run_that_is_killed_names_operation_seed_commit_and_command(self):
        path = self.write("seed 4711\nmalloc b1 bytes=48\nt1 wild_free address=8\nfree b1")
        result = run(self.folder, "replay", path, "--misuse", "--malloc", "libc")
        self.assertGreater(result.returncode, 128)
        self.assertRegex(result.stderr,
                         r"FATAL SIGNAL \d+ in operation 1, seed 4711, commit \w+\n"
                         r"  replay: hakmem replay \S+ --malloc libc --misuse\n")
        self.assertIn("hakmem: operation 1 (t1 wild_free address=8): killed by signal",
                      result.stderr)
        self.assertIn("--until 1\n", result.stderr)

    def test_a_wrong_answer_is_status_89_and_says_which_rule(self):
        path = self.write("malloc b1 bytes=64\nmalloc b2 bytes=64\nunderflow b2 bytes=1\n"
                          "interior_free b1 offset=16\nmalloc b3 bytes=64\nmalloc b4 bytes=64\n"
                          "malloc b5 bytes=64\ncheck b1\ncheck b2")
        result = run(self.folder, "replay", path, "--misuse", "--level", 0)
        self.expect_status(result, 89)
        self.assertRegex(result.stderr, r"operation \d \(.*\): (the block overlaps|a byte of)")

    def test_bisect_level_names_the_lowest_that_fails(self):
        path = self.write("malloc b1 bytes=48\noverflow b1 bytes=1\nfree b1")
        result = run(self.folder, "replay", path, "--misuse", "--bisect-level")
        self.expect_status(result, 89)
        self.assertIn("level 2  clean\nlevel 3  HK103 overflow in operation 2\n", result.stdout)
        self.assertIn("the lowest level that fails is 3", result.stdout)
        clean = run(self.folder, "replay", self.write("malloc b1 bytes=8"), "--bisect-level")
        self.expect_status(clean, 0)

    def test_bisect_tier_names_the_part_that_the_failure_needs(self):
        # Level 1 sees a link that was written over, and only blocks of slabs have links.
        path = self.write("malloc b1 bytes=3000\nmalloc b2 bytes=3000\nfree b1\nfree b2\n"
                          "write_after_free b2 offset=0\nmalloc b3 bytes=3000\n"
                          "malloc b4 bytes=3000")
        result = run(self.folder, "replay", path, "--misuse", "--level", 1, "--bisect-tier")
        self.expect_status(result, 89)
        for line in ("as it is        HK102 write after free in operation 5",
                     "tiny=0          HK102 write after free in operation 5",
                     "pool=0          clean", "remote=direct   HK102 write after free",
                     "the failure needs the pool tier: with pool=0 it is gone"):
            self.assertIn(line, result.stdout)
        self.assertEqual(result.stdout.count("the failure needs"), 1)
        by_hand = run(self.folder, "replay", path, "--misuse", "--level", 1, "--options", "pool=0")
        self.expect_status(by_hand, 0)
        nobody = run(self.folder, "replay", self.write("t1 wild_free address=4096"), "--misuse",
                     "--level", 2, "--bisect-tier")
        self.expect_status(nobody, 89)
        self.assertIn("it fails without each of them", nobody.stdout)
        clean = run(self.folder, "replay", self.write("malloc b1 bytes=8"), "--bisect-tier")
        self.expect_status(clean, 0)
        self.assertIn("it does not fail at level 4", clean.stdout)
        self.expect_status(run(self.folder, "replay", path, "--level", 0, "--bisect-tier"), 64)

    def test_lists_do_the_same_with_each_part_switched_off(self):
        switches = ("tiny=0", "pool=0", "shared_pool=0", "remote=direct",
                    "remote=direct:tiny=0:shared_pool=0", "tiny=0:pool=0", "purge_ms=0")
        path = os.path.join(ARGS.lists, "every_entry_point.hkops")
        random = os.path.join(self.folder, "random.ops")
        subprocess.run([ARGS.stress, "--seed", "77", "--operations", "1200", "--write", random],
                       check=True, timeout=60)
        for level in (1, 3):
            for more in ([], ["--parallel"]):
                expected = {}
                for options in ("", *switches):
                    for file in (path, random):
                        result = run(self.folder, "replay", file, "--level", level, *more,
                                     "--observe", "seen", options=options and ":" + options)
                        self.expect_status(result, 0)
                        with open(os.path.join(self.folder, "seen"), "rb") as seen:
                            observed = seen.read()
                        self.assertEqual(observed, expected.setdefault(file, observed), options)

    def test_what_cannot_be_read_is_refused_with_line_and_remedy(self):
        result = run(self.folder, "replay", self.write("mallok b1 bytes=8"))
        self.expect_status(result, 64)
        self.assertIn("line 2: no operation is called 'mallok'; the nearest is 'malloc'",
                      result.stderr)
        self.expect_status(run(self.folder, "replay", "absent"), 64)
        self.expect_status(run(self.folder, "replay", "x", "--malloc", "/no/such.so"), 64)

    def test_the_test_that_is_printed_compiles_and_passes(self):
        path = os.path.join(ARGS.lists, "every_entry_point.hkops")
        printed = run(self.folder, "replay", path, "--emit-gtest")
        self.expect_status(printed, 0)
        source = os.path.join(self.folder, "printed.cc")
        with open(source, "w", encoding="utf-8") as file:
            file.write(printed.stdout)
        program = os.path.join(self.folder, "printed")
        subprocess.run([ARGS.compiler, "-std=c++20", "-O0", "-w", source, "-o", program,
                        "-lgtest", "-lgtest_main", "-pthread"], check=True, timeout=100)
        result = run(self.folder, "run", "--level", 4, "--", program)
        self.expect_status(result, 0)
        self.assertIn("EveryEntryPoint", result.stdout)

    def test_fuzz_refuses_what_it_cannot_do(self):
        for words, sentence in ((["--time", "5x"], "'5x' is no time"),
                                (["--merge", "."], "--merge needs --corpus"),
                                (["--kind", "all"], "all"),
                                (["--target", "/no/such.so"], "does not exist")):
            result = run(self.folder, "fuzz", *words)
            self.expect_status(result, 64)
            self.assertIn(sentence, result.stderr)

    def record(self, name, *program):
        result = run(self.folder, "record", "-o", name, "--", *program)
        return result, os.path.join(self.folder, name)

    def expect_replays(self, path, operations_min):
        for level in (0, 4):
            for more in ([], ["--parallel"]):
                result = run(self.folder, "replay", path, "--level", level, *more)
                self.expect_status(result, 0)
                count, skipped = map(int, re.match(r"(\d+) operations executed, (\d+) skipped",
                                                   result.stdout).groups())
                self.assertGreaterEqual(count, operations_min)
                self.assertEqual(skipped, 0)

    def test_python_is_recorded_and_replays(self):
        code = "import json; print(len(json.dumps([str(i) for i in range(3000)])))"
        result, path = self.record("python.ops", sys.executable, "-c", code)
        self.expect_status(result, 0)
        self.assertEqual(result.stdout, f"{len(json.dumps([str(i) for i in range(3000)]))}\n")
        self.expect_replays(path, 3000)

    def test_threads_and_their_hand_overs_are_recorded_and_replay(self):
        result, path = self.record("threads.hkops", ARGS.program)
        self.expect_status(result, 0)
        self.assertEqual(result.stdout, f"{2 * sum(i % 300 + 1 for i in range(4000))}\n")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        self.assertGreaterEqual(len(re.findall(r"thread_start thread=", text)), 24)
        self.assertEqual(text.count("thread_start"), text.count("thread_exit"))
        # A block is handed over when another thread releases it than made it.
        maker, handed_over = {}, 0
        for line in text.splitlines():
            words = line.split()
            thread = words.pop(0) if re.fullmatch(r"t\d+", words[0]) else "t0"
            if words[0] == "new":
                maker[words[1]] = thread
            elif words[0].startswith("delete") and maker.get(words[1], thread) != thread:
                handed_over += 1
        self.assertGreaterEqual(handed_over, 4000)
        self.expect_replays(path, 20000)

    def test_a_program_that_dies_leaves_its_recording(self):
        code = "import os, signal; x = [bytes(600) for i in range(500)]; " \
               "os.kill(os.getpid(), signal.SIGKILL)"
        result, path = self.record("dead.ops", sys.executable, "-c", code)
        self.expect_status(result, 128 + signal.SIGKILL)
        self.expect_replays(path, 500)

    def test_the_status_is_the_programs_and_children_do_not_record(self):
        result, path = self.record("shell.hkops", "sh", "-c", "ls / > /dev/null; (exit 3); exit 7")
        self.expect_status(result, 7)
        with open(path, encoding="utf-8") as file:
            self.assertIn("\nfork\n", file.read())
        self.expect_replays(path, 10)
        self.expect_status(run(self.folder, "record", "-o", "x", "--", "no-such-program"), 127)
        self.expect_status(run(self.folder, "record", "-o", "x"), 64)


def main():
    global ARGS
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--hakmem", required=True)
    parser.add_argument("--program", required=True)
    parser.add_argument("--stress", required=True)
    parser.add_argument("--lists", required=True)
    parser.add_argument("--compiler", default="c++")
    ARGS, rest = parser.parse_known_args()
    ARGS.hakmem = os.path.abspath(ARGS.hakmem)
    ARGS.program = os.path.abspath(ARGS.program)
    ARGS.stress = os.path.abspath(ARGS.stress)
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
