#!/usr/bin/env python3
"""Claim: the report of a broken program is whole: report.json fits its schema and has the slab, the
neighbours, memory over time and the sizes of live blocks; the text names the neighbours; a real
browser draws all of it.

    report_parts.py --command build/bin/hakmem --program build/stress/broken/write_after_free
                    --schema docs/report.schema.json

Called by CTest. Exit: 0 whole, 1 not, 77 not checked: no jsonschema or no browser.
"""

import argparse
import html
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

SECONDS = 90
COLUMNS = ("ms", "live_bytes", "mapped_bytes", "quarantined_bytes")


def problems_of_report(report, schema):
    """What report.json lacks, as sentences."""
    import jsonschema
    validator = jsonschema.Draft202012Validator(schema)
    problems = [f"{list(error.absolute_path)}: {error.message}"[:300]
                for error in validator.iter_errors(report)]
    finding = report["findings"][0]
    states, index = finding["heap_map"]["states"], finding["block"]["block_index"]
    if states[index] != "Q":
        problems.append(f"the map says {states[index]} of the freed block {index}")
    letters = {"live": "L", "never allocated": "U", "freed, in quarantine": "Q", "freed": "F"}
    neighbours = finding["heap_map"]["neighbours"]
    if not neighbours:
        problems.append("the block has no neighbours")
    for block in neighbours:
        if abs(block["block_index"] - index) != 1:
            problems.append(f"block {block['block_index']} is no neighbour of {index}")
        if states[block["block_index"]] != letters[block["state"]]:
            problems.append(f"map and neighbour {block} disagree")
    timeline = [report["timeline"][name] for name in COLUMNS]
    if min(map(len, timeline)) < 2 or max(timeline[1]) == 0 or timeline[2][-1] == 0:
        problems.append(f"no timeline: {timeline}")
    live = sum(size["live_blocks"] for size in report["size_histogram"])
    if live < states.count("L"):
        problems.append(f"{live} live blocks in the histogram, more in the map")
    return problems


def problems_of_text(text, neighbours):
    """Neighbours that the text does not name at the begin of a line."""
    return [f"the text does not name {block['user']}" for block in neighbours
            if not re.search(rf"^  (prev|next)  {block['user']} .*{block['state']}", text, re.M)]


def problems_of_page(browser, page, folder, sentence):
    """What a browser does not draw of the page."""
    run = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
         "--user-data-dir=" + os.path.join(folder, "profile"), "--enable-logging=stderr",
         "--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=3000", "--dump-dom",
         "file://" + page], capture_output=True, timeout=SECONDS)
    document = run.stdout.decode(errors="replace")
    problems = [line for line in run.stderr.decode(errors="replace").split("\n")
                if "CONSOLE" in line]
    if sentence not in html.unescape(document):
        problems.append("the page lacks the sentence")
    slab = re.search(r'class="slab-map".*?</svg>', document, re.S)
    if slab is None or 'class="frame"' not in slab.group():
        problems.append("the page has no map with the block framed")
    canvases = len(re.findall(r"<canvas", document))
    if canvases != 2:
        problems.append(f"the page draws {canvases} charts, not timeline and sizes")
    if 'class="missing"' in document.split("<noscript>")[0]:
        problems.append("the page says that something is missing")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--command", required=True, help="the hakmem program")
    parser.add_argument("--program", required=True)
    parser.add_argument("--schema", required=True)
    arguments = parser.parse_args()
    browser = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    try:
        import jsonschema as _
    except ImportError:
        print("SKIPPED: no jsonschema for this python3 (Debian: python3-jsonschema)")
        return 77
    with tempfile.TemporaryDirectory(prefix="hakparts.") as folder:
        page = os.path.join(folder, "page.html")
        run = subprocess.run(
            [os.path.abspath(arguments.command), "run", "-o", folder, "--html", page, "--",
             os.path.abspath(arguments.program)], capture_output=True, timeout=60,
            stdin=subprocess.DEVNULL)
        text = run.stderr.decode(errors="replace")
        places = [os.path.join(folder, name, "report.json") for name in os.listdir(folder)
                  if name.startswith("hk.")]
        if run.returncode != 86 or len(places) != 1:
            print(f"FAIL: exit status {run.returncode}, reports {places}\n{text}")
            return 1
        with open(places[0], encoding="utf-8") as file:
            report = json.load(file)
        with open(arguments.schema, encoding="utf-8") as file:
            problems = problems_of_report(report, json.load(file))
        finding = report["findings"][0]
        problems += problems_of_text(text, finding["heap_map"]["neighbours"])
        if browser is not None:
            problems += problems_of_page(browser, page, folder, finding["sentence"])
    for problem in problems:
        print("FAIL:", problem)
    if problems:
        return 1
    if browser is None:
        print("SKIPPED: the page was not looked at: no browser (Debian: chromium-headless-shell)")
        return 77
    print("ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
