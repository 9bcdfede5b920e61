"""What the gdb commands `hakmem …` are made of; loaded by hakmem.py beside this folder.

memory    structures by their DWARF types        library   which HAKMEM the process has
heap      slabs, SuperSlabs, lists               blocks    what an address belongs to
stacks    recorded call stacks                   rings     the pointer trace
checks    the heap's invariants                  canaries  bytes that must not change
places    slabs and SuperSlabs in words          crash, crash_text  why the process stopped

Invariant: memory is only read; no function of the process is called, so that a core file, or a
process that stopped inside the allocator, gives the same answers as any other.
"""
