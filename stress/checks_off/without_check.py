"""Builds a level's library, or some of its unit tests, without one check.

Used by checks_off.py. It runs the compile and link commands of the ordinary build once more with
HAKMEM_CHECK_OFF; objects of sources that never see build_config.h, the only
reader of that macro, are taken from that build. Everything new goes to a folder of its own.
Invariant: the ordinary build is read, never written.
"""

import concurrent.futures
import os
import shlex
import subprocess

READER = "src/base/build_config.h"
# Another optimisation than the product's and no debug information: it takes half of the time.
CHANGED_FLAGS = {"-O3": "-O1", "-O2": "-O1", "-g": "-g0", "-g1": "-g0"}
DROPPED_WITH_VALUE = ("-MT", "-MF", "-include")
DROPPED = ("-MD", "-Winvalid-pch", "-Werror")


class BuildError(Exception):
    """A command of the build failed, or the ordinary build lacks something."""


def run(command, **more):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **more)
    if done.returncode != 0:
        raise BuildError(f"{' '.join(command)[:300]}\n{done.stdout}{done.stderr}")
    return done.stdout


class Builder:
    """What one ordinary build folder gives, and where its variants go."""

    def __init__(self, folder, output, jobs):
        self.folder, self.output, self.jobs = folder, output, jobs
        self.times, self.plain = {}, {}
        self.made, self.depending = self._read_objects()

    def library(self, level, check):
        """The path of libhakmem_l<level>.so without the check."""
        return self._build(f"hakmem_l{level}", level, check, lambda source: True)

    def unit_tests(self, level, check, sources):
        """A program with the unit tests of these files alone; check None: with every check."""
        def wanted(source):
            is_test = source.endswith("_test.cc") and not source.endswith("_for_test.cc")
            return not is_test or any(source.endswith("/" + name) for name in sources)
        return self._build(f"unit_tests_l{level}_product", level, check, wanted)

    def _read_objects(self):
        """Objects that the ordinary build has made and are newer than all that they are made of,
        and those among all objects that see the macro."""
        made, depending = set(), set()
        for block in run(["ninja", "-C", self.folder, "-t", "deps"]).split("\n\n"):
            name, *inputs = block.strip().splitlines() or [""]
            name = name.split(": #deps")[0].split("\n")[-1]
            inputs = [line.strip() for line in inputs]
            if any(line.endswith(READER) for line in inputs):
                depending.add(name)
            if inputs and all(0 <= self._changed(line) <= self._changed(name) for line in inputs):
                made.add(name)
        return made, depending

    def _changed(self, name):
        """When a file was written last, -1 when there is none."""
        if name not in self.times:
            path = os.path.join(self.folder, name)
            self.times[name] = os.stat(path).st_mtime_ns if os.path.exists(path) else -1
        return self.times[name]

    def _commands(self, target):
        """The target's compile commands by object, and its link command."""
        lines = run(["ninja", "-C", self.folder, "-t", "commands", target]).splitlines()
        compiles, link = {}, None
        for line in lines:
            words = shlex.split(line)
            if "-c" in words and words[-1].endswith((".cc", ".c")):
                compiles[words[words.index("-o") + 1]] = words
            elif " -o " in line and words[0] == ":":
                # ": && the command && :"; the last one is the target's.
                link = words[2:len(words) - words[::-1].index("&&") - 1]
        if link is None:
            raise BuildError(f"{target} has no link command")
        return compiles, link

    def _build(self, target, level, check, wanted):
        compiles, link = self._commands(target)
        folder = os.path.join(self.output, f"{target}_without_{check}")
        os.makedirs(folder, exist_ok=True)
        words, jobs = [], []
        for word in link:
            if word not in compiles:
                words.append(word)
                continue
            if not wanted(compiles[word][-1]):
                continue
            if check is not None and (word in self.depending or word not in self.made):
                made = os.path.join(folder, word.replace("/", "_"))
                jobs.append(self._compile_command(compiles[word], check, made))
                word = made
            elif word not in self.made:
                word = self._plain_object(word, compiles[word], jobs)
            words.append(word)
        if check is not None and not jobs:
            raise BuildError(f"no source of level {level} depends on its checks")
        result = os.path.join(folder, os.path.basename(link[link.index("-o") + 1]))
        words[words.index("-o") + 1] = result
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            list(pool.map(lambda command: run(command, cwd=self.folder), jobs))
        run(words, cwd=self.folder)
        return result

    def _plain_object(self, word, command, jobs):
        """An object with all checks that the ordinary build lacks, for all that need it."""
        if word not in self.plain:
            folder = os.path.join(self.output, "with_all")
            os.makedirs(folder, exist_ok=True)
            self.plain[word] = os.path.join(folder, word.replace("/", "_"))
            jobs.append(self._compile_command(command, None, self.plain[word]))
        return self.plain[word]

    @staticmethod
    def _compile_command(words, check, made):
        """The same compilation, without the check, to another object."""
        command, skip = [], False
        for word in words:
            if skip:
                skip = False
            elif word in DROPPED_WITH_VALUE:
                skip = True
            elif word not in DROPPED:
                command.append(CHANGED_FLAGS.get(word, word))
        command[command.index("-o") + 1] = made
        command.insert(command.index("-c"), "-w")
        if check is not None:
            command.insert(command.index("-c"), f"-DHAKMEM_CHECK_OFF={check}")
        return command
