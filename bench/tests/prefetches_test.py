"""Level 4 fetches what it will look at, and the compiler left that in: g++ takes a function of
nothing but prefetches for one without effect, and drops its calls unless they are inlined early.

    prefetches_test.py LIBRARY

Called by ctest. Exit 0 there, 1 not there, 77 SKIPPED: no objdump.
"""

import re
import shutil
import subprocess
import sys

SKIPPED = 77
FUNCTIONS = ("checked_allocate_plain", "checked_release_plain")


def prefetches(library):
    """Function name -> prefetch instructions in it, from the disassembly."""
    listing = subprocess.run(["objdump", "-d", "--no-show-raw-insn", library], check=True,
                             capture_output=True, text=True).stdout
    counts, name = {}, None
    for line in listing.splitlines():
        start = re.match(r"[0-9a-f]+ <(.*)>:$", line)
        if start:
            name = next((wanted for wanted in FUNCTIONS if wanted in start[1]), None)
        elif name is not None:
            counts[name] = counts.get(name, 0) + ("\tprefetch" in line)
    return counts


def main():
    if shutil.which("objdump") is None:
        print("SKIPPED: objdump is not installed (Debian package binutils)")
        return SKIPPED
    counts = prefetches(sys.argv[1])
    for name in FUNCTIONS:
        print(f"{name}: {counts.get(name, 0)} prefetches")
    return 0 if all(counts.get(name, 0) > 0 for name in FUNCTIONS) else 1


if __name__ == "__main__":
    sys.exit(main())
