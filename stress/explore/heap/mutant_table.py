"""Defects of concurrency, one row each, for mutants.py: every named memory order weakened, every step
of a protocol left out. `survives` says why the explorer cannot find one, and what does."""

from dataclasses import dataclass, field


@dataclass
class Mutant:
    name: str
    changes: list                 # of (file, text, replacement)
    families: list = field(default_factory=lambda: list(ALL))
    options: list = field(default_factory=list)
    survives: str = ""
    quick: bool = False


HOLDER = ("who holds a block got it through the program's own synchronisation, which orders the entry "
          "before; the order is for lookups of addresses that nobody was handed")
ALL = ["remote_free", "remote_free3", "peers", "adoption", "thread_exit", "shared_pool", "start",
       "large", "scarce", "mixed"]
REMOTE = ["remote_free", "remote_free3", "peers", "adoption"]
ADOPT = ["adoption", "thread_exit", "mixed", "peers"]

QUEUE = "src/superslab/remote_queue.h"
SLAB = "src/superslab/slab.h"
MAP = "src/superslab/address_map.h"
LOCK = "src/os/lock.h"
DOMAIN = "src/gate/domain.h"
OWNERSHIP = "src/superslab/ownership.cc"
REGISTRY = "src/superslab/heap_registry.cc"
POOL = "src/superslab/shared_pool.cc"
REFILL = "src/superslab/refill.cc"


def order(name, path, constant, old, new, families=None, survives="", quick=False):
    """A memory order made weaker."""
    text = f"{constant} = std::memory_order_"
    return Mutant(name, [(path, f"{text}{old};", f"{text}{new};")], families or list(ALL),
                  survives=survives, quick=quick)


