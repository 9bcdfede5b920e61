"""C++ source text as the structure rules need it: code without comments and literals, scopes.

Used by the rules_*.py files. No compiler is involved, so a rule sees what a reader sees, in every
branch of a build. Invariant: `code` and `text` have the same length and the same line breaks, so a
position in one is a position in the other.
"""

import bisect
import re

TOKEN = re.compile(
    r"""(?P<line>//(?:\\\n|[^\n])*)
      | (?P<block>/\*.*?\*/)
      | (?P<raw>R"(?P<tag>[^\s()\\]{0,16})\(.*?\)(?P=tag)")
      | (?P<string>"(?:[^"\\\n]|\\.)*")
      | (?P<number>\b\d[\w.']*)
      | (?P<char>'(?:[^'\\\n]|\\.)+')""",
    re.VERBOSE | re.DOTALL,
)
DIRECTIVE = re.compile(r"^[ \t]*#(?:\\\n|[^\n])*", re.MULTILINE)
INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*([<\"])([^>\"\n]+)[>\"]", re.MULTILINE)
TYPE_HEAD = re.compile(r"^(?:(?:static|inline|constexpr|typedef|friend|const)\s+)*"
                       r"(class|struct|union|enum)\b")
NAMESPACE_HEAD = re.compile(r"^(?:inline\s+)?namespace\b|^extern\s*\"\s*\"$")
LAMBDA_TAIL = re.compile(r"\]\s*(?:\(\s*\))?\s*(?:mutable\b|noexcept\b|constexpr\b|\s)*"
                         r"(?:->[^=]*)?$")
CONSTRUCTOR_COLON = re.compile(r"\)[^()]*?(?<!:):(?!:)")


def blank(text):
    """Spaces in the shape of `text`: line breaks stay."""
    return re.sub(r"[^\n]", " ", text)


def drop_groups(text, opening, closing):
    """`text` with the contents of every `opening` … `closing` group removed, brackets kept."""
    result, depth = [], 0
    for character in text:
        if character == closing:
            depth = max(0, depth - 1)
        if depth == 0:
            result.append(character)
        if character == opening:
            depth += 1
    return "".join(result)


class Scope:
    """A pair of braces outside function bodies. kind: namespace, type, function or init."""

    def __init__(self, kind, name, head_start, begin):
        self.kind = kind
        self.name = name
        self.head_start = head_start  # position of the first token of its declaration
        self.begin = begin            # position of the opening brace
        self.end = begin              # position of the closing brace


class Source:
    """One file. Positions are offsets into `text`; lines count from 1."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.lines = text.split("\n")
        if self.lines and self.lines[-1] == "":
            self.lines.pop()
        self.comments = []    # (line, text without the comment marks)
        self.includes = []    # (line, quote character, spelling)
        self.directives = []  # (line, text without comments)
        self._starts = [0] + [m.end() for m in re.finditer("\n", text)]
        self._scopes = None
        self.code_and_macros = self._mask()
        self.code = DIRECTIVE.sub(lambda m: blank(m.group()), self.code_and_macros)

    def line_of(self, position):
        return bisect.bisect_right(self._starts, position)

    def _mask(self):
        def replace(match):
            found = match.group()
            if match.lastgroup == "number":
                return found
            if match.lastgroup in ("line", "block"):
                body = found[2:-2] if match.lastgroup == "block" else found[2:]
                for offset, part in enumerate(body.split("\n")):
                    line = self.line_of(match.start()) + offset
                    self.comments.append((line, part.strip(" \t*/!<\\")))
                return blank(found)
            if found.startswith("R"):
                return '""' + blank(found[2:])
            return found[0] + blank(found[1:-1]) + found[-1]

        def keep_include(match):
            quote, spelling = match.groups()
            self.includes.append((self.line_of(match.start(1)), quote, spelling))
            return blank(match.group())

        # `tag` is the last group that took part in a raw string, so name the outer one.
        masked = TOKEN.sub(lambda m: replace(m), self.text)
        for match in INCLUDE.finditer(self.text):
            if masked[match.start(1)] in "<\"" and "#" in masked[match.start():match.start(1)]:
                keep_include(match)
                masked = masked[:match.start()] + blank(match.group()) + masked[match.end():]
        for match in DIRECTIVE.finditer(masked):
            self.directives.append((self.line_of(match.start()), match.group().strip()))
        return masked

    def scopes(self):
        """Every scope that is not inside a function body, in the order of the closing braces."""
        if self._scopes is None:
            self._scopes = find_scopes(self.code)
        return self._scopes

    def scope_at(self, position):
        """The innermost scope around `position`, or None."""
        around = [s for s in self.scopes() if s.begin < position < s.end]
        return max(around, key=lambda s: s.begin) if around else None

    def statement_at(self, position):
        """The code of the statement around `position`, without its final semicolon."""
        begin = max(self.code.rfind(c, 0, position) for c in ";{}") + 1
        end = self.code.find(";", position)
        return self.code[begin:end if end >= 0 else len(self.code)].strip()


def classify(head, in_parentheses):
    """Kind and name of the brace that follows `head` at namespace or class scope."""
    if in_parentheses:
        return "init", ""
    head = re.sub(r"\[\[.*?\]\]", " ", head, flags=re.DOTALL).strip()
    head = re.sub(r"^(?:(?:public|private|protected)\s*:\s*)+", "", head)
    flat = drop_groups(drop_groups(head, "{", "}"), "(", ")")
    flat = re.sub(r"\b(?:__attribute__|alignas)\s*\(\)", " ", flat).strip()
    while re.match(r"template\s*<", flat):
        flat = drop_groups(flat, "<", ">")
        flat = re.sub(r"^template\s*<>\s*", "", flat)
    flat = re.sub(r"^requires\b.*?(?=\b(?:class|struct|void|auto|inline|constexpr)\b)", "", flat,
                  flags=re.DOTALL)
    if NAMESPACE_HEAD.match(flat):
        return "namespace", flat.split()[-1]
    named = re.sub(r"\boperator\s*(?:[-+*/%^&|~!=<>,]+|\[\]|\(\))", "operator_x", flat)
    if re.search(r"(?<![=!<>])=(?!=)", drop_groups(named, "<", ">")):
        return ("function", "lambda") if LAMBDA_TAIL.search(named) else ("init", "")
    if TYPE_HEAD.match(named) and not named.endswith(")"):
        before_bases = re.split(r"(?<!:):(?!:)", named)[0]
        names = re.findall(r"\w+", re.sub(r"<.*", "", re.sub(r"\bfinal\b", "", before_bases)))
        return "type", names[-1]
    if "(" not in named:
        return "init", ""
    if CONSTRUCTOR_COLON.search(named) and re.search(r"[\w>]$", named):
        return "init", ""
    name = re.search(r"([\w:~]+)\s*\(", named)
    return "function", name.group(1) if name else ""


def find_scopes(code):
    found, stack, head_start, parentheses = [], [], 0, 0
    for match in re.finditer(r"[{}();]", code):
        character, position = match.group(), match.start()
        inside = stack[-1][0].kind if stack else "namespace"
        if character == "{":
            if inside in ("namespace", "type"):
                head = code[head_start:position]
                kind, name = classify(head, parentheses > 0)
                first = head_start + len(head) - len(head.lstrip())
            else:
                kind, name, first = "block", "", position
            stack.append((Scope(kind, name, first, position), parentheses))
            parentheses = 0
            if kind in ("namespace", "type"):
                head_start = position + 1
        elif character == "}":
            if not stack:
                continue
            scope, parentheses = stack.pop()
            scope.end = position
            if scope.kind != "block":
                found.append(scope)
            if scope.kind in ("namespace", "type", "function"):
                head_start = position + 1
        elif character == "(":
            parentheses += 1
        elif character == ")":
            parentheses = max(0, parentheses - 1)
        elif inside in ("namespace", "type"):
            head_start = position + 1
    return found


def arguments_of(code, opening):
    """The arguments between the parenthesis at `opening` and its partner, split at commas."""
    depth, begin, result = 0, opening + 1, []
    for match in re.finditer(r"[(){}\[\],]", code[opening:]):
        character, position = match.group(), opening + match.start()
        if character in "({[":
            depth += 1
        elif character in ")}]":
            depth -= 1
            if depth == 0:
                result.append(code[begin:position].strip())
                break
        elif depth == 1:
            result.append(code[begin:position].strip())
            begin = position + 1
    return [] if result == [""] else result
