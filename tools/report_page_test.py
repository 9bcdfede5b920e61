#!/usr/bin/env python3
"""Claim: a real browser shows the report page: the sentence, the maps and, from the report's data,
the charts; a hostile report runs no script of its own; the page asks the network for nothing.

Called by ctest: report_page_test.py HAKMEM. Exit: 0 shown, 1 not, 77 not checked: no browser.
"""

import html
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import sample_reports_for_test as samples

BROWSER = shutil.which("chromium-headless-shell") or shutil.which("chromium")
TOOL = os.path.abspath(sys.argv[1])
SECONDS = 90

if BROWSER is None:
    print("SKIPPED: no browser (Debian: chromium-headless-shell)")
    sys.exit(77)


def document_of(page, folder):
    """The document that the browser makes of the page, and what it had to say on its console."""
    run = subprocess.run(
        [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
         "--user-data-dir=" + os.path.join(folder, "profile"), "--enable-logging=stderr",
         "--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=3000", "--dump-dom",
         "file://" + page],
        check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=SECONDS)
    console = [line for line in run.stderr.decode(errors="replace").split("\n")
               if "CONSOLE" in line]
    return run.stdout.decode(), console


class ReportPage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.shown = {}
        for name, content in samples.all_reports().items():
            if name not in ("plain", "drawn", "hostile"):
                continue
            folder = samples.write_report(cls.scratch.name, name, content)
            page = os.path.join(folder, "page.html")
            samples.hakmem(TOOL, "report", folder, "--html", page)
            cls.shown[name] = document_of(page, folder)

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def test_the_sentence_is_shown_and_nothing_is_complained_of(self):
        for name, (document, console) in self.shown.items():
            with self.subTest(name):
                self.assertIn(samples.SENTENCE, html.unescape(document))
                self.assertEqual(console, [])

    def test_charts_are_drawn_from_data_only(self):
        drawn, plain = self.shown["drawn"][0], self.shown["plain"][0]
        self.assertEqual(len(re.findall(r"<canvas", drawn)), 2)
        self.assertIn('class="slab-map"', drawn)
        self.assertNotIn("<canvas", plain)
        self.assertIn("No timeline: the report has no samples", plain)

    def test_a_hostile_report_runs_nothing(self):
        document = self.shown["hostile"][0]
        self.assertIn("<title>HAKMEM: 1 finding</title>", document)
        self.assertNotIn("<img", document)
        self.assertEqual(len(re.findall(r"<canvas", document)), 2)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
