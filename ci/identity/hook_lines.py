"""Finds the hook calls in a copy of src/, takes them out, or makes them do something.

Used by level0_identical.py. A hook is a statement of one line that begins with `hooks::`, or a
question in an expression, `hooks::may_x(…)`, whose answer at level 0 is true. An `if` that guards
nothing but a hook goes with it: its condition is a part of what the hook costs. Line numbers stay
as they are, so that __LINE__ means the same in both builds.
"""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "structure"))

from source_text import Source  # noqa: E402  (needs the path above)

STATEMENT = re.compile(r"^\s*(?:if \(.*\) )?hooks::(\w+)(?:<[^;]*>)?\(.*\);\s*$")
GUARD = re.compile(r"^\s*(?:if|for|while)\b.*\)\s*$|^\s*(?:\}\s*)?else\s*$")
GUARD_BLOCK = re.compile(r"^\s*if\b.*\)\s*\{\s*$")
QUESTION = re.compile(r"\bhooks::(\w+)\s*\(")
PLANTED = "hakmem_planted_{}"


def is_runtime(path):
    """Code that calls hooks, not the code that defines them, and no test."""
    name = os.path.basename(path)
    return (not path.startswith("integrity/") and name.endswith((".h", ".cc"))
            and not re.search(r"_test\.cc$|_for_test\.|^os_fake\.", name))


def read_sources(folder):
    """{path relative to folder: text} of every header and source file."""
    texts = {}
    for place, _, names in os.walk(folder):
        for name in names:
            if name.endswith((".h", ".cc", ".def", ".inc")):
                full = os.path.join(place, name)
                with open(full, encoding="utf-8") as file:
                    texts[os.path.relpath(full, folder)] = file.read()
    return texts


def without_questions(line, code):
    """`line` with each hooks::x(…) replaced by true; `code` is the line without comments."""
    while True:
        match = QUESTION.search(code)
        if not match:
            return line
        depth, end = 0, None
        for position in range(match.end() - 1, len(code)):
            depth += {"(": 1, ")": -1}.get(code[position], 0)
            if depth == 0:
                end = position + 1
                break
        if end is None:
            return line
        line = line[:match.start()] + "true" + line[end:]
        code = code[:match.start()] + "true" + code[end:]


def take_out_of(path, text):
    """Returns the text of one file without hooks, its hook points and complaints."""
    points, complaints = [], []
    code = Source(path, text).code_and_macros.split("\n")
    lines = text.split("\n")
    for index, line in enumerate(code):
        if not re.search(r"\bhooks::\w+\s*[(<]", line):
            continue
        statement = STATEMENT.match(line)
        names = [statement.group(1)] if statement else QUESTION.findall(line)
        points += [(path, index + 1, name) for name in names]
        lines[index] = "" if statement else without_questions(lines[index], line)
        rest = Source(path, lines[index]).code_and_macros
        left = re.search(r"\bhooks::\w+\s*[(<]", rest) or re.match(r"\s*true\s*;", rest)
        if left or re.match(r"\s*hooks::", rest) or (statement and GUARD.match(code[index - 1])):
            complaints.append(f"src/{path}:{index + 1}: a hook is a statement on one line, an `if` "
                              f"before it is on the same line or in braces: {line.strip()}")
        if statement and GUARD_BLOCK.match(code[index - 1]) and code[index + 1].strip() == "}":
            lines[index - 1] = lines[index + 1] = ""
    return "\n".join(lines), points, complaints


def take_out(texts):
    """Returns (changed files as {path: text}, [(path, line, hook)], [complaints])."""
    changed, points, complaints = {}, [], []
    for path, text in sorted(texts.items()):
        if not is_runtime(path) or "hooks::" not in text:
            continue
        changed[path], more_points, more_complaints = take_out_of(path, text)
        points += more_points
        complaints += more_complaints
    return changed, points, complaints


def plant(text, names):
    """hooks.h with a store to a global at the start of each named hook; and the names reached."""
    source = Source("integrity/hooks.h", text)
    bodies = {}
    for scope in source.scopes():
        if scope.kind == "function" and scope.name in names:
            bodies.setdefault(scope.begin, scope.name)
    for begin, name in sorted(bodies.items(), reverse=True):
        variable = PLANTED.format(name)
        store = f" {{ extern volatile int {variable}; {variable} = 1; }}"
        text = text[:begin + 1] + store + text[begin + 1:]
    return text, sorted(set(bodies.values()))


def affected_by(texts, changed):
    """Paths of the .cc files that are, or include at any depth, one of the changed files."""
    includes = {path: {spelling for _, _, spelling in Source(path, text).includes}
                for path, text in texts.items()}
    affected = set(changed)
    grown = True
    while grown:
        more = {path for path, wanted in includes.items() if wanted & affected} - affected
        affected |= more
        grown = bool(more)
    return {path for path in affected if path.endswith(".cc")}
