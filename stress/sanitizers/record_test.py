#!/usr/bin/env python3
"""`hakmem record` of a program compiled with a sanitizer, whose malloc is the sanitizer's.

    record_test.py COMPILER build/bin/hakmem

Claims: the list has the operations that the program made, in its order, and replays at level 4; the
sanitizer still finds what is wrong.
"""

import re
import sys
import tempfile
import unittest

import watched

COMPILER, HAKMEM = "", ""

# What program.cc's case `operations` does: releases by the size that the block had. A realloc
# arrives as malloc of the new block and free of the old one; all kinds of allocation as malloc.
MADE = ["malloc 10001", "malloc 10003", "other malloc 10005", "malloc 20002", "free 10001",
        "free 10003", "free 20002", "malloc 10048", "free 10048", "free 10005"]
# ThreadSanitizer tells of a realloc the other way round, and not of aligned allocations.
MADE_BY_TSAN = ["malloc 10001", "malloc 10003", "other malloc 10005", "free 10001", "malloc 20002",
                "free 10003", "free 20002", "free 10005"]


def operations_of(path):
    """Those of the list that concern blocks of at least 10000 bytes, each with its size."""
    sizes, found = {}, []
    with open(path, encoding="utf-8") as file:
        for line in file:
            match = re.fullmatch(r"(t\d+ )?(malloc|free) b(\d+)(?: bytes=(\d+))?\n", line)
            if match is None:
                continue
            thread, verb, block, size = match.groups()
            if verb == "malloc":
                sizes[block] = int(size)
            if sizes[block] >= 10000:
                found.append(f"{'other ' if thread else ''}{verb} {sizes[block]}")
    return found


class Record(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="hakrec.")
        self.addCleanup(scratch.cleanup)
        self.list = scratch.name + "/list.hkops"
        self.program = scratch.name + "/program"

    def record(self, sanitizer, *arguments):
        watched.compile_program(COMPILER, self.program, "-fsanitize=" + sanitizer)
        return watched.run([HAKMEM, "record", "-o", self.list, "--", self.program, *arguments])

    def expect_the_operations(self, sanitizer, made):
        result = self.record(sanitizer, "operations", "1", "twin")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(operations_of(self.list), made)
        replay = watched.run([HAKMEM, "replay", self.list, "--level", "4"])
        self.assertEqual(replay.returncode, 0, replay.stdout + replay.stderr)
        self.assertRegex(replay.stdout, r"^\d+ operations executed, 0 skipped, nothing found")

    def test_operations_under_addresssanitizer(self):
        self.expect_the_operations("address", MADE)

    def test_operations_under_threadsanitizer(self):
        self.expect_the_operations("thread", MADE_BY_TSAN)

    def test_the_sanitizer_still_reports(self):
        result = self.record("address", "read_past", "10001", "bad")
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("AddressSanitizer: heap-buffer-overflow", result.stderr)
        self.assertRegex(result.stderr, r"allocated by thread T0 here:")
        self.assertEqual(operations_of(self.list), ["malloc 10001"])


if __name__ == "__main__":
    COMPILER, HAKMEM = watched.require(sys.argv[1]), sys.argv[2]
    unittest.main(argv=sys.argv[:1])
