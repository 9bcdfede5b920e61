"""Which lines and conditions of the sources were executed, over all builds of them.

Called by coverage.py and its test. The same source is compiled for several levels and geometries,
and its templates for several types: a line counts when one of these has it, and is covered when one
of these executed it; a condition counts by its two sides, each covered when one of these took it.
Invariant: nothing that some build has and none executed is left out. Blank lines and lines that are
a comment alone are no lines here, though they lie in what was executed.
"""

import collections
import json
import os
import subprocess

CODE, BRANCH = 0, 4  # kinds of llvm-cov's regions


class FileCounts:
    """Of one file: line -> executed; place of a condition -> [was true, was false]."""

    def __init__(self):
        self.lines = {}
        self.conditions = {}
        self.constant = set()  # conditions that were executed without a choice, in some build

    def add_line(self, line, executed):
        self.lines[line] = self.lines.get(line, False) or executed

    def add_condition(self, place, when_true, when_false):
        sides = self.conditions.setdefault(place, [False, False])
        sides[0] |= when_true
        sides[1] |= when_false

    def settle(self, text):
        """Leaves out what is not a line of code, or a choice in no build that executed it."""
        plain = text.splitlines()
        for line in list(self.lines):
            said = plain[line - 1].strip() if line <= len(plain) else ""
            if not said or said.startswith("//"):
                del self.lines[line]
        for place in self.constant:
            if self.conditions.get(place) == [False, False]:
                del self.conditions[place]


def export_of(llvm_cov, profile, image):
    """llvm-cov's export of one image, as its one JSON object."""
    done = subprocess.run([llvm_cov, "export", f"-instr-profile={profile}", image],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0 or done.stderr.strip():
        raise RuntimeError(f"{llvm_cov} cannot read {image}: {done.stderr.strip()[:400]}")
    return json.loads(done.stdout)["data"][0]


def lines_of_segments(segments):
    """(line, count) of each line that has code, by the rule of llvm-cov's line report: the most
    often executed of what begins on the line and what goes on from the line before."""
    by_line = collections.defaultdict(list)
    for segment in segments:
        by_line[segment[0]].append(segment)
    before = None  # (line, column, count, has count, begins a region, is a gap)
    for line in range(segments[0][0], segments[-1][0] + 1) if segments else ():
        here = by_line.get(line, [])
        begin = [s for s in here if s[3] and s[4] and not s[5]]
        skipped = bool(here) and not here[0][3] and here[0][4]
        goes_on = before is not None and before[3]
        if begin or (goes_on and not skipped):
            yield line, max([s[2] for s in begin] + ([before[2]] if before else []))
        before = here[-1] if here else before


def count_at(regions, file, line, column):
    """How often the innermost region around a place was executed."""
    around = [r for r in regions if r[5] == file and r[7] == CODE
              and (r[0], r[1]) <= (line, column) < (r[2], r[3])]
    return max(around, key=lambda r: (r[0], r[1], -r[2], -r[3]))[4] if around else 0


class Counts:
    """Of all files below a folder, by path relative to it."""

    def __init__(self, root, wanted):
        self.root = os.path.realpath(root)
        self.wanted = wanted
        self.files = {}

    def file(self, path):
        """The counts of an absolute path, or None where it is not asked for."""
        relative = os.path.relpath(path, self.root)
        if not self.wanted(relative):
            return None
        return self.files.setdefault(relative, FileCounts())

    def add(self, export):
        for entry in export["files"]:
            counts = self.file(entry["filename"])
            if counts is not None:
                for line, count in lines_of_segments(entry["segments"]):
                    counts.add_line(line, count > 0)
        for function in export["functions"]:
            self.add_conditions(function)

    def add_conditions(self, function):
        for line, column, last, end, taken, untaken, file, *_ in function["branches"]:
            counts = self.file(function["filenames"][file])
            if counts is None:
                continue
            place = (line, column, last, end)
            counts.add_condition(place, taken > 0, untaken > 0)
            # Executed, and no side taken: the compiler knows the answer in this build.
            if not taken and not untaken and count_at(function["regions"], file, line, column):
                counts.constant.add(place)

    def settle(self):
        for path, counts in self.files.items():
            with open(os.path.join(self.root, path), encoding="utf-8") as file:
                counts.settle(file.read())
