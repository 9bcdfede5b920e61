"""Slabs, SuperSlabs and the other places where blocks lie, found as src/ finds them.

`Heap.find(address)` asks the address map, and the lists of SuperSlabs and large blocks where a core
lacks the map or the map has no entry.
"""

from collections import namedtuple

from .memory import POINTER_BYTES, Struct, Unreadable, follow, read_bytes, read_word

KIND_MASK = 3
BLOCK_BITS = 48  # of a remote queue's word; above it is the count
FIELD_MASK = (1 << 64) - 1
PAGE_BYTES = 4096

# kind: "slab", "large", "page", "free run" or "records"; record: what describes the place.
Place = namedtuple("Place", "kind record")
# blocks in the list's order; defect: None, or a sentence about where it goes wrong.
BlockList = namedtuple("BlockList", "blocks defect")


class Heap:
    def __init__(self, library):
        self.library = library
        self.facts = library.facts
        self.domain = library.domain
        self.granule_bytes = 1 << self.facts["granule_shift"]
        self.strides = self.facts.items("strides")
        self.first_base_offsets = self.facts.items("first_base_offsets")

    # Lists of everything.

    def superslabs(self):
        """All with memory, newest first."""
        for address in follow(self.domain.sub("slabs.pool")["ever_"],
                              lambda at: self.library.at("SuperSlab", at)["next_ever"]):
            superslab = self.library.at("SuperSlab", address)
            if superslab["data"] != 0:
                yield superslab

    def heaps(self):
        for address in follow(self.domain.sub("slabs.registry")["ever_"],
                              lambda at: self.library.at("Heap", at)["next_ever"]):
            yield self.library.at("Heap", address)

    def large_blocks(self):
        for address in follow(self.domain.sub("large")["live_"],
                              lambda at: self.library.at("LargeBlock", at)["next"]):
            yield self.library.at("LargeBlock", address)

    def page_blocks(self):
        """Blocks on pages of their own, live or resting; empty below level 4."""
        pages = self.domain.sub("pages")
        if not pages.has("extents_"):
            return
        extents = pages.sub("extents_")
        page, frontier, table = 1, extents["frontier_"], extents["table_"]
        while page < frontier and table != 0:
            entry = read_word(table + page * POINTER_BYTES)
            if entry == 0:
                return
            block = self.library.at("PageBlock", entry)
            page += max(block["pages"], 1)
            if self.library.enumerator("ExtentState", block["state"]) == "taken":
                yield block

    # One address.

    def find(self, address):
        """The Place of an address; None when it is not ours."""
        for search in (self._find_page, self._find_in_map, self._find_in_lists):
            try:
                place = search(address)
            except Unreadable:
                continue
            if place is not None:
                return place
        return None

    def _find_page(self, address):
        pages = self.domain.sub("pages")
        if not pages.has("extents_"):
            return None
        extents = pages.sub("extents_")
        offset = address - extents["base_"]
        if not 0 <= offset < extents["bytes_"]:
            return None
        entry = read_word(extents["table_"] + offset // PAGE_BYTES * POINTER_BYTES)
        return Place("page", self.library.at("PageBlock", entry)) if entry != 0 else None

    def _find_in_map(self, address):
        granule = address >> self.facts["granule_shift"]
        flat = self.domain.sub("slabs.map")
        if granule >= flat["flat_limit_"]:
            return None
        entry = read_word(flat["flat_"] + granule * POINTER_BYTES)
        if entry == 0:
            return None
        kind = self.library.enumerator("GranuleKind", entry & KIND_MASK)
        record = entry & ~self.facts["map_tag_mask"] & ~KIND_MASK & FIELD_MASK
        if kind == "large":
            return Place("large", self.library.at("LargeBlock", record))
        if kind == "free run":
            return Place("free run", self.library.at("FreeRun", record))
        return Place("slab", self.library.at("Slab", record))

    def _find_in_lists(self, address):
        for superslab in self.superslabs():
            slabs = superslab.structs("slabs")
            offset = address - superslab["data"]
            if 0 <= offset < len(slabs) * self.granule_bytes:
                span = self.span_slabs(superslab)
                return Place("slab", slabs[offset // self.granule_bytes // span * span])
        for large in self.large_blocks():
            if large["base"] <= address < large["base"] + large["bytes"]:
                return Place("large", large)
        chunk_type = self.library.type("MetaArena::Chunk")
        for chunk in follow(self.domain.sub("slabs.meta")["chunks_"],
                            lambda at: Struct(chunk_type, at)["older"]):
            if chunk <= address < chunk + Struct(chunk_type, chunk)["bytes"]:
                return Place("records", None)
        return None

    # SuperSlabs and slabs.

    def span_slabs(self, superslab):
        """Slabs that one of its units takes."""
        kind = self.library.enumerator("SuperSlabKind", superslab["kind"])
        if kind == "single":
            return 1
        slabs = superslab.structs("slabs")
        return max(slab["span_slabs"] for slab in slabs) or 1

    def units(self, superslab):
        """The slab of each unit, in order."""
        return superslab.structs("slabs")[::self.span_slabs(superslab)]

    def superslab_of(self, slab):
        return self.library.at("SuperSlab", slab["superslab"])

    def index_in_superslab(self, slab, superslab):
        return (slab["data"] - superslab["data"]) // self.granule_bytes

    def state_of(self, slab):
        return self.library.enumerator("SlabState", slab["state"])

    def has_class(self, slab):
        return 0 < slab["class_index"] < len(self.strides) and slab["stride_bytes"] != 0

    def first_base(self, slab):
        return slab["data"] + self.first_base_offsets[slab["class_index"]]

    def block_index(self, slab, address):
        """Of the block that holds the address; may lie outside of 0 … capacity."""
        return (address - self.first_base(slab)) // slab["stride_bytes"]

    def base_of(self, slab, index):
        return self.first_base(slab) + index * slab["stride_bytes"]

    # Lists of free blocks.

    def link_of(self, base):
        """The block behind a free one, as its link has it."""
        stored = read_word(base + self.facts["next_offset"])
        key = self.facts["link_key"]
        return stored ^ base ^ key if key != 0 else stored

    def _chain(self, slab, first, most):
        blocks, seen = [], set()
        base = first
        while base != 0:
            offset = base - self.first_base(slab)
            if not 0 <= offset < slab["carved"] * slab["stride_bytes"]:
                return BlockList(blocks, f"it leads to {base:#x}, outside of the slab's blocks")
            if offset % slab["stride_bytes"] != 0:
                return BlockList(blocks, f"it leads to {base:#x}, which is not a block's start")
            if base in seen:
                return BlockList(blocks, f"it comes back to {base:#x} and does not end")
            if len(blocks) == most:
                return BlockList(blocks, f"it goes on behind {most} blocks")
            seen.add(base)
            blocks.append(base)
            try:
                base = self.link_of(base)
            except Unreadable as error:
                return BlockList(blocks, str(error))
        return BlockList(blocks, None)

    def free_list(self, slab):
        return self._chain(slab, slab["free"], slab["carved"])

    def remote_blocks(self, slab):
        """Blocks that other threads freed and the owner has not taken yet."""
        word = slab["shared_remote"]
        first, count = word & ((1 << BLOCK_BITS) - 1), word >> BLOCK_BITS
        # The last link is what the queue's head was: null. The count ends the walk.
        found = self._chain(slab, first, count)
        if found.defect is None and len(found.blocks) != count:
            return BlockList(found.blocks, f"it has {len(found.blocks)} blocks and counts {count}")
        return found

    def bytes_of(self, slab):
        """All of the slab's carved blocks at once, from its first base."""
        return read_bytes(self.first_base(slab), slab["carved"] * slab["stride_bytes"])
