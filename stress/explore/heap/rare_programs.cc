// Programs about what happens seldom: fork(), lookups of addresses that nobody was handed, a system
// that refuses memory, big runs that grow and shrink, purges; and a broken one, as a canary.
#include "explore/heap/program_maker.h"

namespace explore_heap {

namespace {

constexpr Mix kForker{.allocate = 4, .free = 2, .send = 3, .receive = 2, .fork = 2};
constexpr Mix kBusy{.allocate = 4, .free = 3, .send = 3, .receive = 3, .exit = 1};
constexpr Mix kRuns{.allocate = 3, .free = 2, .send = 1, .receive = 1, .purge = 1, .resize = 4,
                    .aligned = 1};
constexpr Mix kSwept{.allocate = 5, .free = 5, .send = 2, .receive = 2, .exit = 1, .purge = 1,
                     .resize = 2};
constexpr Mix kPurger{.allocate = 4, .free = 4, .send = 1, .receive = 1, .purge = 3};

/// Threads at work while one of them forks: as the parent sees it, or the child.
Program fork_handlers(std::uint64_t seed) {
  Random random(seed);
  Program program;
  program.attached = random.below(4) != 0;
  const std::vector<std::uint32_t> sizes =
      random.below(3) == 0 ? std::vector<std::uint32_t>{kSmall, kLarge, kOther}
                           : std::vector<std::uint32_t>{kSmall, kOther, kWide};
  program.threads.push_back(make_thread(random, 5, kForker, sizes, 4, 1 + random.below(2)));
  if (random.below(2) == 0) {
    program.threads[0].push_back({.kind = OpKind::Child});
    for (const Op& op : make_thread(random, 4, kPurger, sizes, 4)) {
      program.threads[0].push_back(op);
    }
  }
  const unsigned others = 1 + random.below(2);
  for (unsigned i = 0; i < others; ++i) {
    program.threads.push_back(make_thread(random, 6, kBusy, sizes, 4, 1));
  }
  return program;
}

/// One thread makes blocks and tells their addresses; another looks them up without being handed
/// them. The blocks stay until all threads have ended.
Program rumour(std::uint64_t seed) {
  Random random(seed);
  Program program;
  program.shared_slots = true;
  program.system.scarce = random.below(2) == 0;
  program.system.refuses_big_maps = program.system.scarce && random.below(2) == 0;
  program.attached = random.below(2) == 0;
  std::uint8_t slot = 0;
  std::vector<Op> teller, listener;
  const unsigned blocks = 1 + random.below(3);
  for (unsigned i = 0; i < blocks; ++i, ++slot) {
    const std::uint32_t size = random.below(2) == 0 ? kLarge : random.below(2) == 0 ? kOther
                                                                                   : kSmall;
    teller.push_back({.kind = OpKind::Allocate, .slot = slot, .size = size});
    teller.push_back({.kind = OpKind::Tell, .slot = slot, .turn = 1});
  }
  if (random.below(2) == 0) {
    listener.push_back({.kind = OpKind::Allocate, .slot = slot, .size = kSmall});
  }
  for (unsigned i = 0; i < 2 + random.below(2); ++i) listener.push_back({.kind = OpKind::Ask});
  program.threads = {teller, listener};
  return program;
}

/// A heap is adopted by one that was made after its blocks were handed out: who frees them knows
/// nothing of the adopter, or runs on the very heap that was left. Slots 8 and 9 order the first
/// two threads: the second has used up its SuperSlab, the first has left, the second wants more.
Program newcomer(std::uint64_t seed) {
  Random random(seed);
  Program program;
  program.shared_slots = true;
  program.attached = false;
  constexpr std::uint8_t kFilled = 8, kLeft = 9;
  std::vector<Op> leaver, heir, last;
  // Four fill the slab: nothing but the adoption's own store takes the leaver's tag from it.
  const std::uint8_t blocks = random.below(4) == 0 ? 2 : 4;
  for (std::uint8_t slot = 0; slot < blocks; ++slot) {
    leaver.push_back({.kind = OpKind::Allocate, .slot = slot, .size = kSmall});
  }
  leaver.push_back({.slot = kFilled, .turn = 1});
  leaver.push_back({.kind = OpKind::Exit});
  leaver.push_back({.slot = kLeft});
  std::uint8_t slot = kLeft + 1;
  for (const std::uint32_t size : {kOther, 160u, 200u, 250u}) {
    heir.push_back({.kind = OpKind::Allocate, .slot = slot++, .size = size});
  }
  heir.push_back({.slot = kFilled});
  heir.push_back({.slot = kLeft, .turn = 1});
  heir.push_back({.kind = OpKind::Allocate, .slot = slot++, .size = 300});
  heir.push_back({.kind = OpKind::Allocate, .slot = slot++, .size = kSmall});
  if (random.below(2) == 0) {
    last.push_back({.kind = OpKind::Allocate, .slot = slot++, .size = kOther});
  }
  for (std::uint8_t i = 0; i < blocks; ++i) {
    last.push_back({.kind = OpKind::Free, .slot = i, .turn = 1});
  }
  program.threads = {leaver, heir, last};
  return program;
}

/// First use by several threads while the system refuses the first few mappings.
Program refused(std::uint64_t seed) {
  Random random(seed);
  Program program;
  program.initialised = false;
  program.attached = false;
  program.may_fail = true;
  program.system.refusals = 1 + random.below(7);
  const unsigned threads = 2 + random.below(2);
  for (unsigned i = 0; i < threads; ++i) {
    const std::vector<std::uint32_t> sizes{kSmall, random.below(2) == 0 ? kLarge : kOther};
    program.threads.push_back(make_thread(random, 3, Mix{.allocate = 3, .free = 1}, sizes, 4, 1));
  }
  return program;
}

/// Large blocks that grow and shrink in place, move, are cut from and joined to their neighbours.
Program runs(std::uint64_t seed) {
  Random random(seed);
  Program program;
  const unsigned threads = 2 + random.below(2);
  for (unsigned i = 0; i < threads; ++i) {
    program.threads.push_back(make_thread(
        random, 6, kRuns, {kLarge, 2 * kLarge, 3 * kLarge, kLarge + 70000, kSmall}, 3, 1));
  }
  return program;
}

/// Empty slabs and runs are given back while others take them.
Program purge(std::uint64_t seed) {
  Random random(seed);
  Program program;
  program.system.scarce = random.below(2) == 0;
  program.initialised = !program.system.scarce;
  program.attached = !program.system.scarce;
  const unsigned threads = 2 + random.below(2);
  for (unsigned i = 0; i < threads; ++i) {
    program.threads.push_back(make_thread(random, 7, kPurger, {kSmall, kWide, 160, kLarge}, 4, 1));
    if (random.below(2) == 0) program.threads[i].push_back({.kind = OpKind::Exit});
  }
  return program;
}

/// Every block is looked at while others allocate, free, resize and hand over blocks, leave their
/// heaps, and give memory back. At level 0 there is nothing to look at.
Program sweep(std::uint64_t seed) {
  Random random(seed);
  Program program;
  program.attached = random.below(4) != 0;
  program.system.scarce = random.below(4) == 0;
  const std::vector<std::uint32_t> sizes =
      random.below(3) == 0 ? std::vector<std::uint32_t>{kSmall, kLarge, 2 * kLarge}
                           : std::vector<std::uint32_t>{kSmall, kOther, kWide};
  std::vector<Op> sweeper{{.kind = OpKind::Allocate, .size = kSmall}};
  if (random.below(2) == 0) {
    program.check_every = 1 + random.below(3);
    for (const Op& op : make_thread(random, 3, kSwept, sizes, 3)) sweeper.push_back(op);
  } else {
    const unsigned sweeps = 1 + random.below(2);
    for (unsigned i = 0; i < sweeps; ++i) {
      const bool dies = random.below(4) == 0;
      sweeper.push_back({.kind = dies ? OpKind::LastSweep : OpKind::Sweep});
    }
  }
  program.threads.push_back(sweeper);
  const unsigned others = 1 + random.below(2);
  for (unsigned i = 0; i < others; ++i) {
    program.threads.push_back(make_thread(random, 6, kSwept, sizes, 4, random.below(3)));
  }
  return program;
}

/// A block is handed over without ordering: the program's own bug, which must be found.
Program planted(std::uint64_t seed) {
  Random random(seed);
  Program program;
  program.careless = true;
  program.threads.push_back(make_thread(random, 2, Mix{.allocate = 1}, {kSmall}, 2));
  for (std::uint8_t i = 0; i < 2; ++i) {
    program.threads[0].push_back({.kind = OpKind::Send, .slot = i});
  }
  program.threads.push_back({{.kind = OpKind::Receive}, {.kind = OpKind::Receive, .slot = 1}});
  return program;
}

}  // namespace

std::vector<Family> rare_families() {
  return {
      {"fork", "fork() among working threads, as the parent and the child see it", fork_handlers},
      {"rumour", "lookups of addresses that nobody was handed", rumour},
      {"newcomer", "a heap is adopted by one that who frees its blocks knows nothing of", newcomer},
      {"refused", "first use while the system refuses memory", refused},
      {"runs", "large blocks that grow, shrink and move", runs},
      {"purge", "memory is given back while others take it", purge},
      {"sweep", "every block is looked at while others work; at level 4", sweep},
      {"planted", "a broken program, to see that something is found; not part of all", planted,
       true},
  };
}

}  // namespace explore_heap
