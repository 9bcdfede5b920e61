#!/usr/bin/env python3
"""Claim: the explorer takes another allocator as it is. mimalloc 2.0.9's list of blocks that other
threads free is explored from Debian's source package, with nothing changed but compiler flags.

    third_party.py --compiler clang++-14 --runtime build/lib/libexplore_runtime.a --folder FOLDER

Expects that no schedule breaks the list, and that the race which that version has is found: a
thread that frees reads a flag of a page while its owner writes another flag in the same byte.
Called by ctest. Exit: 0 both, 1 not, 77 not checked (no source package within reach).
"""

import argparse
import hashlib
import os
import re
import subprocess
import sys
import tarfile
import urllib.error
import urllib.request

PACKAGE = "libmimalloc-dev"
TARBALL = "mimalloc_2.0.9+ds.orig.tar.xz"
SHA256 = "cbc9d207ff105ad1f0cb739c378076143a6452b8d0624309cea0abfb040e972b"
LIMIT_S = 300
HERE = os.path.dirname(os.path.abspath(__file__))
EXAMPLE = os.path.join(HERE, "mimalloc_remote_free.cc")
STRESS = os.path.dirname(os.path.dirname(HERE))
EXIT_SKIPPED = 77


def skip(why):
    print(f"SKIPPED: {why}")
    sys.exit(EXIT_SKIPPED)


def is_whole(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest() == SHA256


def tarball(folder):
    """The source package, from where this system's packages come from."""
    path = os.path.join(folder, TARBALL)
    if os.path.exists(path) and is_whole(path):
        return path
    try:
        listed = subprocess.run(["apt-get", "--print-uris", "download", PACKAGE], check=True,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                timeout=LIMIT_S).stdout
    except (OSError, subprocess.SubprocessError):
        skip(f"the system's packages do not say where {PACKAGE} is")
    found = re.match(r"'(https?://[^']*/)[^/']*'", listed)
    if found is None:
        skip(f"no address of {PACKAGE}")
    try:
        with urllib.request.urlopen(found.group(1) + TARBALL, timeout=LIMIT_S) as answer, \
                open(path, "wb") as file:
            file.write(answer.read())
    except (OSError, urllib.error.URLError) as error:
        skip(f"{TARBALL} is out of reach: {error}")
    if not is_whole(path):
        skip(f"{TARBALL} is not the version that this example is about")
    return path


def build(compiler, runtime, folder):
    with tarfile.open(tarball(folder)) as archive:
        archive.extractall(folder)  # its checksum is known
    source = os.path.join(folder, "mimalloc-2.0.9+ds")
    program = os.path.join(folder, "mimalloc_remote_free")
    common = ["-O1", "-g", "-fsanitize=thread", "-I" + os.path.join(source, "include")]
    flags = [f"-D{name}=example_{name}" for name in ("mmap", "munmap", "madvise", "mprotect")]
    # No statistics: their counters are atomics that everything would be scheduled around.
    commands = [
        [re.sub(r"clang\+\+", "clang", compiler).replace("g++", "gcc"), "-std=gnu11", "-w", *common,
         *flags, "-DMI_STAT=0", "-c", os.path.join(source, "src", "static.c"), "-o",
         program + ".c.o"],
        [compiler, "-std=c++20", *common, "-I" + STRESS, "-c", EXAMPLE, "-o", program + ".o"],
        [compiler, program + ".o", program + ".c.o", runtime, "-lpthread", "-ldl", "-o", program],
    ]
    for command in commands:
        print(" ".join(command), flush=True)
        subprocess.run(command, check=True, timeout=LIMIT_S)
    return program


def run(*command):
    done = subprocess.run(command, check=False, timeout=LIMIT_S, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    print(done.stdout, flush=True)
    return done


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--runtime", required=True)
    parser.add_argument("--folder", required=True)
    options = parser.parse_args()
    os.makedirs(options.folder, exist_ok=True)
    program = build(options.compiler, options.runtime, options.folder)
    if run(program).returncode != 0:
        print("FAIL: something is wrong with the list, or not all was explored")
        return 1
    full = run(program, "--full")
    if full.returncode != 1 or "FOUND race" not in full.stdout \
            or "mi_page_set_in_full" not in full.stdout:
        print("FAIL: the race of the page's flags was not found")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
