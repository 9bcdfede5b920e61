#!/usr/bin/env python3
"""Claim: memcheck understands a program that runs on HAKMEM: it names a read of freed memory with
both stacks, and says nothing about a correct program or about HAKMEM itself.

Called by ctest: memcheck_test.py PROGRAM LIBRARY_FOLDER. Exit: 0 true, 1 not, 77 not checked (no
valgrind). Level 4 loads libunwind, whose own system calls memcheck reports.
"""

import os
import shutil
import subprocess
import sys
import unittest

PROGRAM, LIBRARIES = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
LEVELS = (0, 3)
LIMIT_S = 60
STATUS = 7  # of the program when it ends well
# The search for leaks would read the address map, 16 GiB of address space.
MEMCHECK = ["valgrind", "-q", "--leak-check=no", "--error-exitcode=9"]


def run(level, how):
    """Exit status of the program under memcheck, and what memcheck said."""
    name = "libhakmem.so" if level == 0 else f"libhakmem_l{level}.so"
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith("HAKMEM_")}
    environment["LD_PRELOAD"] = os.path.join(LIBRARIES, name)
    done = subprocess.run(MEMCHECK + [PROGRAM, how], env=environment, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=LIMIT_S, check=False)
    return done.returncode, done.stderr.decode(errors="replace")


class Memcheck(unittest.TestCase):
    def test_a_read_of_freed_memory_has_both_stacks(self):
        for level in LEVELS:
            with self.subTest(level=level):
                _, text = run(level, "poison")
                self.assertRegex(text, r"(?s)Invalid read of size 8.*main.*free'd.*drop.*"
                                       r"alloc'd.*make")

    def test_a_correct_program_is_not_reported(self):
        for level in LEVELS:
            with self.subTest(level=level):
                self.assertEqual(run(level, "status"), (STATUS, ""))


if __name__ == "__main__":
    if shutil.which("valgrind") is None:
        print("SKIPPED: no valgrind")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1])
