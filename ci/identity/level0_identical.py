#!/usr/bin/env python3
"""Claim: level 0 has the same instructions as a build without hooks, with every compiler here.

Called by ctest as `level0_identical`: level0_identical.py --build DIR
Compiles the level-0 library's files from a copy of src/ with the commands of
DIR/compile_commands.json, once as they are and once without the hook lines, and compares every
function. The comparison itself is tested on each run: hooks that store to a global must be seen.
Exit 0: identical, 1: not, or nothing was compared, 77: this build does not optimise or is
instrumented, so that it has no level 0 to speak of (ctest counts it as skipped).
"""

import argparse
import concurrent.futures
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

import disassembly
import hook_lines

HOOK_POINTS_MIN = 8
SKIPPED = 77
LIBRARY = r"CMakeFiles/hakmem_l0(?:_\w*obj\w*)?\.dir/"
COMPILERS = ("g++", "clang++-14", "clang++-19")
LAUNCHERS = ("ccache", "sccache", "distcc")
INSTRUMENTED = re.compile(r"^-(?:fsanitize=|-coverage|fprofile|pg$)")


class CannotCompile(Exception):
    """A file of the library does not compile; holds the command and the compiler's messages."""


class Compilation:
    """One file of the library, by its command; `path` is relative to src/."""

    def __init__(self, entry, root, copy):
        words = entry.get("arguments") or shlex.split(entry["command"])
        if os.path.basename(words[0]) in LAUNCHERS:
            words = words[1:]
        self.path = os.path.relpath(os.path.realpath(
            os.path.join(entry["directory"], entry["file"])), os.path.join(root, "src"))
        self.folder = entry["directory"]
        self.compiler = words[0]
        self.flags, skip = [], False
        for word in words[1:]:
            if skip or word == "-c" or word.endswith(self.path):
                skip = False
            elif word in ("-o", "-MF", "-MT", "-MQ"):
                skip = True
            elif word not in ("-MD", "-MMD") and not word.startswith("-flto"):
                # Objects of link-time optimisation hold no instructions to compare.
                self.flags.append(word.replace(os.path.join(root, "src"), copy))


def library_of(build, root, copy, pattern):
    commands = os.path.join(build, "compile_commands.json")
    if not os.path.exists(commands):
        return {}
    with open(commands, encoding="utf-8") as file:
        entries = json.load(file)
    chosen = [e for e in entries
              if re.search(pattern, e.get("output", "") or e.get("command", ""))]
    return {c.path: c for c in (Compilation(e, root, copy) for e in chosen)}


def compilers_here(first):
    """The build's own compiler and the others of the table; each compiler once."""
    found = {os.path.realpath(shutil.which(first) or first): first}
    for name in COMPILERS:
        path = shutil.which(name)
        if path is None:
            print(f"level0_identical: SKIPPED {name}: not installed")
        else:
            found.setdefault(os.path.realpath(path), name)
    return list(found.values())


def understood(compiler, flags, scratch):
    """The flags that the compiler takes without a complaint. Those with a value stay as pairs."""
    kept, index = [], 0
    empty = os.path.join(scratch, "empty.cc")
    with open(empty, "w", encoding="utf-8"):
        pass
    while index < len(flags):
        pair = flags[index:index + (2 if flags[index] in ("-I", "-isystem", "-include", "-D",
                                                          "-Xclang", "--param") else 1)]
        index += len(pair)
        if not pair[0].startswith(("-I", "-isystem", "-D", "-include")):
            command = [compiler, *pair, "-Werror", "-fsyntax-only", empty]
            if subprocess.run(command, capture_output=True, check=False).returncode != 0:
                continue
        kept += pair
    return kept


class Builder:
    """Compiles files of the copy with one compiler and returns their functions."""

    def __init__(self, compiler, library, scratch, copy, jobs):
        self.compiler = compiler
        self.library = library
        self.scratch = scratch
        self.copy = copy
        self.jobs = jobs
        known = {}
        for compilation in library.values():
            key = tuple(compilation.flags)
            if key not in known:
                same = compilation.compiler == compiler
                known[key] = list(key) if same else understood(compiler, list(key), scratch)
        self.flags = {path: known[tuple(c.flags)] for path, c in library.items()}

    def functions(self, path):
        output = os.path.join(self.scratch, path.replace("/", ".") + ".o")
        # The other compilers' warnings are the business of their own builds.
        command = [self.compiler, *self.flags[path], "-Wno-error", "-w", "-c",
                   os.path.join(self.copy, path), "-o", output]
        done = subprocess.run(command, cwd=self.library[path].folder, capture_output=True,
                              text=True, check=False)
        if done.returncode != 0:
            raise CannotCompile(f"{' '.join(command)}\n{done.stderr}")
        return disassembly.functions_of(output)

    def all_functions(self, paths):
        """{(path, function): instructions} of the files, as the copy is now."""
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            results = pool.map(self.functions, paths)
            return {f"{path}: {name}": body
                    for path, functions in zip(paths, results)
                    for name, body in functions.items()}


