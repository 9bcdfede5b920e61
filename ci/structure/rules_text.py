"""Rules about text: sizes, lines, comments, names, and rows that documents and tests must match."""

import re

from rule_table import is_test, rule

FILE_LINES_MAX = 400
FILE_LINES_WISH = 300
FUNCTION_LINES_MAX = 70
COLUMNS_MAX = 100
TEMPLATE_PARAMETERS_MAX = 4
# Put together here, so that this file does not contain what it looks for.
OPEN_ENDS = "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"))
PRIVATE_PLACE = re.compile(r"(?<![\w.)}$])(?:" + "|".join(("/wo" + "rk/", "/ro" + "ot/",
                                                            "/tmp/bri" + "ef")) + ")")

CODE_COMMENT = re.compile(
    r"""^(?:
        \#\s*(?:if|ifdef|ifndef|include|define|endif|undef)\b.*
      | (?:if|for|while|switch)\s*\(.*\)\s*(?:\{|.*;)
      | (?:\}\s*)?else\s*\{ | \}\s*;? | do\s*\{
      | (?:return|co_return)(?:\s+[\w.:>()\[\]*&+-]+)?;
      | (?:break|continue);
      | using\s+[\w:]+(?:\s*=.*)?; | using\s+namespace\s.*;
      | [\w.:>\[\]*-]+\(.*\);
      | [\w.:>\[\]*-]+\s*(?:[-+*/|&^]|<<|>>)?=\s*[^=\s].*;
      | (?:const|constexpr|static|inline|auto|int|bool|char|void|unsigned|std::\w+|struct|class)
        \s[^.]*[({=;].*[;{]
      | (?:\+\+|--)[\w.>-]+; | [\w.>-]+(?:\+\+|--);
      | (?:HAK|EXPECT|ASSERT)_\w+\(.*\);
    )$""",
    re.VERBOSE,
)


@rule("file-lines", f"split it: at most {FILE_LINES_MAX} lines a file; gate, tier and policy are "
                    "separate files")
def file_lines(tree):
    for source in tree.src():
        if len(source.lines) > FILE_LINES_MAX:
            yield source.path, FILE_LINES_MAX + 1, f"{len(source.lines)} lines"


@rule("file-lines-wish", f"files of up to {FILE_LINES_WISH} lines are read, longer ones skimmed",
      "warning")
def file_lines_wish(tree):
    for source in tree.src():
        if FILE_LINES_WISH < len(source.lines) <= FILE_LINES_MAX:
            yield source.path, FILE_LINES_WISH + 1, f"{len(source.lines)} lines"


@rule("function-lines", f"at most {FUNCTION_LINES_MAX} lines a function, move a part of it into "
                        "one with a name")
def function_lines(tree):
    for source in tree.src():
        for scope in source.scopes():
            first, last = source.line_of(scope.head_start), source.line_of(scope.end)
            if scope.kind == "function" and last - first + 1 > FUNCTION_LINES_MAX:
                yield source.path, first, f"{scope.name} has {last - first + 1} lines"


@rule("template-parameters", f"at most {TEMPLATE_PARAMETERS_MAX}, put them into one policy struct")
def template_parameters(tree):
    for source in tree.src():
        for match in re.finditer(r"\btemplate\s*<([^;{()]*?)>\s*(?=\w)", source.code):
            count = match.group(1).count(",") + 1
            if count > TEMPLATE_PARAMETERS_MAX:
                yield source.path, source.line_of(match.start()), f"{count} template parameters"


@rule("columns", f"at most {COLUMNS_MAX} columns, break the line")
def columns(tree):
    for path, text in tree.code_files():
        for number, line in enumerate(text.split("\n"), 1):
            if len(line) > COLUMNS_MAX:
                yield path, number, f"{len(line)} columns"


@rule("white-space", "spaces only, none at a line's end, one line break at the file's end, no CR")
def white_space(tree):
    for path, text in tree.code_files():
        for number, line in enumerate(text.split("\n"), 1):
            if "\t" in line:
                yield path, number, "tab"
            if "\r" in line:
                yield path, number, "carriage return"
            elif line != line.rstrip():
                yield path, number, "trailing white space"
        if text and not text.endswith("\n"):
            yield path, text.count("\n") + 1, "no line break at the end"
        if text.endswith("\n\n"):
            yield path, text.count("\n"), "empty line at the end"


