"""Mutated copies of source files, and programs built with them. Called by killers.py.

A target of the normal build is built again in a folder of its own: the objects whose sources see a
mutated file are compiled with the build's own commands, with a folder in front of the include path
that holds the mutated files; all other objects and libraries are those of the normal build.
Invariant: nothing outside the folder is written, and the checkout is only read.
"""

import functools
import json
import os
import re
import shutil
import shlex
import subprocess

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


class DoesNotApply(Exception):
    """An edit's text is not in its file exactly once."""


class BuildBroke(Exception):
    """The compiler's or the linker's words."""


def mutated_text(root, path, edits):
    """The file's text after all edits of it."""
    with open(os.path.join(root, path), encoding="utf-8") as file:
        text = file.read()
    for edited, old, new in edits:
        if edited != path:
            continue
        if text.count(old) != 1:
            raise DoesNotApply(f"{path}: the text to replace is there {text.count(old)} times")
        if old == new:
            raise DoesNotApply(f"{path}: the replacement changes nothing")
        text = text.replace(old, new)
    return text


class Overlay:
    """The folder of one mutant; without edits, of the unmutated code built in the same way."""

    def __init__(self, root, build, folder, edits):
        self.root, self.build, self.folder = root, build, folder
        self.paths = {path for path, _, _ in edits}
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        for path in self.paths:
            text = mutated_text(root, path, edits)
            copy = os.path.join(folder, path)
            os.makedirs(os.path.dirname(copy), exist_ok=True)
            with open(copy, "w", encoding="utf-8") as file:
                file.write(text)

    def source(self, path):
        """Where the file is read from, by its absolute or relative path."""
        relative = os.path.relpath(os.path.join(self.root, path), self.root)
        return os.path.join(self.folder if relative in self.paths else self.root, relative)

    def is_touched(self, source):
        """True when the file, or one that it includes, is mutated."""
        relative = os.path.relpath(os.path.join(self.root, source), self.root)
        return not self.paths.isdisjoint(included_files(self.root, relative))

    def include_flags(self):
        return ["-I" + os.path.join(self.folder, "src"), "-I" + self.folder]

    def compile(self, command, source, name):
        """Runs a compiler's command up to -o; returns the object."""
        target = os.path.join(self.folder, "objects", name.replace("/", "_"))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        run_compiler([*caching(), *command, "-o", target, "-c", self.source(source)], self.build)
        return target


@functools.lru_cache(maxsize=None)
def included_files(root, path):
    """The file and all that it includes by quoted names, below the root."""
    found = set()
    waiting = [path]
    while waiting:
        current = waiting.pop()
        if current in found or not os.path.isfile(os.path.join(root, current)):
            continue
        found.add(current)
        with open(os.path.join(root, current), encoding="utf-8") as file:
            names = INCLUDE.findall(file.read())
        for name in names:
            for base in (os.path.dirname(current), "src", "", "stress"):
                waiting.append(os.path.normpath(os.path.join(base, name)))
    return frozenset(found)


@functools.lru_cache(maxsize=None)
def caching():
    return ("ccache",) if shutil.which("ccache") else ()


def run_compiler(command, folder):
    try:
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise BuildBroke(f"error: {error.filename} is not installed") from error
    if run.returncode != 0:
        raise BuildBroke((run.stderr or run.stdout).strip())


def members_of(source):
    """The sources that a file which CMake made compiles as one; empty for any other file."""
    if not os.path.basename(source).startswith("unity_"):
        return []
    with open(source, encoding="utf-8") as file:
        return INCLUDE.findall(file.read())


@functools.lru_cache(maxsize=None)
def compile_commands(build):
    """Object, as the links name it, to (source, the command without -o, -c and warnings). A source
    that is compiled together with others has an object of its own here, as if it were not."""
    return read_commands(build)[0]


