#!/usr/bin/env python3
"""Self-test of the structure check: every rule rejects what it bans and passes what it allows.

Called by ctest as `structure_selftest`. A rule without a failing and a passing example is red.
Also runs the program itself on planted folders: its exit codes are claims that can be false.
"""

import os
import subprocess
import sys
import tempfile
import unittest

import rules_language  # noqa: F401  (registers its rules)
import rules_layers  # noqa: F401
import rules_text  # noqa: F401
from rule_table import RULES, Tree, run_rules
from self_test_cases import BAD, GOOD, PATHS
from source_text import Source

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "check_structure.py")


def findings_for(identifier, case):
    tree = {PATHS.get(identifier, "src/tiny/x.h"): case} if isinstance(case, str) else case
    return [str(finding) for finding in run_rules(Tree(dict(tree)), {identifier})]


def run_program(files, *arguments):
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                file.write(text)
        command = [sys.executable, PROGRAM, "--root", root, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout


class Rules(unittest.TestCase):
    def test_every_rule_has_a_failing_and_a_passing_example(self):
        self.assertEqual(set(RULES), set(BAD), "rules and BAD differ")
        self.assertEqual(set(RULES), set(GOOD), "rules and GOOD differ")
        self.assertTrue(all(BAD.values()) and all(GOOD.values()))

    def test_bad_examples_are_found(self):
        for identifier, cases in BAD.items():
            for case in cases:
                with self.subTest(rule=identifier, case=case):
                    self.assertTrue(findings_for(identifier, case))

    def test_good_examples_pass(self):
        for identifier, cases in GOOD.items():
            for case in cases:
                with self.subTest(rule=identifier, case=case):
                    self.assertEqual(findings_for(identifier, case), [])

    def test_a_finding_names_file_line_rule_and_remedy(self):
        text = findings_for("preprocessor", "\n#if A\n#endif\n")[0]
        self.assertTrue(text.startswith("src/tiny/x.h:2: [preprocessor] #if: "), text)
        self.assertIn("use `if constexpr", text)


class SourceText(unittest.TestCase):
    def test_comments_and_literals_are_masked_in_place(self):
        text = ('int a; // b {\nauto c = "} //"; /* d\n{ */ char e = \'{\'; '
                'auto f = R"(})"; int g;\n')
        source = Source("x.cc", text)
        self.assertEqual(len(source.code), len(text))
        self.assertNotIn("{", source.code)
        self.assertNotIn("}", source.code)
        self.assertIn("int g;", source.code)
        self.assertEqual([line for line, _ in source.comments], [1, 2, 3])

    def test_scopes_have_kind_and_name(self):
        source = Source("x.cc", "namespace a::inline B {\nclass HAK_X Queue final : public Y {\n"
                        " public:\n  Queue() : a_{1}, b_(2) { f({1}); }\n  int a_{0};\n};\n"
                        "template <class T> requires C<T>\nvoid g(T t) {}\n}\nextern \"C\" {\n"
                        "int h() { if (a) { b(); } return [] { return 1; }(); }\n}\n")
        named = {(s.kind, s.name) for s in source.scopes() if s.kind != "init"}
        self.assertEqual(named, {("namespace", "B"), ("type", "Queue"), ("function", "Queue"),
                                 ("function", "g"), ("namespace", '"'), ("function", "h")})


class Program(unittest.TestCase):
    CLEAN = {"src/tiny/x.h": "// Purpose.\n#pragma once\n", "src/tiny/y.h": "// Purpose.\n"
             '#pragma once\n#include "tiny/x.h"\n', "tools/z.cc": '#include "tiny/y.h"\n'}

    def test_clean_tree_exits_0(self):
        code, output = run_program(self.CLEAN)
        self.assertEqual(code, 0, output)
        self.assertIn(" 0 errors, 0 warnings", output)

    def test_error_exits_1_and_is_counted(self):
        code, output = run_program({**self.CLEAN, "src/tiny/y.cc": "std::mutex m;\n"})
        self.assertEqual(code, 1, output)
        self.assertIn("src/tiny/y.cc:1: [runtime-library] std::mutex", output)
        self.assertIn(" 1 errors, 0 warnings", output)

    def test_warning_exits_0_and_is_counted(self):
        code, output = run_program({**self.CLEAN, "src/tiny/y.cc": "\n" * 300 + "int n;\n"})
        self.assertEqual(code, 0, output)
        self.assertIn(" 0 errors, 1 warnings", output)

    def test_nothing_to_check_is_no_success(self):
        code, output = run_program({"docs/X.md": "text\n"})
        self.assertEqual(code, 2, output)


if __name__ == "__main__":
    unittest.main()
