"""Reads mutants.list, the table of defects of concurrency. Called by mutants.py. How an edit is
written is read here for the lists of property_tests/mutants, too."""

import os
from dataclasses import dataclass, field


@dataclass
class Mutant:
    name: str
    changes: list = field(default_factory=list)   # of (file, text, replacement)
    families: list = field(default_factory=list)
    survives: str = ""
    schedules: int = 0                            # 0: as many as for the others
    programs: int = 0                             # 0: as many as for the others
    quick: bool = False
    level: int = 0                                # integrity level of the heap that has the defect
    in_units: bool = False                        # looked for by units/, not by the heap's programs


def read_change(path, lines):
    """The lines between the three marks, as (file, text, replacement)."""
    parts = [[], []]
    part = 0
    if next(lines, "") != "<<<":
        raise ValueError(f"{path}: a change begins with <<<")
    for line in lines:
        if line == ">>>":
            return path, "\n".join(parts[0]), "\n".join(parts[1])
        if line == "===":
            part = 1
        else:
            parts[part].append(line)
    raise ValueError(f"{path}: a change has no end")


def read(text):
    groups, mutants = {}, []
    lines = iter(text.split("\n"))
    for line in lines:
        word, _, rest = line.partition(" ")
        if not word or word == "#":
            continue
        if word == "group":
            name, *members = rest.split()
            groups[name] = members
        elif word == "mutant":
            mutants.append(Mutant(rest))
        elif word == "families":
            for name in rest.split():
                mutants[-1].families += groups.get(name, [name])
        elif word == "quick":
            mutants[-1].quick = True
        elif word == "schedules":
            mutants[-1].schedules = int(rest)
        elif word == "units":
            mutants[-1].in_units = True
        elif word == "level":
            mutants[-1].level = int(rest)
        elif word == "programs":
            mutants[-1].programs = int(rest)
        elif word == "survives":
            mutants[-1].survives = rest
        elif word == "file":
            mutants[-1].changes.append(read_change(rest, lines))
        else:
            raise ValueError(f"mutants.list: '{word}' is no word of the table")
    return mutants


def load():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "mutants.list")
    with open(path, encoding="utf-8") as file:
        return read(file.read())
