#!/usr/bin/env python3
"""Compares what `hakmem bench --json` measured with a baseline of the same form.

    bench_compare.py --measured now.json [--baseline then.json] --output bench.tsv
    bench_compare.py --make-of a.json b.json… --output ci/golden/bench_baseline.json

The second makes a baseline: of each group the largest figures of all that are given, runs or
baselines, since noise and other work only ever add. Figures are ratios to glibc in the same run, so
that another machine's baseline is of use; a group fails when its ratio is more than a third above
the baseline's, or its memory is. Exit status 88 when one is (a regression of speed or memory only).
Without a baseline figures are only reported. Called by the stage bench of ci/test; `hakmem gate`
has the committed baseline unless told.
"""

import argparse
import json
import sys

REGRESSION = 88
TOLERANCE = 4 / 3


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def subject_of(report):
    """The allocator that is no peer."""
    return next(a["name"] for a in report["allocators"] if a["name"] != report["base"])


def groups_of(report):
    """Of each group the ratios (time, memory) of the subject."""
    subject = subject_of(report)
    found = {}
    for group in report["groups"]:
        figures = group["allocators"].get(subject, {})
        found[group["name"]] = (figures.get("ratio"), figures.get("ratio_rss"))
    return found


def baseline_of(reports):
    """The largest figures, in the form of a report."""
    base, subject = reports[0]["base"], subject_of(reports[0])
    largest = {}
    for report in reports:
        for name, figures in groups_of(report).items():
            then = largest.get(name, (None, None))
            largest[name] = tuple(max((f for f in pair if f is not None), default=None)
                                  for pair in zip(figures, then))
    groups = [{"name": name, "allocators": {subject: {"ratio": time and round(time, 2),
                                                      "ratio_rss": rss and round(rss, 2)}}}
              for name, (time, rss) in largest.items()]
    about = f"largest ratios to {base} of {len(reports)} runs; ci/lib/bench_compare.py --make-of"
    return {"about": about, "base": base, "allocators": [{"name": subject}, {"name": base}],
            "groups": groups}


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
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--measured")
    what.add_argument("--make-of", nargs="+")
    parser.add_argument("--baseline", default="")
    parser.add_argument("--output", required=True)
    arguments = parser.parse_args()
    if arguments.make_of:
        with open(arguments.output, "w", encoding="utf-8") as file:
            json.dump(baseline_of([load(path) for path in arguments.make_of]), file, indent=1)
            file.write("\n")
        return 0
    now = groups_of(load(arguments.measured))
    then = groups_of(load(arguments.baseline)) if arguments.baseline else {}
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
