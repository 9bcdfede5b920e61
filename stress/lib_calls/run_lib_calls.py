#!/usr/bin/env python3
"""Runs every case of the lib_calls program under a malloc library of level 4 and judges it.

    run_lib_calls.py --library build/lib/libhakmem_l4.so --program build/stress/lib_calls
                     --silent build/stress/lib_calls_legal --silent build/stress/lib_calls_early
    run_lib_calls.py --library build/lib/libhakmem.so --absent

A broken call must end its process with 86, before anything is damaged, and HK111 must name the
function, the block's request and both stacks; on a freed block it must say so and show the free.
The correct twins of all must be silent, in one process, and so must programs that only look wrong,
call at odd moments or bring a malloc of their own. With lib_calls=0 nothing of it is reported. With
--absent the library is another level's, which must not stand before any of these functions. Called
by CTest. Invariant: a case that the program does not know is a failure.
"""

import argparse
import os
import re
import subprocess
import sys

SIZES = (13, 100, 5000, 70000, 4000000)
CLOSED_FROM = 256 * 1024 + 1  # freed blocks of this size are closed: no byte of one can be touched
FOUND = 86
CHECKED = re.compile(r"_*(mem(?!align)\w+|bcopy|bzero|bcmp|str\w+|stp\w+|wcs\w+|wmem\w+|\w*printf"
                     r"|\w+_chk)")


def run(library, argv, options="symbolize=0"):
    environment = {**os.environ, "LD_PRELOAD": library, "HAKMEM_OPTIONS": options}
    return subprocess.run(argv, env=environment, capture_output=True, timeout=60, check=False)


def wrote_before_the_call(text, size, mode):
    """True when the case's own preparation, a write to the freed block, was the finding."""
    lines = text.split("\n")
    return (mode == "freed" and size >= CLOSED_FROM and "HK102" in lines[0]
            and re.match(rf"The program wrote at \+\d+ of a freed {size}-byte block", lines[1])
            and all(f"  {title}" in text for title in ("DETECTED", "ALLOCATED", "FREED")))


def problems_of_broken(done, function, size, mode):
    """What the report of a broken or freed call lacks, as sentences."""
    text = done.stderr.decode(errors="replace")
    lines = text.split("\n")
    sentence = lines[1] if len(lines) > 1 else ""
    problems = []
    if done.returncode != FOUND:
        problems.append(f"exit status {done.returncode}, expected {FOUND}")
    if wrote_before_the_call(text, size, mode):
        return problems
    if "HK111" not in lines[0]:
        problems.append("the first line does not name HK111")
    if not sentence.startswith(f"{function}() would "):
        problems.append(f"the sentence does not begin with {function}()")
    freed = "freed " if mode == "freed" else ""
    if f"of a {freed}{size}-byte block" not in sentence:
        problems.append(f"the sentence does not name a {freed}{size}-byte block")
    for title in ("DETECTED", "ALLOCATED") + (("FREED",) if freed else ()):
        if f"  {title}" not in text:
            problems.append(f"no stack {title}")
    return problems


def judge_broken(arguments):
    """Every case at every size, broken and freed; returns the numbers of (runs, failures)."""
    listing = run(arguments.library, [arguments.program, "list"]).stdout.decode().split("\n")
    cases = [line.split() for line in listing if line]
    runs = failures = 0
    for name, function in cases:
        for size in SIZES:
            for mode in ("broken", "freed"):
                if name == "memcpy_nothing_w" and mode == "freed":
                    continue  # no byte of a freed block is touched: legal
                argv = [arguments.program, name, str(size), mode]
                done = run(arguments.library, argv)
                problems = problems_of_broken(done, function, size, mode)
                runs += 1
                if problems:
                    failures += 1
                    print(f"FAIL {name} {size} {mode}: {'; '.join(problems)}\n"
                          f"{done.stderr.decode(errors='replace')[:400]}")
    return runs, failures


def judge_silent(arguments):
    """Correct programs, and broken ones with the checks switched off; the same numbers."""
    quiet = [([arguments.program, "all"], "symbolize=0"),
             *(([program], options) for program in arguments.silent
               for options in ("symbolize=0", "lib_calls=0")),
             ([arguments.program, "memchr_r", "13", "broken"], "lib_calls=0"),
             ([arguments.program, "strnlen_r", "13", "freed"], "lib_calls=0")]
    failures = 0
    for argv, options in quiet:
        done = run(arguments.library, argv, options)
        if done.returncode != 0 or done.stderr or done.stdout:
            failures += 1
            print(f"FAIL {' '.join(argv)} with {options}: exit status {done.returncode}, expected "
                  f"silence\n{(done.stdout + done.stderr).decode(errors='replace')[:800]}")
    # Without the checks the damage is done, and found later as what it is.
    done = run(arguments.library, [arguments.program, "memset_w", "13", "broken"],
               "lib_calls=0:symbolize=0")
    if done.returncode != FOUND or b"HK103" not in done.stderr:
        failures += 1
        print("FAIL memset_w with lib_calls=0: not found as HK103")
    return len(quiet) + 1, failures


def judge_absent(library):
    """Exit status 0 when the library exports its malloc, and no function that cases call."""
    listing = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True,
                             check=True).stdout.decode()
    exported = {line.split()[-1].split("@")[0] for line in listing.splitlines()}
    found = sorted(name for name in exported if CHECKED.fullmatch(name))
    print(f"{len(exported)} functions exported, of library calls: {' '.join(found) or 'none'}")
    return 0 if "malloc" in exported and not found else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--library", required=True)
    parser.add_argument("--program")
    parser.add_argument("--silent", action="append", default=[], help="a correct program")
    parser.add_argument("--absent", action="store_true")
    arguments = parser.parse_args()
    if arguments.absent:
        return judge_absent(arguments.library)
    counts = [judge_broken(arguments), judge_silent(arguments)]
    runs, failures = (sum(column) for column in zip(*counts))
    print(f"{runs - failures} ok, {failures} failed")
    return 1 if failures or counts[0][0] == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
