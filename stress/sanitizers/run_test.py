#!/usr/bin/env python3
"""What `hakmem run` says of programs whose malloc is not the preloaded one.

    run_test.py COMPILER build/bin/hakmem

Claims: a program with a sanitizer's malloc is refused in one sentence with the remedy; one with
some other malloc is run and said to have it; UBSan, which leaves malloc alone, changes nothing.
"""

import sys
import tempfile
import unittest

import watched

COMPILER, HAKMEM = "", ""
PLAIN = "#include <stdlib.h>\nint main(void) { free(malloc(10)); return 3; }\n"
OWN = """#include <stddef.h>
_Alignas(16) static char memory[1 << 20];
static size_t used;
void* malloc(size_t size) { char* p = memory + used; used += (size + 15) & ~(size_t)15; return p; }
void free(void* p) { (void)p; }
int main(void) { free(malloc(10)); return 3; }
"""


class Run(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="hakrun.")
        self.addCleanup(scratch.cleanup)
        self.folder = scratch.name

    def run_program(self, text, *flags):
        source, program = self.folder + "/program.c", self.folder + "/program"
        with open(source, "w", encoding="utf-8") as out:
            out.write(text)
        watched.subprocess.run([COMPILER, "-x", "c", source, "-o", program, *flags], check=True,
                               timeout=100)
        return watched.run([HAKMEM, "run", "--level", "4", "--", program])

    def test_a_sanitizers_malloc_is_refused(self):
        for sanitizer in ("address", "thread", "leak"):
            with self.subTest(sanitizer=sanitizer):
                ended = self.run_program(PLAIN, f"-fsanitize={sanitizer}")
                self.assertEqual(ended.returncode, 125, ended.stderr)
                self.assertIn("is compiled with a sanitizer", ended.stderr)
                self.assertIn("hakmem_asan.o", ended.stderr)
                self.assertEqual(len(ended.stderr.splitlines()), 1, ended.stderr)

    def test_undefined_behaviour_alone_is_run(self):
        ended = self.run_program(PLAIN, "-fsanitize=undefined")
        self.assertEqual((ended.returncode, ended.stderr), (3, ""))

    def test_another_malloc_is_run_and_said(self):
        ended = self.run_program(OWN, "-fno-builtin")
        self.assertEqual(ended.returncode, 3, ended.stderr)
        self.assertIn("defines malloc itself", ended.stderr)
        self.assertEqual(len(ended.stderr.splitlines()), 1, ended.stderr)


if __name__ == "__main__":
    COMPILER, HAKMEM = watched.require(sys.argv[1]), sys.argv[2]
    unittest.main(argv=sys.argv[:1], verbosity=2)
