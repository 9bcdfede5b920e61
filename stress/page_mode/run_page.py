#!/usr/bin/env python3
"""Runs a program of this folder under `hakmem run --page`, in several sizes; judges the report.

    run_page.py --command build/bin/hakmem --program build/stress/page_mode/read_past
                --source stress/page_mode/read_past.c --expect HK109 --sides after --sizes 13,4096

A broken program must end with 86; its report must name the id, the size of the block, and in each
of its stacks the line that the source marks: `// BUG` below DETECTED, `// ALLOCATED` below
ALLOCATED, `// FREED` below FREED. report.json must say so too. A correct twin (`--expect nothing`)
must be silent in every page mode. Called by CTest. Invariant: the lines are read from the source
that was compiled.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

MARKS = {"BUG": "DETECTED", "ALLOCATED": "ALLOCATED", "FREED": "FREED"}
STATUS = 86


def marked_lines(source):
    """Title of a stack -> number of the line that must stand in it."""
    lines = {}
    with open(source, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            for mark, title in MARKS.items():
                if f"// {mark}" in line:
                    lines[title] = number
    if "DETECTED" not in lines or "ALLOCATED" not in lines:
        sys.exit(f"FAIL {source}: no line is marked with // BUG, or none with // ALLOCATED")
    return lines


def stack_below(text, title):
    """The frames that a text report shows below a title."""
    found = re.search(rf"^  {title} .*\n((?:    #.*\n)*)", text, re.MULTILINE)
    return found.group(1) if found else ""


def findings_in(folder):
    """All findings of every report.json below `folder`."""
    findings = []
    for place, _, names in os.walk(folder):
        if "report.json" in names:
            with open(os.path.join(place, "report.json"), encoding="utf-8") as file:
                findings += json.load(file)["findings"]
    return findings


def problems_of_broken(run, folder, source, expected, size):
    """What the report of a broken program lacks, as sentences."""
    problems = []
    text = (run.stdout + run.stderr).decode(errors="replace")
    if run.returncode != STATUS:
        problems.append(f"exit status {run.returncode}, expected {STATUS}")
    headlines = re.findall(r"HAKMEM ━━ (HK\d{3})", text)
    if set(headlines) != {expected}:
        problems.append(f"headlines {headlines or 'none'}, expected {expected}")
    if f" {size}-byte block" not in text:
        problems.append(f"no word of a {size}-byte block")
    name = os.path.basename(source)
    for title, line in marked_lines(source).items():
        if not re.search(rf"{re.escape(name)}:{line}\b", stack_below(text, title)):
            problems.append(f"{name}:{line} is not below {title}")
    findings = findings_in(folder)
    if not findings:
        problems.append("no report.json")
    for finding in findings:
        events = {event["event"].upper() for event in finding["events"] if event["stack"]}
        if finding["id"] != expected or not set(marked_lines(source)) <= events:
            problems.append(f"report.json has {finding['id']} with stacks {sorted(events)}")
        if not finding["block"].get("own_pages") or finding["block"]["request_bytes"] != size:
            problems.append(f"report.json has the block {finding['block']}")
    return problems


def problems_of_twin(run, folder):
    """What a correct program's run should not have shown."""
    problems = []
    if run.returncode != 0:
        problems.append(f"exit status {run.returncode}, expected 0")
    if run.stderr:
        problems.append("standard error is not empty")
    if findings_in(folder):
        problems.append("a report.json was written")
    return problems


def run_once(arguments, side, size):
    """One run; True when nothing is wrong with it."""
    with tempfile.TemporaryDirectory(prefix="hakpage.") as folder:
        argv = [os.path.abspath(arguments.command), "run", "--page", side, "-o", folder, "--",
                os.path.abspath(arguments.program), str(size)]
        try:
            run = subprocess.run(argv, capture_output=True, timeout=60, cwd=folder,
                                 stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            print(f"FAIL: {' '.join(argv)} hangs: had not ended after 60 s")
            return False
        if arguments.expect == "nothing":
            problems = problems_of_twin(run, folder)
        else:
            problems = problems_of_broken(run, folder, arguments.source, arguments.expect, size)
    if not problems:
        return True
    print(f"FAIL {side} {size}: " + "; ".join(problems))
    print(f"$ {' '.join(argv)}\n--- standard output\n{run.stdout.decode(errors='replace')}"
          f"--- standard error\n{run.stderr.decode(errors='replace')}")
    return False


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--command", required=True, help="the hakmem program")
    parser.add_argument("--program", required=True)
    parser.add_argument("--source", required=True)
    parser.add_argument("--expect", required=True, help="HK109, or nothing")
    parser.add_argument("--sides", required=True, help="after, before, both; comma between")
    parser.add_argument("--sizes", required=True, help="bytes; comma between")
    arguments = parser.parse_args()
    runs = [(side, int(size)) for side in arguments.sides.split(",")
            for size in arguments.sizes.split(",")]
    failed = sum(not run_once(arguments, side, size) for side, size in runs)
    print(f"{len(runs) - failed} of {len(runs)} runs ok: {os.path.basename(arguments.program)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
