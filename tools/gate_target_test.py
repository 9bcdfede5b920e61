#!/usr/bin/env python3
"""Claim: `hakmem gate --target` passes a right malloc, fails a broken one by name, prints a command
that shows the failure again, and its shards add up to the whole run, in every form.

Called by ctest: gate_target_test.py HAKMEM BROKEN_LIBRARY REPOSITORY. Exit: 0 as claimed, 1 not,
77 not checked.
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

try:
    import jsonschema
except ImportError:
    print("SKIPPED: no jsonschema for this python3 (Debian: python3-jsonschema)")
    sys.exit(77)

HAKMEM, BROKEN, REPOSITORY = (os.path.abspath(argument) for argument in sys.argv[1:4])
FINDING = 89
CHECKS = ("api/matrix.alignment_64,api/matrix.alignment_256,api/matrix.realloc_from_100,"
          "api/errors.posix_memalign_einval,api/names.free_sized")
FAILING = {"matrix.alignment_256", "matrix.realloc_from_100"}


def run(*arguments, **options):
    environment = {key: value for key, value in os.environ.items()
                   if not key.startswith(("HAKMEM_", "LD_PRELOAD"))}
    return subprocess.run([HAKMEM, *arguments], env=environment, capture_output=True, text=True,
                          timeout=120, check=False, **options)


class GateTarget(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.folder = cls.scratch.name
        cls.done = run("gate", "--target", BROKEN, "--only", CHECKS, "--junit", "gate.xml",
                       "--sarif", "gate.sarif", "--html", "gate.html", "--json", "gate.json",
                       cwd=cls.folder)

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def read(self, name):
        with open(os.path.join(self.folder, name), encoding="utf-8") as file:
            return file.read()

    def checks(self, name):
        return {check["name"]: check for check in json.loads(self.read(name))["checks"]}

    def test_the_broken_ones_fail_and_nothing_else_does(self):
        self.assertEqual(self.done.returncode, FINDING, self.done.stdout + self.done.stderr)
        checks = self.checks("gate.json")
        failed = {name for name, check in checks.items() if check["state"] == "failed"}
        self.assertEqual(failed, FAILING)
        self.assertEqual(checks["matrix.alignment_64"]["state"], "passed")
        self.assertEqual(checks["names.free_sized"]["state"], "skipped")
        self.assertIn("posix_memalign(256,", checks["matrix.alignment_256"]["reason"])
        self.assertIn("2 passed, 2 failed, 1 skipped", self.done.stdout)

    def test_the_last_lines_are_commands_that_fail_again(self):
        for name in FAILING:
            command = self.checks("gate.json")[name]["command"]
            self.assertIn("  " + command, self.done.stdout.splitlines()[-4:])
            again = subprocess.run(["sh", "-c", command], capture_output=True, text=True,
                                   timeout=60, check=False)
            self.assertEqual(again.returncode, 1, again.stdout + again.stderr)
            self.assertIn("FAIL " + name, again.stdout)
        self.assertTrue(self.done.stdout.rstrip().splitlines()[-1].startswith("  HAKMEM_STRESS_"))

    def test_the_c_library_passes_them(self):
        done = run("gate", "--target", "libc", "--only", CHECKS, cwd=self.folder)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_library_that_cannot_be_loaded_fails(self):
        path = os.path.join(self.folder, "empty.so")
        with open(path, "wb"):
            pass
        done = run("gate", "--target", path, "--only", "api/names.malloc", cwd=self.folder)
        self.assertEqual(done.returncode, FINDING, done.stdout + done.stderr)

    def test_what_cannot_be_asked_is_a_bad_option(self):
        for arguments in (["--only", "nothing"], ["--shard", "3/2"], ["--shard", "x"]):
            done = run("gate", "--target", "libc", *arguments, cwd=self.folder)
            self.assertEqual(done.returncode, 64, done.stdout + done.stderr)

    def test_junit_counts(self):
        suites = xml.etree.ElementTree.fromstring(self.read("gate.xml"))
        cases = suites.findall("./testsuite/testcase")
        self.assertEqual(len(cases), 5)
        failed = {case.get("name") for case in cases if case.find("failure") is not None}
        self.assertEqual(failed, FAILING)
        self.assertEqual(suites.get("failures"), "2")

    def test_sarif_fits_the_oasis_schema(self):
        with open(os.path.join(REPOSITORY, "tools", "sarif", "sarif-2.1.0-rtm.5.json"),
                  encoding="utf-8") as file:
            schema = jsonschema.Draft4Validator(json.load(file))
        log = json.loads(self.read("gate.sarif"))
        self.assertEqual([error.message[:300] for error in schema.iter_errors(log)], [])
        self.assertEqual(len(log["runs"][0]["results"]), 2)

    def test_the_page_names_the_failures_and_refers_to_nothing(self):
        page = self.read("gate.html")
        for name in FAILING:
            self.assertIn(name, page)
        for reference in ("http://", "https://", "url(", "src="):
            self.assertNotIn(reference, page)

    def test_shards_add_up_to_the_whole(self):
        for part in ("1", "2"):
            run("gate", "--target", BROKEN, "--only", CHECKS, "--shard", part + "/2", "--json",
                f"part{part}.json", cwd=self.folder)
        merged = run("report", "part2.json", "part1.json", "--json", cwd=self.folder)
        self.assertEqual(merged.returncode, FINDING, merged.stderr)
        wanted = json.loads(self.read("gate.json"))
        found = json.loads(merged.stdout)
        for result in (wanted, found):
            for check in result["checks"]:
                check["seconds"] = 0
                check["reason"] = check["reason"].split(" at 0x")[0]
        self.assertEqual(found, wanted)
        twice = run("report", "part1.json", "gate.json", "--json", cwd=self.folder)
        self.assertEqual(twice.returncode, 64, twice.stdout + twice.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
