#include "explore/heap/workload.h"

#include <atomic>
#include <new>

#include "explore/explorer.h"
#include "explore/heap/oracle.h"
#include "explore/runtime/silence.h"
#include "gate/failure.h"
#include "gate/gate.h"
#include "superslab/ownership.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

void thread_attached(Domain&, ThreadState&) noexcept {}
void* note_failure(FailureReason) noexcept { return nullptr; }

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE

namespace explore_heap {

namespace {

using hakmem::Domain;
using hakmem::Heap;
using hakmem::Slab;
using hakmem::SlabDefect;
using hakmem::SuperSlab;
using hakmem::ThreadState;

/// How a correct program hands a block to another thread.
struct MailboxOrders {
  static constexpr std::memory_order kPut = std::memory_order_release;
  static constexpr std::memory_order kTake = std::memory_order_acquire;
  static constexpr std::memory_order kFailed = std::memory_order_relaxed;
};

/// Everything that a schedule changes; in the arena, so that it is set back afterwards.
struct World {
  Domain domain;
  ThreadState threads[kWorkersMax + 1]{ThreadState(domain), ThreadState(domain),
                                       ThreadState(domain), ThreadState(domain),
                                       ThreadState(domain)};
  std::atomic<void*> mailbox[kMailboxes]{};
};

World* g_world = nullptr;
const Program* g_program = nullptr;

std::uint64_t* first_word(void* block) { return static_cast<std::uint64_t*>(block); }
std::uint64_t* last_word(void* block, std::size_t bytes) {
  return first_word(block) + bytes / sizeof(std::uint64_t) - 1;
}

/// What one worker holds.
class Worker {
 public:
  explicit Worker(ThreadState& thread) : thread_(thread) {}

  void run(const std::vector<Op>& ops) {
    for (const Op& op : ops) {
      if (step(op)) audit();
    }
    for (void*& block : held_) release(block);
  }

 private:
  /// True when the operation could change the thread's heap.
  bool step(const Op& op) {
    void*& slot = held_[op.slot];
    const bool was_empty = slot == nullptr;
    switch (op.kind) {
      case OpKind::Allocate:
        if (was_empty) allocate(slot, op.size);
        return was_empty;
      case OpKind::Free: release(slot); return !was_empty;
      case OpKind::Send: send(slot, g_world->mailbox[op.slot % kMailboxes]); return false;
      case OpKind::Receive:
        for (std::atomic<void*>& mailbox : g_world->mailbox) receive(slot, mailbox);
        return false;
      case OpKind::Check: check(slot); return false;
      case OpKind::Exit: hakmem::detach_thread(g_world->domain, thread_); return true;
      case OpKind::Purge: g_world->domain.purge_caches(); return true;
    }
    return false;
  }

  void allocate(void*& slot, std::size_t bytes) {
    void* const block = hakmem::front::allocate(g_world->domain, thread_, bytes,
                                                hakmem::AllocKind::Malloc);
    explore::check(block != nullptr, "an allocation failed");
    oracle::acquired(block, bytes);
    *first_word(block) = *last_word(block, bytes) = oracle::stamp_of(block);
    slot = block;
  }

  static void check(void* block) {
    if (block == nullptr) return;
    const std::uint64_t stamp = oracle::stamp_of(block);
    explore::check(*first_word(block) == stamp, "a live block's first word has changed");
    explore::check(*last_word(block, oracle::bytes_of(block)) == stamp,
                   "a live block's last word has changed");
  }

  void release(void*& slot) {
    void* const block = slot;
    if (block == nullptr) return;
    slot = nullptr;
    check(block);
    oracle::released(block);
    hakmem::front::release(g_world->domain, thread_, hakmem::wild(block),
                           hakmem::AllocKind::Malloc,
                           hakmem::ColdRelease{g_world->domain, thread_});
  }

  static void send(void*& slot, std::atomic<void*>& mailbox) {
    void* nobody = nullptr;
    if (slot == nullptr) return;
    if (mailbox.compare_exchange_strong(nobody, slot, MailboxOrders::kPut,
                                        MailboxOrders::kFailed)) {
      slot = nullptr;
    }
  }

  static void receive(void*& slot, std::atomic<void*>& mailbox) {
    if (slot == nullptr) slot = mailbox.exchange(nullptr, MailboxOrders::kTake);
  }

