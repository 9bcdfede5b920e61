"""The frame of the structure check: the tree of files, the table of rules, findings.

Used by the rules_*.py files, which register their rules here, and by check_structure.py, which
runs them. A tree is a mapping from path to text, so that the self-test can plant one in memory.
"""

import re

from source_text import Source

LAYERS = ["base", "os", "ptr_trace", "integrity", "learn", "superslab", "tiny", "pool", "large",
          "page_mode", "gate", "api"]
RANK = {"base": 0, "os": 1, "ptr_trace": 2, "integrity": 3, "learn": 4, "superslab": 5,
        "tiny": 6, "pool": 6, "large": 6, "page_mode": 6, "gate": 7, "api": 8}
CPP_SUFFIXES = (".h", ".cc", ".def", ".inc")
TEXT_SUFFIXES = CPP_SUFFIXES + (".py", ".sh", ".cmake", "CMakeLists.txt", ".c", ".cpp")

RULES = {}


class Rule:
    """One row of the table. `check(tree)` yields (path, line, detail); `remedy` says what to do."""

    def __init__(self, identifier, remedy, check, severity):
        self.identifier = identifier
        self.remedy = remedy
        self.check = check
        self.severity = severity  # error, warning or info


def rule(identifier, remedy, severity="error"):
    """Registers the decorated function as a rule."""
    def register(check):
        assert identifier not in RULES, identifier
        RULES[identifier] = Rule(identifier, remedy, check, severity)
        return check
    return register


class Finding:
    def __init__(self, rule_row, path, line, detail):
        self.rule = rule_row
        self.path = path
        self.line = line
        self.detail = detail

    def __str__(self):
        severity = "" if self.rule.severity == "error" else f"{self.rule.severity}: "
        return (f"{self.path}:{self.line}: {severity}[{self.rule.identifier}] "
                f"{self.detail}: {self.rule.remedy}")


class Tree:
    """Files of the repository, by path from its root."""

    def __init__(self, texts):
        self.texts = texts
        self._sources = {}

    def source(self, path):
        if path not in self._sources:
            self._sources[path] = Source(path, self.texts[path])
        return self._sources[path]

    def cpp(self, prefixes=("",)):
        """Every C++ file below one of the folders."""
        for path in sorted(self.texts):
            if path.endswith(CPP_SUFFIXES + (".c", ".cpp")) and path.startswith(tuple(prefixes)):
                yield self.source(path)

    def src(self):
        return self.cpp(["src/"])

    def runtime(self):
        """What ends up in the library: src/ without tests and test doors."""
        return (s for s in self.src() if not is_test(s.path))

    def tests(self):
        return (s for s in self.cpp() if is_test(s.path))

    def code_files(self):
        """Every file that people edit as code, in any language."""
        for path in sorted(self.texts):
            text = self.texts[path]
            if path.endswith(TEXT_SUFFIXES) or text.startswith("#!"):
                yield path, text

    def cmake_text(self):
        return {p: t for p, t in self.texts.items()
                if p.endswith("CMakeLists.txt") or p.endswith(".cmake")}


def is_test(path):
    """Test code: x_test.cc anywhere, test doors in src/, and everything in the test folders."""
    if path.startswith(("property_tests/", "stress/", "fuzz/")):
        return True
    name = path.rsplit("/", 1)[-1]
    return bool(re.search(r"_test\.(cc|cpp|c|h)$|_for_test\.|^os_fake\.|_testing\.", name))


def layer_of(path):
    """The layer of a file in src/, or None."""
    parts = path.split("/")
    return parts[1] if len(parts) == 3 and parts[0] == "src" and parts[1] in RANK else None


def run_rules(tree, identifiers=None):
    """All findings of the given rules (all rules when None), sorted by place."""
    findings = []
    for identifier, row in RULES.items():
        if identifiers is None or identifier in identifiers:
            findings += [Finding(row, *found) for found in row.check(tree)]
    return sorted(findings, key=lambda f: (f.path, f.line, f.rule.identifier))
