#!/usr/bin/env python3
"""What HAKMEM_OPTIONS says about findings, from outside, on the real libraries.

    run_options.py --hakmem build/bin/hakmem --program build/stress/options/errors

Claims: with halt_on_error=0 a program with errors comes to its end at each level that has the
check, every error is reported once and counted after that, and the exit code is still 86;
max_errors ends it; suppressed findings leave only a count; a wrong file of suppressions is told
and ends with 64.
"""

import argparse
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ARGS = None


def library(level):
    """Path of a level's library."""
    return subprocess.run([ARGS.hakmem, "lib", "--level", str(level)], capture_output=True,
                          text=True, check=True, timeout=60).stdout.strip()


class OptionsCase(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="hakopt.")
        self.addCleanup(scratch.cleanup)
        self.folder = scratch.name

    def run_program(self, level, options, *words):
        """Runs the program with a level's library preloaded."""
        environment = {name: value for name, value in os.environ.items()
                       if name not in ("LD_PRELOAD", "HAKMEM_INTEGRITY_LEVEL", "HAKMEM_OPTIONS")}
        environment["HAKMEM_OPTIONS"] = "symbolize=0:" + options
        environment["LD_PRELOAD"] = library(level)
        return subprocess.run([ARGS.program, *words], cwd=self.folder, env=environment,
                              capture_output=True, text=True, timeout=60, check=False)

    def write(self, text, name="rules"):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def ids(self, run):
        """The ids of the headlines, in order."""
        return re.findall(r"━━ HAKMEM ━━ (HK\d{3})", run.stderr)


class GoingOn(OptionsCase):
    def goes_on(self, level, ids, *words, options="", output="done\n"):
        run = self.run_program(level, "halt_on_error=0" + options, *words)
        self.assertEqual(run.returncode, 86, run.stderr)
        self.assertEqual(run.stdout, output, run.stderr)
        self.assertEqual(self.ids(run), ids, run.stderr)
        return run

    def test_every_error_of_each_level(self):
        kinds = {"double_free": (1, "HK101"), "interior_free": (1, "HK105"),
                 "wild_free": (1, "HK106"), "realloc_freed": (1, "HK110"),
                 "link_write": (1, "HK102"), "header": (2, "HK104"), "overflow": (3, "HK103"),
                 "write_freed": (3, "HK102"), "copy_past": (4, "HK111"),
                 "broken_at_exit": (4, "HK103")}
        at_exit = {"write_freed", "broken_at_exit"}
        for level in (1, 2, 3, 4):
            for name, (first, identifier) in kinds.items():
                # Level 3 sees a write after free only when the block leaves its rest.
                if level < first or (level == 3 and name in at_exit | {"link_write"}):
                    continue
                with self.subTest(level=level, error=name):
                    ids = [identifier]
                    if name == "copy_past":
                        ids.append("HK103")  # the call was made: free() finds its damage
                    if name == "link_write" and level == 4:
                        ids = ["HK111", "HK102"]
                    self.goes_on(level, ids, name)

    def test_without_the_option_the_first_error_ends_it(self):
        for level in (1, 2, 3, 4):
            run = self.run_program(level, "", "wild_free")
            self.assertEqual((run.returncode, run.stdout), (86, ""), run.stderr)

    def test_repeats_are_counted_not_told(self):
        for level in (1, 4):
            run = self.goes_on(level, ["HK101"], "double_free=50")
            self.assertRegex(run.stderr, r"HAKMEM: HK101-[0-9a-f]{16} was seen 49 more times\n")

    def test_all_in_one_run_each_in_one_report(self):
        folder = os.path.join(self.folder, "hk")
        run = self.goes_on(4, ["HK101", "HK105", "HK106", "HK110", "HK103"], "double_free=3",
                           "interior_free", "wild_free=2", "realloc_freed", "overflow=2",
                           options=":report=" + folder)
        with open(os.path.join(folder, "report.json"), encoding="utf-8") as file:
            found = json.load(file)["findings"]
        self.assertEqual([finding["id"] for finding in found], self.ids(run))
        self.assertEqual(len({finding["dedup"] for finding in found}), 5)

    def test_threads_that_find_something_at_once(self):
        for level in (1, 2, 3, 4):
            run = self.goes_on(level, ["HK101"], "threads")
            self.assertIn("was seen 79 more times", run.stderr)

    def test_the_maximum_ends_it(self):
        run = self.run_program(4, "halt_on_error=0:max_errors=2", "double_free=9", "wild_free",
                               "interior_free")
        self.assertEqual((run.returncode, run.stdout), (86, ""), run.stderr)
        self.assertEqual(self.ids(run), ["HK101", "HK106"])
        self.assertIn("HAKMEM: ended after 2 findings (option max_errors)\n", run.stderr)
        self.goes_on(4, ["HK101", "HK106"], "double_free", "wild_free", options=":max_errors=0")

    def test_a_child_is_as_clean_as_it_is(self):
        self.goes_on(4, ["HK106"], "wild_free", "clean_child", output="child 5\ndone\n")

    def test_the_exit_code_option_holds(self):
        run = self.run_program(2, "halt_on_error=0:exitcode=3", "wild_free")
        self.assertEqual((run.returncode, run.stdout), (3, "done\n"))


