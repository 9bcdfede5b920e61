"""What a red gate must say about a planted defect. Called by ci/gate_canaries and canaries_test.py.

Invariant: a canary counts as found when the gate's status is that of a finding, every form of its
report has the failed check by group and name, and the last lines repeat it.
"""

import json
import os
import re
import subprocess
import xml.etree.ElementTree

FINDING = 89
FORMS = ("junit", "sarif", "html", "json")


def run_gate(command, folder, **options):
    """Runs the gate's command with a file of each form in the folder."""
    for form in FORMS:
        command = [*command, f"--{form}", os.path.join(folder, f"gate.{form}")]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False, **options)


def read(folder, form):
    try:
        with open(os.path.join(folder, f"gate.{form}"), encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def failed_in_junit(text):
    """(group, name) of each failed test case."""
    if not text:
        return []
    return [(case.get("classname"), case.get("name"))
            for case in xml.etree.ElementTree.fromstring(text).iter("testcase")
            if case.find("failure") is not None]


def failed_in_sarif(text):
    results = json.loads(text)["runs"][0]["results"] if text else []
    return [result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"]
            for result in results]


def commands_at_the_end(text):
    """(group, name) to the command that repeats it, from the report's last lines."""
    _, _, tail = text.partition("\nto see each failure again:\n")
    lines = tail.splitlines()
    return {tuple(line[4:].split(" ", 1)): command[2:]
            for line, command in zip(lines[::2], lines[1::2]) if line.startswith("  # ")}


def complaints(done, folder, group, name, said=""):
    """Why the report does not do; group, name and what is said of it are expressions that a failed
    check must match. The matching checks come second."""
    wrong = []
    if done.returncode != FINDING:
        wrong.append(f"exit status {done.returncode} instead of {FINDING}")
    junit = failed_in_junit(read(folder, "junit"))
    found = [check for check in junit
             if re.fullmatch(group, check[0]) and re.fullmatch(name, check[1])]
    if not found:
        return [*wrong, f"no failed check is {group} {name}; failed are: {junit}"], found
    text, page = done.stdout, read(folder, "html")
    commands = commands_at_the_end(text)
    sarif = failed_in_sarif(read(folder, "sarif"))
    states = {(check["group"], check["name"]): check["state"]
              for check in json.loads(read(folder, "json"))["checks"]}
    for check in found:
        claims = {
            "the table says FAILED": re.search(rf"^{re.escape(check[0])} +FAILED ", text, re.M),
            f"its first line says '{said}'": re.search(
                rf"^FAILED {re.escape(' '.join(check))}\n.*{said}", text, re.M),
            "the last lines repeat it": commands.get(check),
            "SARIF has it": "/".join(check) in sarif,
            "the page names it": check[1] in page,
            "the result has it": states.get(check) == "failed",
        }
        wrong += [f"{' '.join(check)}: not so: {claim}" for claim, so in claims.items() if not so]
    if not text.rstrip().splitlines()[-1:] or \
            text.rstrip().splitlines()[-1][2:] not in commands.values():
        wrong.append("the last line is no command that repeats a failure")
    return wrong, found
