#!/usr/bin/env python3
"""Switches one check off at a time and sees the tests fail that need it, and no other.

    checks_off.py --build build --table docs/CHECKS_OFF.md --programs build/stress/families
                  [--only CHECK…] [--jobs N]

The table's lines name an error or a promise, the check that finds it, a level, a test and what
the test sees without the check. For each check of a level its library or unit tests are built
without it. The line's test must pass on the ordinary build and not without the check, there with
just the outcome that the line tells; the tests of that level's other checks must pass in both.
Called by CTest (all checks nightly, some of them with every change). Exit 0: all lines hold, 1:
one does not, 2: nothing was checked. Invariant: a check of checks.h or a row of violation.def
without a line is a failure, and so is one that needs a level the table gives it not.
"""

import argparse
import collections
import os
import re
import subprocess
import sys

import without_check

LINE = re.compile(r"^\| (HK\d{3}|[a-z ]+) \| `(k\w+)` \| (\d) \| `([^`]+)` \| ([^|]+) \|$",
                  re.MULTILINE)
VIOLATION = re.compile(r"HAK_VIOLATION\((\d+), ")
CHECK = re.compile(r"^  (k\w+) = 1u << \d+,", re.MULTILINE)
HEADLINE = re.compile(r"HAKMEM ━━ (HK\d{3})")
LIMIT_S = 120
# What a report has, of which no error tells.
PARTS = {"stacks": re.compile(r"^  FREED .*\n    #0 .*\n    #1 ", re.MULTILINE),
         "history": re.compile(r"^  HISTORY ", re.MULTILINE)}
# What the others of their level look at, and for how long: no error is theirs to find.
NO_CHECK = {"kRecords", "kQuarantine"}

Line = collections.namedtuple("Line", "promise check level test outcome")


class Tests:
    """Runs the tests of the table against libraries and unit test programs."""

    def __init__(self, root, programs):
        self.root, self.programs = root, programs

    def outcome_of_program(self, line, library):
        """What a program of the families ends with: "fires", "silent", another id, a signal."""
        program, *arguments = line.test.split()
        options = "".join(":" + word for word in arguments if "=" in word)
        arguments = [word for word in arguments if "=" not in word]
        environment = {**os.environ, "LD_PRELOAD": library,
                       "HAKMEM_OPTIONS": "symbolize=0" + options}
        done = subprocess.run([os.path.join(self.programs, program), *arguments, "broken"],
                              env=environment, capture_output=True, timeout=LIMIT_S, check=False)
        text = done.stderr.decode(errors="replace")
        named = HEADLINE.findall(text)
        if line.promise in PARTS:
            return "fires" if PARTS[line.promise].search(text) else "silent"
        if named:
            return "fires" if named[0] == line.promise else named[0]
        if done.returncode < 0:
            return f"signal {-done.returncode}"
        # 0, or what the program itself says of the wrong result that it came to.
        return "silent" if done.returncode in (0, 3) else f"exit {done.returncode}: {text[:200]}"

    @staticmethod
    def outcome_of_unit(line, program):
        done = subprocess.run([program, f"--gtest_filter={line.test}"], capture_output=True,
                              timeout=LIMIT_S, check=False)
        text = done.stdout.decode(errors="replace")
        if "[  PASSED  ] 1 test" in text and done.returncode == 0:
            return "fires"
        if "[  FAILED  ] 1 test" not in text:
            return f"exit {done.returncode}: {text[:200]}"
        named = [error for error in HEADLINE.findall(text) if error != line.promise]
        if named:
            return named[0]
        status = re.search(r"^status (\d+)$", text, re.MULTILINE)
        return f"signal {int(status[1])}" if status and 0 < int(status[1]) < 128 else "silent"

    def source_of(self, test):
        """The file of a unit test's suite."""
        suite = test.split(".")[0]
        found = subprocess.run(["grep", "-rlE", rf"^TEST(_F)?\({suite}, {test.split('.')[1]}\)",
                                os.path.join(self.root, "src")], capture_output=True, text=True,
                               check=False).stdout.split()
        if len(found) != 1:
            raise without_check.BuildError(f"{test} is in {len(found)} files")
        return os.path.basename(found[0])

    def outcome(self, line, library, unit):
        return self.outcome_of_unit(line, unit) if is_unit(line) else \
            self.outcome_of_program(line, library)


