#!/usr/bin/env python3
"""Claims of the mutants' driver: an edit that does not apply exactly once is named; a build that
breaks, words that nobody declared, a standstill and a killer that fails without any defect are no
kills; shards add up to the whole choice.

Called by ctest: mutants_test.py BUILD. Exit status: 0 as claimed, 1 not.
"""

import argparse
import os
import sys
import tempfile
import unittest

import judge
import killers
import mutants
import overlay
import table

BUILD = os.path.abspath(sys.argv.pop(1))
SOURCE = "src/superslab/superslab.cc"
LINE = "  free_units |= bit;"


class Script:
    """A technique that compiles nothing and runs a shell command."""
    reports = r"^FOUND .*"

    def __init__(self, script, unmutated="true"):
        self.script, self.unmutated = script, unmutated

    def subject(self, _overlay, _mutant):
        return self.script

    def built(self, _build, _mutant):
        return self.unmutated

    def command(self, subject, _mutant, _build):
        return killers.Command(["sh", "-c", subject])


class Driver(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.addCleanup(self.scratch.cleanup)

    def judged(self, technique, edit=(SOURCE, LINE, ""), **words):
        killers.TECHNIQUES["script"] = technique
        self.addCleanup(killers.TECHNIQUES.pop, "script", None)
        mutant = table.Mutant("example", "test", technique="script", edits=[edit], **words)
        judging = judge.Judge(table.ROOT, self.scratch.name)
        return judging.judge(mutant)

    def test_a_report_in_the_techniques_words_is_a_kill(self):
        judgement = self.judged(Script("echo FOUND it; exit 1"))
        self.assertEqual((judgement.verdict, judgement.message), ("killed", "FOUND it"))
        self.assertTrue(judgement.as_expected())

    def test_a_killer_that_passes_is_a_survival(self):
        judgement = self.judged(Script("true"))
        self.assertEqual(judgement.verdict, "survived")
        self.assertFalse(judgement.as_expected())
        self.assertTrue(self.judged(Script("true"), survives="known").as_expected())
        self.assertFalse(self.judged(Script("echo FOUND; false"), survives="known").as_expected())

    def test_other_words_are_no_kill(self):
        judgement = self.judged(Script("echo something else; exit 1"))
        self.assertEqual(judgement.verdict, "other failure")
        self.assertIn("something else", judgement.message)
        self.assertEqual(self.judged(Script("kill -SEGV $$")).verdict, "other failure")

    def test_the_right_words_with_success_are_no_kill(self):
        self.assertEqual(self.judged(Script("echo FOUND nothing")).verdict, "survived")

    def test_a_fatal_signal_counts_where_it_is_declared(self):
        judgement = self.judged(Script("kill -SEGV $$"), reports="died of SIGSEGV")
        self.assertEqual(judgement.verdict, "killed")

    def test_time_is_up_after_the_budget(self):
        spin = "while true; do :; done"
        self.assertEqual(self.judged(Script(spin), budget=1).verdict, "out of budget")

    def test_a_standstill_counts_where_it_is_declared(self):
        stands = Script("exec tail -f /dev/null")
        self.assertEqual(self.judged(stands, reports=judge.HANGS, budget=1).verdict, "killed")
        self.assertEqual(self.judged(Script("true"), reports=judge.HANGS, budget=20).verdict,
                         "survived")

    def test_a_killer_that_fails_without_a_defect_proves_nothing(self):
        judgement = self.judged(Script("echo FOUND it; false", unmutated="false"))
        self.assertEqual(judgement.verdict, "baseline failed")

    def test_an_edit_that_does_not_apply_is_named(self):
        for text in ("no such line", "bit"):
            judgement = self.judged(Script("true"), edit=(SOURCE, text, "x"))
            self.assertEqual(judgement.verdict, "does not apply")
            self.assertIn(SOURCE, judgement.message)

    def test_a_build_that_breaks_is_no_kill(self):
        mutant = table.Mutant("broken-build", "test", technique="unit",
                              arguments=["0-product", "*", "src/superslab/superslab_test.cc"],
                              edits=[(SOURCE, LINE, "  this is no C++;")])
        judgement = judge.Judge(table.ROOT, BUILD).judge(mutant)
        self.assertEqual(judgement.verdict, "build broke")
        self.assertIn("error:", judgement.message)

    def test_headers_lead_to_the_sources_that_see_them(self):
        touched = overlay.included_files(table.ROOT, "src/superslab/slab.cc")
        self.assertIn("src/base/units.h", touched)
        self.assertNotIn("src/large/large_tier.h", touched)

    def test_objects_with_other_tests_are_not_linked(self):
        made = overlay.Overlay(table.ROOT, BUILD, os.path.join(self.scratch.name, "made"), [])
        wanted = "src/gate/free_gate_test.cc"
        link = overlay.link_command(BUILD, "bin/unit_tests_l2_tiny")
        joined = overlay.joined_objects(BUILD)
        parts = list(overlay.parts_of(made, link, (wanted,), False))
        objects = [name for word, names in parts for name in (names or joined.get(word, [word]))]
        tests = [name for name in objects if name.endswith("_test.cc.o")
                 and not name.endswith("_for_test.cc.o")]
        self.assertEqual([name[-len(wanted) - 2:] for name in tests], [wanted + ".o"])

    def test_shards_add_up_to_the_whole(self):
        everything = table.load()
        arguments = argparse.Namespace(names=[], group=None, shard=(1, 1))
        whole = mutants.chosen(arguments, everything)
        parts = []
        for part in (1, 2, 3):
            arguments.shard = (part, 3)
            parts += mutants.chosen(arguments, everything)
        self.assertEqual(sorted(place for place, _ in parts), [place for place, _ in whole])
        self.assertEqual(len(whole), len(everything))


if __name__ == "__main__":
    unittest.main()
