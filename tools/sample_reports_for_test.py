"""Reports for the tests in Python: one plain, one hostile, one with everything that is drawn.

Used by machine_outputs_test.py and report_page_test.py. Each report is a file in a folder of its
own, as `hakmem run -o` leaves them.
"""

import json
import os
import subprocess

SENTENCE = "4 bytes at +8 of a freed 40-byte block were changed after free()."
HOSTILE = ("/srv/\x1b[31m]]><script>document.title='hit'</script><img src=x onerror=alert(1)>"
           "&\"'-->\u202e{0}[x](file:///x)\x00\ufffe")


def frame(function, file, line):
    return {"pc": "0x5555000051a7", "module": "/srv/bin/server", "build_id": "00ff17",
            "offset": "0x51a6", "function": function, "file": file, "line": line}


def event(name, thread, line):
    return {"event": name, "thread": {"id": thread, "name": "worker"}, "sequence": thread,
            "stack": [frame("Conn::~Conn()", "/src/conn.cpp", line),
                      {"pc": "0x5001", "module": "/lib/libc.so.6", "offset": "0x5000"},
                      {"pc": "0xffffffffff600000"}]}


def finding(number, hundred=1):
    identifier = f"HK{hundred}02"
    return {"id": identifier, "kind": "write after free",
            "fault": "program" if hundred == 1 else "hakmem", "sentence": SENTENCE,
            "exit_code": 86, "address": "0x7f31c2a00488",
            "block": {"user": "0x7f31c2a00480", "request_bytes": 40, "stride_bytes": 64,
                      "large": False, "class": 3, "block_index": 17, "slab": "0x7f31c2a00030",
                      "superslab": "0x7f31c2a00000", "state": "freed", "allocated_by": "malloc"},
            "bytes": {"first_wrong": 8, "last_wrong": 11, "expected": "a2", "window_begin": 0,
                      "window": "a2a2a2a2a2a2a2a207000000a2a2a2a2"},
            "events": [event("detected", 7, 88), event("freed", 3, 131), event("allocated", 1, 41)],
            "likely": "a dangling pointer kept by T7", "confidence": "high",
            "dedup": f"{identifier}-{number:016x}",
            "summary": "SUMMARY: HAKMEM: write-after-free conn.cpp:131 in Conn::~Conn()"}


def report(pid, findings):
    return {"schema_version": 1, "tool": "hakmem", "level": 4, "pid": pid,
            "program": "/srv/bin/server", "host": "box", "time": 1790000000, "findings": findings}


def drawn():
    """A report with a heap map, a timeline and a size histogram."""
    result = report(30, [finding(1)])
    result["timeline"] = {"ms": [0, 10, 20, 30], "live_bytes": [0, 4096, 9000, 1024],
                          "mapped_bytes": [65536, 131072, 131072, 131072],
                          "quarantined_bytes": [0, 512, 3072, 4096]}
    result["size_histogram"] = [{"up_to_bytes": 16, "live_blocks": 12},
                                {"up_to_bytes": 64, "live_blocks": 3},
                                {"up_to_bytes": 65536, "live_blocks": 1}]
    result["findings"][0]["heap_map"] = {
        "data": "0x7f31c2a00030", "stride_bytes": 64, "states": "L" * 16 + "FQL" + "U" * 60,
        "neighbours": [{"block_index": 16, "user": "0x7f31c2a00440", "request_bytes": 33,
                        "state": "live", "thread_name": "worker"}]}
    return result


def hostile():
    """A report in which every text that the program chose is hostile."""
    result = drawn()
    result["program"] = result["host"] = HOSTILE
    found = result["findings"][0]
    for key in ("kind", "likely"):
        found[key] = HOSTILE
    found["summary"] = "SUMMARY: HAKMEM: " + HOSTILE
    found["sentence"] = SENTENCE + HOSTILE
    found["block"]["state"] = found["block"]["allocated_by"] = HOSTILE
    found["heap_map"]["neighbours"][0]["state"] = HOSTILE
    for entry in found["events"]:
        entry["thread"]["name"] = HOSTILE
        entry["stack"][0].update(module=HOSTILE, function=HOSTILE, file=HOSTILE)
    return result


def all_reports():
    """By name: what each test goes through."""
    return {"plain": report(10, [finding(1), finding(2), finding(3, 9)]), "drawn": drawn(),
            "hostile": hostile(), "newer": report(11, [dict(finding(4), id="HK198")]),
            "bare": report(12, [dict(finding(5), events=[])]), "clean": None}


def write_report(folder, name, content):
    """Writes the report below `folder` and returns the folder to give to `hakmem report`."""
    path = os.path.join(folder, name)
    os.makedirs(os.path.join(path, "hk.1"))
    if content is not None:
        with open(os.path.join(path, "hk.1", "report.json"), "w", encoding="utf-8") as file:
            json.dump(content, file)
    return path


def hakmem(tool, *arguments):
    """Standard output of the program, which must succeed."""
    return subprocess.run([tool, *arguments], check=True, stdout=subprocess.PIPE).stdout.decode()
