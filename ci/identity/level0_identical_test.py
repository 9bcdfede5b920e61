#!/usr/bin/env python3
"""Self-test of level0_identical.py on a miniature library: it passes what is nothing and finds what
is something. Called by ctest as `level0_identical_selftest`.
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest

import hook_lines

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "level0_identical.py")

HOOKS = """#pragma once
#include <atomic>
namespace hooks {
inline constexpr bool kChecks = false;
template <class Slab>
inline __attribute__((always_inline)) void on_push(const Slab& slab, const int& block) noexcept {
  if constexpr (kChecks) check(slab, block);
}
inline __attribute__((always_inline)) void on_count(int) noexcept {}
inline __attribute__((always_inline)) bool may_map(const int&) noexcept { return true; }
}  // namespace hooks
"""
SLAB = """#include <atomic>
#include "integrity/hooks.h"
struct Slab {
  std::atomic<int> count{0};
  int used = 0;
};
""" + "\n".join(f"""int push_{n}(Slab& slab, int block) {{
  hooks::on_push(slab, block);
  slab.used += {n};
  return slab.used * block;
}}""" for n in range(8)) + "\n"
ALONE = "int alone() { return 3; }\n"


def run_check(slab=SLAB, hooks=HOOKS, flags="-std=c++20 -O2", name="hakmem_l0.dir"):
    files = {"integrity/hooks.h": hooks, "tiny/slab.cc": slab, "tiny/alone.cc": ALONE}
    with tempfile.TemporaryDirectory() as root:
        entries = []
        for path, text in files.items():
            full = os.path.join(root, "src", path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as file:
                file.write(text)
            if path.endswith(".cc"):
                entries.append({"directory": root, "file": full,
                                "command": f"ccache g++ {flags} -I{root}/src -o "
                                           f"CMakeFiles/{name}/src/{path}.o -c {full}"})
        with open(os.path.join(root, "compile_commands.json"), "w", encoding="utf-8") as file:
            json.dump(entries, file)
        done = subprocess.run([sys.executable, PROGRAM, "--root", root, "--build", root],
                              capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr


class Level0Identical(unittest.TestCase):
    def test_hooks_that_do_nothing_are_identical(self):
        code, output = run_check()
        self.assertEqual(code, 0, output)
        self.assertIn("8 hook points in 1 files", output)
        self.assertIn("g++: 8 functions of 1 files, 0 differ", output)
        self.assertIn("the comparison saw 1", output)

    def test_an_atomic_load_as_argument_is_found(self):
        slab = SLAB.replace("hooks::on_push(slab, block);",
                            "hooks::on_count(slab.count.load(std::memory_order_relaxed));", 1)
        code, output = run_check(slab)
        self.assertEqual(code, 1, output)
        self.assertIn("push_0(Slab&, int)", output)
        self.assertNotIn("push_1(Slab&, int)", output)

    def test_a_hook_that_stores_is_found(self):
        code, output = run_check(hooks=HOOKS.replace("kChecks) check(slab, block);",
                                                     "!kChecks) const_cast<Slab&>(slab).used++;"))
        self.assertEqual(code, 1, output)
        self.assertIn("8 differ", output)

    def test_a_question_is_answered_with_true(self):
        question = "int map(int n) {\n  if (!hooks::may_map(n) || n == (1)) return 0;\n" \
                   "  return n;\n}\n"
        code, output = run_check(SLAB + question)
        self.assertEqual(code, 0, output)
        self.assertIn("9 hook points", output)
        code, output = run_check(SLAB + question, HOOKS.replace("return true", "return false"))
        self.assertEqual(code, 1, output)
        self.assertIn("map(int)", output)

    def test_too_few_hook_points_are_red(self):
        code, output = run_check(SLAB.replace("  hooks::on_push(slab, block);\n", "", 1))
        self.assertEqual(code, 1, output)
        self.assertIn("7 hook points", output)

    def test_a_hook_on_two_lines_is_red(self):
        code, output = run_check(SLAB.replace("(slab, block);", "(slab,\n    block);", 1))
        self.assertEqual(code, 1, output)
        self.assertIn("src/tiny/slab.cc:8: a hook is a statement on one line", output)

    def test_a_file_that_does_not_compile_is_red(self):
        code, output = run_check(SLAB + "int broken(\n")
        self.assertEqual(code, 1, output)
        self.assertIn("slab.cc", output)
        self.assertNotIn("Traceback", output)

    def test_no_object_of_the_library_is_red(self):
        code, output = run_check(name="hakmem_l1.dir")
        self.assertEqual(code, 1, output)

    def test_a_build_without_optimisation_is_skipped(self):
        code, output = run_check(flags="-std=c++20 -O0")
        self.assertEqual(code, 77, output)
        self.assertIn("SKIPPED", output)


class HookLines(unittest.TestCase):
    def test_line_numbers_stay(self):
        changed, points, complaints = hook_lines.take_out({"tiny/slab.cc": SLAB})
        self.assertEqual(changed["tiny/slab.cc"].count("\n"), SLAB.count("\n"))
        self.assertNotIn("hooks::on", changed["tiny/slab.cc"])
        self.assertEqual((len(points), complaints), (8, []))

    def test_a_guard_goes_with_its_hook(self):
        text = ("  if (a.load(x)) hooks::on_push(a);\n"
                "  if (b) {\n    hooks::on_push(b);\n  }\n  c();\n")
        changed, points, complaints = hook_lines.take_out({"tiny/x.cc": text})
        self.assertEqual((changed["tiny/x.cc"], complaints), ("\n\n\n\n  c();\n", []))
        self.assertEqual(len(points), 2)

    def test_a_guard_on_the_line_above_is_red(self):
        for guard in ("if (a)", "} else", "while (f(a))"):
            text = f"  {guard}\n    hooks::on_push(a);\n  c();\n"
            _, _, complaints = hook_lines.take_out({"tiny/x.cc": text})
            self.assertEqual(len(complaints), 1, text)

    def test_definitions_and_tests_are_left_alone(self):
        text = "void f() {\n  hooks::on_push(a, b);\n}\n"
        changed, points, _ = hook_lines.take_out({"integrity/x.cc": text, "tiny/x_test.cc": text})
        self.assertEqual((changed, points), ({}, []))

    def test_affected_files_include_at_any_depth(self):
        texts = {"tiny/a.h": "", "tiny/b.h": '#include "tiny/a.h"\n',
                 "tiny/c.cc": '#include "tiny/b.h"\n', "tiny/d.cc": "int n;\n"}
        self.assertEqual(hook_lines.affected_by(texts, {"tiny/a.h": ""}), {"tiny/c.cc"})


if __name__ == "__main__":
    unittest.main()