@rule("open-end", "finish it or leave it out; what is missing is said in docs/, not in a mark")
def open_end(tree):
    mark = re.compile(rf"\b(?:{OPEN_ENDS})\b")
    for path, text in tree.code_files():
        for number, line in enumerate(text.split("\n"), 1):
            match = mark.search(line)
            if match:
                yield path, number, match.group()


@rule("dead-code", "delete it, git remembers; an example in a comment goes into `backticks`")
def dead_code(tree):
    for source in tree.cpp():
        for line, comment in source.comments:
            if CODE_COMMENT.match(comment.lstrip("/< ")):
                yield source.path, line, f"commented-out code: {comment}"


@rule("private-path", "no path of one machine or one person, use one relative to the repository")
def private_path(tree):
    for path, text in sorted(tree.texts.items()):
        for number, line in enumerate(text.split("\n"), 1):
            match = PRIVATE_PLACE.search(line)
            if match:
                yield path, number, match.group()


@rule("file-comment", "open with a comment: purpose, who calls it, the invariant it keeps")
def file_comment(tree):
    for source in tree.src():
        folder, name = source.path.rsplit("/", 1)
        stem = re.sub(r"(_linux|_fake)?(_test)?\.\w+$", "", name)
        if name.endswith(".cc") and f"{folder}/{stem}.h" in tree.texts:
            continue
        first = next((line for line in source.lines if line.strip()), "")
        if not first.lstrip().startswith(("//", "/*")):
            yield source.path, 1, "no opening comment"


@rule("pragma-once", "every header has #pragma once behind its opening comment")
def pragma_once(tree):
    for source in tree.src():
        if source.path.endswith(".h"):
            if not any(re.match(r"#\s*pragma\s+once\b", text) for _, text in source.directives):
                yield source.path, 1, "no #pragma once"


@rule("file-name", "files and folders are snake_case")
def file_name(tree):
    for source in tree.src():
        for part in source.path.split("/")[1:]:
            if not re.match(r"^[a-z][a-z0-9_]*(?:\.[a-z]+)?$", part):
                yield source.path, 1, part


def protocol_name(text):
    return re.sub(r"[\s_-]+", " ", text).strip(" .:`").lower()


@rule("protocol-page", "a PROTOCOL comment in a header and a `## <name>` heading in "
                       "docs/PROTOCOLS.md come in pairs")
def protocol_page(tree):
    page = tree.texts.get("docs/PROTOCOLS.md")
    if page is None:
        return
    headings, in_fence = {}, False
    for number, line in enumerate(page.split("\n"), 1):
        in_fence ^= line.startswith("```")
        match = re.match(r"^##\s+(?:PROTOCOL\s+)?(.+?)\s*#*$", line)
        if match and not in_fence and not match.group(1).endswith("?"):
            headings[protocol_name(match.group(1))] = number
    named = {}
    for source in tree.src():
        for line, comment in source.comments:
            match = re.match(r"^PROTOCOL\s+(\S.*)$", comment)
            if match and source.path.endswith(".h"):
                named[protocol_name(match.group(1))] = (source.path, line)
    for name in sorted(set(named) - set(headings)):
        yield *named[name], f"no heading \"{name}\" in docs/PROTOCOLS.md"
    for name in sorted(set(headings) - set(named)):
        yield "docs/PROTOCOLS.md", headings[name], f"no header has PROTOCOL {name}"


@rule("violation-test", "a test must make it happen and match its message", "warning")
def violation_test(tree):
    table = tree.texts.get("src/base/violation.def", "")
    tests = "\n".join(text for path, text in tree.texts.items()
                      if is_test(path) or path.startswith(("stress/", "property_tests/")))
    for match in re.finditer(r"^HAK_VIOLATION\((\d+),\s*(\w+)", table, re.MULTILINE):
        identifier, name = match.groups()
        if not re.search(rf"\bk{name}\b|\bHK{identifier}\b", tests):
            line = table.count("\n", 0, match.start()) + 1
            yield "src/base/violation.def", line, f"no test names HK{identifier} {name}"
