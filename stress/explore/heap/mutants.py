#!/usr/bin/env python3
"""Puts one defect at a time into a copy of the heap's sources and lets the explorer look for it.

Called by ctest and by hand. For each mutant: the finding, the mean number of schedules until it was
made (over --runs start seeds), and the time. Each finding's seed is gone through a hundred times
again; with --also COMPILER… the same seed must give the same trace there, or, where that compiler
joins plain accesses which the first one keeps apart, a seed of its own must be found, and gone
through as often. Exit 0: every mutant was found or is expected not to be, 1: one was not, or a
defect does not apply any more, 2: nothing was run.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

import mutant_table

FLAGS = ["-std=c++20", "-O1", "-g1", "-fsanitize=thread", "-fno-exceptions", "-fno-rtti",
         "-fno-threadsafe-statics", "-DHAKMEM_TINY_GEOMETRY=1", "-w"]
GXX_FLAGS = ["-fno-builtin-memset", "-fno-builtin-memcpy", "-fno-builtin-memmove"]
FOUND = re.compile(r"^FOUND (\S+) in (\S+) by seed (\d+) after (\d+) schedules: ", re.MULTILINE)


def apply(mutant, tree):
    """Changes the copy; returns a complaint when the text is not there exactly once."""
    for path, old, new in mutant.changes:
        full = os.path.join(tree, path)
        with open(full, encoding="utf-8") as file:
            text = file.read()
        if text.count(old) != 1:
            return f"{path}: the text to change is there {text.count(old)} times"
        with open(full, "w", encoding="utf-8") as file:
            file.write(text.replace(old, new))
    return None


def units_of(arguments, tree, mutant):
    """Lists of sources, each compiled as one: the heap with its programs, then what level 4 adds,
    by folder; or the small protocols, which are one source."""
    if mutant.in_units:
        return [["explore/units/subjects.cc"]]
    units = [[os.path.join(tree, source) for source in arguments.sources] +
             ["explore/heap/workload.cc"]]
    if mutant.level == 4:
        folders = {}
        for source in arguments.level_4:
            folders.setdefault(os.path.dirname(source), []).append(os.path.join(tree, source))
        units += folders.values()
    return units


def build(arguments, compiler, tree, folder, mutant):
    """Compiles the mutated sources and links them; returns the program, or None and a complaint."""
    flags = FLAGS + [f"-DHAKMEM_INTEGRITY_LEVEL={4 if mutant.in_units else mutant.level}"]
    if "clang" not in os.path.basename(compiler):
        flags += GXX_FLAGS
    program = os.path.join(folder, "explore_" + os.path.basename(compiler))
    commands, objects = [], []
    for number, sources in enumerate(units_of(arguments, tree, mutant)):
        unit = os.path.join(folder, f"heap{number}.cc")
        with open(unit, "w", encoding="utf-8") as file:
            for source in sources:
                file.write(f'#include "{source}"\n')
        objects.append(unit + ".o")
        commands.append([compiler, *flags, "-I" + os.path.join(tree, "src"),
                         "-I" + os.path.join(arguments.root, "stress"), "-c", unit, "-o",
                         objects[-1]])
    host = arguments.units_host if mutant.in_units else []
    commands.append([compiler, *objects, *host, *arguments.archives, "-lfmt", "-lpthread", "-ldl",
                     "-o", program])
    for command in commands:
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        if run.returncode != 0:
            return None, run.stderr[:600]
    return program, None


def hunt(program, mutant, arguments):
    """Runs the families by turns until something is found: (finding, schedules, workload, seed,
    trace hash) of each run."""
    results = []
    budget = mutant.schedules or arguments.schedules
    for number in range(arguments.runs):
        schedules = 0
        for family in mutant.families:
            command = [program, "--workload", family, "--brief", "--quiet", "--programs",
                       str(mutant.programs or arguments.programs), "--schedules", str(budget),
                       "--seed", str(1 + 1000003 * number)]
            run = subprocess.run(command, capture_output=True, text=True, check=False,
                                 timeout=600)
            found = FOUND.search(run.stdout)
            if found:
                schedules += int(found.group(4))
                trace = trace_of(program, found.group(2), found.group(3))
                if trace is None:
                    print(f"{mutant.name:28} seed {found.group(3)} means several schedules")
                    return []
                results.append((f"{found.group(1)} in {found.group(2)}", schedules,
                                found.group(2), found.group(3), trace))
                break
            schedules += budget
    return results


def trace_of(program, workload, seed):
    """The trace's hash when the finding is the same a hundred times, in a process of its own."""
    command = [program, "--workload", workload, "--replay", seed, "--repeat", "100", "--brief"]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    alike = re.search(r"replayed 100 of 100 times alike, trace hash (\w+)", run.stdout)
    return alike.group(1) if alike and FOUND.search(run.stdout) else None


