"""Call stacks that the library recorded, and names for their addresses."""

import os
import re

import gdb

from .memory import POINTER_BYTES, Struct, Unreadable, read_bytes

FRAMES_MAX = 64  # more than the library records


def recorded_stack(library, stack_id):
    """The return addresses of an interned stack; empty for none, and when the depot is damaged."""
    if stack_id == 0 or library.level < 3:
        return []
    try:
        tables_type = library.type("StackDepot::Tables")
        tables = library.domain.sub("checks.depot")["shared_tables_"]
        offsets = {field.name: field.bitpos // 8 for field in tables_type.fields()}
        chunk_count = tables_type["shared_chunks"].type.sizeof // POINTER_BYTES
        unit_bytes = library.facts["depot_unit_bytes"]
        units = library.facts["depot_bytes_max"] // chunk_count // unit_bytes

        def node(kind, node_id):
            chunk, unit = divmod(node_id - 1, units)
            if tables == 0 or node_id == 0 or chunk >= chunk_count:
                raise Unreadable(f"no node {node_id} in the depot")
            at = tables + offsets["shared_chunks"] + chunk * POINTER_BYTES
            start = int.from_bytes(read_bytes(at, POINTER_BYTES), "little")
            return Struct(library.type(f"StackDepot::{kind}"), start + unit * unit_bytes)

        entry = node("Entry", stack_id)
        count = entry["frames"]
        if count > FRAMES_MAX:
            return []
        return _frames_of(node, entry, count, library.facts["depot_piece_frames"])
    except Unreadable:
        return []


def _words(address, count, word_bytes):
    data = read_bytes(address, count * word_bytes)
    return [int.from_bytes(data[i:i + word_bytes], "little")
            for i in range(0, len(data), word_bytes)]


def _offset_of(node, name):
    return next(field.bitpos // 8 for field in node.type.fields() if field.name == name)


def _frames_of(node, entry, count, piece_frames):
    """The frames of an entry, from the pieces that it names."""
    id_bytes = 4
    pieces = _words(entry.address + _offset_of(entry, "pieces"), -(-count // piece_frames),
                    id_bytes)
    frames = []
    for piece_id in pieces:
        piece = node("Piece", piece_id)
        frames += _words(piece.address + _offset_of(piece, "pcs"), piece_frames, POINTER_BYTES)
    return frames[:count]


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
