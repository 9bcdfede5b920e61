#include "explore/heap/program.h"

#include "explore/runtime/strategy.h"

namespace explore_heap {

namespace {

using explore::Random;

constexpr std::uint32_t kSmall = 32;    // four blocks a slab, carved by two
constexpr std::uint32_t kOther = 64;    // four blocks a slab, carved one by one
constexpr std::uint32_t kWide = 3000;   // a span of two slabs
constexpr std::uint32_t kLarge = 70000; // a run of two granules

/// How often a thread does what; shares of the sum.
struct Mix {
  unsigned allocate = 0, free = 0, send = 0, receive = 0, check = 0, exit = 0, purge = 0;
};

std::vector<Op> make_thread(Random& random, unsigned count, const Mix& mix,
                            const std::vector<std::uint32_t>& sizes, unsigned slots) {
  const unsigned weights[] = {mix.allocate, mix.free, mix.send, mix.receive,
                              mix.check,    mix.exit, mix.purge};
  unsigned sum = 0;
  for (const unsigned weight : weights) sum += weight;
  std::vector<Op> ops;
  for (unsigned i = 0; i < count; ++i) {
    unsigned draw = random.below(sum);
    std::uint8_t kind = 0;
    while (draw >= weights[kind]) draw -= weights[kind++];
    Op op;
    op.kind = static_cast<OpKind>(kind);
    op.slot = static_cast<std::uint8_t>(random.below(slots));
    op.size = sizes[random.below(static_cast<unsigned>(sizes.size()))];
    ops.push_back(op);
  }
  return ops;
}

constexpr Mix kOwner{.allocate = 6, .free = 2, .send = 4, .check = 1};
constexpr Mix kRemote{.free = 3, .receive = 4};
constexpr Mix kPeer{.allocate = 4, .free = 2, .send = 3, .receive = 3, .check = 1};
constexpr Mix kLeaver{.allocate = 4, .free = 1, .send = 3, .receive = 1, .exit = 2};
constexpr Mix kFiller{.allocate = 5, .free = 3};
constexpr Mix kEverything{.allocate = 5, .free = 3, .send = 3, .receive = 3, .check = 1,
                          .exit = 1, .purge = 1};

/// Blocks that are there to be sent, first of all.
void begin_with_blocks(std::vector<Op>& ops, unsigned count, std::uint32_t size) {
  std::vector<Op> begin;
  for (unsigned i = 0; i < count; ++i) {
    begin.push_back({OpKind::Allocate, static_cast<std::uint8_t>(i), size});
  }
  ops.insert(ops.begin(), begin.begin(), begin.end());
}

Program remote_free(std::uint64_t seed) {
  Random random(seed);
  Program program;
  program.warm = seed % 4 != 0;
  program.threads.push_back(make_thread(random, 8, kOwner, {kSmall}, 4));
  begin_with_blocks(program.threads[0], 1 + random.below(4), kSmall);
  program.threads.push_back(make_thread(random, 6, kRemote, {kSmall}, 3));
  return program;
}

Program remote_free3(std::uint64_t seed) {
  Program program = remote_free(seed);
  Random random(~seed);
  program.threads.push_back(make_thread(random, 5, kRemote, {kSmall}, 3));
  return program;
}

Program peers(std::uint64_t seed) {
  Random random(seed);
  Program program;
  const unsigned threads = 2 + random.below(2);
  for (unsigned i = 0; i < threads; ++i) {
    program.threads.push_back(make_thread(random, 7, kPeer, {kSmall, kOther}, 4));
  }
  return program;
}

Program adoption(std::uint64_t seed) {
  Random random(seed);
  Program program;
  program.threads.push_back(make_thread(random, 6, kLeaver, {kSmall}, 4));
  begin_with_blocks(program.threads[0], 2 + random.below(3), kSmall);
  program.threads[0].push_back({OpKind::Send, static_cast<std::uint8_t>(random.below(3)), 0});
  program.threads[0].push_back({OpKind::Exit, 0, 0});
  program.threads.push_back(make_thread(random, 6, kFiller, {kSmall, kOther}, 8));
  begin_with_blocks(program.threads[1], 3, kSmall);
  program.threads.push_back(make_thread(random, 4, kRemote, {kSmall}, 3));
  return program;
}

Program thread_exit(std::uint64_t seed) {
  Random random(seed);
  Program program;
  program.attached = false;
  const unsigned threads = 2 + random.below(3);
  for (unsigned i = 0; i < threads; ++i) {
    program.threads.push_back(make_thread(random, 5, kLeaver, {kSmall}, 3));
    program.threads[i].push_back({OpKind::Exit, 0, 0});
  }
  return program;
}

/// Many slabs: SuperSlabs are asked for, filled and given back by threads side by side.
Program shared_pool(std::uint64_t seed) {
  Random random(seed);
  Program program;
  const unsigned threads = 2 + random.below(2);
  for (unsigned i = 0; i < threads; ++i) {
    program.threads.push_back(
        make_thread(random, 7, kFiller, {kSmall, kOther, 160, 200, 250, 300, 350, kWide}, 8));
    if (random.below(2) == 0) program.threads[i].push_back({OpKind::Exit, 0, 0});
  }
  return program;
}

Program start(std::uint64_t seed) {
  Random random(seed);
  Program program;
  program.initialised = false;
  program.attached = false;
  const unsigned threads = 2 + random.below(3);
  for (unsigned i = 0; i < threads; ++i) {
    program.threads.push_back(make_thread(random, 2, kPeer, {kSmall}, 2));
    begin_with_blocks(program.threads[i], 1, kSmall);
  }
  return program;
}

Program large(std::uint64_t seed) {
  Random random(seed);
  Program program;
  program.attached = random.below(2) == 0;
  const unsigned threads = 2 + random.below(2);
  for (unsigned i = 0; i < threads; ++i) {
    program.threads.push_back(make_thread(random, 5, kPeer, {kLarge, kLarge + 70000}, 3));
    begin_with_blocks(program.threads[i], 1, kLarge);
    if (random.below(2) == 0) program.threads[i].push_back({OpKind::Exit, 0, 0});
  }
  return program;
}

Program mixed(std::uint64_t seed) {
  Random random(seed);
  Program program;
  program.attached = random.below(2) == 0;
  const unsigned threads = 2 + random.below(3);
  for (unsigned i = 0; i < threads; ++i) {
    program.threads.push_back(
        make_thread(random, 8, kEverything, {kSmall, kSmall, kSmall, kOther, kWide, kLarge}, 5));
  }
  return program;
}

/// Address space is scarce, and half of the time too small for the flat address map.
Program scarce(std::uint64_t seed) {
  Program program = shared_pool(seed);
  program.system.scarce = true;
  program.system.refuses_big_maps = seed % 2 == 0;
  program.initialised = false;
  program.attached = false;
  return program;
}

const char* name_of(OpKind kind) {
  static constexpr const char* kNames[] = {"alloc", "free", "send",  "receive",
                                           "check", "exit", "purge"};
  return kNames[static_cast<std::size_t>(kind)];
}

}  // namespace

const std::vector<Family>& families() {
  static const std::vector<Family> kFamilies = {
      {"remote_free", "an owner and one thread that frees the owner's blocks", remote_free},
      {"remote_free3", "an owner and two threads that free its blocks", remote_free3},
      {"peers", "two or three threads that free each other's blocks", peers},
      {"adoption", "a heap is left with live blocks, adopted, and freed to meanwhile", adoption},
      {"thread_exit", "threads come, take over what others left, and go", thread_exit},
      {"shared_pool", "SuperSlabs are acquired and released side by side", shared_pool},
      {"start", "first use by several threads at once", start},
      {"large", "large runs, held back and given back", large},
      {"scarce", "scarce address space: SuperSlabs are unmapped, radix address map", scarce},
      {"mixed", "everything", mixed},
  };
  return kFamilies;
}

const Family* find_family(const std::string& name) {
  for (const Family& family : families()) {
    if (name == family.name) return &family;
  }
  return nullptr;
}

std::string to_text(const Program& program) {
  std::string text;
  for (std::size_t i = 0; i < program.threads.size(); ++i) {
    text += "  thread " + std::to_string(i + 1) + ":";
    for (const Op& op : program.threads[i]) {
      text += std::string(" ") + name_of(op.kind);
      if (op.kind < OpKind::Exit) text += "[" + std::to_string(op.slot) + "]";
      if (op.kind == OpKind::Allocate) text += "=" + std::to_string(op.size);
    }
    text += '\n';
  }
  return text;
}

}  // namespace explore_heap
