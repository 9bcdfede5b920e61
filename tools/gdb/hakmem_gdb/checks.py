"""The heap's invariants, checked on copied memory: what src/ checks at slab transitions, at frees
and at exit.

A process may have stopped in the middle of an operation; then what that thread was changing looks
broken, which `check` says.
"""

from collections import namedtuple

from .blocks import STATE_TEXTS, find_block, place_words
from .canaries import freed_damage, header_byte, live_damage
from .heap import PAGE_BYTES, Place
from .library import threads_inside
from .memory import Struct, Unreadable, read_bytes

DEFECTS_MAX = 50  # told in full; the rest is counted

# Quacks like blocks.Block, without reading anything.
Look = namedtuple("Look", "heap place slab base user end request record")


class Checker:
    """Collects sentences; each names the address to look at next."""

    def __init__(self, heap):
        self.heap, self.library = heap, heap.library
        self.defects = []
        self.blocks = self.slabs = 0
        self.has_records = heap.facts["records_per_slab"] != 0
        self.secret = heap.domain.sub("checks")["secret"] if self.has_records else 0
        self.states = {text: self._state_value(text) for text in STATE_TEXTS}

    def _state_value(self, name):
        return next(value for value in range(len(STATE_TEXTS))
                    if self.library.enumerator("BlockState", value) == name)

    def say(self, where, sentence):
        self.defects.append(f"{where:#x}: {sentence}")

    # One slab.

    def slab(self, slab):
        """A slab in use. Blocks are looked at only when the slab itself makes sense."""
        self.slabs += 1
        heap = self.heap
        if not heap.has_class(slab):
            return self.say(slab["data"], f"the slab's class {slab['class_index']} does not exist")
        stride = heap.strides[slab["class_index"]]
        if slab["stride_bytes"] != stride:
            return self.say(slab["data"], f"the slab's stride is {slab['stride_bytes']}, its class "
                                          f"{slab['class_index']} has {stride}")
        if slab["carved"] > slab["capacity"]:
            return self.say(slab["data"], f"the slab has carved {slab['carved']} blocks of "
                                          f"{slab['capacity']}")
        self._lists(slab)
        try:
            self._blocks(slab)
        except Unreadable as error:
            self.say(slab["data"], str(error))
        return None

    def _lists(self, slab):
        free, remote = self.heap.free_list(slab), self.heap.remote_blocks(slab)
        for name, found in (("free list", free), ("remote queue", remote)):
            if found.defect is not None:
                self.say(slab["data"], f"the slab's {name} is broken: {found.defect}")
        if set(free.blocks) & set(remote.blocks):
            self.say(slab["data"], "a block is in the slab's free list and in its remote queue")
        bias = 1 if self.heap.state_of(slab) == "active" else 0
        if free.defect is None and slab["used"] - bias + len(free.blocks) != slab["carved"]:
            self.say(slab["data"], f"the slab counts {slab['used'] - bias} blocks in use and has "
                                   f"{len(free.blocks)} free, but carved {slab['carved']}")

    def _blocks(self, slab):
        """Header bytes, canaries and fill of every carved block."""
        heap, facts = self.heap, self.heap.facts
        self.blocks += slab["carved"]
        if facts["header_magic"] == 0 or slab["carved"] == 0:
            return
        begin = heap.first_base(slab)
        data = heap.bytes_of(slab)
        front, stride = facts["front_bytes"], slab["stride_bytes"]
        if not self.has_records:
            expected = header_byte(heap, slab)
            for at in range(front - 1, len(data), stride):
                if data[at] != expected:
                    self.say(begin + at + 1, "the header byte before the block was overwritten")
            return

        def read(address, size):
            return data[address - begin:address - begin + size]
        for index, record in enumerate(self._records(slab)):
            base = begin + index * stride
            look = Look(heap, Place("slab", slab), slab, base, base + front, base + stride,
                        record["request_bytes"], record)
            self._block(look, record["shared_state"], read)

    def _records(self, slab):
        heap, kind = self.heap, self.library.type("BlockRecord")
        superslab = heap.superslab_of(slab)
        first = (superslab["records"] + heap.index_in_superslab(slab, superslab)
                 * heap.facts["records_per_slab"] * kind.sizeof)
        data = read_bytes(first, slab["carved"] * kind.sizeof)
        for at in range(0, len(data), kind.sizeof):
            yield Struct(kind, first + at, data[at:at + kind.sizeof])

    def _block(self, look, state, read):
        if state == self.states["live"]:
            if look.request > look.end - look.user:
                return self.say(look.user, f"the record says {look.request} bytes, more than the "
                                           "block has")
            damage = live_damage(look, self.secret, read)
        elif state == self.states["quarantined"]:
            damage = freed_damage(look, read)
        else:
            return None
        for sentence in damage:
            self.say(look.user, sentence)
        return None

    # Everything else.

    def superslab(self, superslab):
        """Bitmap against metadata, then each slab in use."""
        free_units = 0
        for unit, slab in enumerate(self.heap.units(superslab)):
            if self.heap.state_of(slab) == "free":
                free_units |= 1 << unit
            else:
                self.slab(slab)
        if free_units != superslab["free_units"]:
            self.say(superslab["data"], f"the SuperSlab's bitmap of free units is "
                     f"{superslab['free_units']:#x}, its slabs say {free_units:#x}")

    def bins(self, owner):
        """Each bin of a heap points to an active slab of its class, or to the sentinel."""
        sentinel = self.heap.domain.sub("slabs.sentinel").address
        for index, address in enumerate(owner.items("active")):
            if address == sentinel:
                continue
            slab = self.library.at("Slab", address)
            if slab["class_index"] != index or self.heap.state_of(slab) != "active":
                self.say(address, f"bin {index} of heap {owner['id']} points to a "
                                  f"{self.heap.state_of(slab)} slab of class {slab['class_index']}")

    def large(self, large):
        self.blocks += 1
        base, user, size = large["base"], large["user"], large["bytes"]
        if not base <= user < base + size:
            return self.say(user, "a large block's record does not contain its own address")
        if self.has_records:
            record = large.sub("record")
            look = Look(self.heap, Place("large", large), None, base, user, base + size,
                        record["request_bytes"], record)
            self._block(look, record["shared_state"], read_bytes)
        return None

    def page(self, page):
        self.blocks += 1
        record = page.sub("record")
        end = page["data"] + page["data_pages"] * PAGE_BYTES if page["data_pages"] else page["user"]
        look = Look(self.heap, Place("page", page), None,
                    page["data"] if page["data_pages"] else page["user"], page["user"], end,
                    record["request_bytes"], record)
        self._block(look, record["shared_state"], read_bytes)

    def everything(self):
        for walk, check in ((self.heap.superslabs, self.superslab), (self.heap.heaps, self.bins),
                            (self.heap.large_blocks, self.large),
                            (self.heap.page_blocks, self.page)):
            try:
                for item in walk():
                    self._guarded(check, item)
            except Unreadable as error:
                self.say(self.heap.domain.address, f"a list of the heap breaks off: {error}")

    def _guarded(self, check, item):
        try:
            check(item)
        except Unreadable as error:
            self.say(item.address, f"its records break off: {error}")


