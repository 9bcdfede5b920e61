"""gdb commands for programs that run on HAKMEM, live or as a core file:

    (gdb) source /usr/lib/hakmem/gdb/hakmem.py
    (gdb) hakmem block ADDR       whose memory an address is, who had it, with stacks
    (gdb) hakmem slab ADDR        the slab around an address, with its lists
    (gdb) hakmem superslab ADDR   the SuperSlab around an address, with its slabs
    (gdb) hakmem ring [THREAD]    the pointer trace of a thread, newest first
    (gdb) hakmem check [ADDR]     the heap's invariants, everywhere or at an address
    (gdb) hakmem crash [FILE]     why the program stopped; the same as JSON to FILE

Loaded by `hakmem run --gdb` and `hakmem core`. ADDR is any expression, such as $rdi or p. Memory is
only read, and no function of the program is called.
"""

import json
import os
import sys

import gdb

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
from hakmem_gdb import blocks, checks, places, rings  # noqa: E402
from hakmem_gdb.crash_text import crash_report  # noqa: E402
from hakmem_gdb.heap import Heap  # noqa: E402
from hakmem_gdb.library import Library  # noqa: E402
from hakmem_gdb.memory import Missing, Unreadable  # noqa: E402
from hakmem_gdb.run import run_to_finding  # noqa: E402


def address_of(argument):
    """The value of an expression as an address."""
    if not argument.strip():
        raise gdb.GdbError("which address? Give an expression, such as 0x7ffff0001230 or $rdi")
    try:
        return int(gdb.parse_and_eval(argument).cast(gdb.lookup_type("unsigned long")))
    except gdb.error as error:
        raise gdb.GdbError(f"{argument}: {error}") from error


class HeapCommand(gdb.Command):
    """A subcommand; `answer(heap, argument)` returns lines."""

    def __init__(self, name, doc, answer):
        self.__doc__ = doc
        self._answer = answer
        super().__init__("hakmem " + name, gdb.COMMAND_DATA, gdb.COMPLETE_EXPRESSION)

    def invoke(self, argument, from_tty):  # pylint: disable=unused-argument
        try:
            lines = self._answer(Heap(Library()), argument)
        except Missing as missing:
            raise gdb.GdbError(f"hakmem: {missing}") from missing
        except Unreadable as unreadable:
            sentence = f"hakmem: the heap's records break off: {unreadable}"
            raise gdb.GdbError(sentence) from unreadable
        for line in lines:
            gdb.write(line + "\n")


class Prefix(gdb.Command):
    """What HAKMEM knows of the program's memory: block, slab, superslab, ring, check, crash."""

    def __init__(self):
        super().__init__("hakmem", gdb.COMMAND_DATA, gdb.COMPLETE_COMMAND, True)


class RunCommand(gdb.Command):
    """Run the program and stop at each finding; for `hakmem run --gdb`.
How it ended goes to FILE. Usage: hakmem run-to-finding FILE"""

    def __init__(self):
        super().__init__("hakmem run-to-finding", gdb.COMMAND_RUNNING)

    def invoke(self, argument, from_tty):  # pylint: disable=unused-argument
        run_to_finding(argument)


def answer_block(heap, argument):
    address = address_of(argument)
    block = blocks.find_block(heap, address)
    if block is None:
        return [blocks.place_words(heap, address)]
    return blocks.describe(block, address)


def answer_check(heap, argument):
    if argument.strip():
        return checks.check_at(heap, address_of(argument))
    return checks.check_all(heap)


def answer_ring(heap, argument):
    missing = heap.library.recorded_from(4, "the pointer trace")
    if missing is not None:
        return [missing]
    return rings.ring_lines(heap.library, argument)


def answer_crash(heap, argument):
    lines, facts = crash_report(heap)
    if argument.strip():
        with open(argument.strip(), "w", encoding="utf-8") as file:
            json.dump(dict(facts, text=lines), file)
    return lines


Prefix()
RunCommand()
HeapCommand("block", """The block that ADDR belongs or belonged to.
State, size, place, neighbours; at level 3 and 4 also requested size, damage, threads and stacks, at
level 4 its history. Usage: hakmem block ADDR""", answer_block)
HeapCommand("slab", """The slab around ADDR: class, counts, lists and a map of its blocks.
Usage: hakmem slab ADDR""", lambda heap, argument: places.slab_lines(heap, address_of(argument)))
HeapCommand("superslab", """The SuperSlab around ADDR: owner, free units, and its slabs.
Usage: hakmem superslab ADDR""",
            lambda heap, argument: places.superslab_lines(heap, address_of(argument)))
HeapCommand("ring", """What a thread did, newest first, as the pointer trace of level 4 knows it.
THREAD is a gdb thread number or a kernel thread id; without it the selected thread.
Usage: hakmem ring [THREAD]""", answer_ring)
HeapCommand("check", """The heap's invariants: counts, lists, header bytes, canaries, fill.
Everything, or only the slab or large block at ADDR. Usage: hakmem check [ADDR]""", answer_check)
HeapCommand("crash", """Why the program stopped, as far as its heap can tell.
Signal, the blocks that the faulting address and the registers point into, poison, the state of the
heap. With FILE the same goes there as JSON. Usage: hakmem crash [FILE]""", answer_crash)
