"""Why the process stopped, as far as its heap can tell: `hakmem crash`, and all of `hakmem core`.

What is known comes first: the signal, HAKMEM's own finding if there is one, the blocks that the
faulting address and the registers point into. What that means is said as likely, never as certain.
"""

import hashlib
import os
import re
import signal

import gdb

from .blocks import find_block, place_words
from .canaries import damage_of
from .library import thread_label
from .memory import Missing, Struct, Unreadable
from .rings import history_of, operation_of
from .stacks import is_ours, name_of, recorded_stack

REGISTERS = ["rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8", "r9", "r10", "r11", "r12",
             "r13", "r14", "r15"]
WORD_MASK = (1 << 64) - 1
POISON_REACH = 4096  # a member of an object is at most this far from a poisoned base
NULL_REACH = 4096
SI_KERNEL = 0x80
FRAMES_MAX = 32
TOKEN_FRAMES = 3
HISTORY_MAX = 16
# Frames that every abort and every library call has; they tell no two crashes apart.
SYSTEM_MODULES = re.compile(r"/(ld-linux|libc\.|libc-|libpthread|libhakmem)")


def _evaluate(expression):
    try:
        return int(gdb.parse_and_eval(expression))
    except (gdb.error, ValueError):
        return None


def signal_facts():
    """Number, name and, of a fault, the address; None when no signal stopped the process."""
    number = _evaluate("$_siginfo.si_signo")
    if number is None or number == 0:
        return None
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    facts = {"number": number, "name": name, "address": None}
    code = _evaluate("$_siginfo.si_code")
    if name in ("SIGSEGV", "SIGBUS") and code is not None and 0 < code != SI_KERNEL:
        facts["address"] = _evaluate("(unsigned long)$_siginfo._sifields._sigfault.si_addr")
    return facts


def register_values():
    values = {name: _evaluate(f"(unsigned long)${name}") for name in REGISTERS}
    return {name: value & WORD_MASK for name, value in values.items() if value is not None}


def poisoned(heap, values):
    """Registers that hold the fill of freed blocks, alone or with a member's offset."""
    fill = heap.facts["freed_byte"]
    words = [int.from_bytes(bytes([fill] * size), "little") for size in (8, 4)]
    return {name: value for name, value in values.items()
            if abs(value - words[0]) <= POISON_REACH or value == words[1]}


def _frames():
    """The selected thread's stack, newest first."""
    frames, frame = [], gdb.newest_frame()
    while frame is not None and len(frames) < FRAMES_MAX:
        is_call = frames and frame.newer().type() == gdb.NORMAL_FRAME
        function, place = name_of(frame.pc(), is_return_address=is_call)
        frames.append({"function": frame.name() or function, "place": place, "pc": frame.pc(),
                       "module": gdb.solib_name(frame.pc()) or ""})
        try:
            frame = frame.older()
        except gdb.error:
            break
    return frames


def _program_frames(frames):
    """From the first frame of the program, or of a library that is nobody's infrastructure."""
    first = next((i for i, frame in enumerate(frames)
                  if not SYSTEM_MODULES.search(frame["module"])), 0)
    return frames[first:]


def published_finding(library):
    """What HAKMEM itself had found, from its reporter's memory; None when it had found nothing."""
    symbol = gdb.lookup_static_symbol("hakmem::(anonymous namespace)::finding")
    if symbol is None or library.level == 0:
        return None
    finding = Struct(symbol.type, int(symbol.value().address))
    sentence = finding.text("sentence")
    if not sentence:
        return None
    return {"id": f"HK{finding['violation']}", "sentence": sentence, "address": finding["address"]}


def _event_facts(block, verb):
    record = block.record
    stack = []
    for pc in recorded_stack(block.library, record[verb + "_at"]):
        if not is_ours(block.library, pc):
            function, place = name_of(pc)
            stack.append({"function": function, "place": place, "pc": pc})
    return {"thread": record[verb + "_by"], "sequence": record[verb + "_sequence"], "stack": stack}


