#include "explore/heap/workload.h"

#include <new>

#include "explore/heap/worker.h"
#include "gate/failure.h"
#include "gate/resting.h"
#include "gate/thread_lifecycle.h"
#include "superslab/ownership.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

void thread_attached(Domain&, ThreadState&) noexcept {}
void* note_failure(FailureReason) noexcept { return nullptr; }

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE

namespace explore_heap {

namespace {

using hakmem::HeapState;
using hakmem::Slab;
using hakmem::SlabDefect;
using hakmem::SuperSlab;

/// Blocks that the slabs of all heaps count as live.
std::size_t counted_blocks(Domain& domain) {
  std::size_t count = 0;
  domain.slabs.registry.for_each([&](Heap& heap) {
    if (heap.state == HeapState::Orphaned) return;  // nobody may use it any more
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
      if (heap.state == HeapState::Orphaned) return;
      for (std::size_t c = 1; (c = next_pending(heap, c)) < hakmem::kClassCount; ++c) {
        hakmem::drain_class(domain.slabs, heap, static_cast<hakmem::ClassIndex>(c));
      }
    });
  }
}

void audit_all(Domain& domain, std::size_t lost_max) {
  const explore::Silence silence;  // it changes nothing
  domain.slabs.registry.for_each([](const Heap& heap) {
    if (heap.state == HeapState::Orphaned) return;
    explore::check(hakmem::verify_heap(heap) == SlabDefect::None,
                   "a heap disagrees with itself at the end");
  });
  explore::check(domain.slabs.pool.verify(), "the shared pool disagrees with itself at the end");
  explore::check(domain.large.verify(), "the large tier disagrees with itself at the end");
  explore::check(counted_blocks(domain) <= lost_max, "blocks were freed and never came back");
}

/// What the threads that a fork() left behind held is freed by the child; their heaps' counts are
/// brought in line as adoption does it.
void finish_child(Domain& domain, Worker& last) {
  while (void* block = oracle::any_live()) last.release(block);
  domain.slabs.registry.for_each([](Heap& heap) {
    if (heap.counts_need_repair && heap.state != HeapState::Orphaned) hakmem::repair_counts(heap);
  });
}

/// Small enough that blocks leave it, and the ring wraps, within one program. (Templates, because
/// `if constexpr` leaves the other branch out in templates alone.)
template <class DomainT>
void configure_checks(DomainT& domain, unsigned check_every) {
  if constexpr (hakmem::kRecordLayout) {
    constexpr std::size_t kResting = 2, kRestingBytes = 16 * hakmem::kKiB, kEvents = 8;
    domain.checks.quarantine = {.blocks = kResting, .bytes = kRestingBytes};
    domain.checks.stack_method = hakmem::StackMethod::Caller;
    domain.checks.rings.set_capacity(kEvents);
    domain.checks.check_every = check_every;
  }
}

/// Blocks that rest after their free go back to their slabs.
template <class DomainT>
void end_all_rest(DomainT& domain) {
  if constexpr (hakmem::kRecordLayout) {
    for (ThreadState& thread : g_world->threads) {
      const bool vanished = g_world->is_child && &thread != g_world->survivor &&
                            &thread != &g_world->threads[kWorkersMax];
      if (!vanished) hakmem::let_rest_go(domain, thread, {});
    }
  }
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
  configure_checks(g_world->domain, program.check_every);
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
  Worker last(g_world->threads[kWorkersMax]);
  for (std::atomic<void*>& mailbox : g_world->mailbox) {
    void* block = mailbox.exchange(nullptr, MailboxOrders::kTake);
    last.release(block);
  }
  for (void*& slot : g_world->slots) last.release(slot);
  if (g_world->is_child) finish_child(domain, last);
  end_all_rest(domain);
  drain_everything(domain);
  // A thread that a fork() cut off may have been between the heap and the program with one block,
  // and with another that left its quarantine for it.
  constexpr std::size_t kLostMax = hakmem::kRecordLayout ? 2 : 1;
  audit_all(domain, g_world->gone * kLostMax);
  explore::check(oracle::live_count() == 0, "the program itself has lost a block");
}

}  // namespace explore_heap
