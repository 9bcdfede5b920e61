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

    def run_case(self, case, size, how, leaks=0, **variables):
        variables["ASAN_OPTIONS"] = f"detect_leaks={leaks}"
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

    def test_the_leak_check_looks_through_the_blocks(self):
        bad = self.run_case("kept_by_a_block", 100, "bad", leaks=1)
        if "LeakSanitizer has encountered a fatal error" in bad.stderr:
            self.skipTest("SKIPPED: the leak check does not work here")
        self.assertIn("ERROR: LeakSanitizer: detected memory leaks", bad.stderr)
        self.assertRegex(bad.stderr, r"SUMMARY: .*: 5050 byte\(s\) leaked in 50 allocation")
        twin = self.run_case("kept_by_a_block", 100, "twin", leaks=1)
        self.assertEqual((twin.returncode, twin.stderr), (0, ""))

    def test_releases_of_c23(self):
        self.expect([("sized_release", 100)], "heap-use-after-free")

    def expect_explained(self, case, size, *lines):
        self.assertRegex(self.run_case(case, size, "bad").stderr,
                         r"HAKMEM: 0x\w+ is " + r"(.*\n)+?".join(lines))

    def test_the_report_has_the_blocks_stacks(self):
        self.expect_explained("read_past", 48, "0 bytes behind a live 48-byte block at 0x",
                              "HAKMEM: allocated by thread ", r"    #\d 0x\w+ in .*read_past.*"
                              r"program\.cc:\d+")
        self.expect_explained("read_before", 48, "1 bytes before a live 48-byte block at 0x",
                              r"    #\d 0x\w+ in .*read_before")
        self.expect_explained("freed_by_another_thread", 48,
                              "0 bytes inside a freed 48-byte block at 0x", "HAKMEM: freed by",
                              r".* in .*operator\(\)|.* in .*freed_by", "HAKMEM: allocated by",
                              r".* in .*freed_by_another_thread")

    def test_usable_size_is_what_was_asked_for(self):
        self.expect([("read_past_usable", 13), ("read_past_usable", 5000)], "heap-buffer-overflow")

    def test_the_sanitizers_own_functions_see_the_blocks(self):
        self.expect([("copy_past", 13), ("copy_past", 4097)], "heap-buffer-overflow")

    def test_the_malloc_in_the_program_is_hakmems(self):
        result = self.run_case("statistics", 1, "twin")
        self.assertRegex(result.stdout, r"level 3 superslabs [1-9]", result.stderr)

    def test_what_hakmem_checks_is_its_own_report(self):
        self.assertEqual(self.run_case("free_twice", 48, "twin").returncode, 0)
        bad = self.run_case("free_twice", 48, "bad")
        self.assertEqual(bad.returncode, 86, bad.stderr)
        self.assertRegex(bad.stderr, r"HK101(.*\n)+?.*FREED(.*\n)+?.*free_twice(.*\n)+?.*ALLOCATED")

    def test_options_of_hakmem_hold(self):
        result = self.run_case("read_past", 48, "twin", HAKMEM_OPTIONS="quarantine_kob=1")
        self.assertEqual(result.returncode, 64)
        self.assertIn("quarantine_kib", result.stderr)


if __name__ == "__main__":
    COMPILER, OBJECT = watched.require(sys.argv[1]), sys.argv[2]
    unittest.main(argv=sys.argv[:1])
