"""Structures of the process, read as bytes and taken apart by their DWARF types.

Used by all other files. Every read may fail: the heap can be wreckage, a core can lack pages.
"""

import gdb

POINTER_BYTES = 8
LIST_MAX = 1_000_000  # no list of records is followed further


class Unreadable(Exception):
    """Memory that is not there; the text says where."""


class Missing(Exception):
    """The process lacks what a command needs; the text is one sentence for the user."""


def read_bytes(address, size):
    try:
        return bytes(gdb.selected_inferior().read_memory(address, size))
    except (gdb.MemoryError, OverflowError, ValueError) as error:
        raise Unreadable(f"cannot read {size} bytes at {address:#x}") from error
    except gdb.error as error:  # no process at all
        raise Missing(f"there is nothing to read: {error}") from error


def read_word(address):
    return int.from_bytes(read_bytes(address, POINTER_BYTES), "little")


_layouts = {}


def _layout_of(gdb_type):
    """Name → (offset, size, type) of a class's members, those of its bases included."""
    key = (gdb_type.name, gdb_type.sizeof)
    if key[0] is None or key not in _layouts:
        members = {}
        for field in gdb_type.fields():
            if not hasattr(field, "bitpos"):  # a static member
                continue
            inner = field.type.strip_typedefs()
            if field.is_base_class:
                for name, (offset, size, kind) in _layout_of(inner).items():
                    members[name] = (field.bitpos // 8 + offset, size, kind)
            elif field.name is not None:
                members[field.name] = (field.bitpos // 8, inner.sizeof, inner)
        _layouts[key] = members
    return _layouts[key]


def forget_layouts():
    """For a process whose library is another one than before."""
    _layouts.clear()


class Struct:
    """A copy of one structure. `struct["name"]` is a number: of an integer, enumerator, pointer, or
    of a class as small as one of these (an atomic, a typed pointer)."""

    def __init__(self, gdb_type, address, data=None):
        self.type = gdb_type.strip_typedefs()
        self.address = address
        self.data = read_bytes(address, self.type.sizeof) if data is None else data

    def _member(self, name):
        try:
            return _layout_of(self.type)[name]
        except KeyError:
            raise Missing(f"the library's {self.type.name} has no member '{name}'; these gdb "
                          "commands belong to another version") from None

    def has(self, name):
        return name in _layout_of(self.type)

    def __getitem__(self, name):
        offset, size, _ = self._member(name)
        return int.from_bytes(self.data[offset:offset + size], "little")

    def sub(self, path):
        """A member that is a class; `path` may lead through several, as in "slabs.map"."""
        result = self
        for name in path.split("."):
            offset, size, kind = result._member(name)
            result = Struct(kind, result.address + offset, result.data[offset:offset + size])
        return result

    def items(self, name):
        """The elements of an array of numbers."""
        offset, size, kind = self._member(name)
        step = kind.target().strip_typedefs().sizeof
        return [int.from_bytes(self.data[at:at + step], "little")
                for at in range(offset, offset + size, step)]

    def structs(self, name):
        """The elements of an array of classes."""
        offset, size, kind = self._member(name)
        element = kind.target().strip_typedefs()
        return [Struct(element, self.address + at, self.data[at:at + element.sizeof])
                for at in range(offset, offset + size, element.sizeof)]

    def text(self, name):
        """The text in an array of characters."""
        offset, size, _ = self._member(name)
        return self.data[offset:offset + size].split(b"\0")[0].decode(errors="replace")


def follow(first, next_of):
    """Calls next_of(address) from `first` on; yields each address once, ends at null, at an address
    seen before and after LIST_MAX."""
    seen = set()
    while first != 0 and first not in seen and len(seen) < LIST_MAX:
        seen.add(first)
        yield first
        first = next_of(first)