def write(copy, files):
    for path, text in files.items():
        with open(os.path.join(copy, path), "w", encoding="utf-8") as file:
            file.write(text)


def compare(builder, paths, texts, without):
    """Prints every function that differs; returns the number of differences."""
    write(builder.copy, texts)
    with_hooks = builder.all_functions(paths)
    write(builder.copy, without)
    without_hooks = builder.all_functions(paths)
    write(builder.copy, texts)
    found = disassembly.differences(with_hooks, without_hooks)
    names = disassembly.demangled([name.split(": ", 1)[1] for name, _, _ in found])
    for name, sentence, lines in found:
        path, symbol = name.split(": ", 1)
        print(f"{builder.compiler}: src/{path}: {names[symbol]}: {sentence}")
        for line in lines:
            print(f"    {line}")
    print(f"level0_identical: {builder.compiler}: {len(with_hooks)} functions of {len(paths)} "
          f"files, {len(found)} differ")
    return len(found) if with_hooks else 1


def canary(builder, paths, texts, without, hooks):
    """Hooks that store to a global: the comparison must see them. Returns the hooks it saw."""
    header = os.path.join("integrity", "hooks.h")
    planted_text, planted = hook_lines.plant(texts[header], hooks)
    write(builder.copy, {header: planted_text})
    doing = builder.all_functions(paths)
    write(builder.copy, {header: texts[header], **without})
    nothing = builder.all_functions(paths)
    write(builder.copy, texts)
    differ = {name for name, _, _ in disassembly.differences(doing, nothing)}
    stores = "\n".join("\n".join(doing[name]) for name in differ if name in doing)
    # A mangled name may go on with an upper-case letter.
    seen = [name for name in planted
            if re.search(rf"{hook_lines.PLANTED.format(name)}(?![a-z0-9_])", stores)]
    print(f"level0_identical: planted a store in {len(planted)} hooks, the comparison saw "
          f"{len(seen)}")
    for name in sorted(set(hooks) - set(seen)):
        print(f"level0_identical: note: hook {name} is in no instruction of level 0")
    return seen


def check(arguments, scratch):
    root = os.path.realpath(arguments.root)
    copy = os.path.join(scratch, "src")
    library = library_of(arguments.build, root, copy, arguments.library)
    if not library:
        print(f"level0_identical: {arguments.build}/compile_commands.json names no file of "
              f"{arguments.library}")
        return 1
    first = next(iter(library.values()))
    levels = [f for f in first.flags if re.match(r"-O[1-3s]|-Ofast", f)]
    if not levels or any(INSTRUMENTED.match(f) for f in first.flags):
        print("level0_identical: SKIPPED: this build is instrumented or not optimised")
        return SKIPPED

    shutil.copytree(os.path.join(root, "src"), copy)
    texts = hook_lines.read_sources(copy)
    if os.path.join("integrity", "hooks.h") not in texts:
        print("level0_identical: src/integrity/hooks.h declares the hooks; it is missing")
        return 1
    without, points, complaints = hook_lines.take_out(texts)
    for complaint in complaints:
        print(complaint)
    print(f"level0_identical: {len(points)} hook points in {len(without)} files")
    if complaints or len(points) < HOOK_POINTS_MIN:
        print(f"level0_identical: at least {HOOK_POINTS_MIN} hook points of one line are needed")
        return 1

    paths = sorted(hook_lines.affected_by(texts, without) & set(library))
    failures = 0 if paths else 1
    hooks = {name for _, _, name in points}
    for compiler in compilers_here(first.compiler):
        builder = Builder(compiler, library, scratch, copy, arguments.jobs)
        failures += compare(builder, paths, texts, without)
        if compiler == first.compiler and not canary(builder, paths, texts, without, hooks):
            print("level0_identical: a hook that stores was not seen: the comparison is blind")
            failures += 1
    return 1 if failures else 0


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--root", default=os.path.dirname(os.path.dirname(here)))
    parser.add_argument("--build", required=True, help="folder with compile_commands.json")
    parser.add_argument("--library", default=LIBRARY, help="pattern of the library's object files")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1))
    arguments = parser.parse_args()
    arguments.build = os.path.realpath(arguments.build)
    with tempfile.TemporaryDirectory() as scratch:
        try:
            return check(arguments, os.path.realpath(scratch))
        except (CannotCompile, disassembly.Objdump) as problem:
            print(f"level0_identical: {problem}")
            return 1


if __name__ == "__main__":
    sys.exit(main())
