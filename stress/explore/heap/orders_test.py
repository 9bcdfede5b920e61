#!/usr/bin/env python3
"""Each named memory order of the library is necessary, or relaxed: for every constant that orders
anything mutants.list has the defects that weaken it by one step, and all of them are found.

Called by ctest; the mutants themselves are run by mutants.py. With --table it prints which mutant
stands for which order. Exit 0: so it is, 1: an order has no mutant, or one that survives.
"""

import argparse
import os
import re
import sys

import mutant_table

CONSTANT = re.compile(r"static constexpr std::memory_order (\w+) =\s+std::memory_order_(\w+);")
STRUCT = re.compile(r"struct (\w*Orders) \{")
WEAKER = {"relaxed": [], "consume": ["relaxed"], "acquire": ["relaxed"], "release": ["relaxed"],
          "acq_rel": ["acquire", "release"], "seq_cst": ["acq_rel"]}


def constants_of(text):
    """The constants in the order of the text: (struct, name, order)."""
    marks = sorted([(m.start(), "struct", m) for m in STRUCT.finditer(text)] +
                   [(m.start(), "constant", m) for m in CONSTANT.finditer(text)],
                   key=lambda mark: mark[0])
    found, struct = [], ""
    for _, kind, match in marks:
        if kind == "struct":
            struct = match.group(1)
        else:
            found.append((struct, match.group(1), match.group(2)))
    return found


def sources(root):
    for folder, _, names in os.walk(os.path.join(root, "src")):
        for name in sorted(names):
            if name.endswith((".h", ".cc")) and not name.endswith("_test.cc"):
                yield os.path.relpath(os.path.join(folder, name), root)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def weakened_by(root):
    """(file, struct, constant, weaker order) → the mutants that make it so."""
    result = {}
    for mutant in mutant_table.load():
        for path, old, new in mutant.changes:
            text = read(root, path)
            before, after = constants_of(text), constants_of(text.replace(old, new))
            for was, now in zip(before, after):
                if was != now:
                    result.setdefault((path, was[0], was[1], now[2]), []).append(mutant)
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--root", required=True, help="the repository")
    parser.add_argument("--table", action="store_true", help="print order after order")
    arguments = parser.parse_args()
    mutants = weakened_by(arguments.root)
    orders = relaxed = wrong = 0
    for path in sources(arguments.root):
        for struct, name, order in constants_of(read(arguments.root, path)):
            orders += 1
            relaxed += 0 if WEAKER[order] else 1
            for weaker in WEAKER[order]:
                found = [mutant.name for mutant in mutants.get((path, struct, name, weaker), [])
                         if not mutant.survives]
                if not found:
                    wrong += 1
                    print(f"{path}: {struct}::{name} could be {weaker} for all that is known")
                elif arguments.table:
                    print(f"{struct}::{name:14} {order:8} {weaker:8} {', '.join(found)}")
    print(f"{orders} named orders, {relaxed} of them relaxed, {wrong} without a mutant")
    return 1 if wrong or orders == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
