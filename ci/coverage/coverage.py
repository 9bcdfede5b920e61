#!/usr/bin/env python3
"""The share of the lines and conditions of src/ that the tests executed, as a table.

    coverage.py --build build-coverage [--root .] [--json FILE] [--tsv FILE] [--uncovered PATH]

Reads what a build of the preset `coverage` counted since its counters were removed, for every
program and library that images.txt of the build names, executed or not. Called by the stage
coverage of ci/test. Exit: 0 the goals are met, 1 not, 2 nothing could be measured.
Invariant: what cannot be read fails; no place is left out because it is hard to reach: such places
are in unreached.txt with their reasons, are printed, and count as not covered.
"""

import argparse
import collections
import glob
import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

from counts import Counts, export_of

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
REASONS = os.path.join("ci", "coverage", "unreached.txt")
GOAL = (95.0, 90.0)  # per cent of the lines, of the sides of conditions
GOAL_FOLDERS = ("src/superslab", "src/tiny", "src/pool", "src/large", "src/gate")
WORST_SHOWN = 20
# Of tests, not of the product.
TEST_PARTS = ("_test.cc", "_for_test.h", "_for_test.cc", "os_fake.cc", "os_fake.h")


def is_product(path):
    return path.startswith("src/") and not path.endswith(TEST_PARTS)


def measure(build, root):
    """The counts of all images of a build folder."""
    with open(os.path.join(build, "coverage", "images.txt"), encoding="utf-8") as file:
        images = file.read().split()
    counts = Counts(root, is_product)
    by_build = collections.defaultdict(list)
    for path in glob.glob(os.path.join(build, "coverage", "*.profraw")):
        by_build[identity_in(["llvm-profdata-19", "show", "--binary-ids", path])].append(path)
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(os.cpu_count()) as pool:
        for export in pool.map(lambda image: counted(image, by_build, scratch), images):
            counts.add(export)
    counts.settle()
    return counts.files


def identity_in(command):
    """The build id that a command prints; a file of counts names the image it is of by that."""
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = re.findall(r"\b[0-9a-f]{40}\b", done.stdout)
    if len(found) != 1:
        raise RuntimeError(f"no build id in the output of {' '.join(command)}")
    return found[0]


def counted(image, by_build, scratch):
    """What all runs of one image executed, and what they could have."""
    written = by_build.get(identity_in(["readelf", "-n", image]))
    if written is None:
        raise RuntimeError(f"{image} has not run since it was built: ci/test --only coverage")
    profile = os.path.join(scratch, os.path.basename(image) + ".profdata")
    subprocess.run(["llvm-profdata-19", "merge", "-failure-mode=any", *written, "-o", profile],
                   check=True)
    return export_of("llvm-cov-19", profile, image)


def reasons(root):
    """Of each path the places that no test can reach: (text of the line, why)."""
    found = collections.defaultdict(list)
    path = os.path.join(root, REASONS)
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            for line in file:
                if line.strip() and not line.startswith("#"):
                    place, text, why = (part.strip() for part in line.split(" | ", 2))
                    with open(os.path.join(root, place), encoding="utf-8") as source:
                        if text not in source.read():
                            raise RuntimeError(f"{REASONS}: {place} has no '{text}'")
                    found[place].append((text, why))
    return found


class Share:
    """Covered and all lines, covered and all sides of conditions, of one file or several."""

    def __init__(self, files):
        self.lines = sum(len(one.lines) for one in files)
        self.lines_covered = sum(sum(one.lines.values()) for one in files)
        self.sides = sum(2 * len(one.conditions) for one in files)
        self.sides_covered = sum(sum(map(sum, one.conditions.values())) for one in files)

    def percents(self):
        return (100 * self.lines_covered / self.lines if self.lines else 100.0,
                100 * self.sides_covered / self.sides if self.sides else 100.0)

    def missing(self):
        return self.lines - self.lines_covered + self.sides - self.sides_covered

    def below(self):
        """What is below its goal: for each of lines and branches its name and its share."""
        return [f"{name} {share:.1f} % < {goal:.0f} %" for name, share, goal
                in zip(("lines", "branches"), self.percents(), GOAL) if share < goal]

    def as_json(self):
        lines, branches = self.percents()
        return {"lines": self.lines, "lines_covered": self.lines_covered,
                "branches": self.sides, "branches_covered": self.sides_covered,
                "lines_percent": round(lines, 2), "branches_percent": round(branches, 2)}


def folder_of(path):
    return "/".join(path.split("/")[:2])


