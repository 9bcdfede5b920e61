#!/usr/bin/env python3
"""Claim: a planted fuzz bug, a planted race and a mutant left in each turn the gate red, and every
form of its report names the check that found it with a command that finds it again; without them
the gate is green.

The gate is the real one, in a scratch checkout whose tests are three: a fuzzer, a test under
ThreadSanitizer and a unit test, each of a file or two, compiled with and without the defect. The
defects are edits in copies. ci/gate_canaries does the same with the whole gate.

Called by ctest: canaries_test.py HAKMEM REPOSITORY. Exit: 0 as claimed, 1 not, 77 no clang++-14.
"""

import concurrent.futures
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

HAKMEM, REPOSITORY = (os.path.abspath(argument) for argument in sys.argv[1:3])
sys.path[:0] = [os.path.join(REPOSITORY, "ci", "lib"),
                os.path.join(REPOSITORY, "property_tests", "mutants")]

import canaries  # noqa: E402
import overlay  # noqa: E402
import table  # noqa: E402

OPTIONS = "src/base/options.cc"
NOT_TERMINATED = (OPTIONS, "length = name.length < kNameMax - 1 ? name.length : kNameMax - 1;",
                  "length = name.length < kNameMax ? name.length : kNameMax;")
FLAGS = ["-std=c++20", "-O1", "-g1", "-w", "-DHAKMEM_INTEGRITY_LEVEL=0"]
GTEST = ["-lgtest", "-lgtest_main", "-lpthread"]
# What the lock protects is not ordered any more: that is seen however threads are scheduled.
NOTHING_PUBLISHED = ("src/os/lock.h", "kGive = std::memory_order_release;",
                     "kGive = std::memory_order_relaxed;")


def edits_of(name):
    return next(mutant for mutant in table.load() if mutant.name == name).edits


# Name, label, defect, compiler and its words, what is run.
PLANTS = [
    ("canary_fuzz", "fuzz", [NOT_TERMINATED],
     ["clang++-14", "-fsanitize=fuzzer,address", "fuzz/options_fuzz.cc", OPTIONS],
     '"{program}" -runs=20000 -max_len=256 -len_control=0 -seed=1 -artifact_prefix={folder}/'),
    ("canary_race", "stress", [NOTHING_PUBLISHED],
     ["g++", "-fsanitize=thread", "src/os/lock_test.cc", "src/os/os_linux.cc", *GTEST],
     'TSAN_OPTIONS=exitcode=66 setarch -R "{program}"'),
    ("canary_mutant", "unit", edits_of("due-one-late"),
     ["g++", "src/learn/retention_test.cc", *GTEST], '"{program}"'),
]


def compile_one(folder, plant, planted):
    """The program of one plant, made of mutated copies or of the sources as they are."""
    name, _, edits, (compiler, *words), _ = plant
    tree = os.path.join(folder, f"{name}.{planted}")
    copies = overlay.Overlay(REPOSITORY, tree, tree, edits if planted else [])
    words = [copies.source(word) if word.endswith(".cc") else word for word in words]
    program = os.path.join(tree, name)
    overlay.run_compiler([compiler, *FLAGS, *copies.include_flags(), "-I" + REPOSITORY,
                          "-I" + os.path.join(REPOSITORY, "src"), *words, "-o", program], tree)
    return program


class Canaries(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.folder = cls.scratch.name
        cls.root = os.path.join(cls.folder, "checkout")
        cls.build = os.path.join(cls.root, "build")
        os.makedirs(os.path.join(cls.build, "bin"))
        shutil.copytree(os.path.join(REPOSITORY, "ci"), os.path.join(cls.root, "ci"))
        shutil.copy(HAKMEM, os.path.join(cls.build, "bin", "hakmem"))
        with open(os.path.join(cls.build, "CMakeCache.txt"), "w", encoding="utf-8") as file:
            file.write(f"CMAKE_HOME_DIRECTORY:INTERNAL={cls.root}\n")
        wanted = [(plant, planted) for plant in PLANTS for planted in (False, True)]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            programs = pool.map(lambda one: compile_one(cls.folder, *one), wanted)
        cls.programs = {(plant[0], planted): program
                        for (plant, planted), program in zip(wanted, programs)}

    def gate(self, planted_name):
        with open(os.path.join(self.build, "CTestTestfile.cmake"), "w", encoding="utf-8") as file:
            for name, label, _, _, script in PLANTS:
                program = self.programs[name, name == planted_name]
                line = script.format(program=program, folder=self.folder)
                file.write(f'add_test({name} "sh" "-c" [=[{line}]=])\n'
                           f'set_tests_properties({name} PROPERTIES LABELS "quick;{label}")\n')
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith(("HAKMEM_", "GTEST_", "LD_PRELOAD"))}
        return canaries.run_gate([os.path.join(self.build, "bin", "hakmem"), "gate", "--only",
                                  "ctest-quick"], self.folder, env=environment, cwd=self.folder,
                                 timeout=100)

    def demand(self, name, group, said=""):
        done = self.gate(name)
        wrong, found = canaries.complaints(done, self.folder, group, name, said)
        self.assertEqual(wrong, [], done.stdout + done.stderr)
        self.assertEqual(found, canaries.failed_in_junit(canaries.read(self.folder, "junit")))
        command = canaries.commands_at_the_end(done.stdout)[found[0]]
        again = subprocess.run(["sh", "-c", command], cwd=self.root, capture_output=True, text=True,
                               timeout=100, check=False)
        self.assertNotEqual(again.returncode, 0, command + "\n" + again.stdout + again.stderr)

    def test_nothing_planted_is_green(self):
        done = self.gate(None)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("3 passed, 0 failed, 0 skipped", done.stdout)
        self.assertNotEqual(canaries.complaints(done, self.folder, ".*", ".*"), ([], []))

    def test_a_fuzz_bug_is_red_and_named(self):
        self.demand("canary_fuzz", "fuzz")

    def test_a_race_is_red_and_named(self):
        self.demand("canary_race", "stress", "Lock.*data race")

    def test_a_mutant_left_in_is_red_and_named(self):
        self.demand("canary_mutant", "unit", "Retention.MemoryIsDueAtItsAge")


if __name__ == "__main__":
    if shutil.which("clang++-14") is None:
        print("SKIPPED: no clang++-14")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1])
