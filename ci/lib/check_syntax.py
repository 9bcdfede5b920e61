"""Checks that every source of a configured build compiles without a warning, without compiling it.

    check_syntax.py BUILD_FOLDER [--jobs N]

For the compilers that the tests do not run with. A compiler's front end gives all warnings, in a
quarter of the time of a whole compilation. What ninja has already built there is not looked at
again. Prints the messages of each source that fails; exit status 0 when none does, else 1.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import shlex
import subprocess
import sys


INPUTS_MAX = 100  # a precompiled header that needs more of the build is read as text instead


def front_end_command(entry):
    """The entry's compile command, stopped after the front end."""
    words = shlex.split(entry["command"])
    if "ccache" in os.path.basename(words[0]):
        words = words[1:]
    at = words.index("-o")
    words = words[:at] + words[at + 2:] + ["-fsyntax-only"]
    for at, word in enumerate(words):
        if word == "-include-pch" and not os.path.exists(words[at + 2]):
            return words[:at - 1] + words[at + 3:]  # the next words include the header itself
    return words


def check(entry):
    """(source, messages) where the source does not compile; None where it does."""
    done = subprocess.run(front_end_command(entry), cwd=entry["directory"], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return None if done.returncode == 0 else (entry["file"], done.stdout)


def output_of(entry):
    words = shlex.split(entry["command"])
    return pathlib.Path(entry["directory"], words[words.index("-o") + 1])


def inputs_of(folder, target):
    listed = subprocess.run(["ninja", "-C", folder, "-t", "inputs", target], text=True, check=True,
                            stdout=subprocess.PIPE).stdout
    return len(listed.splitlines())


def build_what_sources_need(folder, jobs):
    """Precompiled headers, and sources and headers that the build writes itself."""
    listed = subprocess.run(["ninja", "-C", folder, "-t", "targets", "all"], text=True, check=True,
                            stdout=subprocess.PIPE).stdout
    names = [line.split(":")[0] for line in listed.splitlines()]
    wanted = [name for name in names
              if (name.endswith(".pch") and inputs_of(folder, name) <= INPUTS_MAX)
              or (name.endswith((".cc", ".h")) and not os.path.isabs(name))]
    if wanted:
        subprocess.run(["ninja", "-C", folder, "-j", str(jobs), *wanted], check=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    build_what_sources_need(options.folder, options.jobs)
    database = pathlib.Path(options.folder, "compile_commands.json").read_text(encoding="utf-8")
    entries = [entry for entry in json.loads(database)
               if "cmake_pch" not in entry["file"] and not output_of(entry).exists()]
    if not entries:
        print("every source was built already")
        return 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        failures = [found for found in pool.map(check, entries) if found]
    for source, messages in failures:
        print(f"{source} does not compile cleanly:\n{messages}", file=sys.stderr)
    print(f"{len(entries)} sources checked, {len(failures)} not clean")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
