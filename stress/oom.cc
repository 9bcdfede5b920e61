// Allocates until NULL, frees all, and must get as much again: for each of several mixes of sizes,
// with one thread and with two. Started by run_oom.py under a limit of memory.
//   oom [--seed N] [--start]     --start: only allocate a little: does the limit allow that?
// Invariant: the blocks themselves carry the list of what is live, so the program needs nothing
// besides the allocator under test; content is compared before a block is freed.
#include "check.h"

#include <pthread.h>
#include <sys/resource.h>

#include <new>

namespace hakmem::stress {
namespace {

/// The head of every block; the rest is stamped at its start and its last byte.
struct Link {
  Link* next;
  std::size_t bytes;
  std::uint64_t key;
};

constexpr std::size_t kStampMax = 256;

struct Mix {
  const char* name;
  std::size_t (*bytes)(Rng& rng);
};

constexpr Mix kMixes[] = {
    {"mixed", [](Rng& rng) { return std::size_t{24} << rng.below(16); }},
    {"odd", [](Rng& rng) { return 24 + rng.below(1 + (std::size_t{1} << (6 + rng.below(16)))); }},
    {"small", [](Rng& rng) { return 500 + rng.below(500); }},
    {"pool", [](Rng& rng) { return 1025 + rng.below(64000); }},
    {"large", [](Rng& rng) { return (std::size_t{1} << 16) + rng.below(1 << 20); }},
    {"huge", [](Rng& rng) { return (std::size_t{33} << 20) + rng.below(1 << 20); }},
};

struct Pile {
  Link* first = nullptr;
  std::size_t blocks = 0;
  std::size_t bytes = 0;
};

void push(Pile& pile, void* block, std::size_t bytes, Rng& rng) {
  auto* link = static_cast<Link*>(block);
  *link = Link{pile.first, bytes, rng.next()};
  const std::size_t content = bytes - sizeof(Link);
  stamp(link + 1, content < kStampMax ? content : kStampMax, link->key);
  pile.first = link;
  ++pile.blocks;
  pile.bytes += bytes;
}

/// Allocates until NULL, at most `blocks_max` blocks; every refusal must say ENOMEM.
Pile allocate(const Mix& mix, std::uint64_t seed, std::size_t blocks_max) {
  Pile pile;
  Rng rng(seed);
  while (pile.blocks < blocks_max) {
    const std::size_t bytes = mix.bytes(rng);
    errno = 0;
    void* block = pile.blocks % 16 == 0 ? std::calloc(1, bytes) : std::malloc(bytes);
    if (block == nullptr) {
      if (errno != ENOMEM) die("FAIL %s: NULL with errno %d", mix.name, errno);
      break;
    }
    push(pile, block, bytes, rng);
  }
  return pile;
}

/// A refusal must leave a live block as it was.
void check_refused_realloc(const Mix& mix, Pile& pile) {
  if (pile.first == nullptr) return;
  Link* link = pile.first;
  const Link before = *link;
  if (void* moved = std::realloc(link, std::size_t{1} << 40)) {
    die("FAIL %s: realloc to 1 TiB returned %p", mix.name, moved);
  }
  if (errno != ENOMEM) die("FAIL %s: realloc failed with errno %d", mix.name, errno);
  if (link->next != before.next || link->bytes != before.bytes || link->key != before.key) {
    die("FAIL %s: realloc failed and changed the block", mix.name);
  }
}

void release(const Mix& mix, Pile& pile) {
  while (pile.first != nullptr) {
    Link* link = pile.first;
    pile.first = link->next;
    const std::size_t content = link->bytes - sizeof(Link);
    const std::size_t stamped = content < kStampMax ? content : kStampMax;
    if (first_damage(link + 1, stamped, link->key) != stamped) {
      die("FAIL %s: a block of %zu bytes changed", mix.name, link->bytes);
    }
    std::free(link);
  }
  pile = Pile{};
}

void check_new(const Mix& mix) {
  // What the C library would call from here on needs memory too: the C++ failure path included.
  if (void* block = ::operator new(opaque(std::size_t{1} << 40), std::nothrow)) {
    die("FAIL %s: 1 TiB at %p", mix.name, block);
  }
}

/// The least that the blocks of a mix must add up to under the limit in force: refusing everything
/// is no way to pass. Nothing is asked for when one block of the mix may not fit.
std::size_t least_bytes(const Mix& mix, std::size_t least_part) {
  rlimit space = {};
  rlimit data = {};
  getrlimit(RLIMIT_AS, &space);
  getrlimit(RLIMIT_DATA, &data);
  const std::size_t limit = space.rlim_cur < data.rlim_cur ? space.rlim_cur : data.rlim_cur;
  Rng rng(1);
  const std::size_t least = limit / least_part;
  return limit == RLIM_INFINITY || mix.bytes(rng) > least ? 0 : least;
}

/// Half of a pile of one block: all of it would not fit if the allocator had meanwhile taken a page
/// of its own.
void half_of_one(const Mix& mix, std::size_t bytes) {
  void* const block = std::malloc(bytes / 2);
  if (block == nullptr) {
    die("FAIL %s: NULL for %zu KiB; the first time there were %zu KiB, and all of it was freed",
        mix.name, bytes / 2048, bytes / 1024);
  }
  std::free(block);
}

/// One mix: exhaust, free, then half of it must be there again; three times.
void one_mix(const Mix& mix, std::uint64_t seed, std::size_t least_part) {
  Pile pile = allocate(mix, seed, SIZE_MAX);
  const std::size_t first_blocks = pile.blocks;
  const std::size_t first_bytes = pile.bytes;
  if (first_bytes < least_bytes(mix, least_part)) {
    die("FAIL %s: NULL after %zu KiB, expected at least %zu KiB under this limit", mix.name,
        first_bytes / 1024, least_bytes(mix, least_part) / 1024);
  }
  check_refused_realloc(mix, pile);
  check_new(mix);
  release(mix, pile);
  for (int round = 1; round <= 3; ++round) {
    if (first_blocks == 1) {
      half_of_one(mix, first_bytes);
      continue;
    }
    const std::size_t wanted = (first_blocks + 1) / 2;
    pile = allocate(mix, seed, wanted);
    if (pile.blocks < wanted) {
      die("FAIL %s: NULL after %zu blocks (%zu KiB) in round %d; the first time it was after %zu "
          "(%zu KiB), and all of it was freed",
          mix.name, pile.blocks, pile.bytes / 1024, round, first_blocks, first_bytes / 1024);
    }
    release(mix, pile);
  }
  std::printf("  %-6s %8zu blocks %8zu KiB\n", mix.name, first_blocks, first_bytes / 1024);
  std::fflush(stdout);
}

void* exhaust_in_thread(void* seed) {
  const auto number = reinterpret_cast<std::uintptr_t>(seed);
  for (const Mix& mix : {kMixes[0], kMixes[2]}) {
    for (int round = 0; round < 2; ++round) {
      Pile pile = allocate(mix, number, SIZE_MAX);
      release(mix, pile);
    }
  }
  return nullptr;
}

void two_threads(std::uint64_t seed) {
  pthread_t threads[2];
  int started = 0;
  for (pthread_t& thread : threads) {
    // A small limit may leave no room for a stack; that is not the allocator's failure.
    if (pthread_create(&thread, nullptr, exhaust_in_thread,
                       reinterpret_cast<void*>(seed + static_cast<std::uint64_t>(started))) != 0) {
      break;
    }
    ++started;
  }
  for (int i = 0; i < started; ++i) pthread_join(threads[i], nullptr);
  void* block = std::malloc(100000);
  if (block == nullptr) die("FAIL threads: NULL after both threads freed everything");
  std::free(block);
  std::printf("  %d threads\n", started);
}

}  // namespace
}  // namespace hakmem::stress

int main(int argc, char** argv) {
  using namespace hakmem::stress;
  require_subject();
  const std::uint64_t seed = number_option(argc, argv, "--seed", 42);
  if (has_option(argc, argv, "--start")) {
    std::free(std::malloc(100));
    return 0;
  }
  char replay[64];
  std::snprintf(replay, sizeof replay, "oom --seed %llu", static_cast<unsigned long long>(seed));
  note_on_crash(replay);
  const std::size_t least_part = number_option(argc, argv, "--least-part", 8);
  for (const Mix& mix : kMixes) one_mix(mix, seed, least_part);
  two_threads(seed);
  return 0;
}
