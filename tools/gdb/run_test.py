#!/usr/bin/env python3
"""Claim: `hakmem run --gdb`, `--core` and `--rr` and `hakmem core` do what their help says, with
the exit status of the interface; what they cannot do they say in a sentence.

Called by ctest: run_test.py HAKMEM PROGRAM. Exit: 0 true, 1 not, 77 not checked (no gdb, or the
system writes no core where a program runs).
"""

import glob
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import unittest

HAKMEM, PROGRAM = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
LIMIT_S = 200
SHOWN_MAX = 6000
UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


class TestCase(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory(prefix="hakrun.")
        self.addCleanup(place.cleanup)
        self.folder = place.name

    def run_hakmem(self, *words, typed="", path=None, core_limit=None, environment=None):
        """Exit status and all output of one hakmem command in the test's folder."""
        if environment is None:
            environment = {name: value for name, value in os.environ.items()
                           if not name.startswith("HAKMEM_") and name != "LD_PRELOAD"}
        if path is not None:
            environment["PATH"] = path
        limit = None
        if core_limit is not None:
            def limit():
                resource.setrlimit(resource.RLIMIT_CORE, core_limit)
        run = subprocess.run([HAKMEM] + list(words), cwd=self.folder, env=environment,
                             input=typed.encode(), stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, timeout=LIMIT_S, check=False,
                             preexec_fn=limit)
        return run.returncode, run.stdout.decode(errors="replace")

    def expect(self, text, *patterns):
        for pattern in patterns:
            if re.search(pattern, text, re.MULTILINE) is None:
                self.fail(f"no '{pattern}' in\n{text[:SHOWN_MAX]}")

    def make_core(self, how, *options):
        """The core that a run of the program leaves, and what the run said."""
        _, text = self.run_hakmem("run", "--core", "-o", "out", *options, "--", PROGRAM, how)
        found = glob.glob(os.path.join(self.folder, "core*"))
        self.assertEqual(len(found), 1, text)
        return found[0], text


class Gdb(TestCase):
    def test_it_stops_at_the_finding_behind_the_report(self):
        status, text = self.run_hakmem("run", "--gdb", "-o", "out", "--", PROGRAM, "double",
                                       typed="set width 0\nbt\nhakmem block freed\n")
        self.assertEqual(status, 86, text)
        self.expect(text, "HK101 double free", "stopped at the finding above",
                    r"^#\d+ .*drop.* at .*program_for_test.cc:\d+$",
                    r"block 0x\w+: freed, in quarantine, 40 bytes of malloc$")
        self.assertLess(text.index("dedup HK101"), text.index("stopped at the finding"))

    def test_a_program_that_ends_well_ends_gdb_with_its_status(self):
        status, text = self.run_hakmem("run", "--gdb", "--", PROGRAM, "status")
        self.assertEqual(status, 7, text)

    def test_a_crash_without_a_finding_has_the_status_of_its_signal(self):
        status, text = self.run_hakmem("run", "--gdb", "-o", "out", "--", PROGRAM, "wild",
                                       typed="hakmem crash\n")
        self.assertEqual(status, 128 + 11, text)
        self.expect(text, "SIGSEGV stopped T.* at address 0x123456789000")

    def test_arguments_arrive_as_they_were(self):
        words = ["a b", "q\"uo'te", "$HOME", "*", "", "back\\slash"]
        status, text = self.run_hakmem("run", "--gdb", "--", "/bin/sh", "-c",
                                       "for word; do printf '<%s>' \"$word\"; done", "name", *words)
        self.assertEqual(status, 0, text)
        self.assertIn("".join(f"<{word}>" for word in words), text)

    def test_the_program_has_the_environment_that_it_has_without_gdb(self):
        sets = ({"PATH": "/usr/bin:/bin"},
                {"PATH": "/usr/bin:/bin", "SHELL": "/bin/false", "COLUMNS": "33", "LINES": "7",
                 "PWD": "/nowhere", "SHLVL": "5", "OTHER": "a 'b' $c"})
        for environment in sets:
            lines = {}
            for how in ([], ["--gdb"]):
                status, text = self.run_hakmem("run", *how, "--", "/usr/bin/env",
                                               environment=environment)
                self.assertEqual(status, 0, text)
                lines[bool(how)] = {line for line in text.splitlines()
                                    if re.match(r"(?!HAKMEM_)[A-Z_]+=", line)}
            self.assertLessEqual({f"{name}={value}" for name, value in environment.items()},
                                 lines[False])
            self.assertEqual(lines[False], lines[True])

    def test_what_does_not_go_together_is_refused(self):
        for words in (["--gdb", "--core"], ["--gdb", "--rr"], ["--gdb", "--page", "both"],
                      ["--gdb", "--timeout", "5"]):
            status, text = self.run_hakmem("run", *words, "--", "/bin/true")
            self.assertEqual(status, 64, text)
        status, text = self.run_hakmem("run", "--gdb", "--", "/bin/true", path=self.folder)
        self.assertEqual(status, 125, text)
        self.expect(text, "gdb is not installed.*apt-get install gdb")


class Rr(TestCase):
    def test_a_missing_rr_is_a_sentence(self):
        status, text = self.run_hakmem("run", "--rr", "--", "/bin/true", path=self.folder)
        self.assertEqual(status, 125, text)
        self.expect(text, "rr is not installed.*apt-get install rr")

    def test_rr_records_the_program_with_our_library(self):
        fake = os.path.join(self.folder, "rr")
        with open(fake, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\nprintf '%s\\n' \"$@\"\nexit 5\n")
        os.chmod(fake, 0o755)
        status, text = self.run_hakmem("run", "--rr", "-o", "out", "--", "/bin/echo", "a b",
                                       path=self.folder)
        self.assertEqual(status, 5, text)
        self.expect(text, r"^record$", r"^LD_PRELOAD=.*libhakmem_l4\.so", r"^/bin/echo\na b$",
                    r"rr replay .*/out/hk\.rr\.\d+")


class Core(TestCase):
    def test_a_finding_leaves_a_core_that_tells_of_it(self):
        core, text = self.make_core("double")
        self.expect(text, "HK101 double free, exit status 86", f"core {re.escape(core)}")
        status, text = self.run_hakmem("core", core)
        self.assertEqual(status, 0, text)
        self.expect(text, "^SIGABRT stopped T", "^HAKMEM had found HK101: ", r"FREED +T\d+ ",
                    r"ALLOCATED T\d+ ", "#0 .*drop.* program_for_test.cc:",
                    "^dedup HK101-[0-9a-f]{16}$")

    def test_a_poison_crash_is_recognised(self):
        core, _ = self.make_core("poison", "--level", "3")
        status, text = self.run_hakmem("core", core, "--json", "-")
        self.assertEqual(status, 0, text)
        facts = json.loads(text)
        self.assertEqual(facts["signal"]["name"], "SIGSEGV")
        self.assertEqual(facts["level"], 3)
        self.assertIn("read out of freed memory", facts["likely"])
        self.assertTrue(facts["poison"])
        self.assertRegex(facts["dedup"], "^HK108-[0-9a-f]{16}$")
        freed = [block for block in facts["blocks"] if "freed" in block]
        self.assertIn("drop", freed[0]["freed"]["stack"][0]["function"])
        self.assertEqual(facts["program"], PROGRAM)

        with open(core, "rb") as whole, open(core + ".cut", "wb") as cut:
            cut.write(whole.read(1 << 20))
        _, text = self.run_hakmem("core", core + ".cut")
        self.expect(text, "the core is truncated, 1048576 of \\d+ bytes")

    def test_a_limit_of_nothing_is_named(self):
        status, text = self.run_hakmem("run", "--core", "-o", "out", "--", PROGRAM, "double",
                                       core_limit=(0, 0))
        self.assertEqual(status, 86, text)
        self.expect(text, "no core was left: the limit .* is 0.*ulimit -Hc")

    def test_what_is_no_core_of_ours_is_refused(self):
        subprocess.run([PROGRAM, "wild"], cwd=self.folder, check=False,
                       preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, UNLIMITED))
        foreign = glob.glob(os.path.join(self.folder, "core*"))[0]
        for file, words in ((foreign, "has no HAKMEM in it; its malloc is that of the C library"),
                            (PROGRAM, "is a program or a library, not a core"),
                            (__file__, "is not a core file"),
                            ("/no/such/core", "cannot be read")):
            status, text = self.run_hakmem("core", file)
            self.assertEqual(status, 125, text)
            self.assertIn(words, text)


def why_not():
    """Why nothing can be checked here; None when it can."""
    if shutil.which("gdb") is None:
        return "no gdb"
    with tempfile.TemporaryDirectory(prefix="hakrun.") as folder:
        try:
            subprocess.run([PROGRAM, "nothing"], cwd=folder, check=False, timeout=LIMIT_S,
                           preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, UNLIMITED))
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            return f"no core file: {error}"
        if not glob.glob(os.path.join(folder, "core*")):
            return "the system writes no core file where a program runs"
    return None


if __name__ == "__main__":
    REASON = why_not()
    if REASON is not None:
        print(f"SKIPPED: {REASON}")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1])
