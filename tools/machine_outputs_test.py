#!/usr/bin/env python3
"""Claim: each machine form of a report is valid: SARIF by its OASIS schema, JSON by ours, JUnit as
XML, the page as HTML that refers to nothing outside itself. Hostile texts included.

Called by ctest: machine_outputs_test.py HAKMEM REPOSITORY. Exit: 0 valid, 1 not, 77 not checked.
"""

import html.parser
import json
import os
import sys
import tempfile
import unittest
import warnings
import xml.etree.ElementTree

try:
    import jsonschema
except ImportError:
    print("SKIPPED: no jsonschema for this python3 (Debian: python3-jsonschema)")
    sys.exit(77)

import sample_reports_for_test as samples

TOOL, REPOSITORY = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
VOID_ELEMENTS = {"meta", "br", "hr", "img", "link", "input"}
REFERENCES = {"src", "href", "data", "action", "srcset", "poster", "xlink:href", "background"}


def load(*parts):
    with open(os.path.join(REPOSITORY, *parts), encoding="utf-8") as file:
        return json.load(file)


class Page(html.parser.HTMLParser):
    """Reads a page strictly: every element is closed in its turn."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.mistakes, self.references, self.text = [], [], [], []
        self.elements = []

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self.references += [value for name, value in attributes if name in REFERENCES]
        self.mistakes += [f"{tag} {name}" for name, _ in attributes if name.startswith("on")]
        if tag not in VOID_ELEMENTS:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.mistakes.append(f"</{tag}> at {self.getpos()}")

    def handle_data(self, data):
        self.text.append((self.open[-1] if self.open else "", data))


class MachineOutputs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.reports = samples.all_reports()
        cls.folders = {name: samples.write_report(cls.scratch.name, name, content)
                       for name, content in cls.reports.items()}
        cls.sarif_schema = jsonschema.Draft4Validator(
            load("tools", "sarif", "sarif-2.1.0-rtm.5.json"),
            format_checker=jsonschema.FormatChecker())
        report = load("docs", "report.schema.json")
        merged = load("docs", "merged_report.schema.json")
        with warnings.catch_warnings():  # newer versions of jsonschema warn of its resolver
            warnings.simplefilter("ignore", DeprecationWarning)
            resolver = jsonschema.RefResolver("file:///docs/merged_report.schema.json", merged,
                                              store={"file:///docs/report.schema.json": report})
        cls.report_schema = jsonschema.Draft202012Validator(report)
        cls.merged_schema = jsonschema.Draft202012Validator(merged, resolver=resolver)

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def form(self, name, *arguments):
        return samples.hakmem(TOOL, "report", self.folders[name], *arguments)

    def assert_valid(self, schema, value):
        errors = [f"{list(e.absolute_path)}: {e.message}"[:300] for e in schema.iter_errors(value)]
        self.assertEqual(errors, [])

    def test_the_samples_fit_the_schema_of_reports(self):
        for name, content in self.reports.items():
            with self.subTest(name):
                if content is not None:
                    self.assert_valid(self.report_schema, content)

    def test_json_fits_the_schema_of_merges(self):
        for name in self.reports:
            with self.subTest(name):
                self.assert_valid(self.merged_schema, json.loads(self.form(name, "--json")))
        difference = json.loads(self.form("plain", "--json", "--diff", self.folders["drawn"]))
        self.assert_valid(self.merged_schema, difference)

    def test_sarif_fits_the_oasis_schema(self):
        for name in self.reports:
            with self.subTest(name):
                self.assert_valid(self.sarif_schema, json.loads(self.form(name, "--sarif", "-")))
        difference = self.form("plain", "--sarif", "-", "--diff", self.folders["newer"])
        self.assert_valid(self.sarif_schema, json.loads(difference))

    def test_the_oasis_schema_rejects_what_is_no_sarif(self):
        log = json.loads(self.form("plain", "--sarif", "-"))
        log["runs"][0]["results"][0]["level"] = "fatal"
        self.assertTrue(list(self.sarif_schema.iter_errors(log)))

    def test_junit_is_xml_and_its_counts_are_right(self):
        for name, content in self.reports.items():
            with self.subTest(name):
                suites = xml.etree.ElementTree.fromstring(self.form(name, "--junit", "-"))
                self.assertEqual(suites.tag, "testsuites")
                cases = suites.findall("./testsuite/testcase")
                failed = [case for case in cases if case.find("failure") is not None]
                count = 0 if content is None else len(content["findings"])
                self.assertEqual(len(failed), count)
                self.assertEqual(len(cases), max(count, 1))
                for place in (suites, suites.find("testsuite")):
                    self.assertEqual(place.get("tests"), str(len(cases)))
                    self.assertEqual(place.get("failures"), str(count))

    def test_the_page_is_strict_html_with_the_sentence_and_no_reference(self):
        for name, content in self.reports.items():
            with self.subTest(name):
                text = self.form(name, "--html", "-")
                page = Page()
                page.feed(text)
                page.close()
                self.assertEqual((page.mistakes, page.open), ([], []))
                inside = [r for r in page.references if not r.startswith("#")]
                self.assertEqual(inside, [])
                for scheme in ("http://", "https://", "url(", "@import"):
                    self.assertNotIn(scheme, text)
                sentences = [data for tag, data in page.text if tag == "p"]
                if content is not None:
                    self.assertTrue(any(s.startswith(samples.SENTENCE) for s in sentences))
                scripts = sum(tag == "script" for tag, _ in page.elements)
                self.assertEqual(scripts, 3 if name in ("drawn", "hostile") else 0)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