def _closing_lines(checker):
    lines = checker.defects[:DEFECTS_MAX]
    if len(checker.defects) > DEFECTS_MAX:
        lines.append(f"and {len(checker.defects) - DEFECTS_MAX} more")
    inside = threads_inside(checker.library)
    if lines and inside:
        lines.append("stopped inside HAKMEM: " + ", ".join(f"T{thread}" for thread in inside)
                     + "; what such a thread was changing may look broken and be well")
    count = len(checker.defects)
    verdict = "nothing is wrong" if count == 0 else f"{count} defect{'s' if count > 1 else ''}"
    lines.append(f"{checker.slabs} slabs and {checker.blocks} blocks checked: {verdict}")
    for level, what in ((2, "header bytes"), (3, "canaries and fill")):
        missing = checker.library.recorded_from(level, what)
        if missing is not None:
            lines.append(missing)
    return lines


def check_all(heap):
    """The lines of `hakmem check`."""
    checker = Checker(heap)
    checker.everything()
    return _closing_lines(checker)


def check_at(heap, address):
    """The lines of `hakmem check ADDR`: the slab, large block or page block there."""
    place = heap.find(address)
    checker = Checker(heap)
    if place is not None and place.kind == "slab" and heap.state_of(place.record) != "free":
        checker.slab(place.record)
    elif place is not None and place.kind in ("large", "page") and find_block(heap, address):
        getattr(checker, place.kind)(place.record)
    else:
        return [place_words(heap, address)]
    return _closing_lines(checker)