def block_facts(block, address, why):
    """One block as JSON has it."""
    facts = {"why": why, "address": address, "user": block.user, "state": block.state,
             "request_bytes": block.request, "position": block.position(address),
             "class": block.slab["class_index"] if block.slab is not None else 0,
             "superslab": block.superslab["data"] if block.superslab is not None else None}
    if block.record is None:
        return facts
    try:
        facts["damage"] = damage_of(block)
    except Unreadable as error:
        facts["damage"] = [str(error)]
    if block.record["allocated_by"] != 0:
        facts["allocated"] = _event_facts(block, "allocated")
    if block.was_freed_last():
        facts["freed"] = _event_facts(block, "freed")
    events = history_of(block.library, block.base, max(block.end, block.base + 1))[:HISTORY_MAX]
    facts["history"] = [operation_of(block.library, event) for event in events]
    return facts


def _pointed_blocks(heap, wanted):
    """(block, address, why) for each address of [(why, address)] in a block; each block once."""
    found, seen = [], set()
    for why, address in wanted:
        try:
            block = find_block(heap, address)
        except (Missing, Unreadable):
            continue
        if block is not None and block.user not in seen:
            seen.add(block.user)
            found.append((block, address, why))
    return found


def _likely(stop, poison, pointed, finding):
    """What probably happened, or None."""
    if finding is not None:
        return None
    if poison and stop is not None and stop["name"] in ("SIGSEGV", "SIGBUS"):
        return "a pointer was read out of freed memory and used"
    address = stop["address"] if stop is not None else None
    if address is None:
        return None
    if address < NULL_REACH:
        return "a null pointer, or a member of an object at null, was used"
    for block, where, why in pointed:
        if why == "fault" and where == address:
            if block.was_freed_last():
                return "a block was used after it was freed"
            return "a block's bounds were left"
    return None


def _error_of(stop, poison, finding):
    """The first part of the dedup token."""
    if finding is not None:
        return finding["id"]
    if poison and stop is not None and stop["name"] in ("SIGSEGV", "SIGBUS"):
        return "HK108"
    return stop["name"] if stop is not None else "STOP"


def _frame_key(frame):
    """What is the same in every process: the function, and its line or else its module."""
    is_line = re.search(r":\d+$", frame["place"]) is not None
    where = frame["place"] if is_line else os.path.basename(frame["module"])
    return f"{frame['function']} {where}"


def _token(error, frames):
    """Equal for equal errors at equal places, as the tokens of reports are."""
    keys = [_frame_key(frame) for frame in _program_frames(frames)[:TOKEN_FRAMES]]
    digest = hashlib.sha256("\n".join([error] + keys).encode()).hexdigest()
    return f"{error}-{digest[:16]}"


class Crash:
    """Everything that is known of why the process stopped."""

    def __init__(self, heap):
        self.heap = heap
        self.stop = signal_facts()
        values = register_values()
        self.finding = published_finding(heap.library)
        self.poison = poisoned(heap, values)
        self.frames = _frames() if gdb.selected_thread() is not None else []
        wanted = []
        if self.stop is not None and self.stop["address"] is not None:
            wanted.append(("fault", self.stop["address"]))
        if self.finding is not None and self.finding["address"] != 0:
            wanted.append(("finding", self.finding["address"]))
        wanted += sorted(values.items())
        self.pointed = _pointed_blocks(heap, wanted)
        self.likely = _likely(self.stop, self.poison, self.pointed, self.finding)
        self.token = _token(_error_of(self.stop, self.poison, self.finding), self.frames)
        thread = gdb.selected_thread()
        self.thread = thread.ptid[1] if thread is not None else 0

    def stop_words(self):
        if self.stop is None:
            return "no signal stopped the process"
        words = f"{self.stop['name']} stopped {thread_label(self.thread)}"
        if self.stop["address"] is not None:
            words += f" at address {self.stop['address']:#x}"
        return words

    def fault_words(self):
        """About a faulting address that lies in no block."""
        address = self.stop["address"] if self.stop is not None else None
        if address is None or any(why == "fault" for _, _, why in self.pointed):
            return []
        return [place_words(self.heap, address)] if address >= NULL_REACH else []

    def facts(self):
        return {"schema_version": 1, "level": self.heap.library.level, "signal": self.stop,
                "thread": self.thread, "finding": self.finding, "poison": self.poison,
                "likely": self.likely, "stack": self.frames, "dedup": self.token,
                "blocks": [block_facts(block, address, why)
                           for block, address, why in self.pointed]}
