#!/usr/bin/env python3
"""Claim: two shards of the table of mutants, merged by `hakmem report`, are the unsharded run: the
same rows with the same killers; parts of different runs are refused; `hakmem mutants` ends with the
gate's exit statuses.

The rows are of judgements that were made up, one for each mutant of the table, so that nothing is
compiled. Called by ctest: mutants_test.py HAKMEM REPOSITORY. Exit: 0 as claimed, 1 not.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import unittest

HAKMEM, REPOSITORY = (os.path.abspath(argument) for argument in sys.argv[1:3])
sys.path.insert(0, os.path.join(REPOSITORY, "property_tests", "mutants"))

import judge  # noqa: E402
import mutants  # noqa: E402
import page  # noqa: E402
import results  # noqa: E402
import table  # noqa: E402

FINDING, BAD_OPTION = 89, 64
SURVIVOR = "bitmap-inverted"


def run(*arguments, **options):
    return subprocess.run([HAKMEM, *arguments], capture_output=True, text=True, timeout=60,
                          check=False, **options)


def judged(mutant, seconds):
    """As the judge would say it; the times of no two runs are alike."""
    lives = mutant.expected() != "killed" or mutant.name == SURVIVOR
    return judge.Judgement(mutant, "survived" if lives else "killed",
                           "" if lives else f"FOUND in {mutant.name}", seconds, seconds / 2)


def timeless(result):
    for check in result["checks"]:
        check["seconds"] = 0
        check["facts"]["run_seconds"] = check["facts"]["build_seconds"] = 0
    return result


class Mutants(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.addCleanup(self.scratch.cleanup)
        self.folder = self.scratch.name
        self.table = table.load()

    def write(self, name, shard, seconds, group=None):
        """The result of a run with this shard; the same code writes it as after a real run."""
        arguments = argparse.Namespace(names=[], group=group, shard=shard)
        rows = [results.row_of(judged(mutant, seconds + place), place)
                for place, mutant in mutants.chosen(arguments, self.table)]
        results.write_json(os.path.join(self.folder, name), rows, mutants.asked_for(arguments),
                           shard)

    def report(self, *arguments):
        return run("report", *arguments, cwd=self.folder)

    def test_shards_merged_are_the_unsharded_run(self):
        self.write("all.json", (1, 1), 1)
        self.write("part-1.json", (1, 2), 20)
        self.write("part-2.json", (2, 2), 300)
        whole = self.report("all.json", "--json")
        merged = self.report("part-2.json", "part-1.json", "--json")
        self.assertEqual((whole.returncode, merged.returncode), (FINDING, FINDING), merged.stderr)
        self.assertEqual(timeless(json.loads(merged.stdout)), timeless(json.loads(whole.stdout)))
        rows = [check["facts"] for check in json.loads(merged.stdout)["checks"]]
        self.assertEqual([(row["name"], row["killer"]) for row in rows],
                         [(mutant.name, results.killer_of(mutant)) for mutant in self.table])

    def test_the_table_has_killer_level_seconds_and_seed_and_the_survivor_is_named(self):
        self.write("part-1.json", (1, 2), 2)
        self.write("part-2.json", (2, 2), 2)
        text = self.report("part-1.json", "part-2.json").stdout
        lines = [line for line in text.splitlines() if line.startswith("double-carve-symptom ")]
        place = [mutant.name for mutant in self.table].index("double-carve-symptom")
        self.assertRegex(lines[0], rf"bench 0 larson\S* .* 0 +{place + 2}\.00 +\d+  killed +FOUND")
        self.assertIn(f"{len(self.table) - 1} passed, 1 failed, 0 skipped", text)
        self.assertEqual(text.rstrip().splitlines()[-1], f"  hakmem mutants run {SURVIVOR} --keep")

    def test_a_merged_result_makes_the_page(self):
        self.write("part-1.json", (1, 2), 2)
        self.write("part-2.json", (2, 2), 2)
        path = os.path.join(self.folder, "merged.json")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.report("part-1.json", "part-2.json", "--json").stdout)
        body = page.body_of(self.table, results.read_json([path]))
        for mutant in self.table:
            self.assertIn(f"| `{mutant.name}`", body)

    def test_parts_of_different_runs_are_refused(self):
        self.write("one.json", (1, 2), 2, ["history_carving"])
        self.write("two.json", (2, 2), 2, ["history_links"])
        self.write("all.json", (1, 1), 2, ["history_carving"])
        for other in ("two.json", "all.json"):
            done = self.report("one.json", other)
            self.assertEqual(done.returncode, BAD_OPTION, done.stdout)

    def test_a_part_that_is_missing_is_a_failure(self):
        self.write("part-1.json", (1, 3), 2)
        self.write("part-3.json", (3, 3), 2)
        text = self.report("part-1.json", "part-3.json").stdout
        self.assertIn("FAILED shards 2/3\n", text)
        self.write("other.json", (2, 2), 2)
        self.assertEqual(self.report("part-1.json", "other.json").returncode, BAD_OPTION)

    def test_what_cannot_be_asked_is_a_bad_option(self):
        for arguments in (["run", "no-such"], ["run", "--shard", "3/2"], ["walk"],
                          ["run", "--group", "no_such"], ["list", "no-such"]):
            done = run("mutants", *arguments, cwd=self.folder)
            self.assertEqual(done.returncode, BAD_OPTION, done.stdout + done.stderr)

    def test_the_list_is_the_table(self):
        done = run("mutants", "list", cwd=self.folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([line.split()[0] for line in done.stdout.splitlines()],
                         [mutant.name for mutant in self.table])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
