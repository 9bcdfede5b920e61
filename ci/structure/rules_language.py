"""Rules about the language: preprocessor, atomics, pointers, what the runtime must not call."""

import re

from rule_table import layer_of, rule
from source_text import arguments_of

CONDITIONAL = re.compile(r"#\s*(if|ifdef|ifndef|elif|elifdef|elifndef|else|endif)\b")
ORDER_LINE = re.compile(r"^static\s+constexpr\s+std::memory_order\s+k\w+\s*=\s*"
                        r"std::memory_order_\w+$")
ATOMIC_CALL = re.compile(r"(?:\.|->)\s*(load|store|exchange|fetch_\w+|test_and_set|"
                         r"compare_exchange_(?:weak|strong))\s*\(")
ARGUMENTS_NEEDED = {"load": 1, "test_and_set": 1, "store": 2, "exchange": 2}
ATOMIC_NAME = re.compile(r"\bstd::atomic(?:_\w+)?\s*(?:<[^;{}()=]*>)?\s+(\w+)\s*[;{=\[]")
BEFORE_DECLARATION = re.compile(r"(?:[\w*&>\]]|::|\.|->|~)\s*$")
CALL_WORDS = ("return", "else", "do", "case", "co_return", "throw")


@rule("preprocessor", "#if is banned here, use `if constexpr (kBuildChecks.has(…))`; it belongs "
                      "in base/compiler.h, base/build_config.h and os/ only")
def preprocessor(tree):
    for source in tree.src():
        if source.path in ("src/base/compiler.h", "src/base/build_config.h"):
            continue
        if layer_of(source.path) == "os":
            continue
        for line, text in source.directives:
            match = CONDITIONAL.match(text)
            if match and match.group(1) not in ("else", "endif"):
                yield source.path, line, f"#{match.group(1)}"


@rule("build-macro", "HAKMEM_* macros are read in base/build_config.h alone, use its constants "
                     "(those that api/hakmem.h defines are its own)")
def build_macro(tree):
    interface = tree.texts.get("src/api/hakmem.h", "")
    public = set(re.findall(r"^#define (HAKMEM_[A-Z0-9_]+) ", interface, re.MULTILINE))
    for source in tree.runtime():
        if source.path == "src/base/build_config.h":
            continue
        for match in re.finditer(r"\bHAKMEM_[A-Z0-9_]+\b", source.code_and_macros):
            if match.group() not in public:
                yield source.path, source.line_of(match.start()), match.group()


@rule("memory-order", "std::memory_order_* is banned here, use a named constant `static constexpr "
                      "std::memory_order kX = …;` in a struct XOrders")
def memory_order(tree):
    banned = re.compile(r"\bmemory_order(?:_|::)(?:relaxed|consume|acquire|release|acq_rel|seq_cst)"
                        r"\b|\b__atomic_\w+|\b__sync_\w+|\b__ATOMIC_[A-Z_]+")
    for source in tree.runtime():
        for match in banned.finditer(source.code_and_macros):
            scope = source.scope_at(match.start())
            in_orders = (scope is not None and scope.kind == "type"
                         and scope.name.endswith("Orders"))
            if not (in_orders and ORDER_LINE.match(source.statement_at(match.start()))):
                yield source.path, source.line_of(match.start()), match.group()


@rule("atomic-order", "pass the order by name (XOrders::kY), both orders to compare_exchange")
def atomic_order(tree):
    for source in tree.runtime():
        for match in ATOMIC_CALL.finditer(source.code_and_macros):
            name = match.group(1)
            needed = 4 if name.startswith("compare") else ARGUMENTS_NEEDED.get(name, 2)
            given = len(arguments_of(source.code_and_macros, match.end() - 1))
            if given < needed:
                yield source.path, source.line_of(match.start()), f".{name}() without an order"


@rule("atomic-operator", "operators on atomics are seq_cst in disguise, use load, store or fetch_* "
                         "with a named order")
def atomic_operator(tree):
    shared = set()
    for source in tree.runtime():
        shared |= {n for n in ATOMIC_NAME.findall(source.code) if n.startswith("shared_")}
    for source in tree.runtime():
        names = shared | set(ATOMIC_NAME.findall(source.code))
        if not names:
            continue
        any_name = "|".join(map(re.escape, sorted(names)))
        use = re.compile(rf"(?:\+\+|--)\s*(?:\w+(?:\.|->))*\b({any_name})\b"
                         rf"|(?<=[\s.>;{{}}(])\b({any_name})\s*(?:\+\+|--|[-+|&^]?=(?!=))")
        for match in use.finditer(source.code):
            if "atomic" in source.statement_at(match.end() - 1):
                continue  # its declaration
            yield source.path, source.line_of(match.start()), match.group().strip()


@rule("void-pointer", "void* is banned here, use std::byte*, BasePtr, UserPtr or WildPtr; void* "
                      "belongs to api/, gate/, os/ and *_linux.cc")
def void_pointer(tree):
    for source in tree.runtime():
        if layer_of(source.path) in ("api", "gate", "os") or source.path.endswith("_linux.cc"):
            continue
        for match in re.finditer(r"\bvoid\s*(?:const\s*)?\*", source.code_and_macros):
            before = source.code_and_macros[:match.start()]
            if not re.search(r"sizeof\s*\(\s*(?:const\s+)?$", before):
                yield source.path, source.line_of(match.start()), match.group()


