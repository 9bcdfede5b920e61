"""Which HAKMEM the process has: its level, its types, its one Domain.

Invariant: names and offsets come from the library's own debug information; a constant that types do
not hold comes from its `debugger_facts` (src/api/debugger_facts.cc).
"""

import os
import re

import gdb

from .memory import Missing, Struct, forget_layouts

LEVELS = range(5)
# Level, geometry, layout: the inline namespaces of src/base/build_config.h.
NAMESPACES = [f"hakmem::il{level}{geometry}{layout}::"
              for level in LEVELS for geometry in "gt" for layout in "nh"]


def _objfiles():
    """All files with symbols; those that are called like ours first."""
    files = [file for file in gdb.objfiles() if file.is_valid() and file.filename]
    return sorted(files, key=lambda file: "libhakmem" not in os.path.basename(file.filename))


def _is_ours(file_name):
    return re.match(r"libhakmem(_l\d)?\.so", os.path.basename(file_name)) is not None


def _find_domain():
    files = _objfiles()
    named = [file for file in files if _is_ours(file.filename)]
    for file in named or files:
        for namespace in NAMESPACES:
            symbol = file.lookup_global_symbol(namespace + "process_domain")
            if symbol is not None:
                return file, namespace, symbol
    if named:
        raise Missing(f"{named[0].filename} has no debug information (it was stripped); the gdb "
                      "commands read the heap by its types")
    raise Missing("this process has no HAKMEM" + _whose_malloc(files))


def _whose_malloc(files):
    names = [os.path.basename(file.filename) for file in files]
    for part, malloc in (("jemalloc", "jemalloc"), ("tcmalloc", "tcmalloc"),
                         ("mimalloc", "mimalloc"), ("asan", "AddressSanitizer"),
                         ("libc.so", "the C library"), ("libc-", "the C library")):
        if any(part in name for name in names):
            return f"; its malloc is that of {malloc}"
    return ""


class Library:
    """The library of a process or core, as it is at this moment."""

    def __init__(self):
        self.file, self.namespace, symbol = _find_domain()
        forget_layouts()
        self.domain = Struct(symbol.type, int(symbol.value().address))
        facts = self.file.lookup_global_symbol(self.namespace + "debugger_facts")
        if facts is None:
            raise Missing(f"{self.file.filename} is of another version than these gdb commands")
        self.facts = Struct(facts.type, int(facts.value().address))
        self.level = self.facts["level"]
        self._types = {}

    def type(self, name):
        """A type of this level, such as "Slab", or one without a level, such as "BlockRecord"."""
        if name not in self._types:
            for full in (self.namespace + name, "hakmem::" + name):
                try:
                    self._types[name] = gdb.lookup_type(full)
                    break
                except gdb.error:
                    continue
            else:
                raise Missing(f"{self.file.filename} has no debug information for {name}")
        return self._types[name]

    def at(self, name, address):
        return Struct(self.type(name), address)

    def enumerator(self, name, value):
        """The name of a value of an enumeration, in small words: LinkRead is "link read"."""
        for field in self.type(name).fields():
            if field.enumval == value:
                last = field.name.rsplit("::", 1)[-1]
                return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", last).lower()
        return f"{name} {value}"

    def recorded_from(self, level, what):
        """None when this level records `what`, else the sentence that says that it does not."""
        if self.level >= level:
            return None
        return f"{what}: recorded from level {level} on; this process runs level {self.level}"


def thread_label(thread_id):
    """T123 "name" of a kernel thread id; the name is that of a thread that still runs."""
    if thread_id == 0:
        return "unknown thread"
    for thread in gdb.selected_inferior().threads():
        if thread.ptid[1] == thread_id and thread.name:
            return f'T{thread_id} "{thread.name}"'
    return f"T{thread_id}"


def threads_inside(library):
    """Kernel ids of the threads that are stopped inside the library."""
    inside = []
    selected = gdb.selected_thread()
    for thread in gdb.selected_inferior().threads():
        try:
            thread.switch()
            if gdb.solib_name(gdb.newest_frame().pc()) == library.file.filename:
                inside.append(thread.ptid[1])
        except gdb.error:
            continue
    if selected is not None:
        selected.switch()
    return inside