  /// The heap's own equations, after each operation of its owner.
  void audit() {
    const explore::Silence silence;
    if (!hakmem::has_heap(g_world->domain, thread_)) return;
    const SlabDefect defect = hakmem::verify_heap(*thread_.heap);
    if (defect == SlabDefect::None) return;
    explore::fail("broken-heap", "a heap disagrees with itself after an operation of its owner");
  }

  ThreadState& thread_;
  void* held_[kSlots] = {};
};

/// Blocks that the slabs of all heaps count as live.
std::size_t counted_blocks(Domain& domain) {
  std::size_t count = 0;
  domain.slabs.registry.for_each([&](Heap& heap) {
    for (const SuperSlab* s = heap.superslabs; s != nullptr; s = s->next_in_heap) {
      for (std::size_t unit = 0; unit < SuperSlab::kSlabs / s->span_slabs(); ++unit) {
        const Slab& slab = s->slabs[unit * s->span_slabs()];
        if (slab.state != hakmem::SlabState::Free) count += slab.live_count();
      }
    }
  });
  return count;
}

/// The first class from `c` on with news of remote frees; kClassCount when there is none.
std::size_t next_pending(const Heap& heap, std::size_t c) {
  const explore::Silence silence;
  while (c < hakmem::kClassCount && heap.shared_pending[c].seems_empty()) ++c;
  return c;
}

/// Takes in what was freed remotely; twice, because heaps forward what they get for others.
void drain_everything(Domain& domain) {
  for (int pass = 0; pass < 2; ++pass) {
    domain.slabs.registry.for_each([&](Heap& heap) {
      for (std::size_t c = 1; (c = next_pending(heap, c)) < hakmem::kClassCount; ++c) {
        hakmem::drain_class(domain.slabs, heap, static_cast<hakmem::ClassIndex>(c));
      }
    });
  }
}

void audit_all(Domain& domain) {
  const explore::Silence silence;  // it changes nothing
  domain.slabs.registry.for_each([](const Heap& heap) {
    explore::check(hakmem::verify_heap(heap) == SlabDefect::None,
                   "a heap disagrees with itself at the end");
  });
  explore::check(domain.slabs.pool.verify(), "the shared pool disagrees with itself at the end");
  explore::check(domain.large.verify(), "the large tier disagrees with itself at the end");
  explore::check(counted_blocks(domain) == 0, "blocks were freed and never came back");
}

void work(void* number) {
  const auto index = reinterpret_cast<std::uintptr_t>(number);
  Worker worker(g_world->threads[index]);
  worker.run(g_program->threads[index]);
}

}  // namespace

void prepare(const Program& program) {
  clear_arena();
  set_system(program.system);
  std::byte* const memory = hakmem::os::map(hakmem::round_up(sizeof(World), hakmem::kPageBytes),
                                            hakmem::os::Access::ReadWrite);
  g_world = ::new (memory) World;
  if (program.initialised) g_world->domain.ensure_initialised();
  if (program.attached) {
    for (std::size_t i = 0; i < program.threads.size(); ++i) {
      ThreadState& thread = g_world->threads[i];
      hakmem::attach_thread(g_world->domain, thread);
      constexpr std::size_t kWarmBytes = 32;
      if (!program.warm) continue;
      void* const block = hakmem::allocate(g_world->domain, thread, kWarmBytes);
      hakmem::release(g_world->domain, thread, hakmem::wild(block));
    }
  }
  freeze_arena();
}

void run_program(void* argument) {
  g_program = static_cast<const Program*>(argument);
  oracle::reset();
  reset_arena();
  for (std::size_t i = 0; i < g_program->threads.size(); ++i) {
    explore::spawn(work, reinterpret_cast<void*>(i));
  }
  explore::join_all();
  // Nobody else runs any more.
  Domain& domain = g_world->domain;
  ThreadState& last = g_world->threads[kWorkersMax];
  for (std::atomic<void*>& mailbox : g_world->mailbox) {
    void* const block = mailbox.exchange(nullptr, MailboxOrders::kTake);
    if (block == nullptr) continue;
    oracle::released(block);
    hakmem::release(domain, last, hakmem::wild(block));
  }
  drain_everything(domain);
  audit_all(domain);
  explore::check(oracle::live_count() == 0, "the program itself has lost a block");
}

}  // namespace explore_heap
