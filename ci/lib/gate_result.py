#!/usr/bin/env python3
"""What the stages of ci/test found, as the one result that `hakmem gate` prints and renders.

    gate_result.py --profile full --results build/results --root . --output gate.json

Reads stages.tsv (name, exit status, seconds of each stage) and of each stage NAME.xml (ctest's
JUnit) or NAME.tsv (state, name, seconds, reason, command). Called by ci/test --json.
Invariant: a stage that failed without a failed check is a failed check itself, so that nothing that
made ci/test fail is missing here; a test that did not run has failed, unless it said that it cannot
check.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree

# By which technique a test judges: the first of its labels that is here.
TECHNIQUES = ["mutant", "explore", "fuzz", "property", "page_mode", "broken", "real", "stress"]
REPLAY = re.compile(r"(?:replay|again|repeat): (.+)$", re.MULTILINE)
REASON_LINES = 40
# What a failed program of GTest cases says of itself, and what a sanitizer says that ended it.
CASE_FAILED = re.compile(r"^\[  FAILED  \] ([\w/]+\.[\w/]+)", re.MULTILINE)
CASE_BEGUN = re.compile(r"^\[ RUN      \] ([\w/]+\.[\w/]+)", re.MULTILINE)
SANITIZER = re.compile(r"^(?:=*\d+=*)?((?:WARNING|ERROR): \w+Sanitizer: [^(\n]*|"
                       r".*: runtime error: .*)", re.MULTILINE)
SANITIZER_PLACE = re.compile(r"^SUMMARY: (\w+Sanitizer: .*)", re.MULTILINE)
CASES_NAMED = 6


def labels_of(folder):
    """Labels of each test of a build folder; empty when ctest cannot tell."""
    done = subprocess.run(["ctest", "--test-dir", folder, "--show-only=json-v1"],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return {}
    labels = {}
    for test in json.loads(done.stdout)["tests"]:
        found = [p["value"] for p in test.get("properties", []) if p["name"] == "LABELS"]
        labels[test["name"]] = found[0] if found else []
    return labels


def technique_of(name, labels):
    if "fast_path" in name or "level0_identical" in name:
        return "golden"
    return next((technique for technique in TECHNIQUES if technique in labels), "unit")


def folder_of(stage):
    return f"build-{stage}" if stage in ("asan-ubsan", "coverage", "tsan") else "build"


def state_of(case):
    """The state of one of ctest's test cases, and why."""
    skipped = case.find("skipped")
    if case.get("status") == "run":
        return "passed", ""
    if case.get("status") == "disabled":
        return "skipped", "disabled"
    if skipped is not None and skipped.get("message", "").startswith("SKIP_"):
        return "skipped", tail_of(case)
    failure = case.find("failure")
    said = failure.get("message", "") if failure is not None else "it did not run"
    return "failed", (tail_of(case) or said)


def failed_cases(output):
    """The GTest cases that failed, and the ones that were running when the program died and when a
    sanitizer first spoke, which need not fail the case."""
    failed = CASE_FAILED.findall(output)
    sanitizer = SANITIZER.search(output)
    if sanitizer:
        failed += CASE_BEGUN.findall(output[:sanitizer.start()])[-1:]
    begun = CASE_BEGUN.findall(output)
    if begun and not re.search(rf"^\[ +(?:OK|FAILED|SKIPPED) +\] {re.escape(begun[-1])}\b", output,
                               re.MULTILINE):
        failed.append(begun[-1])
    return list(dict.fromkeys(failed))


def headline_of(output):
    """In one line what the reason's many lines come to; empty when nothing is recognised."""
    cases = failed_cases(output)
    more = f" and {len(cases) - CASES_NAMED} more" if len(cases) > CASES_NAMED else ""
    parts = [", ".join(cases[:CASES_NAMED]) + more] if cases else []
    sanitizer = SANITIZER.search(output)
    if sanitizer:
        place = SANITIZER_PLACE.search(output, sanitizer.end())
        parts.append((place or sanitizer).group(1).strip())
    return ": ".join(parts)


def tail_of(case):
    lines = (case.findtext("system-out") or "").strip().splitlines()
    return "\n".join(lines[-REASON_LINES:])


def checks_of_junit(stage, path, root):
    labels = labels_of(os.path.join(root, folder_of(stage)))
    for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
        name = case.get("name")
        state, reason = state_of(case)
        command = (f"ctest --test-dir {folder_of(stage)} --output-on-failure "
                   f"-R '^{re.escape(name)}$'")
        output = (case.findtext("system-out") or "") if state == "failed" else ""
        cases = failed_cases(output)
        if cases:
            command = f"GTEST_FILTER='{':'.join(cases[:CASES_NAMED])}' {command}"
        reason = "\n".join(filter(None, [headline_of(output), reason]))
        replays = REPLAY.findall(reason) if state == "failed" else []
        if replays:
            reason += f"\nthe whole test: {command}"
            command = replays[-1].strip()
        technique = technique_of(name, labels.get(name, []))
        plain = stage in ("ctest", "ctest-quick", "mutants")
        yield {"group": technique if plain else stage, "name": name, "state": state,
               "seconds": float(case.get("time") or 0), "reason": reason, "command": command}


def checks_of_lines(stage, path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            state, name, seconds, reason, command = line.rstrip("\n").split("\t")
            yield {"group": stage, "name": name, "state": state, "seconds": float(seconds),
                   "reason": reason, "command": command}


def checks_of_stage(stage, status, seconds, results, root):
    checks = []
    if os.path.exists(os.path.join(results, stage + ".xml")):
        checks += checks_of_junit(stage, os.path.join(results, stage + ".xml"), root)
    if os.path.exists(os.path.join(results, stage + ".tsv")):
        checks += checks_of_lines(stage, os.path.join(results, stage + ".tsv"))
    failed = any(check["state"] == "failed" for check in checks)
    if not checks or (status != 0 and not failed):
        reason = "" if status == 0 else f"exit status {status}; its messages are above"
        checks.append({"group": stage, "name": stage, "seconds": seconds, "reason": reason,
                       "state": "passed" if status == 0 else "failed",
                       "command": f"ci/test --only {stage}"})
    return checks


def result_of(profile, results, root):
    checks = []
    with open(os.path.join(results, "stages.tsv"), encoding="utf-8") as file:
        for line in file:
            stage, status, seconds = line.split()
            checks += checks_of_stage(stage, int(status), float(seconds), results, root)
    for order, check in enumerate(checks):
        check["order"] = order
    return {"form": "hakmem-gate", "version": 1, "kind": "profile", "subject": profile,
            "checks": checks}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("profile", "results", "root", "output"):
        parser.add_argument("--" + name, required=True)
    arguments = parser.parse_args()
    result = result_of(arguments.profile, arguments.results, arguments.root)
    with open(arguments.output, "w", encoding="utf-8") as file:
        json.dump(result, file, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
