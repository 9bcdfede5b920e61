"""The pointer trace: what threads did to which block and list, newest first."""

from collections import namedtuple

import gdb

from .library import thread_label
from .memory import Missing, Unreadable, follow, read_bytes
from .stacks import name_of, recorded_stack

EVENT_BYTES = 32
WORD_BYTES = 8
ADDRESS_MASK = (1 << 48) - 1
DETAIL_MASK = (1 << 32) - 1
OPERATIONS = ("alloc", "free", "resize")  # the program's own calls
CAPACITY_MAX = 1 << 24  # of the option trace_events

Event = namedtuple("Event", "time kind address thread operation detail")


def _events_of_ring(library, ring):
    """Oldest first. A ring whose head is damaged has none."""
    capacity, written = ring["capacity_"], ring["shared_written_"]
    if capacity == 0 or capacity > CAPACITY_MAX or capacity & (capacity - 1):
        return
    facts = library.facts
    kept = min(written, capacity)
    data = read_bytes(ring.address + ring.type.sizeof,
                      (kept if written < capacity else capacity) * EVENT_BYTES)
    thread_shift, kind_shift = facts["trace_thread_shift"], facts["trace_kind_shift"]
    for number in range(written - kept, written):
        at = number % capacity * EVENT_BYTES
        time, target, who, detail = (int.from_bytes(data[i:i + WORD_BYTES], "little")
                                     for i in range(at, at + EVENT_BYTES, WORD_BYTES))
        if target != 0:
            yield Event(time, library.enumerator("TraceKind", target >> kind_shift),
                        target & ADDRESS_MASK, who >> thread_shift,
                        who & ((1 << thread_shift) - 1), detail)


def all_events(library):
    """Of all rings, newest first; events of one moment in the order in which they were written."""
    if library.recorded_from(4, "the pointer trace") is not None:
        return []
    events = []
    newest = library.domain.sub("checks.rings")["shared_newest_"]
    for address in follow(newest, lambda at: library.at("TraceRing", at)["next_"]):
        try:
            events += _events_of_ring(library, library.at("TraceRing", address))
        except Unreadable:
            continue
    events.reverse()
    return sorted(events, key=lambda event: event.time, reverse=True)


def _stack_and_bytes(library, event):
    return event.detail >> library.facts["trace_stack_shift"], event.detail & DETAIL_MASK


def event_line(library, event, with_thread=True):
    """One line: operation number, what, where, and what its detail means."""
    text = f"#{event.operation:<8} {event.kind:<12} {event.address:#x}"
    if event.kind in OPERATIONS:
        stack, size = _stack_and_bytes(library, event)
        text += f"  {size} B"
        pcs = recorded_stack(library, stack)
        if pcs:
            text += "  " + "  ".join(name_of(pcs[0]))
    elif event.kind in ("link read", "link write"):
        text += f"  -> {event.detail:#x}"
    elif event.kind in ("carve", "remote push", "drain"):
        text += f"  {event.detail} blocks"
    elif event.kind in ("slab change", "slab release"):
        text += f"  {event.detail} in use"
    return text + (f"  {thread_label(event.thread)}" if with_thread else "")


def operation_of(library, event):
    """One of the program's calls, as JSON has it."""
    stack, size = _stack_and_bytes(library, event)
    pcs = recorded_stack(library, stack)
    return {"what": event.kind, "thread": event.thread, "sequence": event.operation,
            "bytes": size, "caller": " ".join(name_of(pcs[0])) if pcs else ""}


def history_of(library, begin, end):
    """The program's calls on blocks whose user address is in [begin, end), newest first."""
    return [event for event in all_events(library)
            if event.kind in OPERATIONS and begin <= event.address < end]


def _thread_id(argument):
    """The kernel id that THREAD means: a gdb thread number, a kernel id, or the selected thread."""
    if not argument.strip():
        thread = gdb.selected_thread()
        if thread is None:
            raise Missing("no thread is selected; name one")
        return thread.ptid[1]
    try:
        number = int(argument, 0)
    except ValueError:
        raise Missing(f"'{argument}' is not a thread number") from None
    for thread in gdb.selected_inferior().threads():
        if thread.num == number:
            return thread.ptid[1]
    return number


def ring_lines(library, argument):
    """The lines of `hakmem ring`."""
    thread_id = _thread_id(argument)
    events = [event for event in all_events(library) if event.thread == thread_id]
    if not events:
        known = sorted({event.thread for event in all_events(library)})
        words = ", ".join(thread_label(thread) for thread in known) or "none"
        return [f"no events of {thread_label(thread_id)}; threads with events: {words}"]
    lines = [f"{len(events)} events of {thread_label(thread_id)}, newest first"]
    return lines + [event_line(library, event, with_thread=False) for event in events]
