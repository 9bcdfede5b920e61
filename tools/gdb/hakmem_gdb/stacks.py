"""Call stacks that the library recorded, and names for their addresses."""

import os
import re

import gdb

from .memory import POINTER_BYTES, Struct, Unreadable, read_word

FRAMES_MAX = 64  # more than the library records


def recorded_stack(library, stack_id):
    """The return addresses of an interned stack: what is left of it when the depot is damaged."""
    if stack_id == 0 or library.level < 3:
        return []
    frames = []
    try:
        tables_type = library.type("StackDepot::Tables")
        tables = library.domain.sub("checks.depot")["shared_tables_"]
        offsets = {field.name: field.bitpos // 8 for field in tables_type.fields()}
        chunk_count = tables_type["shared_chunks"].type.sizeof // POINTER_BYTES
        node_type = library.type("StackDepot::Node")
        shift = library.facts["depot_frames_shift"]
        wanted = FRAMES_MAX
        while stack_id != 0 and tables != 0 and len(frames) < wanted:
            chunk, index = divmod(stack_id - 1, library.facts["depot_nodes_per_chunk"])
            if chunk >= chunk_count:
                break
            start = read_word(tables + offsets["shared_chunks"] + chunk * POINTER_BYTES)
            node = Struct(node_type, start + index * node_type.sizeof)
            if not frames:
                wanted = min(wanted, node["around_and_frames"] >> shift)
            frames.append(node["pc"])
            stack_id = node["around_and_frames"] % (1 << shift)
    except Unreadable:
        pass
    return frames


def _function_at(pc):
    block = gdb.current_progspace().block_for_pc(pc)
    while block is not None and block.function is None:
        block = block.superblock
    return block.function.name if block is not None else None


def _symbol_at(pc):
    """Function and distance by the symbol table alone, as `info symbol` has them."""
    try:
        text = gdb.execute(f"info symbol {pc:#x}", to_string=True)
    except gdb.error:
        return None
    match = re.match(r"(.+?)(?: \+ \d+)? in section ", text)
    return match.group(1) if match else None


def name_of(pc, is_return_address=True):
    """function, place of a program counter. A return address belongs to the call before it."""
    at = pc - 1 if is_return_address else pc
    function = _function_at(at) or _symbol_at(at) or "?"
    line = gdb.find_pc_line(at)
    if line.symtab is not None and line.line > 0:
        return function, f"{os.path.basename(line.symtab.filename)}:{line.line}"
    module = gdb.solib_name(at) or gdb.current_progspace().filename or ""
    return function, f"{os.path.basename(module)} {at:#x}".strip()


def is_ours(library, pc):
    """True for a frame of the library itself, which stacks begin with."""
    return gdb.solib_name(pc - 1) == library.file.filename


def frame_lines(library, pcs, indent="    "):
    """One line a frame, from the first that is not the library's own."""
    first = next((i for i, pc in enumerate(pcs) if not is_ours(library, pc)), 0)
    lines = []
    for number, pc in enumerate(pcs[first:]):
        function, place = name_of(pc)
        lines.append(f"{indent}#{number} {function}  {place}")
    return lines
