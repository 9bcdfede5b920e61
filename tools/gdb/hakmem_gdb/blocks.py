"""The block that an address belongs to, and everything that the level recorded about it."""

from .canaries import damage_of
from .heap import PAGE_BYTES
from .library import thread_label
from .memory import Unreadable
from .rings import event_line, history_of
from .stacks import frame_lines, recorded_stack

HISTORY_MAX = 8
LIVE, QUARANTINED = "live", "quarantined"
STATE_TEXTS = {"fresh": "never allocated", LIVE: "live", QUARANTINED: "freed, in quarantine",
               "free": "freed", "busy": "in the hands of a thread"}


def _bytes(count):
    return "1 byte" if count == 1 else f"{count} bytes"


class Block:
    """One block. `record` is None below level 3, and so are what it would tell."""

    def __init__(self, heap, place, address):
        self.heap, self.place = heap, place
        self.library = heap.library
        self.slab = self.superslab = self.record = self.index = None
        self.trouble = None  # a sentence, when lists were too damaged to tell
        {"slab": self._in_slab, "large": self._large, "page": self._page}[place.kind](address)
        self.state = self._state()

    def _in_slab(self, address):
        self.slab = self.place.record
        self.superslab = self.heap.superslab_of(self.slab)
        self.index = self.heap.block_index(self.slab, address)
        self.base = self.heap.base_of(self.slab, self.index)
        self.user = self.base + self.heap.facts["front_bytes"]
        self.end = self.base + self.slab["stride_bytes"]
        slabs = self.heap.facts["records_per_slab"]
        if slabs != 0 and self.superslab["records"] != 0:
            kind = self.library.type("BlockRecord")
            number = self.heap.index_in_superslab(self.slab, self.superslab) * slabs + self.index
            self.record = self.library.at("BlockRecord",
                                          self.superslab["records"] + number * kind.sizeof)

    def _large(self, _):
        large = self.place.record
        self.base, self.user = large["base"], large["user"]
        self.end = self.base + large["bytes"]
        if self.heap.facts["records_per_slab"] != 0:
            self.record = large.sub("record")

    def _page(self, _):
        page = self.place.record
        self.user = page["user"]
        self.base = page["data"] if page["data_pages"] != 0 else self.user
        self.end = self.base + page["data_pages"] * PAGE_BYTES
        self.record = page.sub("record")

    def _state(self):
        if self.record is not None:
            name = self.library.enumerator("BlockState", self.record["shared_state"])
            return STATE_TEXTS.get(name, name)
        if self.slab is None:
            return "live"
        if self.index >= self.slab["carved"]:
            return "never allocated"
        for found, text in ((self.heap.free_list(self.slab), "free"),
                            (self.heap.remote_blocks(self.slab),
                             "freed by another thread, not taken back yet")):
            if self.base in found.blocks:
                return text
            if found.defect is not None:
                self.trouble = f"the state is a guess, for a list is broken: {found.defect}"
        if self.heap.state_of(self.slab) == "free":
            return "free, like its whole slab"
        return "live"

    def was_freed_last(self):
        """True when the last thing known of it is a free; False also when nothing is recorded."""
        if self.record is None:
            return self.state.startswith("free")
        if self.state in (STATE_TEXTS[QUARANTINED], STATE_TEXTS["free"]):
            return True
        # A thread may hold it: numbers tell, at the level that has them.
        return self.record["freed_sequence"] > self.record["allocated_sequence"]

    @property
    def request(self):
        """Bytes that the program asked for; None when that is not recorded."""
        return self.record["request_bytes"] if self.record is not None else None

    def extent(self):
        """Bytes the program may use."""
        if self.request is not None:
            return self.request
        return self.end - self.user - self.heap.facts["tail_bytes"]

    def position(self, address):
        """Where an address is, in words."""
        offset = address - self.user
        if offset < 0:
            return f"{_bytes(-offset)} before its first byte"
        if offset == 0:
            return "its first byte"
        if offset < self.extent():
            return f"{_bytes(offset)} into it"
        return f"{_bytes(offset - self.extent())} behind its end"


