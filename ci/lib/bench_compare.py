#!/usr/bin/env python3
"""Compares what `hakmem bench --json` measured with a baseline of the same form.

    bench_compare.py --measured now.json [--baseline then.json] --output bench.tsv

Figures are ratios to glibc in the same run, so that another machine's baseline is of use; a group
fails when its ratio is more than a third above the baseline's, or its memory is. Exit status 88
when one is (a regression of speed or memory only). Without a baseline figures are only reported.
Called by the stage bench of ci/test.
"""

import argparse
import json
import sys

REGRESSION = 88
TOLERANCE = 4 / 3


def groups_of(path):
    """Of each group the ratios (time, memory) of the allocator that is no peer."""
    with open(path, encoding="utf-8") as file:
        report = json.load(file)
    subject = next(a["name"] for a in report["allocators"] if a["name"] != report["base"])
    found = {}
    for group in report["groups"]:
        figures = group["allocators"].get(subject, {})
        found[group["name"]] = (figures.get("ratio"), figures.get("ratio_rss"))
    return found


def line_of(name, now, then, command):
    said, worse = [], []
    for what, new, old in zip(("time", "peak RSS"), now, then):
        if new is None:
            continue
        said.append(f"{what} {new:.2f} of glibc's" + (f", was {old:.2f}" if old else ""))
        if old and new > old * TOLERANCE:
            worse.append(what)
    state = "failed" if worse else "passed" if any(then) else "measured"
    reason = "; ".join(said) + (f": worse in {' and '.join(worse)}" if worse else "")
    return state, "\t".join((state, name, "0", reason or "not measured", command))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--measured", required=True)
    parser.add_argument("--baseline", default="")
    parser.add_argument("--output", required=True)
    arguments = parser.parse_args()
    now = groups_of(arguments.measured)
    then = groups_of(arguments.baseline) if arguments.baseline else {}
    status = 0
    with open(arguments.output, "w", encoding="utf-8") as file:
        for name, figures in now.items():
            command = f"hakmem bench --quick --against glibc --group {name}"
            state, line = line_of(name, figures, then.get(name, (None, None)), command)
            file.write(line + "\n")
            print(line.replace("\t", "  "))
            if state == "failed":
                status = REGRESSION
    return status


if __name__ == "__main__":
    sys.exit(main())
