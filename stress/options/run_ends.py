#!/usr/bin/env python3
"""Where checks happen besides the calls themselves, and allocations that fail on purpose.

    run_ends.py --hakmem build/bin/hakmem --program build/stress/options/ends

Claims: at level 4 a damaged block that nobody frees is told at every end a process can have, and in
the middle with check_every; never in a child that shares its parent's memory, and without a hang
when a signal has interrupted the allocator; fail_alloc makes the same allocations fail each time.
"""

import argparse
import os
import re
import subprocess
import sys
import unittest

ARGS = None
LIBRARIES = {}


def run(level, options, *words):
    """Runs the program with a level's library preloaded."""
    if level not in LIBRARIES:
        LIBRARIES[level] = subprocess.run(
            [ARGS.hakmem, "lib", "--level", str(level)], capture_output=True, text=True, check=True,
            timeout=60).stdout.strip()
    environment = {name: value for name, value in os.environ.items()
                   if name not in ("LD_PRELOAD", "HAKMEM_INTEGRITY_LEVEL", "HAKMEM_OPTIONS")}
    environment["HAKMEM_OPTIONS"] = "symbolize=0:" + options
    environment["LD_PRELOAD"] = LIBRARIES[level]
    return subprocess.run([ARGS.program, *map(str, words)], env=environment, capture_output=True,
                          text=True, timeout=60, check=False)


def ids(result):
    """The ids of the headlines, in order."""
    return re.findall(r"━━ HAKMEM ━━ (HK\d{3})", result.stderr)


class Ends(unittest.TestCase):
    def test_every_end_is_an_end(self):
        for way in ("return", "_exit", "_Exit", "quick_exit", "beside_others", "twice", "abort",
                    "segv", "fpe"):
            with self.subTest(way=way):
                result = run(4, "", way)
                self.assertEqual(result.returncode, 86, result.stderr)
                self.assertEqual(ids(result), ["HK103"], result.stderr)

    def test_below_level_4_an_end_is_the_programs(self):
        for way in ("_exit", "_Exit", "quick_exit"):
            result = run(3, "", way)
            self.assertEqual((result.returncode, result.stderr), (5, ""))

    def test_a_child_that_shares_memory_is_left_alone(self):
        result = run(4, "", "vfork")
        self.assertEqual(result.stdout, "child 3\n")
        self.assertEqual(result.returncode, 86)
        self.assertEqual(ids(result), ["HK103"], result.stderr)

    def test_an_interrupted_allocator_does_not_hang(self):
        found = 0
        for _ in range(20):
            result = run(4, "", "interrupted")
            self.assertIn(result.returncode, (5, 86), result.stderr)
            found += result.returncode == 86
        self.assertGreater(found, 0)

    def test_in_the_middle_when_asked(self):
        result = run(4, "", "goes_on")
        self.assertEqual((result.returncode, result.stdout, result.stderr), (5, "went on\n", ""))
        result = run(4, "check_every=100", "goes_on")
        self.assertEqual((result.returncode, result.stdout), (86, ""), result.stderr)
        self.assertEqual(ids(result), ["HK103"])
        result = run(4, "check_every=10:halt_on_error=0", "goes_on")
        self.assertEqual(ids(result), ["HK103"], result.stderr)
        self.assertRegex(result.stderr, r"was seen \d{3} more times")
        self.assertEqual(result.returncode, 86)


class FailAlloc(unittest.TestCase):
    ROUNDS = 60

    def failures(self, level, options):
        result = run(level, options, "failures", self.ROUNDS)
        self.assertEqual(result.returncode, 5, result.stderr)
        self.assertEqual(len(result.stdout), 6 * self.ROUNDS)
        return result.stdout, result.stderr

    def test_none_without_the_option(self):
        for level in (1, 2, 3, 4):
            self.assertEqual(set(self.failures(level, "")[0]), {"."})

    def test_the_nth_fails_alone(self):
        for level in (1, 2, 3, 4):
            places = []
            for number in range(40, 52):
                seen, _ = self.failures(level, f"fail_alloc={number}")
                self.assertEqual(len(seen.replace(".", "")), 1, seen)
                places.append(next(i for i, letter in enumerate(seen) if letter != "."))
            # Each allocation of the round once, in order; a realloc in place is none.
            self.assertEqual(places, sorted(set(places)))
            self.assertGreaterEqual(len({place % 6 for place in places}), 5)

    def test_every_nth_fails(self):
        for level in (1, 2, 3, 4):
            kinds = set()
            for every in (8, 9, 10, 11, 13):
                seen, _ = self.failures(level, f"fail_alloc_every={every}")
                failed = len(seen) - seen.count(".")
                self.assertGreater(failed, len(seen) // (every + 3))
                self.assertLess(failed, len(seen) // (every - 3))
                self.assertEqual(self.failures(level, f"fail_alloc_every={every}")[0], seen)
                kinds |= set(seen)
            self.assertEqual(kinds, set(".XNR"))

    def test_chance_is_repeatable(self):
        for level in (1, 4):
            first, errors = self.failures(level, "fail_alloc_ppm=100000")
            seed = re.search(r"HAKMEM: fail_alloc_seed=(\d+) makes the same", errors).group(1)
            again, _ = self.failures(level, f"fail_alloc_ppm=100000:fail_alloc_seed={seed}")
            self.assertEqual(first, again)
            self.assertNotEqual(self.failures(level, "fail_alloc_ppm=100000:fail_alloc_seed=77")[0],
                                self.failures(level, "fail_alloc_ppm=100000:fail_alloc_seed=78")[0])
            self.assertGreater(len(first) - first.count("."), 5)

    def test_the_count_is_told_when_asked(self):
        _, errors = self.failures(2, "fail_alloc=50:verbosity=1")
        self.assertRegex(errors, r"HAKMEM: 1 of \d+ allocations were made to fail")


def main():
    global ARGS
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hakmem", required=True, type=os.path.abspath)
    parser.add_argument("--program", required=True, type=os.path.abspath)
    ARGS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
