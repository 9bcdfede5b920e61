#!/usr/bin/env python3
"""Runs each case of the duress program at level 4, again and again, and wants a report every time.

    run_duress.py --library build/lib/libhakmem_l4.so --program build/stress/duress --rounds 3

Every run must end with 86 before the time limit and name its error in a report's first line, or,
where the report was cut short, in the one line that says so. Prints a table: runs, whole reports,
one-line forms, hangs, failures. Called by CTest; --rounds 1000 is the long form. Invariant: a
program without cases is a failure.
"""

import argparse
import os
import re
import subprocess
import sys

LIMIT_S = 60
FOUND = 86


def run(library, program, case, options):
    """Exit status and standard error; the status is None when the run had to be ended."""
    environment = {**os.environ, "LD_PRELOAD": library, "HAKMEM_OPTIONS": options}
    with subprocess.Popen([program, case], env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        try:
            text = process.communicate(timeout=LIMIT_S)[1].decode(errors="replace")
        except subprocess.TimeoutExpired:
            process.kill()
            return None, process.communicate()[1].decode(errors="replace")
        return process.returncode, text


def kind_of(status, text, error):
    """'whole', 'line', 'hang' or 'failed'."""
    if status is None:
        return "hang"
    if status != FOUND:
        return "failed"
    if re.search(rf"^━━ HAKMEM ━━ {error} ", text, re.MULTILINE) and "SUMMARY: HAKMEM:" in text:
        return "whole"
    return "line" if re.search(rf"^HAKMEM: {error} ", text, re.MULTILINE) else "failed"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--library", required=True)
    parser.add_argument("--program", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", help="one case alone")
    arguments = parser.parse_args()
    listing = subprocess.run([arguments.program, "list"], capture_output=True,
                             check=True).stdout.decode()
    cases = [line.split() for line in listing.splitlines()]
    failed = not cases
    print("case               runs  whole  one line  hangs  failed")
    for case, error, options in cases:
        if arguments.only and case != arguments.only:
            continue
        counts = {"whole": 0, "line": 0, "hang": 0, "failed": 0}
        # A symbolizer takes longer than all the rest.
        rounds = max(1, arguments.rounds // 20) if "symbolize=1" in options else arguments.rounds
        for _ in range(rounds):
            status, text = run(arguments.library, arguments.program, case, options)
            kind = kind_of(status, text, error)
            counts[kind] += 1
            if kind in ("hang", "failed"):
                failed = True
                print(f"FAIL {case}: {kind}, status {status}\n{text[:1500]}")
        print(f"{case:18} {rounds:4}  {counts['whole']:5}  {counts['line']:8}  "
              f"{counts['hang']:5}  {counts['failed']:6}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
