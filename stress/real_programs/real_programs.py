#!/usr/bin/env python3
"""Runs real programs under the C library's malloc and under malloc libraries, and compares.

    real_programs.py --subject 0=build/lib/libhakmem.so --subject 4=build/lib/libhakmem_l4.so
    real_programs.py --subject 4=build/lib/libhakmem_l4.so --only git

Standard output, standard error, exit status and the files made must be equal byte for byte, and
no process of the tree may have reported a finding. Prints one line for each program and level: ok,
FAIL with the first difference, or SKIPPED with the reason. Exit status 0 when something ran and
nothing failed, 1 after a failure, 77 when everything was skipped. Called by CTest, one test for
each program and level. Invariant: a program that would not load the library under test is a
failure, not a pass.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

from cases import CASES
from scenario import Broken, Hang, Scenario

EXIT_SKIPPED = 77
REPORT = re.compile("^(━━ )?HAKMEM\\b".encode(), re.MULTILINE)  # how each of its messages begins


def find_program(name):
    """Path of an ELF executable called `name`, or None. Wrapper scripts are passed over."""
    for folder in ("/usr/bin", "/usr/local/bin", "/bin"):
        path = os.path.join(folder, name)
        if os.access(path, os.X_OK):
            with open(path, "rb") as file:
                if file.read(4) == b"\x7fELF":
                    return path
    return None


def loads_library(program, library):
    """True when the dynamic loader would map `library` into `program`."""
    environment = {"LD_PRELOAD": library, "LD_TRACE_LOADED_OBJECTS": "1", "PATH": "/usr/bin:/bin"}
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(write, 1)
        os.dup2(write, 2)
        os.execve(program, [program], environment)
    os.close(write)
    with os.fdopen(read, "rb") as file:
        listing = file.read()
    os.waitpid(child, 0)
    lines = [line for line in listing.splitlines() if b"cannot be preloaded" not in line]
    return any(os.fsencode(library) in line for line in lines)


def reaches_children(library):
    """True when a child of a child still has the library mapped and its environment kept."""
    environment = {"LD_PRELOAD": library, "PATH": "/usr/bin:/bin", "HAKMEM_STRESS_MARK": "kept"}
    try:
        done = subprocess.run(["/bin/sh", "-c", "cat /proc/self/maps; env; true"], env=environment,
                              capture_output=True, timeout=20, check=False)
    except subprocess.TimeoutExpired:
        return False
    return (done.returncode == 0 and os.fsencode(os.path.realpath(library)) in done.stdout
            and b"HAKMEM_STRESS_MARK=kept" in done.stdout)


def observe(case, root, library, programs, options):
    """One scripted run in a fresh folder; returns its observations and the findings written."""
    folder = os.path.join(root, "work")
    verdict = os.path.join(root, "verdict")
    shutil.rmtree(folder, ignore_errors=True)
    os.mkdir(folder)
    if os.path.exists(verdict):
        os.unlink(verdict)
    scenario = Scenario(folder, library, verdict, programs, options)
    try:
        case(scenario)
    finally:
        scenario.close()
    findings = b""
    if os.path.exists(verdict):
        with open(verdict, "rb") as file:
            findings = file.read()
    return scenario.observations, findings


def excerpt(data, at):
    """The neighbourhood of a difference, printable."""
    return repr(data[max(0, at - 60):at + 240])


def first_difference(plain, subject):
    """A sentence about where two observation lists differ first, or None."""
    for (label, expected), (other, found) in zip(plain, subject):
        if label != other:
            return f"different steps: {label} and {other}"
        if expected == found:
            continue
        at = next((i for i, (a, b) in enumerate(zip(expected, found)) if a != b),
                  min(len(expected), len(found)))
        return (f"{label} differs at byte {at} (of {len(expected)} and {len(found)})\n"
                f"    expected {excerpt(expected, at)}\n    found    {excerpt(found, at)}")
    if len(plain) != len(subject):
        return f"{len(plain)} observations without the library, {len(subject)} with it"
    return None


def judge(plain, case, root, library, programs, options):
    """None when the run with `library` equals the plain one, else what is wrong with it."""
    for name, path in programs.items():
        if library and not loads_library(path, library):
            return f"{name} ({path}) does not load {library}"
    if library and not reaches_children(library):
        return f"the environment or {library} itself is lost on the way to child processes"
    try:
        subject, findings = observe(case, root, library, programs, options)
    except (Hang, Broken) as problem:
        return str(problem)
    if findings:
        return f"a finding was reported:\n{findings.decode(errors='replace')}"
    for label, data in subject:
        found = REPORT.search(data) if "std" in label else None
        if found:
            return f"{label} holds a report: {excerpt(data, found.start())}"
    return first_difference(plain, subject)


def run_case(name, subjects, options):
    """Runs one case under every subject; returns the numbers of (ok, failed, skipped)."""
    case = CASES[name]
    programs = {program: find_program(program) for program in case.needs}
    missing = [program for program, path in programs.items() if path is None]
    if missing:
        for level, _ in subjects:
            print(f"SKIPPED {name} l{level}: not installed: {', '.join(missing)}", flush=True)
        return 0, 0, len(subjects)
    root = tempfile.mkdtemp(prefix="hakreal.")
    try:
        if case.builds_source:
            # A copy, since somebody may be editing the project while its tests run.
            copy = os.path.join(root, "source")
            shutil.copytree(options["source"], copy, symlinks=True,
                            ignore=shutil.ignore_patterns(".git", "build", "build-*", "hk.*",
                                                          "__pycache__"))
            options = {**options, "source": copy}
        begin = time.monotonic()
        try:
            plain, _ = observe(case, root, "", programs, options)
        except (Hang, Broken) as problem:
            print(f"FAIL {name}: even without a library: {problem}", flush=True)
            return 0, len(subjects), 0
        print(f"     {name} plain: {len(plain)} observations, {time.monotonic() - begin:.1f} s")
        failed = 0
        for level, library in subjects:
            begin = time.monotonic()
            problem = judge(plain, case, root, library, programs, options)
            seconds = time.monotonic() - begin
            if problem:
                failed += 1
                print(f"FAIL {name} l{level}: {problem}", flush=True)
            else:
                print(f"ok   {name} l{level}: {seconds:.1f} s", flush=True)
        return len(subjects) - failed, failed, 0
    finally:
        shutil.rmtree(root, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description="Real programs under malloc libraries.")
    parser.add_argument("--subject", action="append", default=[], metavar="LEVEL=PATH",
                        help="a library under test; an empty path is the C library's own malloc")
    parser.add_argument("--only", action="append", default=[], choices=sorted(CASES))
    parser.add_argument("--source", help="project that the cmake case builds")
    parser.add_argument("--target", help="target that the cmake case builds")
    parser.add_argument("--options", default="", metavar="K=V:K=V",
                        help="more run-time options for the libraries under test")
    parser.add_argument("--list", action="store_true")
    arguments = parser.parse_args()
    if arguments.list:
        for name, case in CASES.items():
            print(f"{name:8} {case.__doc__}")
        return 0
    subjects = []
    for subject in arguments.subject:
        level, _, path = subject.partition("=")
        if path and not os.path.isfile(path):
            parser.error(f"no such library: {path}")
        subjects.append((level, os.path.abspath(path) if path else ""))
    if not subjects:
        parser.error("name at least one --subject LEVEL=PATH")
    stress = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    options = {"source": os.path.abspath(arguments.source or stress),
               "target": arguments.target or "stress_larson", "runtime": arguments.options}
    totals = [0, 0, 0]
    for name in arguments.only or CASES:
        totals = [a + b for a, b in zip(totals, run_case(name, subjects, options))]
    print(f"{totals[0]} ok, {totals[1]} failed, {totals[2]} skipped")
    if totals[1]:
        return 1
    return 0 if totals[0] else EXIT_SKIPPED


if __name__ == "__main__":
    sys.exit(main())
