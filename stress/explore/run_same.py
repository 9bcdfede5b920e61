#!/usr/bin/env python3
"""Runs each program twice and expects the same standard output from all of the runs.

Called by ctest: run_same.py --arguments="…" PROGRAM…  Exit 0: all equal, 1: a difference, a
failing program, or nothing to compare.
"""

import argparse
import subprocess
import sys


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--arguments", default="", help="arguments of each program")
    parser.add_argument("programs", nargs="+")
    arguments = parser.parse_args()
    outputs = []
    for program in arguments.programs * 2:
        command = [program, *arguments.arguments.split()]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        if run.returncode != 0 or not run.stdout:
            print(f"{' '.join(command)}: exit {run.returncode}, {len(run.stdout)} bytes\n"
                  f"{run.stdout[-2000:]}{run.stderr[-2000:]}")
            return 1
        outputs.append((program, run.stdout.splitlines()))
    first_program, first = outputs[0]
    for program, lines in outputs[1:]:
        for number, (one, other) in enumerate(zip(first, lines), 1):
            if one != other:
                print(f"line {number}\n  {first_program}: {one}\n  {program}: {other}")
                return 1
        if len(first) != len(lines):
            print(f"{first_program}: {len(first)} lines, {program}: {len(lines)} lines")
            return 1
    print(f"{len(outputs)} runs, {len(first)} equal lines")
    return 0


if __name__ == "__main__":
    sys.exit(main())