def agree_elsewhere(mutant, arguments, tree, folder, results):
    """True when every finding's seed means the same schedule from the other compilers' objects, or
    these have a seed of their own for each."""
    for compiler in arguments.also:
        program, complaint = build(arguments, compiler, tree, folder, mutant)
        if complaint is not None:
            print(f"{mutant.name:28} {compiler}: {complaint}")
            return False
        if all(trace_of(program, workload, seed) == trace
               for _, _, workload, seed, trace in results):
            continue
        own = hunt(program, mutant, arguments)
        if len(own) < len(results):
            print(f"{mutant.name:28} {compiler}: neither the seeds' traces nor others were found")
            return False
        for _, _, workload, seed, trace in own:
            print(f"{mutant.name:28} seed {seed} of {workload}, trace {trace}, by {compiler}")
    return True


def judge(mutant, arguments):
    with tempfile.TemporaryDirectory() as folder:
        tree = os.path.join(folder, "tree")
        shutil.copytree(os.path.join(arguments.root, "src"), os.path.join(tree, "src"))
        complaint = apply(mutant, tree)
        if complaint is None:
            program, complaint = build(arguments, arguments.compiler, tree, folder, mutant)
        if complaint is not None:
            print(f"{mutant.name:28} DOES NOT APPLY: {complaint}")
            return False
        start = time.monotonic()
        results = hunt(program, mutant, arguments)
        seconds = (time.monotonic() - start) / arguments.runs
        if not agree_elsewhere(mutant, arguments, tree, folder, results):
            return False
    if len(results) < arguments.runs and results:
        print(f"{mutant.name:28} found in {len(results)} of {arguments.runs} runs only")
    if not results:
        verdict = "not found, as expected: " + mutant.survives if mutant.survives else "NOT FOUND"
        print(f"{mutant.name:28} {verdict}")
        return bool(mutant.survives)
    mean = sum(result[1] for result in results) / len(results)
    kinds = sorted({result[0] for result in results})
    print(f"{mutant.name:28} {mean:10.1f} schedules {seconds:7.2f} s  {kinds[0]}")
    if mutant.survives:
        print(f"{mutant.name:28} FOUND, although it was believed to survive: {mutant.survives}")
        return False
    return len(results) == arguments.runs


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--root", required=True, help="the repository")
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--also", nargs="*", default=[], help="compilers that must agree")
    parser.add_argument("--archives", nargs="+", required=True, help="driver and runtime")
    parser.add_argument("--sources", nargs="+", required=True, help="the heap, below the root")
    parser.add_argument("--level-4", nargs="*", default=[], help="what level 4 has besides")
    parser.add_argument("--units-host", nargs="*", default=[], help="archive of units/'s main")
    parser.add_argument("--only", nargs="*", default=[], help="names of mutants")
    parser.add_argument("--quick", action="store_true", help="only those that are found at once")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--programs", type=int, default=100)
    parser.add_argument("--schedules", type=int, default=200000)
    arguments = parser.parse_args()
    run = wrong = 0
    for mutant in mutant_table.load():
        if arguments.only and mutant.name not in arguments.only:
            continue
        if arguments.quick and not mutant.quick:
            continue
        run += 1
        wrong += 0 if judge(mutant, arguments) else 1
        sys.stdout.flush()
    print(f"{run} mutants, {wrong} of them wrong")
    if run == 0:
        return 2
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
