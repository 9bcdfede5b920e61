#!/usr/bin/env python3
"""Checks the rules of structure and style that a machine can check, over the whole repository.

Called by ctest as `structure`, and by hand: ci/structure/check_structure.py [--root DIR] [PATH …]
Prints file:line: [rule] what, with the remedy, and a summary. Exit 0: clean, 1: errors, 2: no files
to check (a check of nothing is no success). Warnings are printed and counted, info only counted
unless --info is given.
"""

import argparse
import os
import subprocess
import sys

import rules_language  # noqa: F401  (registers its rules)
import rules_layers  # noqa: F401
import rules_text  # noqa: F401
from rule_table import RULES, Tree, run_rules

SKIPPED_FOLDERS = (".git", ".cache", "__pycache__", "build")


def listed_paths(root):
    """Files that git knows or would add; without git every file outside build folders."""
    command = ["git", "-c", "safe.directory=*", "-C", root, "ls-files", "-z", "--cached",
               "--others", "--exclude-standard"]
    if os.path.exists(os.path.join(root, ".git")):
        try:
            output = subprocess.run(command, check=True, capture_output=True).stdout
            return sorted(set(output.decode().split("\0")) - {""})
        except (OSError, subprocess.CalledProcessError):
            print("structure: git does not answer, every file below the root is checked")
    paths = []
    for folder, folders, names in os.walk(root):
        folders[:] = [f for f in folders
                      if f not in SKIPPED_FOLDERS and not f.startswith("build-")]
        paths += [os.path.relpath(os.path.join(folder, name), root) for name in names]
    return sorted(paths)


def read_tree(root):
    texts = {}
    for path in listed_paths(root):
        full = os.path.join(root, path)
        if not os.path.isfile(full) or os.path.islink(full):
            continue
        with open(full, "rb") as file:
            content = file.read()
        if b"\0" in content:
            continue
        try:
            texts[path] = content.decode("utf-8")
        except UnicodeDecodeError:
            continue
    return Tree(texts)


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--root", default=os.path.dirname(os.path.dirname(here)))
    parser.add_argument("--info", action="store_true", help="print the info findings too")
    parser.add_argument("--rules", action="store_true", help="print the table of rules and end")
    parser.add_argument("paths", nargs="*", help="print findings below these paths only")
    arguments = parser.parse_args()
    if arguments.rules:
        for row in RULES.values():
            print(f"{row.identifier:20} {row.severity:8} {row.remedy}")
        return 0

    tree = read_tree(arguments.root)
    if not any(True for _ in tree.src()):
        print(f"structure: no source file below {arguments.root}/src: nothing was checked")
        return 2
    counts = {"error": 0, "warning": 0, "info": 0}
    for finding in run_rules(tree):
        if arguments.paths and not finding.path.startswith(tuple(arguments.paths)):
            continue
        counts[finding.rule.severity] += 1
        if finding.rule.severity != "info" or arguments.info:
            print(finding)
    print(f"structure: {len(tree.texts)} files, {len(RULES)} rules, {counts['error']} errors, "
          f"{counts['warning']} warnings, {counts['info']} notes")
    return 1 if counts["error"] else 0


if __name__ == "__main__":
    sys.exit(main())
