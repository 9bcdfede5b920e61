#!/usr/bin/env python3
"""Claim: the gdb commands tell the truth about a heap, at every level, of a process and of a core,
and say what a level does not record; a broken heap is described, not followed.

Called by ctest: commands_test.py PROGRAM LIBRARY_FOLDER live|core. Exit: 0 true, 1 not, 77 not
checked (no gdb, or the system writes no core where the program runs).
"""

import functools
import glob
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM, LIBRARIES, HOW = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), sys.argv[3]
COMMANDS = os.path.join(LIBRARIES, "gdb", "hakmem.py")
LEVELS = range(5)
GDB = ["gdb", "-nx", "-q", "-batch", "-iex", "set debuginfod enabled off", "-iex",
       "set may-call-functions off", "-iex", "set width 0"]
LIMIT_S = 120
SHOWN_MAX = 6000


def library(level):
    return os.path.join(LIBRARIES, "libhakmem.so" if level == 0 else f"libhakmem_l{level}.so")


def leave_core(folder, environment, arguments):
    """The core file of the program; None when there is none."""
    subprocess.run([PROGRAM] + arguments, cwd=folder, env=environment, timeout=LIMIT_S, check=False,
                   stderr=subprocess.DEVNULL, preexec_fn=lambda: resource.setrlimit(
                       resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)))
    return next(iter(glob.glob(os.path.join(folder, "core*"))), None)


def ask(preloaded, spoiled, *commands, page="off"):
    """What gdb prints for the commands, when the program has stopped."""
    with tempfile.TemporaryDirectory(prefix="hakgdb.") as folder:
        argv = list(GDB)
        if HOW == "core":
            environment = dict(os.environ, **({"LD_PRELOAD": preloaded} if preloaded else {}))
            environment["HAKMEM_OPTIONS"] = "abort=1:symbolize=0"  # a core after a finding too
            core = leave_core(folder, environment, [spoiled])
            argv += ["-x", COMMANDS] + [f"-ex={command}" for command in commands] + [PROGRAM, core]
        else:
            if preloaded:
                argv += ["-ex", f"set exec-wrapper env LD_PRELOAD={preloaded} "
                                f"HAKMEM_OPTIONS=page={page}"]
            argv += ["-ex", "run", "-x", COMMANDS]
            argv += [f"-ex={command}" for command in commands] + ["--args", PROGRAM, spoiled]
        run = subprocess.run(argv, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, timeout=LIMIT_S, check=False)
    return run.stdout.decode(errors="replace")


@functools.cache
def ask_all(level):
    """The answers of one process with nothing wrong, to everything that the tests look at."""
    return ask(library(level), "nothing", *(f"hakmem {command}" for command in (
        "block live", "block freed", "block freed+39", "block large+1000", "block big+1",
        "block &live", "block live+4000000000000", "block remote", "slab live", "slab remote",
        "superslab live", "slab large", "superslab big", "ring", "ring 999999", "check",
        "check live", "check large")))


class TestCase(unittest.TestCase):
    def expect(self, text, *patterns):
        for pattern in patterns:
            if re.search(pattern, text, re.MULTILINE) is None:
                self.fail(f"no '{pattern}' in\n{text[:SHOWN_MAX]}")


