"""What the tests of this folder share: the program, built as a tool wants it, and its runs.

A test compiles program.cc with the compiler that it is about, runs a case with its bad access and
without, and looks at what the tool says. A compiler or tool that is not there is exit code 77.
"""

import os
import shutil
import subprocess
import sys

SKIPPED = 77
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))

# Cases and sizes for which a tool must name the bad access; what it is called follows.
PAST = [("read_past", 1), ("read_past", 13), ("read_past", 1024), ("read_past", 100000),
        ("read_past", 40000000), ("write_past", 48), ("read_past_calloc", 70000),
        ("read_past_aligned", 500), ("read_past_new", 24), ("read_past_realloc", 3000),
        ("read_past_reused", 48), ("read_past_in_child", 200), ("made_by_the_library", 30),
        ("busy", 60)]
BEFORE = [("read_before", 13), ("read_before", 4096), ("read_before", 300000)]
FREED = [("read_after_free", 16), ("read_after_free", 5000), ("read_after_free", 500000),
         ("freed_by_another_thread", 48), ("read_moved_by_realloc", 40)]


def skip(why):
    print(f"SKIPPED: {why}")
    sys.exit(SKIPPED)


def require(name):
    if shutil.which(name) is None:
        skip(f"{name} is not installed")
    return name


def compile_program(compiler, output, *more):
    subprocess.run([compiler, "-std=c++20", "-O1", "-g", "-fno-builtin",
                    "-fno-omit-frame-pointer", "-pthread", "-I", os.path.join(ROOT, "src"),
                    "-o", output, os.path.join(HERE, "program.cc"), *more],
                   check=True, timeout=100)
    return output


def run(command, **variables):
    """The ended process, its outputs as text. Of HAKMEM's and the tools' variables it has these."""
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith(("HAKMEM_", "LD_", "ASAN_", "LSAN_", "VALGRIND_"))}
    environment.update(variables)
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100,
                          errors="replace", check=False)
