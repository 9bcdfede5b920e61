"""Reads the lists of mutants: *.list beside this file. Called by mutants.py.

A list is lines of words; `#` begins a comment. A mutant is

    mutant NAME
    defect SENTENCE             what was done, for people
    history ID                  the historical defect that it puts back
    killer TECHNIQUE ARGUMENTS  who must find it: see killers.py; @SEED@ stands for the seed
    reports REGEX               what the technique must say; without it, the technique's usual words
    budget NUMBER               seconds of processor time, or executions of a fuzzer
    seed NUMBER
    survives REASON             it is expected to live, and why
    equivalent REASON           it does nothing wrong
    explorer NAME               its edits are those of that mutant of the explorer's mutants.list
    file PATH                   an edit follows: <<<, the text to replace, ===, its replacement, >>>

Invariant: a name is used once; every mutant has a defect, a killer and at least one edit.
"""

import functools
import glob
import importlib.util
import os
import sys
from dataclasses import dataclass, field

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
EXPLORER = os.path.join(ROOT, "stress", "explore", "heap")


class TableError(ValueError):
    """The table itself is wrong; the text says where."""


@dataclass
class Mutant:
    name: str
    group: str                                    # the list's name
    defect: str = ""
    history: str = ""
    technique: str = ""
    arguments: list = field(default_factory=list)
    reports: str = ""
    budget: int = 20
    seed: int = 1
    survives: str = ""
    equivalent: str = ""
    explorer: str = ""
    edits: list = field(default_factory=list)     # of (path below the root, text, replacement)

    def expected(self):
        return "equivalent" if self.equivalent else "survived" if self.survives else "killed"

    def reason(self):
        return self.equivalent or self.survives


@functools.lru_cache(maxsize=None)
def explorer_tables():
    """The module that reads the explorer's list. Both lists write an edit in one way, and that
    module reads it; it is loaded by its path, because its folder has a mutants.py, too."""
    path = os.path.join(EXPLORER, "mutant_table.py")
    spec = importlib.util.spec_from_file_location("explorer_mutant_table", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def read_list(text, group):
    mutants = []
    lines = iter(text.split("\n"))
    for line in lines:
        word, _, rest = line.partition(" ")
        if not word or word.startswith("#"):
            continue
        if word == "mutant":
            mutants.append(Mutant(rest, group))
            continue
        if not mutants:
            raise TableError(f"{group}.list: '{word}' before the first mutant")
        mutant = mutants[-1]
        if word in ("defect", "history", "reports", "survives", "equivalent", "explorer"):
            setattr(mutant, word, rest)
        elif word in ("budget", "seed"):
            setattr(mutant, word, int(rest))
        elif word == "killer":
            mutant.technique, *mutant.arguments = rest.split()
        elif word == "file":
            mutant.edits.append(explorer_tables().read_change(rest, lines))
        else:
            raise TableError(f"{group}.list: '{word}' of {mutant.name} is no word of the table")
    return mutants


def explorer_table():
    """The explorer's own mutants by name."""
    return {mutant.name: mutant for mutant in explorer_tables().load()}


def complete(mutants):
    """Takes the explorer's edits over where a mutant says so; every mutant must be whole."""
    theirs = explorer_table() if any(mutant.explorer for mutant in mutants) else {}
    seen = set()
    for mutant in mutants:
        if mutant.explorer:
            if mutant.explorer not in theirs:
                raise TableError(f"{mutant.name}: the explorer has no mutant {mutant.explorer}")
            mutant.edits += theirs[mutant.explorer].changes
        if mutant.name in seen:
            raise TableError(f"{mutant.name} is there twice")
        seen.add(mutant.name)
        if not (mutant.defect and mutant.technique and mutant.edits):
            raise TableError(f"{mutant.name} has no defect, no killer or no edit")
    return mutants


def load(folder=HERE):
    mutants = []
    for path in sorted(glob.glob(os.path.join(folder, "*.list"))):
        group = os.path.basename(path)[:-len(".list")]
        with open(path, encoding="utf-8") as file:
            mutants += read_list(file.read(), group)
    return complete(mutants)
