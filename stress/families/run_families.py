#!/usr/bin/env python3
"""Runs every variant of the programs of this folder at level 4 and judges reports and twins.

    run_families.py --library build/lib/libhakmem_l4.so --program build/stress/families/leak …

Every broken run must end with 86 (a leak with 90), its first report must have the variant's id, and
must show who allocated the block and who freed it where that exists: a frame of a function
allocate_… or free_… of the program, found through the program's symbols. Every correct twin must be
silent and end as the program alone does. Prints a table with a line for each program and id. With
--symptom STATUS the library is one that checks nothing: every broken variant must end with that
status, by its own judgement, and every twin with 0. Called by CTest. Invariant: a program without
variants, or one that does not run, is a failure.
"""

import argparse
import bisect
import os
import re
import subprocess
import sys

SIZES = {"all": (13, 16, 24, 100, 1000, 4096, 40000, 1 << 20, 4 << 20),
         "small": (16, 24, 100, 1000, 4096), "some": (13, 1000, 40000, 4 << 20), "one": (100,)}
OPTIONS = {"plain": "", "after": ":page=after", "before": ":page=before", "leaks": ":leaks=1"}
STACKS = {"a": ("ALLOCATED", "allocate_"), "f": ("FREED", "free_")}
FOUND, LEAK = 86, 90


class Symbols:
    """Functions of a program by address."""

    def __init__(self, program):
        lines = subprocess.run(["nm", "-C", "--defined-only", program], capture_output=True,
                               check=True).stdout.decode().splitlines()
        table = sorted((int(line.split()[0], 16), line.split(None, 2)[2]) for line in lines)
        self.addresses = [address for address, _ in table]
        self.names = [name for _, name in table]

    def name_at(self, address):
        return self.names[bisect.bisect_right(self.addresses, address) - 1]


def variants_of(program):
    listing = subprocess.run([program, "list"], capture_output=True, check=True).stdout.decode()
    return [line.split() for line in listing.splitlines()]


def run(library, program, options, arguments):
    environment = {**os.environ, "LD_PRELOAD": library,
                   "HAKMEM_OPTIONS": "symbolize=0" + options}
    return subprocess.run([program, *arguments], env=environment, capture_output=True, timeout=60,
                          check=False)


def functions_below(text, title, program, symbols):
    """Names of the program's functions in the stack below a title of the first report."""
    stack = re.search(rf"^  {title} .*\n((?:    #.*\n)*)", text, re.MULTILINE)
    if not stack:
        return []
    name = re.escape(os.path.basename(program))
    # Return addresses: the call is before them.
    return [symbols.name_at(int(offset, 16) - 1)
            for offset in re.findall(rf" {name}\+0x([0-9a-f]+)", stack.group(1))]


def problems_of_broken(done, error, stacks, program, symbols):
    """What the run of a broken program lacks, as sentences."""
    problems = []
    text = done.stderr.decode(errors="replace")
    status = LEAK if error == "HK120" else FOUND
    if done.returncode != status:
        problems.append(f"exit status {done.returncode}, expected {status}")
    headlines = re.findall(r"HAKMEM ━━ (HK\d{3})", text)
    if not headlines or headlines[0] != error:
        return problems + [f"reported {headlines or 'nothing'}, expected {error}"]
    first = text.split("SUMMARY:")[0]
    for title, function in (STACKS[letter] for letter in stacks if letter != "-"):
        names = functions_below(first, title, program, symbols)
        if not any(function in name for name in names):
            problems.append(f"no {function}… below {title}, but {names}")
    return problems


def problems_of_twin(done, ends):
    problems = []
    if done.returncode != ends:
        problems.append(f"exit status {done.returncode}, expected {ends}")
    if done.stderr or done.stdout:
        problems.append("it is not silent")
    return problems


def judge(library, program, only):
    """Runs a program's variants; returns {id: [variants, runs, diagnosed, twins, reports]}."""
    symbols = Symbols(program)
    table = {}
    for name, error, mode, sizes, stacks, ends in variants_of(program):
        if only and only != name:
            continue
        row = table.setdefault(error, [0, 0, 0, 0, 0])
        row[0] += 1
        for number, size in enumerate(SIZES[sizes]):
            # Every other run in the company of other blocks, and each size is so in some variant.
            noise = ["noise"] if (number + row[0]) % 2 else []
            for how in ("broken", "correct"):
                arguments = [name, str(size), how, *noise]
                done = run(library, program, OPTIONS[mode], arguments)
                if how == "broken":
                    problems = problems_of_broken(done, error, stacks, program, symbols)
                    row[1] += 1
                    row[2] += not problems
                else:
                    problems = problems_of_twin(done, int(ends))
                    row[3] += 1
                    row[4] += bool(problems)
                if problems:
                    print(f"FAIL {os.path.basename(program)} {' '.join(arguments)} ({mode}): "
                          f"{'; '.join(problems)}\n"
                          + done.stderr.decode(errors="replace")[:500])
    return table


def judge_symptom(library, program, status):
    """True when every variant shows the symptom that it is about where nothing is checked."""
    failed = 0
    variants = variants_of(program)
    for name, _, _, sizes, _, _ in variants:
        size = str(SIZES[sizes][0])
        ends = [run(library, program, "", [name, size, how]).returncode
                for how in ("broken", "correct")]
        failed += ends != [status, 0]
        print(f"{name}: the broken program ends with {ends[0]}, its twin with {ends[1]}")
    return bool(variants) and not failed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--library", required=True)
    parser.add_argument("--program", required=True, action="append")
    parser.add_argument("--only", help="one variant alone")
    parser.add_argument("--symptom", type=int, help="status that broken variants end with")
    arguments = parser.parse_args()
    if arguments.symptom:
        return 0 if all(judge_symptom(arguments.library, program, arguments.symptom)
                        for program in arguments.program) else 1
    lines, failed = [], False
    for program in arguments.program:
        table = judge(arguments.library, program, arguments.only)
        failed |= not table
        for error, (variants, runs, diagnosed, twins, reports) in sorted(table.items()):
            failed |= diagnosed != runs or reports != 0
            lines.append(f"{os.path.basename(program):14} {error}  {variants:8}  "
                         f"{diagnosed:4} of {runs:4}  {reports:6} of {twins:4}")
    print("program        error  variants  diagnosed     reports on twins")
    print("\n".join(lines))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