class Suppressions(OptionsCase):
    def test_what_fits_is_silent_and_counted(self):
        rules = self.write("# known\n\n  HK106:errors  \n")
        run = self.run_program(4, "verbosity=1:suppressions=" + rules, "wild_free=3")
        self.assertEqual((run.returncode, run.stdout), (7, "done\n"), run.stderr)
        self.assertEqual(run.stderr, "HAKMEM: 3 findings were suppressed\n")
        run = self.run_program(1, "suppressions=" + rules, "wild_free=3")
        self.assertEqual((run.returncode, run.stderr), (7, ""))

    def test_what_does_not_fit_ends_it(self):
        rules = self.write("HK106:errors\nHK101:libnone.so\n")
        run = self.run_program(4, "suppressions=" + rules, "wild_free", "double_free")
        self.assertEqual((run.returncode, run.stdout), (86, ""))
        self.assertEqual(self.ids(run), ["HK101"])

    def test_functions_are_named_by_the_symbolizer(self):
        for rule, status in (("HK101:^free_again$", 7), ("HK101:free_*in", 7), ("*:errors.c", 7),
                             ("HK101:^again", 86), ("HK103:free_again", 86)):
            rules = self.write(rule + "\n")
            run = self.run_program(4, "symbolize=1:suppressions=" + rules, "double_free=2")
            self.assertEqual(run.returncode, status, rule + "\n" + run.stderr)

    def test_leaks(self):
        for rule, status in (("leak:leak", 7), ("leak:nothing_like_it", 90), ("HK120:*", 7)):
            rules = self.write(rule + "\n")
            run = subprocess.run(
                [ARGS.hakmem, "run", "--leaks", "--suppressions", os.path.basename(rules), "--",
                 ARGS.program, "leak"], cwd=self.folder, capture_output=True, text=True,
                timeout=60, check=False)
            self.assertEqual(run.returncode, status, rule + "\n" + run.stderr)
            self.assertEqual(run.stdout, "done\n")
            reports = glob.glob(self.folder + "/hk.*")
            self.assertEqual(len(reports), 0 if status == 7 else 1)
            for report in reports:
                shutil.rmtree(report)

    def test_a_wrong_file_is_told(self):
        for text, words in (("HK106\n", "rules:1: a rule is KIND:PATTERN"),
                            ("leak:a\nHK999:x\n", "rules:2: the kind must be HKnnn, leak or *"),
                            ("HK901:x\n", "rules:1: HK108, HK109 and HK9xx cannot be suppressed"),
                            ("HK101:\n", "rules:1: the pattern is empty")):
            run = self.run_program(4, "suppressions=" + self.write(text), "leak")
            self.assertEqual((run.returncode, run.stdout), (64, ""), text)
            self.assertIn("HAKMEM: option 'suppressions': ", run.stderr)
            self.assertIn(words, run.stderr)
        run = self.run_program(1, "suppressions=/nowhere/rules", "leak")
        self.assertEqual(run.returncode, 64)
        self.assertIn("/nowhere/rules: the file cannot be opened", run.stderr)

    def test_an_unknown_option_names_the_nearest(self):
        for wrong, nearest in (("supressions=x", "suppressions"), ("halt_on_eror=0",
                                                                   "halt_on_error")):
            run = self.run_program(4, wrong)
            self.assertEqual(run.returncode, 64)
            self.assertIn(f"the nearest is '{nearest}'", run.stderr)


def main():
    global ARGS
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hakmem", required=True, type=os.path.abspath)
    parser.add_argument("--program", required=True, type=os.path.abspath)
    ARGS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
