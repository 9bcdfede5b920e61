"""The instructions of an object file, function by function, in a form that two builds can share.

Used by level0_identical.py. Positions are relative to the function, so that a function that grew
does not make its neighbours differ; relocations stay, since they name what is called or stored to.
"""

import re
import subprocess

FUNCTION = re.compile(r"^[0-9a-f]+ <(.+)>:$")
INSTRUCTION = re.compile(r"^\s*[0-9a-f]+:\s+(.*)$")
TARGET = re.compile(r"\b[0-9a-f]+ (<[^>]+>)")


class Objdump(Exception):
    """objdump failed or printed nothing that looks like code."""


def functions_of(object_path):
    """{symbol: [instruction or relocation, …]} of every function, in the order of the code."""
    command = ["objdump", "-d", "-r", "--no-show-raw-insn", object_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Objdump(done.stderr.strip())
    functions, body = {}, None
    for line in done.stdout.split("\n"):
        start = FUNCTION.match(line)
        if start:
            body = functions.setdefault(start.group(1), [])
            continue
        instruction = INSTRUCTION.match(line)
        if instruction and body is not None:
            body.append(TARGET.sub(r"\1", re.sub(r"\s+", " ", instruction.group(1).strip())))
    for body in functions.values():
        while body and re.match(r"^(?:nop|data16|cs nop|xchg %ax,%ax)", body[-1]):
            body.pop()  # alignment of the next function
    return functions


def differences(with_hooks, without_hooks):
    """[(function, sentence, first lines that differ)] between two results of functions_of."""
    found = []
    for name in sorted(set(with_hooks) | set(without_hooks)):
        left, right = with_hooks.get(name), without_hooks.get(name)
        if left == right:
            continue
        if left is None or right is None:
            side = "with" if right is None else "without"
            found.append((name, f"exists only {side} hooks", []))
            continue
        at = next((i for i, pair in enumerate(zip(left, right)) if pair[0] != pair[1]),
                  min(len(left), len(right)))
        lines = [f"+ {text}" for text in left[at:at + 3]] + [f"- {text}" for text in
                                                              right[at:at + 3]]
        found.append((name, f"{len(left)} lines with hooks, {len(right)} without, first "
                            f"difference at line {at}", lines))
    return found


def demangled(names):
    """{mangled: demangled}; the mangled name where c++filt is missing."""
    try:
        done = subprocess.run(["c++filt"], input="\n".join(names), capture_output=True, text=True,
                              check=True)
    except (OSError, subprocess.CalledProcessError):
        return {name: name for name in names}
    return dict(zip(names, done.stdout.split("\n")))
