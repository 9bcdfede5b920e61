"""A slab and a SuperSlab in words. Used by `hakmem slab` and `hakmem superslab`."""

from .blocks import Block, place_words
from .heap import Place
from .memory import Unreadable

MAP_COLUMNS = 64
# One letter a block, as the report page's heap map has them.
LETTERS = {"live": "L", "never allocated": "U", "freed, in quarantine": "Q"}


def _owner_words(heap, address):
    if address == 0:
        return "no heap: it waits in the shared pool"
    owner = heap.library.at("Heap", address)
    state = heap.library.enumerator("HeapState", owner["state"])
    return f"heap {owner['id']} ({state})"


def _map_lines(heap, slab):
    """A letter for each block that can be."""
    if slab["capacity"] == 0:
        return []
    place = Place("slab", slab)
    if heap.facts["records_per_slab"] != 0:
        letters = [LETTERS.get(Block(heap, place, heap.base_of(slab, index)).state, "F")
                   for index in range(slab["carved"])]
    else:
        free = set(heap.free_list(slab).blocks) | set(heap.remote_blocks(slab).blocks)
        letters = ["F" if heap.base_of(slab, index) in free else "L"
                   for index in range(slab["carved"])]
    letters += ["U"] * (slab["capacity"] - slab["carved"])
    rows = ["".join(letters[i:i + MAP_COLUMNS]) for i in range(0, len(letters), MAP_COLUMNS)]
    lines = [f"  blocks: L live, F free, Q in quarantine, U never allocated; {MAP_COLUMNS} a row"]
    for number, row in enumerate(rows):
        if number and row == rows[number - 1] and row == row[0] * MAP_COLUMNS:
            if lines[-1] != "         *":
                lines.append("         *")
            continue
        lines.append(f"    {number * MAP_COLUMNS:>5} {row}")
    return lines


def slab_lines(heap, address):
    place = heap.find(address)
    if place is None or place.kind != "slab":
        return [place_words(heap, address)]
    slab = place.record
    superslab = heap.superslab_of(slab)
    state = heap.state_of(slab)
    number = heap.index_in_superslab(slab, superslab)
    lines = [f"slab {number} of SuperSlab {superslab['data']:#x}: {state}, "
             f"{slab['span_slabs'] * heap.granule_bytes} bytes from {slab['data']:#x}",
             f"  of {_owner_words(heap, slab['shared_owner'])}"]
    if not heap.has_class(slab):
        return lines + ["  it never had blocks"]
    bias = 1 if state == "active" else 0
    free, remote = heap.free_list(slab), heap.remote_blocks(slab)
    lines.append(f"  class {slab['class_index']}, {slab['stride_bytes']} bytes a block; capacity "
                 f"{slab['capacity']}, carved {slab['carved']}, in use {slab['used'] - bias}")
    lines.append(f"  free list: {len(free.blocks)} blocks; freed by other threads and not taken "
                 f"back yet: {len(remote.blocks)}")
    for name, found in (("free list", free), ("remote queue", remote)):
        if found.defect is not None:
            lines.append(f"  the {name} is broken: {found.defect}")
    try:
        return lines + _map_lines(heap, slab)
    except Unreadable as error:
        return lines + [f"  its blocks are not all there: {error}"]


def superslab_lines(heap, address):
    place = heap.find(address)
    if place is None or place.kind != "slab":
        return [place_words(heap, address)]
    superslab = heap.superslab_of(place.record)
    units = heap.units(superslab)
    kind = heap.library.enumerator("SuperSlabKind", superslab["kind"])
    lines = [f"SuperSlab {superslab['data']:#x}: {len(units)} units of "
             f"{heap.span_slabs(superslab) * heap.granule_bytes} bytes ({kind})",
             f"  of {_owner_words(heap, superslab['owner'])}",
             f"  free units {superslab['free_units']:#x}, of these with used pages "
             f"{superslab['dirty_units']:#x}",
             "   unit  address         state    class  bytes  in use  carved  capacity"]
    for number, slab in enumerate(units):
        state = heap.state_of(slab)
        if state == "free":
            continue
        used = slab["used"] - (1 if state == "active" else 0)
        lines.append(f"  {number:>5}  {slab['data']:#x}  {state:<7}  {slab['class_index']:>5}  "
                     f"{slab['stride_bytes']:>5}  {used:>6}  {slab['carved']:>6}  "
                     f"{slab['capacity']:>8}")
    return lines
