#!/usr/bin/env python3
"""A program compiled with AddressSanitizer whose malloc is hakmem_asan.o.

    asan_test.py COMPILER build/lib/hakmem_asan.o

Claims: the sanitizer reports every bad access to a HAKMEM block under the name that it has for its
own blocks, and nothing in the correct twins; what HAKMEM's own checks find is HAKMEM's report.
"""

import sys
import tempfile
import unittest

import watched

COMPILER, OBJECT = "", ""


class Asan(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="hakasan.")
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.program = watched.compile_program(COMPILER, cls.scratch.name + "/program",
                                              "-fsanitize=address", OBJECT)

    def run_case(self, case, size, how, **variables):
        return watched.run([self.program, case, str(size), how], **variables)

    def expect(self, cases, name):
        for case, size in cases:
            with self.subTest(case=case, size=size):
                twin = self.run_case(case, size, "twin")
                self.assertEqual((twin.returncode, twin.stderr), (0, ""))
                bad = self.run_case(case, size, "bad")
                self.assertEqual(bad.returncode, 1, bad.stderr)
                self.assertIn(f"ERROR: AddressSanitizer: {name} on address", bad.stderr)
                self.assertIn("program.cc", bad.stderr)

    def test_access_past_the_end(self):
        self.expect(watched.PAST, "heap-buffer-overflow")

    def test_access_before_the_start(self):
        self.expect(watched.BEFORE, "heap-buffer-overflow")

    def test_access_after_free(self):
        self.expect(watched.FREED, "heap-use-after-free")

    def test_releases_of_c23(self):
        self.expect([("sized_release", 100)], "heap-use-after-free")

    def test_usable_size_is_what_was_asked_for(self):
        self.expect([("read_past_usable", 13), ("read_past_usable", 5000)], "heap-buffer-overflow")

    def test_the_sanitizers_own_functions_see_the_blocks(self):
        self.expect([("copy_past", 13), ("copy_past", 4097)], "heap-buffer-overflow")

    def test_the_malloc_in_the_program_is_hakmems(self):
        result = self.run_case("statistics", 1, "twin")
        self.assertRegex(result.stdout, r"level 3 superslabs [1-9]", result.stderr)

    def test_options_of_hakmem_hold(self):
        result = self.run_case("read_past", 48, "twin", HAKMEM_OPTIONS="quarantine_kob=1")
        self.assertEqual(result.returncode, 64)
        self.assertIn("quarantine_kib", result.stderr)


if __name__ == "__main__":
    COMPILER, OBJECT = watched.require(sys.argv[1]), sys.argv[2]
    unittest.main(argv=sys.argv[:1])
