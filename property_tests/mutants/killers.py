"""The techniques that must find mutants: how each is built, what it runs, what it says when it
finds something. Called by judge.py.

    unit VARIANT FILTER FILE…    the unit tests of these files at a level and geometry (0-tiny)
    property VARIANT FILTER      random operations against the oracle, shrunk (rapidcheck)
    tsan VARIANT FILTER FILE…    the unit tests of these files under ThreadSanitizer
    fuzz VARIANT                 libFuzzer on operations against the oracle; budget in executions
    bench LEVEL PROGRAM ARG…     a program of stress/ on the level's library, preloaded
    level LEVEL PROGRAM ARG…     the same, and the library itself reports (HK9xx)
    api LEVEL CHECK              a named check of the malloc API, on the preloaded library
    family LEVEL NAME            a family of broken programs, each of which must be reported
    golden LEVEL OPERATION=N     instructions of an operation, counted by callgrind
    explorer NAME                a mutant of the explorer's own table
    types VARIANT SOURCE         the compiler: the defect cannot be written down

Invariant: a subject made without edits must satisfy the command that kills the mutated one.
"""

import os
import re
import shlex
import sys
from dataclasses import dataclass, field

import overlay as overlays
import table

WORDS_OF_TSAN = r"WARNING: ThreadSanitizer: data race"


@dataclass
class Command:
    argv: list
    environment: dict = field(default_factory=dict)


def target_of(kind, variant):
    return f"{kind}_l{variant.replace('-', '_')}"


def with_seed(words, mutant):
    return [word.replace("@SEED@", str(mutant.seed)) for word in words]


def preload(library):
    # Naming functions and lines in reports only costs time here.
    return {"LD_PRELOAD": library, "HAKMEM_STRESS_LIBRARY": library,
            "HAKMEM_OPTIONS": "symbolize=0"}


class Unit:
    reports = r"\[  FAILED  \] [\w./]+"
    flags = ()

    def subject(self, overlay, mutant):
        return overlays.build_target(overlay, "bin/" + target_of("unit_tests", mutant.arguments[0]),
                                     tests=frozenset(mutant.arguments[2:]), flags=self.flags)

    def built(self, build, mutant):
        """What the normal build has for the unmutated code; None: it must be built, too."""
        return os.path.join(build, "bin", target_of("unit_tests", mutant.arguments[0]))

    def command(self, subject, mutant, _):
        return Command([subject, "--gtest_filter=" + mutant.arguments[1]])


# A race is only seen in a run that does not happen to order the accesses, nor to crash or spin on
# what the race left behind: ten runs, each with a few seconds of processor time. Without address
# randomisation, because the runtime wants its shadow where it expects it.
TSAN_RUNS = """
worst=0
for attempt in 1 2 3 4 5 6 7 8 9 10; do
  (ulimit -t 5; exec setarch -R "$1" --gtest_filter="$2") > "$1.log" 2>&1
  status=$?
  [ $status -ne 0 ] && worst=$status
  grep -q "data race" "$1.log" && break
done
cat "$1.log"
exit $worst
"""


class Tsan(Unit):
    reports = WORDS_OF_TSAN
    flags = ("-fsanitize=thread", "-O1", "-g1")

    def built(self, build, mutant):
        return None

    def command(self, subject, mutant, build):
        return Command(["sh", "-c", TSAN_RUNS, "sh", subject, mutant.arguments[1]],
                       {"TSAN_OPTIONS": "halt_on_error=1:exitcode=66"})


class Property:
    reports = r"Falsifiable after \d+ tests?"

    def subject(self, overlay, mutant):
        return overlays.build_target(overlay,
                                     "bin/" + target_of("ops_properties", mutant.arguments[0]))

    def built(self, build, mutant):
        return os.path.join(build, "bin", target_of("ops_properties", mutant.arguments[0]))

    def command(self, subject, mutant, _):
        return Command([subject, "--gtest_filter=" + mutant.arguments[1]],
                       {"RC_PARAMS": f"seed={mutant.seed} max_success=300 max_size=200",
                        "HAKMEM_OPS_FAILED": os.path.dirname(subject)})


class Preloaded:
    reports = r"^FAIL .*"
    as_shipped = False

    def name_of(self, mutant):
        level = mutant.arguments[0]
        return "lib/libhakmem.so" if level == "0" else f"lib/libhakmem_l{level}.so"

    def subject(self, overlay, mutant):
        return overlays.build_target(overlay, self.name_of(mutant), as_shipped=self.as_shipped)

    def built(self, build, mutant):
        return os.path.join(build, self.name_of(mutant))

    def command(self, subject, mutant, build):
        program, *arguments = with_seed(mutant.arguments[1:], mutant)
        return Command([os.path.join(build, "stress", program), *arguments], preload(subject))


class Level(Preloaded):
    reports = r"HK9\d\d [^━\n]*[^━\n ]"