def find_block(heap, address):
    """The Block an address belongs to; None when it lies in no block of ours."""
    place = heap.find(address)
    if place is None or place.kind in ("free run", "records"):
        return None
    if place.kind == "slab":
        slab = place.record
        if not heap.has_class(slab):
            return None
        if not 0 <= heap.block_index(slab, address) < slab["capacity"]:
            return None
    if place.kind == "page" and place.record["user"] == 0:
        return None
    return Block(heap, place, address)


def place_words(heap, address):
    """What lies at an address that belongs to no block."""
    place = heap.find(address)
    if place is None:
        return f"{address:#x} is not HAKMEM's: no allocation call returned it or its neighbourhood"
    if place.kind == "records":
        return f"{address:#x} lies in HAKMEM's own records, not in a block"
    if place.kind == "slab":
        return f"{address:#x} lies in a slab, but in no block of it: `hakmem slab {address:#x}`"
    if place.kind == "free run":
        return f"{address:#x} lies in free memory that HAKMEM keeps for large blocks"
    return f"{address:#x} lies in a large block, not in a slab: `hakmem block {address:#x}`"


def _where(block):
    if block.place.kind == "large":
        return f"a large block of {block.end - block.base} bytes at {block.base:#x}"
    if block.place.kind == "page":
        return "pages of its own, with a closed page beside them"
    slab, superslab = block.slab, block.superslab
    number = block.heap.index_in_superslab(slab, superslab)
    return (f"block {block.index} of {slab['capacity']} in slab {number} of SuperSlab "
            f"{superslab['data']:#x}, class {slab['class_index']}")


def _kind_words(block):
    if block.record is None:
        return f"at most {block.extent()} bytes"
    kind = block.library.enumerator("AllocKind", block.record["kind"])
    names = {"new": "operator new", "new array": "operator new[]",
             "aligned": "an aligned allocation"}
    return f"{block.request} bytes of {names.get(kind, kind)}"


def _neighbour_words(block):
    words = []
    for title, index in (("previous", block.index - 1), ("next", block.index + 1)):
        if not 0 <= index < block.slab["carved"]:
            continue
        other = Block(block.heap, block.place, block.heap.base_of(block.slab, index))
        was_used = other.record is not None and other.state != STATE_TEXTS["fresh"]
        size = f" {other.request} B" if was_used else ""
        words.append(f"{title} {other.user:#x} {other.state}{size}")
    return words


def _event_lines(block):
    """Who allocated and freed it, with stacks; one frame at level 3."""
    record, lines = block.record, []
    for title, verb, wanted in (("FREED    ", "freed", block.was_freed_last()),
                                ("ALLOCATED", "allocated", record["allocated_by"] != 0)):
        if not wanted:
            continue
        number = record[verb + "_sequence"]
        words = f"  #{number}" if number != 0 else ""
        lines.append(f"  {title} {thread_label(record[verb + '_by'])}{words}")
        pcs = recorded_stack(block.library, record[verb + "_at"])
        lines += frame_lines(block.library, pcs) or ["    the stack is not known"]
    missing = block.library.recorded_from(4, "whole stacks")
    return lines + ([f"  {missing}"] if lines and missing is not None else [])


def _history_lines(block):
    events = history_of(block.library, block.base, max(block.end, block.base + 1))
    lines = [f"    {event_line(block.library, event)}" for event in events[:HISTORY_MAX]]
    if len(events) > HISTORY_MAX:
        lines.append(f"    and {len(events) - HISTORY_MAX} earlier ones")
    return ["  HISTORY of these addresses, newest first"] + lines if lines else []


def describe(block, address):
    """The lines of `hakmem block`."""
    lines = [f"block {block.user:#x}: {block.state}, {_kind_words(block)}",
             f"  {address:#x} is {block.position(address)}",
             f"  {_where(block)}"]
    if block.slab is not None:
        lines += [f"  {words}" for words in _neighbour_words(block)]
    if block.trouble is not None:
        lines.append(f"  {block.trouble}")
    if block.record is None:
        lines.append("  " + block.library.recorded_from(3, "requested size, threads and stacks"))
        return lines
    try:
        lines += [f"  {words}" for words in damage_of(block)]
    except Unreadable as error:
        lines.append(f"  its bytes are not there: {error}")
    lines += _event_lines(block)
    missing = block.library.recorded_from(4, "history")
    return lines + ([f"  {missing}"] if missing is not None else _history_lines(block))