def ranges(numbers):
    """[1, 2, 3, 7] as 1-3, 7."""
    text, begin = [], None
    ordered = sorted(numbers)
    for at, number in enumerate(ordered):
        begin = number if begin is None else begin
        if at + 1 == len(ordered) or ordered[at + 1] != number + 1:
            text.append(str(begin) if begin == number else f"{begin}-{number}")
            begin = None
    return ", ".join(text)


def places_of(counts):
    """What of a file is not covered: its lines, and its conditions with the side never taken."""
    lines = [line for line, covered in counts.lines.items() if not covered]
    sides = []
    for place, (when_true, when_false) in sorted(counts.conditions.items()):
        if counts.lines.get(place[0], True) and not (when_true and when_false):
            never = "true" if when_false else "false" if when_true else "executed"
            sides.append(f"{place[0]}:{place[1]} never {never}")
    return ranges(lines), sides


def print_uncovered(path, counts, known):
    lines, sides = places_of(counts)
    share = Share([counts])
    print(f"{path}  {share.lines - share.lines_covered} lines, "
          f"{share.sides - share.sides_covered} sides of conditions not covered")
    if lines:
        print(f"    lines {lines}")
    for at in range(0, len(sides), 4):
        print(f"    {'; '.join(sides[at:at + 4])}")
    for text, why in known.get(path, ()):
        print(f"    out of reach: {text}: {why}")


def print_table(folders):
    print(f"{'folder':<16} {'lines':>13} {'%':>6} {'branches':>13} {'%':>6}  goal")
    for name, share in folders.items():
        lines, branches = share.percents()
        goal = "" if name not in GOAL_FOLDERS else ", ".join(share.below()) or "met"
        print(f"{name:<16} {share.lines_covered:>6}/{share.lines:<6} {lines:>6.1f} "
              f"{share.sides_covered:>6}/{share.sides:<6} {branches:>6.1f}  {goal}")


def report(files, known, arguments):
    """Prints and writes all; true when the goals are met."""
    groups = collections.defaultdict(list)
    for path, counts in files.items():
        groups[folder_of(path)].append(counts)
    folders = {name: Share(groups[name]) for name in sorted(groups)}
    folders["all"] = Share(files.values())
    print_table(folders)
    short = [name for name in GOAL_FOLDERS if name not in folders or folders[name].below()]
    worst = sorted((path for path in files if Share([files[path]]).missing()
                    and (not short or folder_of(path) in short)),
                   key=lambda path: -Share([files[path]]).missing())
    if arguments.uncovered is not None:
        worst = [path for path in sorted(files) if path.startswith(arguments.uncovered)
                 and Share([files[path]]).missing()]
    elif not short:
        worst = [path for path in worst if path in known]
    else:
        worst = worst[:WORST_SHOWN]
    print()
    for path in worst:
        print_uncovered(path, files[path], known)
    if arguments.json:
        write_json(arguments.json, folders, files)
    if arguments.tsv:
        write_tsv(arguments.tsv, folders)
    for name in short:
        print(f"FAILED: {name}: "
              f"{', '.join(folders[name].below()) if name in folders else 'nothing was measured'}")
    return not short


def write_json(path, folders, files):
    rows = {}
    for name in sorted(files):
        lines, sides = places_of(files[name])
        rows[name] = {**Share([files[name]]).as_json(), "uncovered_lines": lines,
                      "uncovered_branches": sides}
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"form": "hakmem-coverage", "version": 1,
                   "goal": {"folders": GOAL_FOLDERS, "lines": GOAL[0], "branches": GOAL[1]},
                   "folders": {name: share.as_json() for name, share in folders.items()},
                   "files": rows}, file, indent=1)


def write_tsv(path, folders):
    """One line a folder, as the gate's result reads it."""
    with open(path, "w", encoding="utf-8") as file:
        for name, share in folders.items():
            below = share.below() if name in GOAL_FOLDERS else []
            state = "measured" if name not in GOAL_FOLDERS else "failed" if below else "passed"
            said = "lines {:.1f} %, branches {:.1f} %".format(*share.percents())
            file.write("\t".join((state, name, "0", said, "ci/test --only coverage")) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", required=True)
    parser.add_argument("--root", default=ROOT)
    parser.add_argument("--json")
    parser.add_argument("--tsv")
    parser.add_argument("--uncovered", metavar="PATH", help="list all places below a path")
    arguments = parser.parse_args()
    try:
        files = measure(arguments.build, arguments.root)
        known = reasons(arguments.root)
    except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
        print(f"coverage: {error}", file=sys.stderr)
        return 2
    return 0 if report(files, known, arguments) else 1


if __name__ == "__main__":
    sys.exit(main())
