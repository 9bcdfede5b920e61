// larson: threads replace random blocks of their array, then hand the array to a successor thread
// and exit (P. Larson, M. Krishnan: Memory Allocation for Long-Running Server Applications, 1998).
// Blocks thus outlive the thread that allocated them and are freed by another one: thread exit,
// adoption and remote frees all the time. The amount of work is fixed, not the time.
#include <pthread.h>
#include <semaphore.h>

#include <array>

#include "bench/workload/block.h"
#include "bench/workload/mode.h"
#include "bench/workload/prng.h"

namespace hakmem::bench {
namespace {

struct Plan {
  SizeRange sizes;
  std::size_t blocks;          // of one lineage
  std::uint64_t replacements;  // of one thread's life
  std::uint64_t lives;         // threads of one lineage, one after the other
  std::uint64_t seed;
};

/// One chain of threads that own one array after the other. Only the living thread touches it:
/// pthread_create orders predecessor before successor.
struct Lineage {
  const Plan* plan;
  Slot* slots;
  sem_t* finished;  // posted once, by the last of the chain
  Prng prng;
  std::uint64_t life;         // 0-based number of the living thread
  unsigned long predecessor;  // to be joined; 0 for the first
  unsigned long self;         // valid for the thread of number `life` once `finished` is posted
};

void replace_random_blocks(Lineage& lineage) {
  const Plan& plan = *lineage.plan;
  for (std::uint64_t i = 0; i < plan.replacements; ++i) {
    const auto [index, bytes] =
        draw_slot_and_size(lineage.prng, plan.blocks, plan.sizes.min_bytes, plan.sizes.max_bytes);
    free_slot(lineage.slots[index]);
    fill_slot(lineage.slots[index], bytes);
  }
}

void* live_once(void* argument) {
  Lineage& lineage = *static_cast<Lineage*>(argument);
  const unsigned long predecessor = lineage.predecessor;
  replace_random_blocks(lineage);
  // Joined late: the predecessor's exit overlaps with the work of its successor, as in a server.
  if (predecessor != 0) join_thread(predecessor);
  lineage.predecessor = pthread_self();
  if (++lineage.life < lineage.plan->lives) {
    start_thread(live_once, &lineage);
  } else {
    lineage.self = pthread_self();
    sem_post(lineage.finished);
  }
  return nullptr;
}

void fill_all(PageArray<Slot>& slots, const Plan& plan) {
  Prng prng(splitmix64(plan.seed));
  const std::uint64_t span = plan.sizes.max_bytes - plan.sizes.min_bytes + 1;
  for (Slot& slot : slots) fill_slot(slot, plan.sizes.min_bytes + prng.below(span));
}

Measurement run_larson(const Arguments& arguments) {
  const unsigned threads = thread_count(arguments);
  const Plan plan{size_range(arguments), arguments.number("blocks", 1, kLiveMax),
                  arguments.number("replacements", 1, kOpsMax),
                  arguments.number("lives", 1, kOpsMax), arguments.number("seed", 0, kSeedMax)};
  PageArray<Slot> slots(plan.blocks * threads);
  fill_all(slots, plan);
  PageArray<Lineage> lineages(threads);
  sem_t finished;
  sem_init(&finished, 0, 0);
  const Stopwatch watch;
  for (unsigned i = 0; i < threads; ++i) {
    lineages[i] = {&plan, &slots[i * plan.blocks], &finished, Prng(plan.seed + i), 0, 0, 0};
    start_thread(live_once, &lineages[i]);
  }
  for (unsigned i = 0; i < threads; ++i) {
    while (sem_wait(&finished) != 0) {
    }
  }
  const Measurement measured = watch.stop(plan.replacements * plan.lives * threads);
  for (const Lineage& lineage : lineages) join_thread(lineage.self);
  sem_destroy(&finished);
  for (Slot& slot : slots) free_slot(slot);
  return measured;
}

constexpr std::array kParameters{
    Parameter{"threads", "4", "threads alive at a time"},
    Parameter{"blocks", "1000", "blocks of one thread"},
    Parameter{"min", "8", "smallest request, bytes"},
    Parameter{"max", "1000", "largest request, bytes"},
    Parameter{"replacements", "10000", "replacements in a thread's life"},
    Parameter{"lives", "50", "threads that own one array one after the other"},
    Parameter{"seed", "42", "seed of sizes and slots"},
};
constexpr std::array kModes{
    Mode{"larson", "arrays of blocks handed from thread to thread", kParameters, run_larson},
};

}  // namespace

std::span<const Mode> larson_modes() { return kModes; }

}  // namespace hakmem::bench
