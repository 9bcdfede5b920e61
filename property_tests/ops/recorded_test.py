#!/usr/bin/env python3
"""Recordings of real programs replay clean at every level and on every other malloc.

    recorded_test.py --hakmem build/bin/hakmem --program build/bin/ops_commands_program
                     [--scale 40] [--keep FOLDER]

Records python3 at work and a program of four threads that hand blocks over, then replays both at
levels 0 to 4, on the C library's malloc and on each of the peers that is installed: one operation
after another and with threads by themselves. Prints a table. Exit 0: all clean, 1: not; 77 when no
peer is installed, which is said and counted. --scale makes the programs do so many times as much.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time

PEERS = ("libjemalloc.so.2", "libmimalloc.so.2.0", "libtcmalloc_minimal.so.4")
PEER_FOLDER = "/usr/lib/x86_64-linux-gnu"
LIMIT_SECONDS = 600

# Objects of all sizes, dictionaries that grow, text, buffers, and a thread that takes over.
PYTHON = """
import collections, json, re, threading
table = collections.defaultdict(list)
for i in range(2000 * {scale}): table[i % 997].append('x' * (i * 7 % 900))
text = json.dumps(table)
again = json.loads(text)
buffers = [bytearray(1000 + i * 57) for i in range(200 * {scale})]
for i in range(0, len(buffers), 3): buffers[i] = bytearray(i * 40 % 300000)
def drop():
    while buffers: buffers.pop()
thread = threading.Thread(target=drop); thread.start(); thread.join()
print(len(again), len(re.findall('x+', text)))
"""


def run(arguments, words, options="symbolize=0"):
    environment = {name: value for name, value in os.environ.items()
                   if name not in ("LD_PRELOAD", "HAKMEM_INTEGRITY_LEVEL")}
    environment["HAKMEM_OPTIONS"] = options
    environment["PYTHONMALLOC"] = "malloc"  # its own small-object allocator stands aside
    return subprocess.run([arguments.hakmem, *map(str, words)], env=environment, text=True,
                          capture_output=True, timeout=LIMIT_SECONDS, check=False)


def record(arguments, name, words):
    """The recording's path; ends the test when the program did not end as it does by itself."""
    path = os.path.join(arguments.keep, name)
    result = run(arguments, ["record", "-o", path, "--", *words])
    if result.returncode != 0:
        sys.exit(f"recorded: {name} ended with {result.returncode}\n{result.stderr}")
    print(f"{name}: {result.stderr.strip().splitlines()[-1]}")
    return path


def replay(arguments, path, subject, more):
    """True when clean; prints a row of the table."""
    begin = time.monotonic()
    result = run(arguments, ["replay", path, *subject, *more])
    seconds = time.monotonic() - begin
    counts = re.match(r"(\d+) operations executed, (\d+) skipped, nothing found", result.stdout)
    clean = result.returncode == 0 and counts is not None and int(counts.group(2)) == 0
    says = counts.group(1) if counts else result.stderr.strip()
    print(f"  {'clean' if clean else 'FAIL '} {' '.join(map(str, subject + more)):68} "
          f"{says} {seconds:6.1f} s", flush=True)
    return clean


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--hakmem", required=True)
    parser.add_argument("--program", required=True)
    parser.add_argument("--scale", type=int, default=1)
    parser.add_argument("--keep", help="leave the recordings in this folder")
    arguments = parser.parse_args()
    scratch = tempfile.TemporaryDirectory(prefix="hakrecorded.")
    arguments.keep = arguments.keep or scratch.name
    subjects = [["--level", level] for level in range(5)] + [["--malloc", "libc"]]
    missing = 0
    for peer in PEERS:
        library = os.path.join(PEER_FOLDER, peer)
        if os.path.exists(library):
            subjects.append(["--malloc", library])
        else:
            print(f"SKIPPED {peer}: not installed")
            missing += 1
    recordings = [
        record(arguments, "python.ops",
               [sys.executable, "-c", PYTHON.format(scale=arguments.scale)]),
        record(arguments, "threads.ops", [arguments.program, str(1000 * arguments.scale)]),
    ]
    failed = 0
    for path in recordings:
        print(os.path.basename(path))
        for subject in subjects:
            for more in ([], ["--parallel"]):
                failed += not replay(arguments, path, subject, more)
    print(f"{2 * len(subjects) * len(recordings)} replays, {failed} failed, "
          f"{missing} peers SKIPPED")
    return 1 if failed else 77 if missing == len(PEERS) else 0


if __name__ == "__main__":
    sys.exit(main())
