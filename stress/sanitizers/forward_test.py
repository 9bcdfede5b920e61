#!/usr/bin/env python3
"""A program that keeps its sanitizer's malloc, with libhakmem_forward.so linked or preloaded.

    forward_test.py COMPILER build/lib/libhakmem_forward.so

Claims: AddressSanitizer finds what it finds without the library, in blocks of its own malloc;
HAKMEM's functions are there and say that malloc is another's; what cannot be had is an error.
"""

import os
import sys
import tempfile
import unittest

import watched

COMPILER, LIBRARY = "", ""
FORWARDING = 0xffffffff


class Forward(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="hakfwd.")
        cls.addClassCleanup(cls.scratch.cleanup)
        folder = os.path.dirname(LIBRARY)
        linked = ["-Wl,--no-as-needed", "-L" + folder, "-l:" + os.path.basename(LIBRARY),
                  "-Wl,-rpath," + folder]
        cls.linked = watched.compile_program(COMPILER, cls.scratch.name + "/linked",
                                             "-fsanitize=address", *linked)
        cls.plain = watched.compile_program(COMPILER, cls.scratch.name + "/plain", *linked)
        cls.alone = watched.compile_program(COMPILER, cls.scratch.name + "/alone",
                                            "-fsanitize=address")

    def expect_asans_own(self, program, **variables):
        for case, size, name in (("read_past", 13, "heap-buffer-overflow"),
                                 ("read_past_calloc", 5000, "heap-buffer-overflow"),
                                 ("read_past_aligned", 500, "heap-buffer-overflow"),
                                 ("read_after_free", 48, "heap-use-after-free"),
                                 ("busy", 60, "heap-buffer-overflow")):
            with self.subTest(case=case):
                twin = watched.run([program, case, str(size), "twin"], **variables)
                self.assertEqual((twin.returncode, twin.stderr), (0, ""))
                bad = watched.run([program, case, str(size), "bad"], **variables)
                self.assertEqual(bad.returncode, 1, bad.stderr)
                self.assertIn(f"ERROR: AddressSanitizer: {name} on address", bad.stderr)
                # Only its own malloc's blocks does it know like this.
                self.assertRegex(bad.stderr, r"allocated by thread T\d+ here:\n")

    def expect_forwarding(self, program, **variables):
        result = watched.run([program, "statistics", "1", "twin"], **variables)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(f"level {FORWARDING} superslabs 0\n", result.stdout)

    def test_a_linked_program_keeps_the_sanitizers_malloc(self):
        self.expect_asans_own(self.linked)
        self.expect_forwarding(self.linked)

    def test_so_does_a_program_that_it_is_preloaded_into(self):
        # The sanitizer wants to be the first library; with this one before it, it is to be told.
        variables = {"LD_PRELOAD": LIBRARY, "ASAN_OPTIONS": "verify_asan_link_order=0"}
        self.expect_asans_own(self.alone, **variables)
        self.expect_forwarding(self.alone, **variables)

    def test_releases_that_the_sanitizer_lacks_reach_it(self):
        self.assertEqual(watched.run([self.linked, "sized_release", "9", "twin"]).returncode, 0)
        bad = watched.run([self.linked, "sized_release", "9", "bad"])
        self.assertIn("AddressSanitizer: heap-use-after-free", bad.stderr)
        self.assertRegex(bad.stderr, r"freed by thread T0 here:\n(.*\n)+?.*sized_release")

    def test_a_program_without_a_sanitizer_has_the_c_librarys(self):
        for case, size in [*watched.PAST, *watched.FREED, ("read_past_usable", 100)]:
            with self.subTest(case=case, size=size):
                result = watched.run([self.plain, case, str(size), "twin"])
                self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.expect_forwarding(self.plain)

    def test_a_level_is_refused(self):
        result = watched.run([self.plain, "read_past", "8", "twin"], HAKMEM_INTEGRITY_LEVEL="4")
        self.assertEqual(result.returncode, 64)
        self.assertIn("forwards malloc", result.stderr)

    def test_options_are_checked_and_said_to_have_no_effect(self):
        result = watched.run([self.plain, "read_past", "8", "twin"], HAKMEM_OPTIONS="leaks=1")
        self.assertEqual(result.returncode, 0)
        self.assertIn("HAKMEM_OPTIONS: without effect", result.stderr)
        result = watched.run([self.plain, "read_past", "8", "twin"], HAKMEM_OPTIONS="leeks=1")
        self.assertEqual(result.returncode, 64)
        self.assertIn("leaks", result.stderr)


if __name__ == "__main__":
    COMPILER, LIBRARY = watched.require(sys.argv[1]), sys.argv[2]
    unittest.main(argv=sys.argv[:1])