@rule("reinterpret-cast", "fewer is better; each wants a reason beside it", "info")
def reinterpret_cast(tree):
    for source in tree.runtime():
        for match in re.finditer(r"\breinterpret_cast\b", source.code_and_macros):
            yield source.path, source.line_of(match.start()), match.group()


def is_call(source, start):
    """True when the name at `start` is called there, not declared, and is no member's name."""
    before = source.code_and_macros[max(0, start - 80):start]
    last_word = re.search(r"(\w+)\s*$", before)
    if last_word is not None:
        return last_word.group(1) in CALL_WORDS
    if before.endswith("std::") or re.search(r"(?<![\w>])::\s*$", before):
        return True
    return not BEFORE_DECLARATION.search(before)


@rule("runtime-call", "it allocates or locks inside a malloc, use os/os.h, base/text_sink.h or "
                      "integrity/report.h (note_line)")
def runtime_call(tree):
    heap = "malloc|calloc|realloc|free|strdup|aligned_alloc|posix_memalign"
    text = (r"v?[fds]?n?printf|v?asprintf|puts|fputs|fputc|putchar|fwrite|fopen|fdopen|fclose|fread"
            r"|fgets|fflush|getline|perror|strerror|getenv|setenv|syslog|backtrace|dlopen")
    for source in tree.runtime():
        names = f"{heap}|{text}"
        if layer_of(source.path) == "api":
            # malloc_info() writes to its caller's FILE; the process may end in our code.
            names = text.replace("|fputs", "").replace("|fflush", "")
        if source.path.endswith("_linux.cc"):
            names = names.replace("|dlopen", "")  # warming up a library before the first report
        for match in re.finditer(rf"\b({names})\s*\(", source.code_and_macros):
            if is_call(source, match.start()):
                yield source.path, source.line_of(match.start()), f"{match.group(1)}()"


@rule("runtime-library", "the library links no C++ standard library, use os/lock.h, fixed arrays, "
                         "TextSink or a template parameter")
def runtime_library(tree):
    types = re.compile(r"\bstd::(?:string|vector|map|set|unordered_\w+|list|deque|mutex|\w+_mutex|"
                       r"lock_guard|unique_lock|scoped_lock|condition_variable|thread|jthread|"
                       r"function|shared_ptr|unique_ptr|make_unique|make_shared|cout|cerr|ostream|"
                       r"\w*stringstream|format|call_once|any|regex)\b")
    headers = {"string", "vector", "map", "set", "unordered_map", "unordered_set", "list", "deque",
               "mutex", "shared_mutex", "condition_variable", "thread", "functional",
               "memory_resource", "iostream", "ostream", "istream", "sstream", "fstream", "format",
               "any", "regex", "stdexcept", "exception"}
    for source in tree.runtime():
        for match in types.finditer(source.code_and_macros):
            yield source.path, source.line_of(match.start()), match.group()
        for line, quote, spelling in source.includes:
            if quote == "<" and spelling in headers:
                yield source.path, line, f"<{spelling}>"


@rule("runtime-new", "new and delete recurse into ourselves, use placement new on memory of "
                     "os::map")
def runtime_new(tree):
    for source in tree.runtime():
        code = source.code_and_macros
        for match in re.finditer(r"\bnew\b|\bdelete\b", code):
            before = code[:match.start()].rstrip()
            if before.endswith(("operator", "=")) and match.group() == "delete":
                continue
            if before.endswith("operator"):
                continue
            placement = re.match(r"\s*\((?!\s*std::nothrow)", code[match.end():])
            if match.group() == "new" and placement:
                continue
            yield source.path, source.line_of(match.start()), match.group()


@rule("runtime-exception", "the library is built without exceptions and RTTI, return a status")
def runtime_exception(tree):
    for source in tree.runtime():
        for match in re.finditer(r"\b(?:try|catch|throw|dynamic_cast|typeid)\b", source.code):
            yield source.path, source.line_of(match.start()), match.group()


@rule("tls-constinit", "write `constinit thread_local` in declaration and definition, else every "
                       "access calls a wrapper")
def tls_constinit(tree):
    for source in tree.runtime():
        for match in re.finditer(r"\bthread_local\b", source.code_and_macros):
            if "constinit" not in source.statement_at(match.start()):
                yield source.path, source.line_of(match.start()), "thread_local without constinit"


@rule("test-disabled", "a test that is switched off checks nothing, delete it or make it pass")
def test_disabled(tree):
    for source in tree.tests():
        for match in re.finditer(r"\bDISABLED_\w*|\w+, DISABLED_", source.code_and_macros):
            yield source.path, source.line_of(match.start()), match.group()


@rule("test-skip-reason", "say why: GTEST_SKIP() << \"SKIPPED: …\"; a test that cannot check is "
                          "counted, never silent")
def test_skip_reason(tree):
    for source in tree.tests():
        for match in re.finditer(r"\bGTEST_SKIP\b", source.code):
            end = source.text.find(";", match.start())
            if not re.search(r'<<\s*"[^"]+', source.text[match.start():end]):
                yield source.path, source.line_of(match.start()), "GTEST_SKIP without a reason"


@rule("test-sleep", "a sleep is no synchronisation, use a latch, a barrier, join or a futex")
def test_sleep(tree):
    for source in tree.tests():
        for match in re.finditer(r"\b(?:u?sleep|(?:clock_)?nanosleep|sleep_for|sleep_until)\s*\(",
                                 source.code_and_macros):
            yield source.path, source.line_of(match.start()), match.group().rstrip("( ")