MUTANTS = [
    order("push-relaxed", QUEUE, "kPush", "acq_rel", "relaxed", REMOTE, quick=True),
    order("push-acquire", QUEUE, "kPush", "acq_rel", "acquire", REMOTE),
    order("push-release", QUEUE, "kPush", "acq_rel", "release", REMOTE),
    order("drain-relaxed", QUEUE, "kDrain", "acq_rel", "relaxed", REMOTE, quick=True),
    order("drain-acquire", QUEUE, "kDrain", "acq_rel", "acquire", REMOTE),
    order("drain-release", QUEUE, "kDrain", "acq_rel", "release", REMOTE),
    order("pend-relaxed", QUEUE, "kPend", "release", "relaxed", REMOTE),
    order("take-pending-relaxed", QUEUE, "kTakePending", "acquire", "relaxed", REMOTE),
    order("owner-read-relaxed", SLAB, "kOwnerRead", "acquire", "relaxed", ["thread_exit"]),
    order("owner-change-relaxed", SLAB, "kOwnerChange", "release", "relaxed",
          ["thread_exit"]),
    order("map-lookup-relaxed", MAP, "kLookup", "acquire", "relaxed", ["thread_exit"], HOLDER),
    order("map-store-relaxed", MAP, "kStore", "release", "relaxed", ["thread_exit"], HOLDER),
    order("leaf-publish-relaxed", MAP, "kLeafPublish", "release", "relaxed", ["scarce"], HOLDER),
    order("leaf-follow-relaxed", MAP, "kLeafFollow", "acquire", "relaxed", ["scarce"], HOLDER),
    order("lock-take-relaxed", LOCK, "kTake", "acquire", "relaxed", ["thread_exit"], quick=True),
    order("lock-give-relaxed", LOCK, "kGive", "release", "relaxed", ["thread_exit"], quick=True),
    order("init-claim-relaxed", DOMAIN, "kClaim", "acquire", "relaxed", ["start"],
          "matters after an initialisation that was refused memory, which the programs never meet"),
    order("init-claim-failed-relaxed", DOMAIN, "kClaimFailed", "acquire", "relaxed", ["start"]),
    order("init-publish-relaxed", DOMAIN, "kPublish", "release", "relaxed", ["start"]),
    order("init-look-relaxed", DOMAIN, "kLook", "acquire", "relaxed", ["start"]),
    Mutant("push-load-store", [(QUEUE, """    } while (!shared_word_.compare_exchange_weak(old, wanted, RemoteOrders::kPush,
                                                 RemoteOrders::kPeek));
    return old == 0;""", """    } while (false);
    shared_word_.store(wanted, std::memory_order_release);
    return old == 0;""")], REMOTE, quick=True),
    Mutant("drain-load-store", [(QUEUE, """    const std::uint64_t word = shared_word_.exchange(0, RemoteOrders::kDrain);""",
                                 """    const std::uint64_t word = shared_word_.load(std::memory_order_acquire);
    shared_word_.store(0, std::memory_order_release);""")], REMOTE, quick=True),
    Mutant("pend-load-store", [(SLAB, """  do {
    slab.pending_next = head;
  } while (!shared_head_.compare_exchange_weak(head, &slab, RemoteOrders::kPend,
                                               RemoteOrders::kPeek));""",
                                """  slab.pending_next = head;
  shared_head_.store(&slab, RemoteOrders::kPend);""")], ["remote_free3", "peers", "mixed"]),
    Mutant("pend-always", [(OWNERSHIP, "  if (!slab.shared_remote.push(chain)) return;",
                            "  slab.shared_remote.push(chain);")], REMOTE),
    Mutant("pend-never", [(OWNERSHIP, "  if (!slab.shared_remote.push(chain)) return;",
                           "  if (slab.shared_remote.push(chain)) return;")], REMOTE, quick=True),
    Mutant("drain-loses-last", [("src/superslab/slab.cc", "  free = chain.first;",
                                 "  free = next_of(chain.first);")], REMOTE, quick=True),
    Mutant("drain-reads-late", [(OWNERSHIP, """      settle(domain, heap, *slab);
    }
    slab = following;""", """      settle(domain, heap, *slab);
    }
    slab = slab->pending_next;"""),
                                (OWNERSHIP, "    Slab* const following = slab->pending_next;\n", "")],
           REMOTE),
    Mutant("drain-after-pop", [(REFILL, """  drain_class(domain, heap, c);
  if (bin != &domain.sentinel) {
    if (SlabBase block = take_from(heap, *bin)) return block;""",
                                """  if (bin != &domain.sentinel) {
    if (SlabBase block = take_from(heap, *bin)) return drain_class(domain, heap, c), block;""")],
           REMOTE, survives="late but sound here: a drain takes the queue whole, never one block"),
    Mutant("used-not-counted", [(SLAB, "      ++used;\n", "")], REMOTE, quick=True),
    Mutant("bias-forgotten", [(REFILL, "  ++slab.used;  // bias: an active slab never looks empty\n",
                               "")], REMOTE, quick=True),
    Mutant("adopt-unlocked", [(REGISTRY, """Heap* HeapRegistry::try_acquire_abandoned() noexcept {
  LockScope scope(lock_);""", "Heap* HeapRegistry::try_acquire_abandoned() noexcept {")], ADOPT),
    Mutant("acquire-unlocked", [(REGISTRY, """MetaArena& meta) noexcept {
  LockScope scope(lock_);""", "MetaArena& meta) noexcept {")], ["thread_exit", "start"], quick=True),
    Mutant("leave-unlocked", [(REGISTRY, """void HeapRegistry::leave(Heap& heap) noexcept {
  LockScope scope(lock_);""", "void HeapRegistry::leave(Heap& heap) noexcept {")], ADOPT),
    Mutant("adopt-no-drain", [(OWNERSHIP, "  drain_all(domain, *left);\n", "")], ADOPT),
    Mutant("adopt-keeps-owner", [(OWNERSHIP, """      slab.shared_owner.store(&heap, SlabOrders::kOwnerChange);
      slab.state""", "      slab.state")], ADOPT),
    Mutant("adopt-keeps-tag", [(OWNERSHIP, """      set_tag(domain, slab, OwnerTag::None);
      if (!slab""", "      if (!slab")], ADOPT),
    Mutant("forward-forgotten", [(OWNERSHIP, """      owner->shared_pending[index_of(slab->class_index)].push(*slab);
    } else {""", "    } else {")], ADOPT),
    Mutant("forward-drained", [(OWNERSHIP, "    if (owner != &heap) {", "    if (owner == nullptr) {")],
           ADOPT),
    Mutant("leave-before-shed", [("src/gate/thread_lifecycle.cc", "  Heap& heap = *thread.heap;\n"
                                  "  if (&heap == &domain.slabs.no_heap) return;\n  {",
                                  "  Heap& heap = *thread.heap;\n"
                                  "  if (&heap == &domain.slabs.no_heap) return;\n"
                                  "  domain.slabs.registry.leave(heap);\n  {"),
                                 ("src/gate/thread_lifecycle.cc", "  domain.slabs.registry.leave(heap);\n}",
                                  "}")], ["thread_exit", "adoption"], quick=True),
    Mutant("expand-race", [(POOL, """MetaArena& meta) noexcept {
  LockScope scope(lock_);""", "MetaArena& meta) noexcept {")], ["shared_pool", "mixed"], quick=True),
    Mutant("release-unlocked", [(POOL, """  LockScope scope(lock_);
  hooks::on_superslab_unmap""", "  hooks::on_superslab_unmap")], ["shared_pool", "mixed"]),
    Mutant("unregistered-unit", [(REFILL, "  domain.map.store(slab.data, slab.span_slabs, "
                                  "MapEntry::of_slab(slab, heap.tag));\n", "")], ["remote_free"],
           quick=True),
    Mutant("init-window", [(DOMAIN, "if (shared_init_.load(InitOrders::kLook) == kReady)",
                            "if (shared_init_.load(InitOrders::kLook) != kUntouched)")], ["start"],
           quick=True),
    Mutant("init-twice", [("src/gate/domain.cc", """    if (shared_init_.compare_exchange_strong(seen, kRunning, InitOrders::kClaim,
                                             InitOrders::kClaimFailed)) {""",
                           """    seen = shared_init_.load(InitOrders::kLook);
    if (seen == kUntouched) {""")], ["start"], quick=True),
    Mutant("unlock-wakes-nobody", [(LOCK, "      os::wake_one(futex_word());", "")],
           ["thread_exit", "start", "shared_pool"]),
    Mutant("lock-sleeps-held", [(LOCK, "    while (shared_word_.exchange(kContended, LockOrders::kTake) "
                                 "!= kFree) {", "    while (shared_word_.exchange(kHeld, "
                                 "LockOrders::kTake) != kFree) {")],
           ["thread_exit", "start", "shared_pool"]),
    Mutant("meta-unlocked", [("src/os/meta_arena.h", """    const std::size_t need = round_up(bytes, kAlignBytes);
    LockScope scope(lock_);""", "    const std::size_t need = round_up(bytes, kAlignBytes);")],
           ["thread_exit", "large", "mixed"]),
    Mutant("space-unlocked", [("src/os/address_space.h", "    LockScope scope(lock_);\n    std::byte* "
                               "begin = aligned_cursor(align);",
                               "    std::byte* begin = aligned_cursor(align);")], ["mixed", "large"]),
]
