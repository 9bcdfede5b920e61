#!/usr/bin/env python3
"""Puts one defect at a time into copies of the sources and lets the named technique look for it.

    mutants.py list                          the table
    mutants.py run [NAME…] [--group G] …     judges them
    mutants.py page RESULT.json…             the page docs/MUTANTS.md out of one or more results

`hakmem mutants` in all but its outputs. Called by that and by ctest, in a build folder in which the
tests are built. Exit status: 0 each mutant met its end as expected, 89 one did not, 64 bad option,
125 the mutants could not run: nothing is built, or the table itself is wrong.
"""

import argparse
import concurrent.futures
import os
import sys
import threading

import judge
import killers
import page
import results
import table

EXIT_FINDING, EXIT_BAD_OPTION, EXIT_FAILED = 89, 64, 125


def parse_shard(text):
    part, _, parts = text.partition("/")
    if not (part.isdigit() and parts.isdigit() and 1 <= int(part) <= int(parts)):
        raise argparse.ArgumentTypeError(f"'{text}' is no K/N with 1 <= K <= N")
    return int(part), int(parts)


def asked_for(arguments):
    """Which mutants, in words that are the same for every shard of one run."""
    words = [f"group {name}" for name in sorted(arguments.group or [])] + sorted(arguments.names)
    return ", ".join(words) or "all"


def chosen(arguments, mutants):
    """(place in the whole table, mutant) of those asked for; the shard is of the whole choice."""
    picked = [(place, mutant) for place, mutant in enumerate(mutants)
              if (not arguments.names or mutant.name in arguments.names)
              and (not arguments.group or mutant.group in arguments.group)]
    unknown = set(arguments.names) - {mutant.name for mutant in mutants}
    unknown |= set(arguments.group or []) - {mutant.group for mutant in mutants}
    if unknown or not picked:
        raise LookupError(f"no mutant {', '.join(sorted(unknown))}" if unknown else
                          "no mutant is asked for")
    part, parts = arguments.shard
    return [pair for number, pair in enumerate(picked) if number % parts == part - 1]


def run(arguments, mutants):
    picked = chosen(arguments, mutants)
    if not os.path.isfile(os.path.join(arguments.build, "bin", "ops_properties_l0_tiny")):
        raise OSError(f"the tests are not built in {arguments.build}: ci/test --only build")
    judging = judge.Judge(table.ROOT, arguments.build, arguments.keep)
    judgements = [None] * len(picked)
    printing = threading.Lock()

    def work(number):
        judgement = judging.judge(picked[number][1])
        judgements[number] = judgement
        with printing:
            print(results.line_of(judgement), file=sys.stderr, flush=True)

    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for future in [pool.submit(work, number) for number in range(len(picked))]:
            future.result()
    found = [results.row_of(judgement, place)
             for (place, _), judgement in zip(picked, judgements)]
    if arguments.json:
        results.write_json(arguments.json, found, asked_for(arguments), arguments.shard)
    if not arguments.brief:
        print(results.summary_of(found))
        for judgement in judgements:
            if not judgement.as_expected():
                print(results.complaint_of(judgement))
    return 0 if all(judgement.as_expected() for judgement in judgements) else EXIT_FINDING


def print_list(arguments, mutants):
    for _, mutant in chosen(arguments, mutants):
        history = f"  = {mutant.history}" if mutant.history else ""
        print(f"{mutant.name:28} {mutant.technique:8} level {killers.level_of(mutant)}  "
              f"{mutant.defect}{history}")
    return 0


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(EXIT_BAD_OPTION, f"mutants.py: {message}\n")


def parse_arguments():
    parser = Parser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    lists, runs = commands.add_parser("list"), commands.add_parser("run")
    for choice in (lists, runs):
        choice.add_argument("names", nargs="*", metavar="NAME")
        choice.add_argument("--group", action="append", help="a list's name")
        choice.add_argument("--shard", type=parse_shard, default=(1, 1), metavar="K/N")
    runs.add_argument("--build", default=os.path.join(table.ROOT, "build"))
    runs.add_argument("--jobs", type=int, default=1)
    runs.add_argument("--json", help="as `hakmem report` reads and merges it")
    runs.add_argument("--brief", action="store_true", help="no summary: the caller makes one")
    runs.add_argument("--keep", action="store_true", help="keep build/mutants/NAME")
    pages = commands.add_parser("page")
    pages.add_argument("results", nargs="+")
    pages.add_argument("--output", default=os.path.join(table.ROOT, "docs", "MUTANTS.md"))
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    try:
        mutants = table.load()
        if arguments.command == "list":
            return print_list(arguments, mutants)
        if arguments.command == "page":
            return page.write(arguments.output, mutants, results.read_json(arguments.results))
        return run(arguments, mutants)
    except LookupError as error:
        print(f"mutants.py: {error}", file=sys.stderr)
        return EXIT_BAD_OPTION
    except (ValueError, OSError) as error:
        print(f"mutants.py: {error}", file=sys.stderr)
        return EXIT_FAILED


if __name__ == "__main__":
    sys.exit(main())
