#!/usr/bin/env python3
"""Puts one defect at a time into copies of the sources and lets the named technique look for it.

    mutants.py list                          the table
    mutants.py run [NAME…] [--group G] …     judges them; the table of what was found at the end
    mutants.py page RESULT.json…             the page docs/MUTANTS.md out of one or more results

Called by ctest and by hand, in a build folder in which the tests are built. Exit status: 0 each
mutant met its end as expected, 89 one did not, 64 bad option, 125 the table itself is wrong.
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


def chosen(arguments, mutants):
    """(place in the whole table, mutant) of those asked for; the shard is of the whole choice."""
    picked = [(place, mutant) for place, mutant in enumerate(mutants)
              if (not arguments.names or mutant.name in arguments.names)
              and (not arguments.group or mutant.group in arguments.group)]
    unknown = set(arguments.names) - {mutant.name for mutant in mutants}
    if unknown or not picked:
        raise LookupError(f"no mutant {', '.join(sorted(unknown))}" if unknown else
                          "no mutant is asked for")
    part, parts = arguments.shard
    return [pair for number, pair in enumerate(picked) if number % parts == part - 1]


def run(arguments, mutants):
    picked = chosen(arguments, mutants)
    judging = judge.Judge(table.ROOT, arguments.build, arguments.keep)
    judgements = [None] * len(picked)
    printing = threading.Lock()

    def work(number):
        judgement = judging.judge(picked[number][1])
        judgements[number] = judgement
        with printing:
            print(results.line_of(judgement), flush=True)

    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for future in [pool.submit(work, number) for number in range(len(picked))]:
            future.result()
    found = [results.row_of(judgement, place)
             for (place, _), judgement in zip(picked, judgements)]
    if arguments.json:
        results.write_json(arguments.json, found)
    if arguments.tsv:
        results.write_tsv(arguments.tsv, found)
    print(results.summary_of(found))
    for judgement in judgements:
        if not judgement.as_expected():
            print(results.complaint_of(judgement))
    return 0 if all(judgement.as_expected() for judgement in judgements) else EXIT_FINDING


def print_list(mutants):
    for mutant in mutants:
        history = f"  = {mutant.history}" if mutant.history else ""
        print(f"{mutant.name:28} {mutant.technique:8} level {killers.level_of(mutant)}  "
              f"{mutant.defect}{history}")
    return 0


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list")
    runs = commands.add_parser("run")
    runs.add_argument("names", nargs="*", metavar="NAME")
    runs.add_argument("--build", default=os.path.join(table.ROOT, "build"))
    runs.add_argument("--group", action="append", help="a list's name")
    runs.add_argument("--shard", type=parse_shard, default=(1, 1), metavar="K/N")
    runs.add_argument("--jobs", type=int, default=1)
    runs.add_argument("--json", help="as `hakmem report` reads and merges it")
    runs.add_argument("--tsv")
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
            return print_list(mutants)
        if arguments.command == "page":
            return page.write(arguments.output, mutants, results.read_json(arguments.results))
        return run(arguments, mutants)
    except LookupError as error:
        print(f"mutants.py: {error}", file=sys.stderr)
        return EXIT_BAD_OPTION
    except (table.TableError, OSError) as error:
        print(f"mutants.py: {error}", file=sys.stderr)
        return EXIT_FAILED


if __name__ == "__main__":
    sys.exit(main())
