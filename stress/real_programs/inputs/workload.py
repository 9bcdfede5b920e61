# What the python3 case runs: json, re, threads, fork, zlib, sorting, generators, garbage cycles.
import collections
import gc
import hashlib
import json
import os
import queue
import random
import re
import sys
import threading
import zlib

rng = random.Random(42)


def digest(value):
    return hashlib.sha256(repr(value).encode()).hexdigest()[:16]


records = [{"id": i, "name": "n%06d" % rng.randrange(10**6),
            "tags": ["t%d" % (i % k) for k in (2, 3, 5)],
            "score": rng.random(), "text": "x" * rng.randrange(300)} for i in range(8000)]
text = json.dumps(records)
again = json.loads(text)
print("json", len(text), digest(again), again == records)

words = " ".join("%s-%d@example.org" % (chr(97 + i % 26) * (i % 9 + 1), i) for i in range(20000))
print("re", len(re.findall(r"([a-z]+)-(\d+)@", words)),
      digest(re.sub(r"(\w)-(\d)", r"\2_\1", words)))

jobs, results = queue.Queue(), queue.Queue()


def worker():
    while (n := jobs.get()) is not None:
        counts = collections.Counter(str(i * n) for i in range(3000))
        results.put((n, digest(sorted(counts.items())), len(zlib.compress(b"abc%d" % n * 5000))))


threads = [threading.Thread(target=worker) for _ in range(4)]
for thread in threads:
    thread.start()
for n in range(40):
    jobs.put(n)
for thread in threads:
    jobs.put(None)
for thread in threads:
    thread.join()
print("threads", digest(sorted(results.get() for _ in range(40))))


class Node:
    def __init__(self, parent):
        self.parent, self.children = parent, []


for _ in range(50):
    root = Node(None)
    for _ in range(500):
        root.children.append(Node(root))
del root
print("gc", gc.collect() >= 0, gc.garbage)

for i in range(10):
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        grown = [bytes(1000 + j) for j in range(500)]
        os._exit(len(grown) % 7)
    print("fork", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))

big = bytearray()
for i in range(2000):
    big += b"%d" % i * 100
print("grow", len(big), zlib.crc32(big))
print("done", file=sys.stderr)
sys.exit(3)