@functools.lru_cache(maxsize=None)
def joined_objects(build):
    """Objects of several sources, to the objects that compile_commands() has in their place."""
    return read_commands(build)[1]


def read_commands(build):
    commands, joined = {}, {}
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        for entry in json.load(file):
            words = shlex.split(entry["command"])
            if "-o" not in words:
                continue
            target = words[words.index("-o") + 1]
            kept, skip = [], 0
            for word in words:
                if skip:
                    skip -= 1
                elif word in ("-o", "-c"):
                    skip = 1
                elif not word.startswith("-W") or word.startswith("-Wl,"):
                    kept.append(word)
            # Neither debug information nor the warnings that a mutant may rightly cause.
            kept += ["-g0", "-w"]
            members = members_of(entry["file"])
            if not members:
                commands[target] = (entry["file"], kept)
                continue
            folder = target[:target.index("/Unity/")]
            root = os.path.commonpath([*members, build])
            joined[target] = []
            for member in members:
                name = f"{folder}/{os.path.relpath(member, root)}.o"
                commands[name] = (member, kept)
                joined[target].append(name)
    return commands, joined


@functools.lru_cache(maxsize=None)
def link_command(build, target):
    """The words of the build's last command for the target."""
    run = subprocess.run(["ninja", "-t", "commands", target], cwd=build, capture_output=True,
                         text=True, check=False)
    if run.returncode != 0:
        raise BuildBroke(f"the build has no target {target}: {run.stdout}{run.stderr}")
    lines = [line for line in run.stdout.splitlines() if " -o " in line]
    words = shlex.split(lines[-1])
    return [word for word in words if word not in ("&&", ":")]


def with_overlay(overlay, command):
    """The compiler first, then the overlay's folder before every other of the include path."""
    return [command[0], *overlay.include_flags(), *command[1:]]


def build_target(overlay, target, tests=(), flags=(), as_shipped=False):
    """Builds a target again from the overlay and returns the program or library.

    tests: of a program of unit tests, the files wanted. flags: additional ones of every compile
    and of the link; then all objects are compiled anew. as_shipped: fully optimised; otherwise as
    much as compiles fast."""
    speed = [] if as_shipped else ["-O1"]
    commands = compile_commands(overlay.build)
    words = []
    link = link_command(overlay.build, target)
    result = os.path.join(overlay.folder, os.path.basename(link[link.index("-o") + 1]))
    for word, names in parts_of(overlay, link, tests, bool(flags)):
        if not names:
            words.append(word)
        for name in names:
            source, command = commands[name]
            words.append(overlay.compile([*with_overlay(overlay, command), *speed, *flags],
                                         source, name))
    words[words.index("-o") + 1] = result
    run_compiler([*words, *flags], overlay.build)
    return result


def parts_of(overlay, link, tests, anew):
    """Yields the words of a link, each with the objects to compile in its place: none for a word
    that stays, such as an object of the build. tests: the test files wanted; empty: all."""
    commands, joined = compile_commands(overlay.build), joined_objects(overlay.build)

    def is_wanted(name):
        relative = os.path.relpath(commands[name][0], overlay.root)
        is_test = relative.endswith("_test.cc") and not relative.endswith("_for_test.cc")
        return not (tests and is_test) or relative in tests

    def is_new(name):
        return anew or overlay.is_touched(commands[name][0])

    for place, word in enumerate(link):
        is_object = word in commands or word in joined
        if not is_object or link[place - 1] == "-o":
            yield word, []
            continue
        members = joined.get(word, [word])
        names = [name for name in members if is_wanted(name)]
        # With a whole object come the tests that are not wanted, and their inline functions, which
        # the linker may take instead of the overlay's.
        if names == members and not any(is_new(name) for name in names):
            if not os.path.exists(os.path.join(overlay.build, word)):
                raise BuildBroke(f"{word} is not there: ninja -C {overlay.build}")
            yield word, []
        elif names:
            yield word, names
