#!/usr/bin/env python3
"""Every row of violation.def is reported at its level and not below it.

    run_levels.py --violations src/base/violation.def --programs build/stress/families
                  --library 0=build/lib/libhakmem.so … --unit 1=build/bin/unit_tests_l1_product …

A program's error (HK1xx) is made by a program of this folder, under the library of the row's level
and under the one below, where no report may name it. Our own (HK9xx), and writes into our own
state, are not made from outside: the unit tests break the structures by hand, at either level, and
expect the report or silence.
Prints a table. Called by CTest. Invariant: a row without an entry here is a failure.
"""

import argparse
import os
import re
import subprocess
import sys

ROW = re.compile(r"HAK_VIOLATION\((\d+), (\w+), \"[^\"]*\", (\w+), (\d),")
# Error -> program, variant, bytes, options. What the lowest level finds, not what level 4 does.
PROGRAMS = {
    "101": ("double_free", "at_once", 100, ""), "102": ("write_freed", "link", 100, ""),
    "103": ("write_outside", "past_1", 100, ""), "104": ("write_outside", "before_1", 100, ""),
    "105": ("bad_address", "interior_8", 100, ""), "106": ("bad_address", "stack", 100, ""),
    "107": ("mismatch", "new_free", 100, ""), "108": ("read_outside", "followed", 100, ""),
    "109": ("read_outside", "past", 100, ":page=after"),
    "110": ("bad_address", "realloc_stack", 100, ""), "111": ("library_call", "memset", 100, ""),
    "120": ("leak", "lost", 100, ":leaks=1")}
OWN = {"112": "AWriteThatStraysIntoAThreadsState:OwnFaults.AWriteThatStraysIntoAHeapsState",
       "901": "AListThatDoesNotEnd", "902": "CountersThatDisagree",
       "903": "MoreBlocksPushedThanASlabHas:OwnFaults.ADrainThatLostABlock",
       "904": "ASlabOfAnotherClass",
       "905": "ASuperSlabThatIsNotEmptyThoughItShouldBe:OwnFaults.ASlabWhoseOwnerIsAnotherHeap",
       "906": "ABlockHandedOutTwice"}


def reported(library, folder, error):
    """The errors that a broken program's reports name, or None if it was not told to be broken."""
    program, variant, size, options = PROGRAMS[error]
    environment = {**os.environ, "LD_PRELOAD": library, "HAKMEM_OPTIONS": "symbolize=0" + options}
    done = subprocess.run([os.path.join(folder, program), variant, str(size), "broken"],
                          env=environment, capture_output=True, timeout=60, check=False)
    if done.returncode == 2:
        return None
    return re.findall(r"HAKMEM ━━ HK(\d{3})", done.stderr.decode(errors="replace"))


def unit_passes(unit, error):
    """True when the unit tests of our own error pass, and there are as many as named."""
    names = "OwnFaults." + OWN[error]
    done = subprocess.run([unit, f"--gtest_filter={names}"], capture_output=True, timeout=120,
                          check=False)
    wanted = names.count(":") + 1
    return done.returncode == 0 and f"[  PASSED  ] {wanted} test".encode() in done.stdout


def judge(row, libraries, units, folder):
    """What the row's level and the one below say, as texts, and whether both are right."""
    error, _, _, level = row
    level = int(level)
    if error in OWN:
        # Below level 1 there is no report at all.
        below = units.get(level - 1)
        fires = unit_passes(units[level], error)
        silent = below is None or unit_passes(below, error)
        return ("fires" if fires else "FAILS", "silent" if silent else "FAILS", fires and silent)
    at = reported(libraries[level], folder, error)
    below = reported(libraries[level - 1], folder, error)
    fires = at is not None and at[:1] == [error]
    silent = below is not None and error not in below
    return ("fires" if fires else f"FAILS: {at}", "silent" if silent else f"FAILS: {below}",
            fires and silent)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--violations", required=True)
    parser.add_argument("--programs", required=True, help="folder of the programs")
    parser.add_argument("--library", required=True, action="append", help="LEVEL=FILE")
    parser.add_argument("--unit", required=True, action="append", help="LEVEL=FILE")
    arguments = parser.parse_args()
    libraries = {int(text[0]): text[2:] for text in arguments.library}
    units = {int(text[0]): text[2:] for text in arguments.unit}
    with open(arguments.violations, encoding="utf-8") as file:
        rows = ROW.findall(file.read())
    failed = not rows
    print("row                     level  at it   below it")
    for row in rows:
        error, name, _, level = row
        if error not in PROGRAMS and error not in OWN:
            at, below, right = "FAILS: no program makes it", "", False
        else:
            at, below, right = judge(row, libraries, units, arguments.programs)
        failed |= not right
        print(f"HK{error} {name:17} {level:>6}  {at:6}  {below}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