class Api(Preloaded):
    def command(self, subject, mutant, build):
        return Command([os.path.join(build, "stress", "api_semantics"), "--only",
                        mutant.arguments[1]], preload(subject))


class Family(Preloaded):
    def command(self, subject, mutant, build):
        return Command([sys.executable, "-B",
                        os.path.join(table.ROOT, "stress", "families", "run_families.py"),
                        "--library=" + subject, "--program",
                        os.path.join(build, "stress", "families", mutant.arguments[1])])


class Golden(Preloaded):
    reports = r".*, limit \S+: ABOVE"
    as_shipped = True

    def command(self, subject, mutant, build):
        return Command([os.path.join(build, "bin", "fast_path_counts"), "--program",
                        os.path.join(build, "bin", "fast_path_program"), "--library", subject,
                        "--limit", mutant.arguments[1]])


class Fuzz:
    reports = r"ops fuzz: operation \d+: .*"

    def subject(self, overlay, mutant):
        variant = mutant.arguments[0].replace("-", "_")
        objects = f"CMakeFiles/hakmem_core_l{variant}.dir/"
        sources, definitions = [], []
        for name, (source, words) in overlays.compile_commands(overlay.build).items():
            if name.startswith(objects):
                sources.append(source)
                definitions = [word for word in words if word.startswith("-D")]
        flags = ["-fsanitize=fuzzer,address", "-O1", "-g0", "-w"]
        compiler = ["clang++-14", *overlay.include_flags(), "-I" + overlay.root,
                    "-I" + os.path.join(overlay.root, "src"), "-std=c++20", *definitions, *flags]
        extra = ["fuzz/ops_fuzz.cc", "src/gate/test_support_for_test.cc"]
        words = [overlay.compile(compiler, source, os.path.relpath(
            os.path.join(overlay.root, source), overlay.root) + ".o") for source in sources + extra]
        program = os.path.join(overlay.folder, "fuzz_ops")
        archives = [os.path.join(overlay.build, "lib", f"lib{name}.a")
                    for name in ("hakmem_ops_run", "hakmem_ops")]
        overlays.run_compiler(["clang++-14", *flags, *words, *archives, "-lfmt", "-lpthread",
                               "-ldl", "-o", program], overlay.build)
        return program

    def built(self, build, mutant):
        return None

    def command(self, subject, mutant, _):
        return Command([subject, f"-runs={mutant.budget}", f"-seed={mutant.seed}", "-max_len=2048",
                        "-artifact_prefix=" + os.path.dirname(subject) + "/"])


class Explorer:
    """The explorer's driver builds and judges by itself."""
    reports = r"[\d.]+ schedules +[\d.]+ s  .*"

    def subject(self, overlay, mutant):
        return None

    def built(self, build, mutant):
        return ""

    def command(self, subject, mutant, build):
        name = mutant.arguments[0]
        if subject == "":
            families = table.explorer_table()[name].families
            return Command([os.path.join(build, "bin", "hakmem_explorer"), "--workload",
                            families[0], "--brief", "--quiet", "--programs", "5", "--schedules",
                            "2000"])
        return Command([*explorer_driver(build), "--only", name])


def explorer_driver(build):
    """The command of the explorer's test of its mutants, up to the choice of which."""
    with open(os.path.join(build, "stress", "explore", "CTestTestfile.cmake"),
              encoding="utf-8") as file:
        line = re.search(r"add_test\(\[=\[explore\.heap\.mutants\]=\] ([^\n]*)\)", file.read())
    if line is None:
        raise overlays.BuildBroke("the build has no test explore.heap.mutants")
    words = shlex.split(line.group(1))
    return [sys.executable, *words[1:words.index("--quick")]]


class Types:
    """Compiles only. The unmutated source must compile."""
    reports = r"error: .*"

    def subject(self, overlay, mutant):
        target, source = target_of("hakmem_core", mutant.arguments[0]), mutant.arguments[1]
        if source.endswith("_test.cc"):
            target = target_of("unit_tests", mutant.arguments[0])
        name = f"CMakeFiles/{target}.dir/{source}.o"
        _, words = overlays.compile_commands(overlay.build)[name]
        return [*overlays.with_overlay(overlay, words), "-fsyntax-only", overlay.source(source)]

    def built(self, build, mutant):
        return None

    def command(self, subject, mutant, build):
        return Command(subject)


TECHNIQUES = {"unit": Unit(), "tsan": Tsan(), "property": Property(), "bench": Preloaded(),
              "level": Level(), "api": Api(), "family": Family(), "golden": Golden(),
              "fuzz": Fuzz(),
              "explorer": Explorer(), "types": Types()}


def level_of(mutant):
    """The integrity level at which the technique looks."""
    return 0 if mutant.technique == "explorer" else int(mutant.arguments[0][0])