def is_unit(line):
    return "." in line.test.split()[0]


def read_table(path):
    with open(path, encoding="utf-8") as file:
        return [Line(*groups) for groups in LINE.findall(file.read())]


def complaints_of_table(lines, root):
    """Rows and checks that the table lacks."""
    def read(name):
        with open(os.path.join(root, "src/base", name), encoding="utf-8") as file:
            return file.read()
    rows = {"HK" + number for number in VIOLATION.findall(read("violation.def"))}
    checks = set(CHECK.findall(read("checks.h"))) - NO_CHECK
    missing = sorted(rows - {line.promise for line in lines})
    missing += sorted(checks - {line.check for line in lines})
    unknown = sorted({line.check for line in lines} - checks)
    return [f"no line of {name}" for name in missing] + [f"no such check: {n}" for n in unknown]


def judge_check(check, level, lines, tests, builder):
    """Tries a check's lines and its level's other ones; returns the number that do not hold."""
    lost = {(line.promise, line.test): line.outcome for line in lines
            if (line.level, line.check) == (level, check)}
    # A test of several checks is in several lines.
    of_level = {(line.promise, line.test): line for line in lines if line.level == level}.values()
    # Another check's program is a witness that the build without this one works.
    needs_library = any(not is_unit(line) for line in of_level)
    units = [line for line in of_level if is_unit(line)]
    plain = os.path.join(builder.folder, "lib", f"libhakmem_l{level}.so")
    library = builder.library(level, check) if needs_library else None
    sources = {tests.source_of(line.test) for line in units}
    plain_unit = builder.unit_tests(level, None, sources) if units else None
    unit = builder.unit_tests(level, check, sources) if units else None
    wrong = 0
    for line in of_level:
        with_check = tests.outcome(line, plain, plain_unit)
        without = tests.outcome(line, library, unit)
        expected = lost.get((line.promise, line.test), "fires")
        holds = with_check == "fires" and without == expected
        wrong += not holds
        if expected != "fires" or not holds:
            told = "" if holds else f"   FAILS: expected {expected}"
            print(f"{line.promise:7} {check:21} {level}  {line.test:50} {with_check:6} "
                  f"{without}{told}", flush=True)
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", required=True, help="folder of the ordinary build")
    parser.add_argument("--root", required=True, help="the repository")
    parser.add_argument("--table", required=True)
    parser.add_argument("--programs", required=True, help="folder of the families' programs")
    parser.add_argument("--only", nargs="*", default=[], help="LEVEL-CHECK, as 1-kNextInSlab")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    lines = read_table(arguments.table)
    complaints = complaints_of_table(lines, arguments.root)
    for complaint in complaints:
        print(f"FAILED: {complaint}")
    build = os.path.abspath(arguments.build)
    builder = without_check.Builder(build, os.path.join(build, "checks_off"), arguments.jobs)
    tests = Tests(arguments.root, arguments.programs)
    pairs = list(dict.fromkeys((line.level, line.check) for line in lines))
    pairs = [(level, check) for level, check in pairs
             if not arguments.only or f"{level}-{check}" in arguments.only]
    print(f"{'row':7} {'check off':21} l. {'test':50} {'on':6} off")
    wrong = len(complaints)
    for level, check in pairs:
        try:
            wrong += judge_check(check, level, lines, tests, builder)
        except without_check.BuildError as error:
            print(f"FAILED: level {level} without {check}: {error}")
            wrong += 1
    print(f"{len(pairs)} checks switched off one by one, {wrong} lines do not hold")
    if not pairs or len(pairs) < len(arguments.only):
        return 2
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
