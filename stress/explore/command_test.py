#!/usr/bin/env python3
"""`hakmem explore` from outside: exit statuses, the reproducer, what it says when it cannot run.

Called by ctest: command_test.py HAKMEM LIST.hkops  Exit 0: all as the interface promises.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

HAKMEM = LIST = ""


class Explore(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def run_command(self, *arguments, program=None):
        return subprocess.run([program or HAKMEM, "explore", *arguments], cwd=self.folder,
                              capture_output=True, text=True, timeout=300, check=False)

    def test_a_correct_protocol_is_clean_and_says_what_was_reached(self):
        run = self.run_command("--protocol", "remote_free", "--seeds", "2000", "--programs", "4")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertRegex(run.stdout, r"nothing in 2000 schedules of 4 programs")
        self.assertRegex(run.stdout, r"schedule points: \d+ lines with atomic accesses")
        self.assertIn("never reached", run.stdout)
        self.assertFalse(os.path.exists(os.path.join(self.folder, "hk.explore")))

    def test_a_finding_is_kept_and_its_commands_show_it_again(self):
        run = self.run_command("--protocol", "planted", "--seeds", "2000")
        self.assertEqual(run.returncode, 89, run.stdout + run.stderr)
        kept = os.listdir(os.path.join(self.folder, "hk.explore"))
        self.assertEqual(len(kept), 1, kept)
        with open(os.path.join(self.folder, "hk.explore", kept[0]), encoding="utf-8") as file:
            text = file.read()
        self.assertIn("FOUND race in planted:", text)
        self.assertRegex(text, r"> t1@\d+ +\S+ .*relaxed")
        commands = re.findall(r"(?:replay|schedule)  +hakmem (explore [^(\n]*)", text)
        self.assertEqual(len(commands), 2, text)
        for command in commands:
            again = self.run_command(*shlex.split(command)[1:])
            self.assertEqual(again.returncode, 89, command + again.stdout + again.stderr)
            self.assertIn("FOUND race in planted:", again.stdout)

    def test_the_heap_of_level_4(self):
        run = self.run_command("--level", "4", "--protocol", "fork", "--seeds", "500",
                               "--programs", "4")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("never reached  stack_depot.cc:", run.stdout)  # what a level has of its own
        run = self.run_command("--level", "4", "--protocol", "planted", "--seeds", "2000")
        self.assertEqual(run.returncode, 89, run.stdout + run.stderr)
        self.assertRegex(run.stdout, r"replay +hakmem explore --level 4 --protocol planted:")
        run = self.run_command("--level", "5")
        self.assertEqual(run.returncode, 64, run.stdout + run.stderr)

    def test_jobs_find_the_same(self):
        run = self.run_command("--protocol", "planted", "--seeds", "2000", "--jobs", "2")
        self.assertEqual(run.returncode, 89, run.stdout + run.stderr)
        self.assertIn("FOUND race in planted:", run.stdout)

    def test_shards_split_the_programs(self):
        total = 0
        for shard in ("1/3", "2/3", "3/3"):
            run = self.run_command("--protocol", "peers", "--seeds", "500", "--programs", "5",
                                   "--shard", shard)
            self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
            total += int(re.search(r"schedules of (\d+) programs", run.stdout).group(1))
        self.assertEqual(total, 5)

    def test_dfs_says_how_many_programs_are_complete(self):
        run = self.run_command("--protocol", "remote_free:1", "--strategy", "dfs",
                               "--preemptions", "1", "--stale", "0")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("1 programs completely (up to 1 preemptions, 0 stale reads)", run.stdout)

    def test_a_file_of_operations_is_explored(self):
        run = self.run_command("--hkops", LIST, "--seeds", "2000")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("nothing in 2000 schedules of 1 programs", run.stdout)
        again = self.run_command("--hkops", LIST, "--replay", "7", "--repeat", "5")
        self.assertEqual(again.returncode, 0, again.stdout + again.stderr)
        self.assertIn("replayed 5 of 5 times alike", again.stdout)

    def test_bad_options_end_with_64(self):
        for arguments in (["--protocol", "remote"], ["--strategy", "all"], ["--replay", "3"],
                          ["--shard", "3/2"], ["--time", "soon"], ["--hkops", "none.hkops"]):
            run = self.run_command(*arguments)
            self.assertEqual(run.returncode, 64, f"{arguments}: {run.stdout}{run.stderr}")
            self.assertNotEqual(run.stderr, "")

    def test_the_protocols_are_listed(self):
        run = self.run_command("--list")
        self.assertEqual(run.returncode, 0)
        for name in ("remote_free", "adoption", "fork", "runs", "purge", "rumour"):
            self.assertRegex(run.stdout, rf"(?m)^{name} ")

    def test_without_the_explorer_it_names_the_remedy(self):
        lonely = shutil.copy(HAKMEM, self.folder)
        run = self.run_command("--protocol", "remote_free", program=lonely)
        self.assertEqual(run.returncode, 125)
        self.assertRegex(run.stderr, r"^hakmem: .*hakmem_explorer is not there; .*ninja -C build")


if __name__ == "__main__":
    HAKMEM, LIST = sys.argv[1:3]
    unittest.main(argv=sys.argv[:1])