class Commands(TestCase):
    def test_blocks(self):
        for level in LEVELS:
            with self.subTest(level=level):
                text = ask_all(level)
                size = "40 bytes of malloc" if level >= 3 else "at most 4[78] bytes"
                freed = "freed, in quarantine" if level >= 3 else "free"
                self.expect(text, rf"^block 0x\w+: live, {size}$", r"is its first byte$",
                            rf"^block 0x\w+: {freed}, {size}$", r"is 39 bytes into it$",
                            r"a large block of \d+ bytes", r"is 1000 bytes into it$",
                            r"^block 0x\w+: live, (20000 bytes of malloc|at most 2\d{4} bytes)$",
                            r"^0x\w+ is not HAKMEM's", r"block \d+ of \d+ in slab \d+ of SuperSlab")
                self.assertNotIn("Traceback", text)

    def test_what_a_level_does_not_record_is_said(self):
        for level in LEVELS:
            with self.subTest(level=level):
                text = ask_all(level)
                self.assertEqual("requested size, threads and stacks: recorded from level 3 on; "
                                 f"this process runs level {level}" in text, level < 3)
                self.assertEqual("history: recorded from level 4" in text, level == 3)
                self.assertEqual("the pointer trace: recorded from level 4" in text, level < 4)
                self.assertEqual("header bytes: recorded from level 2" in text, level < 2)
                self.assertEqual("canaries and fill: recorded from level 3" in text, level < 3)

    def test_stacks_name_functions_and_lines(self):
        for level in (3, 4):
            text = ask_all(level)
            place = "program_for_test.cc:"
            self.expect(text, rf"FREED     T\d+.*\n    #0 .*drop\(char\*\)  {place}\d+$",
                        rf"ALLOCATED T\d+.*\n    #0 .*make\(.*\)  {place}\d+$")
        self.expect(text, r"#1 main.*  program_for_test.cc:\d+$",
                    r"HISTORY.*\n    #\d+ +free .* 40 B .*drop.*\n    #\d+ +alloc .* 40 B .*make")

    def test_remote_frees(self):
        text = ask_all(0)
        self.expect(text, "freed by another thread, not taken back yet",
                    "freed by other threads and not taken back yet: 1$")
        text = ask_all(4).split("\nblock ")[6]  # the answer to `block remote`
        freed, allocated = (re.search(rf"{word} +(T\d+)", text).group(1)
                            for word in ("FREED", "ALLOCATED"))
        self.assertNotEqual(freed, allocated)

    def test_slabs(self):
        for level in LEVELS:
            with self.subTest(level=level):
                text = ask_all(level)
                self.expect(text, r"^slab \d+ of SuperSlab 0x\w+: active, 65536 bytes from 0x",
                            r"of heap \d+ \(owned\)", r"capacity \d+, carved \d+, in use 1\d\d$",
                            r"^ +0 [LFQU]{64}$", r"^SuperSlab 0x\w+: 32 units of 65536 bytes",
                            r"^0x\w+ lies in a large block, not in a slab",
                            r"^SuperSlab 0x\w+: 4 units of 524288 bytes \(span\)",
                            r"^ +\d+  0x\w+  active +\d+ +\d+ +\d+ +\d+ +\d+$")

    def test_ring(self):
        text = ask_all(4)
        self.expect(text, r"^\d+ events of T\d+", r"^#\d+ +free +0x\w+  40 B  .*drop",
                    r"^#\d+ +link write +0x\w+  -> 0x", r"^#\d+ +carve +0x\w+  \d+ blocks",
                    r"^no events of T999999; threads with events: T\d+")
        numbers = [int(number) for number in re.findall(r"^#(\d+) +(?:alloc|free) ", text, re.M)]
        self.assertGreater(len(numbers), 100)
        self.assertEqual(numbers, sorted(numbers, reverse=True))

    def test_a_sound_heap_has_no_defects(self):
        for level in LEVELS:
            with self.subTest(level=level):
                text = ask_all(level)
                self.assertEqual(len(re.findall("checked: nothing is wrong$", text, re.M)), 3, text)

    def test_damaged_bytes_are_found(self):
        text = ask(library(4), "bytes", "hakmem check", "hakmem check damaged",
                   "hakmem block damaged")
        self.expect(text, "canary bytes behind the request were overwritten, at \\+40$",
                    "bytes of the freed block were changed after free\\(\\), at \\+8$",
                    "checked: 2 defects$")


class Trouble(TestCase):
    """The same for a process and a core; tried with a process alone."""

    def test_blocks_on_pages_of_their_own(self):
        text = ask(library(4), "nothing", "hakmem block live", "hakmem block freed+3",
                   "hakmem check", "hakmem check live", page="after")
        self.expect(text, r"^block 0x\w+: live, 40 bytes of malloc$",
                    r"^block 0x\w+: freed, in quarantine, 40 bytes of malloc$",
                    "^  pages of its own, with a closed page beside them$", "FREED.*\n.*drop")
        self.assertEqual(len(re.findall("checked: nothing is wrong$", text, re.M)), 2, text)

    def test_a_broken_list_is_described(self):
        text = ask(library(0), "link", "hakmem check", "hakmem block live", "hakmem slab live")
        self.expect(text, "free list is broken: it leads to 0x4141414141414141, outside",
                    "checked: 1 defect$", "the state is a guess", "^  the free list is broken")
        text = ask(library(1), "cycle", "hakmem check")
        self.expect(text, r"free list is broken: it comes back to 0x\w+ and does not end")

    def test_a_library_without_debug_information_is_named(self):
        with tempfile.TemporaryDirectory(prefix="hakgdb.") as folder:
            stripped = os.path.join(folder, "libhakmem_l4.so")
            shutil.copy(library(4), stripped)
            subprocess.run(["strip", stripped], check=True)
            text = ask(stripped, "nothing", "hakmem check")
        self.expect(text, r"libhakmem_l4\.so has no debug information")

    def test_another_malloc_is_named(self):
        text = ask("", "nothing", "hakmem check")
        self.expect(text, "this process has no HAKMEM; its malloc is that of the C library")

    def test_wrong_arguments_are_sentences(self):
        text = ask(library(4), "nothing", "hakmem block", "hakmem block no_such_name",
                   "hakmem ring x")
        self.expect(text, "which address", "No symbol \"no_such_name\"",
                    "'x' is not a thread number")
        self.assertNotIn("Traceback", text)


def why_not():
    """Why nothing can be checked here; None when it can."""
    if shutil.which("gdb") is None:
        return "no gdb"
    if HOW == "core":
        with tempfile.TemporaryDirectory(prefix="hakgdb.") as folder:
            try:
                if leave_core(folder, dict(os.environ), ["nothing"]) is None:
                    return "the system writes no core file where a program runs"
            except (OSError, ValueError, subprocess.SubprocessError) as error:
                return f"no core file: {error}"
    return None


if __name__ == "__main__":
    REASON = why_not()
    if REASON is not None:
        print(f"SKIPPED: {REASON}")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1], defaultTest="Commands" if HOW == "core" else None)
