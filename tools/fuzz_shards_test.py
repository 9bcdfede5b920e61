#!/usr/bin/env python3
"""Claim: `hakmem fuzz --runs N` does N executions in seeded slices, a find in one makes that slice
fail with a command that runs it alone, and two shards, merged, are the unsharded run.

The fuzzer is a script with libFuzzer's options beside a copy of hakmem, so that the test needs no
clang. Called by ctest: fuzz_shards_test.py HAKMEM. Exit: 0 as claimed, 1 not.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

HAKMEM = os.path.abspath(sys.argv[1])
ARRAY = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "ci", "slurm",
                     "gate_array.sh")
FINDING = 89
BAD_SEED = 13  # of the third of five slices
FUZZER = f"""#!/bin/sh
status=77
for word in "$@"; do
  case $word in
    -seed=*) seed=${{word#*=}} ;;
    -runs=*) runs=${{word#*=}} ;;
    -error_exitcode=*) status=${{word#*=}} ;;
    -artifact_prefix=*) prefix=${{word#*=}} ;;
  esac
done
echo "stat::number_of_executed_units: $runs"
sleep "${{SLOW:-0}}"
: > "$prefix"probe || exit 1
rm "$prefix"probe
[ "$seed" != {BAD_SEED} ] && exit 0
echo found > "$prefix"crash-0123
echo "Test unit written to $prefix"crash-0123
exit "$status"
"""


def timeless(result):
    for check in result["checks"]:
        check["seconds"] = 0
    return result


class FuzzShards(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.folder = self.scratch.name
        self.tool = os.path.join(self.folder, "hakmem")
        shutil.copy(HAKMEM, self.tool)
        fuzzer = os.path.join(self.folder, "fuzz_options")
        with open(fuzzer, "w", encoding="utf-8") as file:
            file.write(FUZZER)
        os.chmod(fuzzer, 0o755)

    def tearDown(self):
        self.scratch.cleanup()

    def fuzz(self, name, *arguments, seed="11"):
        done = subprocess.run(
            [self.tool, "fuzz", "--kind", "options", "--runs", "210000", "--seed", seed, "--json",
             name, *arguments], cwd=self.folder, capture_output=True, text=True, timeout=60,
            check=False)
        with open(os.path.join(self.folder, name), encoding="utf-8") as file:
            result = json.load(file)
        return done, timeless(result)

    def test_the_end_of_one_fuzzer_leaves_the_folder_to_another(self):
        finds = os.path.join(self.folder, "hk.fuzz")
        command = [self.tool, "fuzz", "--kind", "options", "--runs", "210000", "--seed", "20"]
        with subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, text=True,
                              env={**os.environ, "SLOW": "0.3"}) as other:
            while other.poll() is None and not os.path.isdir(finds):
                time.sleep(0.01)
            done, _ = self.fuzz("quick.json", "--shard", "1/5", seed="20")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            text = other.communicate(timeout=60)[0]
        self.assertEqual(other.returncode, 0, text)
        self.assertFalse(os.path.exists(finds), "nothing was found")

    def test_a_find_fails_its_slice_and_no_other(self):
        done, result = self.fuzz("all.json")
        self.assertEqual(done.returncode, FINDING, done.stdout + done.stderr)
        states = [check["state"] for check in result["checks"]]
        self.assertEqual(states, ["passed", "passed", "failed", "passed", "passed"])
        executed = sum(int(check["reason"].split()[0]) for check in result["checks"]
                       if check["state"] == "passed")
        self.assertEqual(executed, 160000)
        failed = result["checks"][2]
        self.assertIn("crash-0123", failed["reason"])
        words = failed["command"].split()
        again, alone = self.fuzz("again.json", *words[words.index("--shard"):][:2])
        self.assertEqual(again.returncode, FINDING)
        self.assertEqual([check["name"] for check in alone["checks"]], [failed["name"]])

    def test_shards_merged_are_the_whole(self):
        _, whole = self.fuzz("all.json")
        self.fuzz("one.json", "--shard", "1/2")
        self.fuzz("two.json", "--shard", "2/2")
        merged = subprocess.run([self.tool, "report", "one.json", "two.json", "--json"],
                                cwd=self.folder, capture_output=True, text=True, timeout=60,
                                check=False)
        self.assertEqual(merged.returncode, FINDING, merged.stderr)
        self.assertEqual(timeless(json.loads(merged.stdout)), whole)

    def test_a_slurm_array_makes_the_shards(self):
        _, whole = self.fuzz("all.json")
        for task in ("1", "2"):
            environment = {**os.environ, "SLURM_ARRAY_TASK_ID": task, "HAKMEM_TOOL": self.tool,
                           "SLURM_ARRAY_TASK_COUNT": "2", "SLURM_CPUS_PER_TASK": "1"}
            done = subprocess.run([ARRAY, "fuzz", "results", "--kind", "options", "--runs",
                                   "210000", "--seed", "11"], cwd=self.folder, env=environment,
                                  capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual(done.returncode, FINDING if task == "1" else 0, done.stderr)
        merged = subprocess.run([self.tool, "report", "results/fuzz-1.json", "results/fuzz-2.json",
                                 "--json"], cwd=self.folder, capture_output=True, text=True,
                                timeout=60, check=False)
        self.assertEqual(timeless(json.loads(merged.stdout)), whole)

    def test_a_run_without_a_find_is_clean(self):
        done, result = self.fuzz("clean.json", seed="100")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(result["passed"], 5)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
