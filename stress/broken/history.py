#!/usr/bin/env python3
"""Claim: `hakmem history` tells the life of the block of a finding from the report alone, the same
with every thread's calls from a pointer trace, and says so when it knows nothing.

    history.py --command build/bin/hakmem --broken build/stress/broken/write_after_free
               --clean build/stress/broken/write_after_free_ok

Called by CTest. Exit: 0 it does, 1 it does not.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

TRACE = {"HAKMEM_PTR_TRACE_DUMP": "1"}


class Runs:
    """Runs commands in a folder of its own and remembers what was wrong."""

    def __init__(self, command, folder):
        self.command, self.folder, self.problems = command, folder, []

    def hakmem(self, status, *arguments, variables=None):
        run = subprocess.run([self.command, *arguments], capture_output=True, timeout=60,
                             cwd=self.folder, stdin=subprocess.DEVNULL,
                             env={**os.environ, **(variables or {})})
        out, err = run.stdout.decode(), run.stderr.decode(errors="replace")
        if run.returncode != status:
            self.problems.append(f"{arguments}: exit status {run.returncode}, not {status}:\n{err}")
        return out, err

    def claim(self, holds, sentence):
        if not holds:
            self.problems.append(sentence)


def report_in(folder):
    """The one report.json below `folder`, and the folder it is in."""
    places = [os.path.join(folder, name) for name in os.listdir(folder) if name.startswith("hk.")]
    with open(os.path.join(places[0], "report.json"), encoding="utf-8") as file:
        return json.load(file), places[0]


def calls_in(text):
    """(number, what) of each call, as printed."""
    found = re.findall(r"^  #(\d+) +(alloc|free|resize) ", text, re.M)
    return [(int(number), what) for number, what in found]


def check_finding(runs, program):
    """A broken program, without a trace and with one."""
    runs.hakmem(86, "run", "-o", "plain", "--", program)
    report, place = report_in(os.path.join(runs.folder, "plain"))
    address = report["findings"][0]["address"]
    runs.claim(not os.path.exists(os.path.join(place, "ptr_trace.jsonl")),
               "a trace was written that nobody asked for")
    text, _ = runs.hakmem(0, "history", address, "plain")
    events = {e["event"]: e for e in report["findings"][0]["events"]}
    wanted = [(events["freed"]["sequence"], "free"), (events["allocated"]["sequence"], "alloc")]
    runs.claim(calls_in(text) == wanted, f"not {wanted}, newest first:\n{text}")
    runs.claim("write_after_free.c:" in text, f"no line of the program:\n{text}")

    runs.hakmem(86, "run", "-o", "traced", "--", program, variables=TRACE)
    report, place = report_in(os.path.join(runs.folder, "traced"))
    address = report["findings"][0]["address"]
    with open(os.path.join(place, "ptr_trace.jsonl"), encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    runs.claim(lines[0]["hakmem_trace"] == 2 and lines[0]["pid"] == report["pid"], "no head")
    times = [line["time"] for line in lines if "event" in line]
    runs.claim(times and times == sorted(times), "the events are not in the order of time")
    text, _ = runs.hakmem(0, "history", address, place)
    runs.claim(calls_in(text)[:2] == wanted, f"not {wanted} first:\n{text}")
    runs.claim(text.count("write_after_free.c:") >= 2, f"the report's stacks are lost:\n{text}")


def check_clean(runs, program):
    """A program without a finding: the trace is all there is."""
    variables = dict(TRACE, HAKMEM_OPTIONS="trace_events=8192")
    runs.hakmem(0, "run", "-o", "clean", "--", program, variables=variables)
    folder = os.path.join(runs.folder, "clean")
    place = os.path.join(folder, os.listdir(folder)[0])
    with open(os.path.join(place, "ptr_trace.jsonl"), encoding="utf-8") as file:
        calls = [line for line in map(json.loads, file) if line.get("event") == "free"]
    text, _ = runs.hakmem(0, "history", calls[-1]["address"], "clean")
    runs.claim(calls_in(text)[0] == (calls[-1]["sequence"], "free"), f"not that free:\n{text}")
    runs.claim(f"{os.path.basename(program)}+0x" in text, f"no frame of the program:\n{text}")


def check_errors(runs):
    _, error = runs.hakmem(125, "history", "0x10", "plain")
    runs.claim("nothing is known about 0x10" in error, error)
    os.mkdir(os.path.join(runs.folder, "empty"))
    _, error = runs.hakmem(125, "history", "0x10", "empty")
    runs.claim("HAKMEM_PTR_TRACE_DUMP=1" in error, error)
    _, error = runs.hakmem(64, "history", "main", "plain")
    runs.claim("'main' is no address" in error, error)
    runs.hakmem(125, "history", "0x10", "not-there")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("--command", "--broken", "--clean"):
        parser.add_argument(name, required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hakhistory.") as folder:
        runs = Runs(os.path.abspath(arguments.command), folder)
        check_finding(runs, os.path.abspath(arguments.broken))
        check_clean(runs, os.path.abspath(arguments.clean))
        check_errors(runs)
    for problem in runs.problems:
        print("FAIL:", problem)
    return 1 if runs.problems else 0


if __name__ == "__main__":
    sys.exit(main())
