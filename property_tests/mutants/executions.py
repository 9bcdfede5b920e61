#!/usr/bin/env python3
"""How many executions the fuzzer needs to find a defect, by what mutates its inputs.

    executions.py [NAME…] [--build DIR] [--seeds 3] [--cap 200000]

Each mutant named is built into the operations fuzzer at the tiny geometry; the fuzzer starts
without a corpus and runs until the oracle complains: with the mutator that knows operations, and
with libFuzzer's own, which knows bytes. Printed is the median over the seeds; a search that ended
without a find counts as its cap. Called by hand; docs/MUTANTS.md has the figures. Exit status: 0,
or 125 when a mutant cannot be built or asked for.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys

import killers
import overlay as overlays
import table

# Defects that one thread's operations can show.
USUAL = ("batch-used-leak", "slab0-offset", "bitmap-inverted", "class-mismatch-bind",
         "pool-stale-release", "realloc-keeps-old", "zeroed-one-short", "usable-one-more",
         "remote-free-as-own-fuzz")
EXECUTED = re.compile(r"^stat::number_of_executed_units:\s+(\d+)", re.MULTILINE)
MUTATORS = {"operations": {}, "bytes": {"HAKMEM_FUZZ_BYTES": "1"}}


class Subject:
    """The fuzzer with one defect."""

    def __init__(self, mutant, build):
        self.folder = os.path.join(build, "mutants", "executions-" + mutant.name)
        overlay = overlays.Overlay(table.ROOT, build, self.folder, mutant.edits)
        mutant.arguments = ["0-tiny"]
        self.program = killers.TECHNIQUES["fuzz"].subject(overlay, mutant)

    def executions(self, mutator, seed, cap):
        """(executions, found)."""
        run = subprocess.run(
            [self.program, f"-runs={cap}", f"-seed={seed}", "-max_len=2048", "-print_final_stats=1",
             "-artifact_prefix=" + self.folder + "/"],
            env={**os.environ, **MUTATORS[mutator]}, capture_output=True, text=True,
            errors="replace", check=False)
        executed = EXECUTED.search(run.stderr)
        found = run.returncode != 0
        return (int(executed.group(1)) if executed else cap), found


def measure(mutant, arguments):
    subject = Subject(mutant, arguments.build)
    medians = {}
    for mutator in MUTATORS:
        runs = [subject.executions(mutator, seed, arguments.cap)
                for seed in range(1, arguments.seeds + 1)]
        medians[mutator] = statistics.median(count for count, _ in runs)
        missed = sum(not found for _, found in runs)
        print(f"{mutant.name:28} {mutator:11} {medians[mutator]:10.0f}   "
              f"not found {missed} of {len(runs)}", flush=True)
    print(f"{'':28} {'ratio':11} {medians['bytes'] / max(1, medians['operations']):10.1f}",
          flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--build", default=os.path.join(table.ROOT, "build"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--cap", type=int, default=200000)
    arguments = parser.parse_args()
    arguments.build = os.path.abspath(arguments.build)
    known = {mutant.name: mutant for mutant in table.load()}
    unknown = [name for name in arguments.names if name not in known]
    if unknown:
        print(f"executions.py: no mutant {', '.join(unknown)}", file=sys.stderr)
        return 125
    try:
        for name in arguments.names or USUAL:
            measure(known[name], arguments)
    except (overlays.DoesNotApply, overlays.BuildBroke, OSError) as error:
        print(f"executions.py: {error}", file=sys.stderr)
        return 125
    return 0


if __name__ == "__main__":
    sys.exit(main())
