#!/usr/bin/env python3
"""memcheck around a program whose malloc is libhakmem_memcheck.so.

    memcheck_test.py COMPILER build/lib/libhakmem_l3.so build/lib/libhakmem_memcheck.so

Claims: memcheck reports every bad access to a HAKMEM block with the stacks of its allocation and
its release, and nothing in the correct twins. With a library that tells it nothing it reports none:
the reports come from the client requests.
"""

import re
import sys
import tempfile
import unittest

import watched

COMPILER, LIBRARY, SILENT = "", "", ""
FOUND = 9


class Memcheck(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="hakmc.")
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.program = watched.compile_program(COMPILER, cls.scratch.name + "/program")

    def run_case(self, case, size, how, *more, library=None):
        return watched.run(["valgrind", "--soname-synonyms=somalloc=nouserintercepts",
                            "--run-libc-freeres=no", "--run-cxx-freeres=no",
                            f"--error-exitcode={FOUND}", *more, self.program, case, str(size), how],
                           LD_PRELOAD=library or LIBRARY)

    def expect(self, case, size, what, *stacks):
        twin = self.run_case(case, size, "twin")
        self.assertEqual(twin.returncode, 0, twin.stderr)
        self.assertIn("ERROR SUMMARY: 0 errors", twin.stderr)
        bad = self.run_case(case, size, "bad")
        self.assertEqual(bad.returncode, FOUND, bad.stderr)
        self.assertRegex(bad.stderr, what)
        for function in stacks:
            self.assertRegex(bad.stderr, rf"(?s)(alloc'd|free'd)\n.*by 0x\w+: .*{function}")

    def test_access_past_the_end(self):
        self.expect("read_past", 13, r"Invalid read of size 1\n(.*\n)+?.*is 0 bytes after a block "
                                     r"of size 13 alloc'd", "malloc", "read_past")

    def test_access_before_the_start(self):
        self.expect("read_before", 70000, r"is 1 bytes before a block of size 70,000 alloc'd",
                    "read_before")

    def test_access_after_free(self):
        self.expect("read_after_free", 48, r"is 47 bytes inside a block of size 48 free'd\n(.*\n)+?"
                                           r".*Block was alloc'd at", "free", "read_after_free")

    def test_realloc_moves_the_contents_and_the_end(self):
        self.expect("read_past_realloc", 300, r"is 0 bytes after a block of size 300 alloc'd")

    def test_many_threads(self):
        self.expect("busy", 60, r"is 0 bytes after a block of size 60 alloc'd")

    def test_what_hakmem_checks_is_its_own_report(self):
        bad = self.run_case("free_twice", 48, "bad")
        self.assertEqual(bad.returncode, 86, bad.stderr)
        self.assertIn("HK101 double free", bad.stderr)
        self.assertNotIn("Process terminating", bad.stderr)

    def test_bytes_never_written_are_known(self):
        result = self.run_case("read_unwritten", 48, "bad", "--track-origins=yes")
        self.assertEqual(result.returncode, FOUND, result.stderr)
        self.assertRegex(result.stderr, r"depends on uninitialised value(.*\n)+?.*heap allocation")
        self.assertEqual(self.run_case("read_unwritten", 48, "twin").returncode, 0)

    def test_a_leak_is_seen(self):
        result = self.run_case("leak", 48, "bad", "--leak-check=full",
                               "--errors-for-leak-kinds=definite")
        self.assertEqual(result.returncode, FOUND, result.stderr)
        self.assertRegex(result.stderr, r"48 bytes in 1 blocks are definitely lost")
        twin = self.run_case("leak", 48, "twin", "--leak-check=full",
                             "--errors-for-leak-kinds=definite")
        self.assertEqual(twin.returncode, 0, twin.stderr)

    def test_without_client_requests_memcheck_sees_nothing(self):
        result = self.run_case("read_past", 40, "bad", library=SILENT)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIsNone(re.search("Invalid read", result.stderr))


if __name__ == "__main__":
    watched.require("valgrind")
    if len(sys.argv) < 4:
        watched.skip("libhakmem_memcheck.so was not built, for want of valgrind/memcheck.h")
    COMPILER, SILENT, LIBRARY = watched.require(sys.argv[1]), sys.argv[2], sys.argv[3]
    unittest.main(argv=sys.argv[:1])
