// Protocols that no program of the heap goes through: reports, trace rings as a report reads them,
// the sweeper's end, page mode's table, the key of thread exits, the unwinder that is loaded. The
// sources are those of the library, in this one unit, so that a mutant of them is compiled here.
// Called by units_main.cc. Invariant: a body leaves nothing behind that is not set back.
#include "explore/units/subjects.h"

#include <pthread.h>

#include <new>

#include "explore/explorer.h"
#include "explore/heap/arena.h"

// What loads and walks is not explored, only what threads tell each other of it.
#define dlopen unit_dlopen
#define dlsym unit_dlsym
#define _Unwind_Backtrace unit_backtrace
#include "ptr_trace/unwinders_linux.cc"
#undef dlopen
#undef dlsym
#undef _Unwind_Backtrace

// The C library's own writes are seen by nobody: who wants a key writes it down here.
static int unit_key_create(pthread_key_t* key, void (*at_exit)(void*)) noexcept {
  pthread_key_t made;
  const int error = pthread_key_create(&made, at_exit);
  *key = made;
  return error;
}
#define pthread_key_create unit_key_create
#include "api/process.cc"
#undef pthread_key_create
#include "gate/domain.h"
#include "integrity/reporter.cc"
#include "page_mode/page_extents.cc"
#include "page_mode/page_tier.cc"
#include "ptr_trace/trace_ring.cc"

namespace {

int library_data = 0;  // what the loader wrote before the library could be called

int trace_of_library(void**, int) { return library_data; }

}  // namespace

extern "C" {
void* unit_dlopen(const char*, int) noexcept {
  library_data = 2;
  return &library_data;
}
void* unit_dlsym(void*, const char*) noexcept {
  return reinterpret_cast<void*>(trace_of_library);
}
_Unwind_Reason_Code unit_backtrace(_Unwind_Trace_Fn, void*) { return _URC_END_OF_STACK; }
}

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

void detach_thread(Domain&, ThreadState&) noexcept {}
void release_slow(Domain&, ThreadState&, WildPtr) noexcept {}
void retire_empty(SlabDomain&, Heap&, Slab&) noexcept {}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE

