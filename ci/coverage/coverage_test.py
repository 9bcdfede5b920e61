#!/usr/bin/env python3
"""Claim: a line or a side of a condition counts as covered when a process of any build executed it,
also one that a check ended; what no process executed is named, and below the goal is a failure.

Called by ctest: coverage_test.py FLAG…, the compiler flags of coverage.cmake, where FOLDER and
NAME stand for the folder of the counters and the program's name. Exit: 0 as claimed, 1 not.
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest

import coverage

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "coverage.py")
FLAGS = sys.argv[1:]
# Line numbers matter below.
SOURCE = """#include <unistd.h>
#include <cstdlib>
#include "child_for_test.h"
template <int kLevel>
int rise(int value) {
  if (kLevel > 1) return value + kLevel;

  // a comment
  if (value > 10) {
    value = 10;
  }
  return value;
}
void die(int code) {
  if (code == 7) _exit(code);
  abort();
}
int main(int argc, char**) {
  int sum = rise<VARIANT>(argc);
  if (argc > 1) run_child([&] { die(argc == 2 ? 7 : 1); });
  if (argc < 1) return 2;
  if (argc > 4) sum = 99;
  return sum == 99 ? 1 : 0;
}
"""
CHILD = """#include <sys/wait.h>
#include <unistd.h>
template <class Body> void run_child(Body body) {
  if (fork() == 0) body();
  wait(nullptr);
}
"""


class Coverage(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.root = os.path.realpath(self.scratch.name)
        self.counters = os.path.join(self.root, "build", "coverage")
        for folder in ("build/coverage", "src/gate", "src/os", "ci/coverage"):
            os.makedirs(os.path.join(self.root, folder))
        self.images = []
        self.write("src/gate/child_for_test.h", CHILD)

    def tearDown(self):
        self.scratch.cleanup()

    def write(self, path, text):
        with open(os.path.join(self.root, path), "w", encoding="utf-8") as file:
            file.write(text)

    def build(self, source, variant):
        image = os.path.join(self.root, "build", f"program{variant}")
        flags = [flag.replace("FOLDER", self.counters).replace("NAME", str(variant))
                 for flag in FLAGS]
        subprocess.run(["clang++-19", *flags, "-O1", f"-DVARIANT={variant}",
                        os.path.join(self.root, source), "-o", image], check=True)
        self.images.append(image)
        self.write("build/coverage/images.txt", "\n".join(self.images))
        return image

    def measure(self, *more):
        done = subprocess.run(
            [sys.executable, "-B", PROGRAM, "--root", self.root, "--build",
             os.path.join(self.root, "build"), "--json", os.path.join(self.root, "found.json"),
             *more], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def found(self, path):
        with open(os.path.join(self.root, "found.json"), encoding="utf-8") as file:
            return json.load(file)["files"][path]

    def run_image(self, image, *arguments):
        subprocess.run([image, *arguments], stdout=subprocess.DEVNULL, check=False)

    def test_every_place_said_to_be_unreachable_is_there(self):
        found = coverage.reasons(os.path.dirname(os.path.dirname(os.path.dirname(PROGRAM))))
        self.assertTrue(all(why for place in found.values() for _, why in place))

    def test_builds_and_dying_children_add_up(self):
        self.write("src/gate/a.cc", SOURCE)
        first, second = self.build("src/gate/a.cc", 1), self.build("src/gate/a.cc", 2)
        self.run_image(first)
        self.run_image(second)
        status, said = self.measure()
        self.assertEqual(status, 1, said)
        self.assertIn("FAILED: src/gate: lines", said)
        # `kLevel > 1` is no choice in either build; the comment and the blank line are no lines.
        self.assertEqual(self.found("src/gate/a.cc")["uncovered_lines"], "10-11, 14-17")
        self.assertFalse([side for side in self.found("src/gate/a.cc")["uncovered_branches"]
                          if side.startswith("6:")])
        self.run_image(first, "die")
        self.run_image(second, "abort", "now")
        status, said = self.measure()
        self.assertEqual(self.found("src/gate/a.cc")["uncovered_lines"], "10-11", said)
        self.assertEqual(self.found("src/gate/a.cc")["uncovered_branches"],
                         ["9:7 never true", "21:7 never true", "22:7 never true",
                          "23:10 never true"])
        self.run_image(first, *["many"] * 10)
        self.assertIn("met", self.measure()[1])

    def test_the_goal_is_of_its_folders_alone(self):
        for folder in ("superslab", "tiny", "pool", "large", "gate", "os"):
            os.makedirs(os.path.join(self.root, "src", folder), exist_ok=True)
            self.write(f"src/{folder}/{folder}.h",
                       f"inline int of_{folder}(int a) {{\n  return a;\n}}\n")
        names = ("superslab", "tiny", "pool", "large", "gate")
        includes = "".join(f'#include "../{name}/{name}.h"\n' for name in (*names, "os"))
        calls = " + ".join(f"of_{name}(argc)" for name in names)
        self.write("src/os/main_test.cc", includes + "int main(int argc, char**) {\n"
                   f"  if (argc == 9) return of_os(1);\n  return ({calls}) == 0;\n}}\n")
        image = self.build("src/os/main_test.cc", 1)
        self.run_image(image)
        status, said = self.measure()
        self.assertEqual(status, 0, said)
        self.assertNotIn("FAILED", said)
        self.assertEqual(self.found("src/os/os.h")["lines_percent"], 0)
        with open(os.path.join(self.root, "found.json"), encoding="utf-8") as file:
            self.assertNotIn("src/os/main_test.cc", json.load(file)["files"])

    def test_a_reason_is_printed_and_the_place_counts_as_not_covered(self):
        self.write("src/gate/a.cc", SOURCE)
        self.run_image(self.build("src/gate/a.cc", 1))
        self.write("ci/coverage/unreached.txt", "# why\nsrc/gate/a.cc | abort(); | nobody dares\n")
        status, said = self.measure()
        self.assertEqual(status, 1)
        self.assertIn("out of reach: abort();: nobody dares", said)

    def test_a_reason_for_a_line_that_is_not_there_fails(self):
        self.write("src/gate/a.cc", SOURCE)
        self.run_image(self.build("src/gate/a.cc", 1))
        self.write("ci/coverage/unreached.txt", "src/gate/a.cc | is_gone(); | nobody dares\n")
        status, said = self.measure()
        self.assertEqual(status, 2)
        self.assertIn("is_gone();", said)

    def test_what_did_not_run_is_not_measured(self):
        self.write("src/gate/a.cc", SOURCE)
        self.run_image(self.build("src/gate/a.cc", 1))
        self.build("src/gate/a.cc", 2)
        status, said = self.measure()
        self.assertEqual(status, 2, said)
        self.assertIn("program2 has not run", said)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
