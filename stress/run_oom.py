#!/usr/bin/env python3
"""Runs the program `oom` with a malloc library preloaded, under one memory limit after the other.

    run_oom.py --kind address_space --program build/stress/oom --library build/lib/libhakmem.so

Kinds: address_space is `ulimit -v`; strict_commit is `ulimit -d`, which counts every private page
that may be written, touched or not, and refuses more than the limit: the accounting of strict
overcommit (vm.overcommit_memory = 2) without changing the machine, since that switch has no private
form. Prints one line for each limit: ok, FAIL, or SKIPPED when the program does not even start
under the limit with the C library's own malloc. Exit status 1 after a failure, 77 when all was
skipped. Called by CTest.
"""

import argparse
import os
import resource
import subprocess
import sys

EXIT_SKIPPED = 77
MIB = 1 << 20
LIMITS_MIB = [64, 80, 96, 128, 192, 256, 512, 1024]
KINDS = {"address_space": resource.RLIMIT_AS, "strict_commit": resource.RLIMIT_DATA}


def run(argv, library, kind, limit_mib, seconds):
    """Runs argv under the limit; returns (status or None when it hangs, its output)."""
    environment = {**os.environ, "HAKMEM_OPTIONS": "symbolize=0"}
    environment.pop("LD_PRELOAD", None)
    environment.pop("HAKMEM_STRESS_LIBRARY", None)
    if library:
        environment["LD_PRELOAD"] = environment["HAKMEM_STRESS_LIBRARY"] = os.path.abspath(library)

    def limit():
        resource.setrlimit(KINDS[kind], (limit_mib * MIB, limit_mib * MIB))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    try:
        done = subprocess.run(argv, env=environment, preexec_fn=limit, timeout=seconds,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
    except subprocess.TimeoutExpired as hang:
        return None, (hang.stdout or b"").decode(errors="replace")
    return done.returncode, done.stdout.decode(errors="replace")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kind", required=True, choices=KINDS)
    parser.add_argument("--program", required=True)
    parser.add_argument("--library", default="", help="empty: the C library's own malloc")
    parser.add_argument("--limit", type=int, action="append", help="MiB; all limits without it")
    parser.add_argument("--seconds", type=int, default=600, help="when a run counts as hung")
    arguments = parser.parse_args()
    # Levels 3 and 4 keep a record beside each block, which takes as much space as small blocks do.
    least_part = 32 if arguments.library.endswith(("_l3.so", "_l4.so")) else 8
    counts = {"ok": 0, "FAIL": 0, "SKIPPED": 0}
    for limit in arguments.limit or LIMITS_MIB:
        name = f"{arguments.kind} {limit} MiB"
        started, _ = run([arguments.program, "--start"], "", arguments.kind, limit, 20)
        if started != 0:
            verdict, text = "SKIPPED", "does not start with the C library's malloc either\n"
        else:
            status, text = run([arguments.program, "--least-part", str(least_part)],
                               arguments.library, arguments.kind, limit, arguments.seconds)
            verdict = "ok" if status == 0 else "FAIL"
            if status is None:
                text += f"hangs: had not ended after {arguments.seconds} s\n"
            elif status:
                text += f"exit status {status}\n"
        counts[verdict] += 1
        print(f"{verdict} {name}\n{text}", end="", flush=True)
    print(f"{counts['ok']} ok, {counts['FAIL']} failed, {counts['SKIPPED']} skipped")
    if counts["FAIL"]:
        return 1
    return 0 if counts["ok"] else EXIT_SKIPPED


if __name__ == "__main__":
    sys.exit(main())
