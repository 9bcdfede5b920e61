"""`hakmem crash` in words, the most certain first."""

from .blocks import describe
from .checks import check_all
from .crash import Crash

BLOCKS_MAX = 6  # described in full; a register often points where others do
STACK_MAX = 12


def _stack_lines(crash):
    lines = [f"    #{number} {frame['function']}  {frame['place']}"
             for number, frame in enumerate(crash.frames[:STACK_MAX])]
    return ["STACK"] + lines if lines else []


def _why_words(why):
    return {"fault": "the faulting address", "finding": "the address of HAKMEM's finding"}.get(
        why, f"register {why}")


def _block_lines(crash):
    lines = []
    for block, address, why in crash.pointed[:BLOCKS_MAX]:
        title, *rest = describe(block, address)
        lines += [f"{_why_words(why)} points into", f"  {title}"] + [f"  {line}" for line in rest]
    if len(crash.pointed) > BLOCKS_MAX:
        lines.append(f"and {len(crash.pointed) - BLOCKS_MAX} registers point into other blocks")
    return lines


def crash_report(heap):
    """The lines of `hakmem crash`, and the same as facts for JSON."""
    crash = Crash(heap)
    lines = [crash.stop_words() + f"; HAKMEM level {heap.library.level}"]
    if crash.finding is not None:
        lines.append(f"HAKMEM had found {crash.finding['id']}: {crash.finding['sentence']}")
    for name, value in sorted(crash.poison.items()):
        lines.append(f"register {name} is {value:#x}: the fill of freed blocks")
    lines += crash.fault_words()
    if crash.likely is not None:
        lines.append(f"likely: {crash.likely}")
    lines += _block_lines(crash) + _stack_lines(crash)
    checked = check_all(heap)
    lines += ["HEAP"] + [f"    {line}" for line in checked]
    lines.append(f"dedup {crash.token}")
    return lines, dict(crash.facts(), heap=checked)