namespace units {

namespace {

using namespace hakmem;

/// An address told this way comes without anything that was written before.
constexpr std::memory_order kRumour = std::memory_order_relaxed;

// Reports: the finding is one, and whoever reports has it for itself.

unsigned finding_so_far = 0;

void report_something(void*) {
  explore::check(take_reporter(), "a thread that reports nothing was told it does");
  explore::check(is_reporter() && !take_reporter(), "who reports does not know it");
  ++finding_so_far;
  give_reporter();
}

void reports(void*) {
  for (int i = 0; i < 2; ++i) explore::spawn(report_something, nullptr);
  wait_for_reports();
  report_something(nullptr);
  explore::join_all();
  explore::check(finding_so_far == 3, "two threads reported at once");
}

// Rings: each event's words say the same thing, so that a mixture of two is seen.

constexpr std::uint64_t kRingEvents = 2, kWritten = 3;
constexpr unsigned kAddressShift = 4;

void write_ring(void* rings) {
  TraceRing* const ring = static_cast<TraceRings*>(rings)->add();
  explore::check(ring != nullptr, "no ring was made");
  for (std::uint64_t i = 1; i <= kWritten; ++i) {
    ring->begin_operation(1, i, i);
    ring->record(TraceKind::Alloc, i << kAddressShift, i);
  }
}

void read_rings(void* argument) {
  const TraceRings& rings = *static_cast<TraceRings*>(argument);
  for (const TraceRing* ring = rings.newest(); ring != nullptr; ring = ring->next()) {
    explore::check(ring->capacity() == kRingEvents, "a ring was seen before it was made");
    std::uint64_t before = 0;
    ring->for_each([&](const TraceEvent& event) {
      const bool agrees = event.kind() == TraceKind::Alloc && event.operation() == event.detail &&
                          event.address() == event.detail << kAddressShift;
      explore::check(agrees, "an event was read that nobody wrote");
      explore::check(event.operation() > before, "events came back out of order");
      before = event.operation();
    });
  }
}

void trace_rings(void*) {
  explore_heap::reset_arena();
  TraceRings rings;
  rings.set_capacity(kRingEvents);
  explore::spawn(write_ring, &rings);
  explore::spawn(write_ring, &rings);
  explore::spawn(read_rings, &rings);
  read_rings(&rings);
  explore::join_all();
  int count = 0;
  for (const TraceRing* ring = rings.newest(); ring != nullptr; ring = ring->next()) ++count;
  explore::check(count == 2, "a ring is not on the list");
}

// The end of a sweep: what it found counts for who waited for it.

struct Sweeps {
  SweepLog log;
  std::atomic<unsigned> shared_found{0};
  int plain = 0;
};

void sweep_and_find(void* argument) {
  Sweeps& sweeps = *static_cast<Sweeps*>(argument);
  constexpr int kThread = 7;
  if (!sweeps.log.try_become_sweeper(kThread)) return;
  ++sweeps.plain;
  sweeps.shared_found.store(1, kRumour);
  sweeps.log.stop_sweeping();
}

void sweep_end(void*) {
  Sweeps sweeps;
  explore::spawn(sweep_and_find, &sweeps);
  explore::spawn(sweep_and_find, &sweeps);
  if (sweeps.log.sweeper() != 0) {
    while (sweeps.log.sweeper() != 0) {
    }
    explore::check(sweeps.shared_found.load(kRumour) != 0, "a sweep ended before it counted");
  }
  explore::join_all();
}

// Page mode: who looks an address up that was merely heard of.

struct Pages {
  MetaArena meta;
  PageTier tier{meta};
  std::atomic<Address> shared_rumour{0};
};

void make_page_block(void* argument) {
  Pages& pages = *static_cast<Pages*>(argument);
  constexpr std::size_t kBytes = 100;
  PageBlock* const block = pages.tier.allocate(kBytes, 0);
  explore::check(block != nullptr, "page mode declined");
  pages.shared_rumour.store(reinterpret_cast<Address>(block->user), kRumour);
}

void look_up_page(void* argument) {
  Pages& pages = *static_cast<Pages*>(argument);
  const Address heard = pages.shared_rumour.load(kRumour);
  if (heard == 0) return;
  const PageBlock* const block = pages.tier.find(heard);
  if (block == nullptr) return;
  explore::check(block->reaches(heard), "a page's entry leads to another block");
}

void page_table(void*) {
  explore_heap::reset_arena();
  Pages pages;
  constexpr std::size_t kSpaceBytes = 4 * kMiB, kBlocks = 16;
  const PageLimits limits{.side = PageSide::After, .space_bytes = kSpaceBytes,
                          .blocks_max = kBlocks};
  explore::check(pages.tier.enable(limits), "page mode is off");
  explore::spawn(make_page_block, &pages);
  explore::spawn(make_page_block, &pages);
  look_up_page(&pages);
  look_up_page(&pages);
  explore::join_all();
  explore::check(pages.tier.verify(), "the page tier disagrees with itself at the end");
}

// Thread exits: the key is made once, and nobody uses it before.

void attach(void*) {
  ThreadState state(process_domain);
  thread_attached(process_domain, state);
  explore::check(pthread_getspecific(exit_key) == &state, "a thread's exit will not be seen");
  pthread_setspecific(exit_key, nullptr);
}

void exit_key_made(void*) {
  explore::spawn(attach, nullptr);
  explore::spawn(attach, nullptr);
  attach(nullptr);
  explore::join_all();
}

// The unwinder that is loaded while threads run already.

void unwind_while_loading(void*) {
  Address pcs[2];
  const std::uint32_t count = unwind_cached(pcs, 2);
  explore::check(count == 0 || count == 2, "an unwinder was called before it was loaded");
}

void load_unwinder(void*) { load_unwinders(); }

void unwinder(void*) {
  explore::spawn(load_unwinder, nullptr);
  explore::spawn(unwind_while_loading, nullptr);
  unwind_while_loading(nullptr);
  stop_cached_unwinder();
  explore::join_all();
}

}  // namespace

const std::vector<Subject>& subjects() {
  static const std::vector<Subject> kSubjects{
      {"reports", reports},       {"trace_rings", trace_rings}, {"sweep_end", sweep_end},
      {"page_table", page_table}, {"exit_key", exit_key_made},  {"unwinder", unwinder},
  };
  return kSubjects;
}

}  // namespace units
