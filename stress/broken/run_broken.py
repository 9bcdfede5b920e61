#!/usr/bin/env python3
"""Runs one broken program, or a correct twin, under `hakmem run` and judges the report.

    run_broken.py --command build/bin/hakmem --program build/stress/double_free
                  --source stress/broken/double_free.c --expect HK101

A broken program must end with 86 (a leak with 90), its report must name the id and, as file:line,
the line that the source marks with `// BUG`, and report.json must exist and name the same id. A
twin (`--expect nothing`) must end with 0 and leave standard error empty. Called by CTest.
Invariant: the line is read from the source that was compiled, so a moved line cannot make a test
pass.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

LEAK = "HK120"


def marked_line(source):
    """Number of the one line of `source` that holds the marker."""
    with open(source, encoding="utf-8") as file:
        lines = [number for number, line in enumerate(file, 1) if "// BUG" in line]
    if len(lines) != 1:
        sys.exit(f"FAIL {source}: {len(lines)} lines are marked, not one")
    return lines[0]


def find_reports(folder):
    """Every report.json below `folder`."""
    return [os.path.join(place, name) for place, _, names in os.walk(folder) for name in names
            if name == "report.json"]


def ids_in(value):
    """The stable names (HK101 …) among all strings of a JSON value."""
    if isinstance(value, str):
        return {value} if re.fullmatch(r"HK\d{3}", value) else set()
    if isinstance(value, dict):
        return set().union(*map(ids_in, value.values()))
    if isinstance(value, list):
        return set().union(*map(ids_in, value))
    return set()


def problems_of_broken(run, folder, source, expected):
    """What the report of a broken program lacks, as sentences."""
    problems = []
    text = (run.stdout + run.stderr).decode(errors="replace")
    status = 90 if expected == LEAK else 86
    if run.returncode != status:
        problems.append(f"exit status {run.returncode}, expected {status}")
    headlines = set(re.findall(r"HAKMEM.*?\b(HK\d{3})\b", text))
    if expected not in headlines:
        problems.append(f"no headline with {expected}; found {sorted(headlines) or 'none'}")
    elif headlines != {expected}:
        problems.append(f"other findings as well: {sorted(headlines)}")
    line = marked_line(source)
    place = f"{os.path.basename(source)}:{line}"
    if not re.search(re.escape(place) + r"\b", text):
        found = sorted(set(re.findall(re.escape(os.path.basename(source)) + r":\d+", text)))
        problems.append(f"the text does not name {place}; it names {found or 'no line of it'}")
    reports = find_reports(folder)
    if not reports:
        problems.append("no report.json")
    for path in reports:
        try:
            with open(path, encoding="utf-8") as file:
                ids = ids_in(json.load(file))
        except ValueError as error:
            problems.append(f"report.json is not JSON: {error}")
            continue
        if expected not in ids:
            problems.append(f"report.json names {sorted(ids) or 'no id'}, not {expected}")
    return problems


def problems_of_twin(run, folder):
    """What a correct program's run should not have shown."""
    problems = []
    if run.returncode != 0:
        problems.append(f"exit status {run.returncode}, expected 0")
    if run.stderr:
        problems.append("standard error is not empty")
    if find_reports(folder):
        problems.append("a report.json was written")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--command", required=True, help="the hakmem program")
    parser.add_argument("--program", required=True)
    parser.add_argument("--source", required=True)
    parser.add_argument("--expect", required=True, help="HK101 …, or nothing")
    parser.add_argument("--leaks", action="store_true", help="look for leaks as well")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hakbroken.") as folder:
        argv = [os.path.abspath(arguments.command), "run", "-o", folder]
        argv += ["--leaks"] if arguments.leaks else []
        argv += ["--", os.path.abspath(arguments.program)]
        try:
            run = subprocess.run(argv, capture_output=True, timeout=60, cwd=folder,
                                 stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            print(f"FAIL: {' '.join(argv)} hangs: had not ended after 60 s")
            return 1
        if arguments.expect == "nothing":
            problems = problems_of_twin(run, folder)
        else:
            problems = problems_of_broken(run, folder, arguments.source, arguments.expect)
    name = os.path.basename(arguments.program)
    if not problems:
        print(f"ok {name}")
        return 0
    print(f"FAIL {name}: " + "; ".join(problems))
    print(f"$ {' '.join(argv)}\n--- standard output\n{run.stdout.decode(errors='replace')}"
          f"--- standard error\n{run.stderr.decode(errors='replace')}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
