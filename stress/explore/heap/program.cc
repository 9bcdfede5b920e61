#include "explore/heap/program.h"

#include "explore/heap/program_maker.h"

namespace explore_heap {

namespace {

constexpr Mix kOwner{.allocate = 6, .free = 2, .send = 4, .check = 1};
constexpr Mix kRemote{.free = 3, .receive = 4};
constexpr Mix kPeer{.allocate = 4, .free = 2, .send = 3, .receive = 3, .check = 1};
constexpr Mix kLeaver{.allocate = 4, .free = 1, .send = 3, .receive = 1, .exit = 2};
constexpr Mix kFiller{.allocate = 5, .free = 3};
constexpr Mix kEverything{.allocate = 5, .free = 3, .send = 3, .receive = 3, .check = 1,
                          .exit = 1, .purge = 1};

Program remote_free(std::uint64_t seed) {
  Random random(seed);
  Program program;
  program.warm = seed % 4 != 0;
  program.threads.push_back(make_thread(random, 8, kOwner, {kSmall}, 6, 1 + random.below(4)));
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
  // Without: the third thread never has a heap, and knows of the others' only what it must.
  program.attached = random.below(2) == 0;
  const unsigned blocks = 1 + random.below(4);
  const unsigned mixed = random.below(2) * 3;
  program.threads.push_back(make_thread(random, mixed, kLeaver, {kSmall}, 4, blocks));
  for (unsigned i = 0; i < blocks && i < kMailboxes; ++i) {
    program.threads[0].push_back({.kind = OpKind::Send, .slot = static_cast<std::uint8_t>(i)});
  }
  program.threads[0].push_back({.kind = OpKind::Exit});
  // The second thread has used all four slabs of a SuperSlab when it wants a fifth.
  program.threads.push_back(
      make_thread(random, 1 + mixed, kFiller, {kOther, 160, 200, 250, kSmall}, 8, 5));
  // The third may begin to run on the very heap that was left.
  std::vector<Op> last{{.kind = OpKind::Receive, .slot = 0}, {.kind = OpKind::Receive, .slot = 1}};
  if (random.below(2) == 0) last.push_back({.kind = OpKind::Allocate, .slot = 3, .size = kOther});
  last.push_back({.kind = OpKind::Free});
  last.push_back({.kind = OpKind::Receive, .slot = 2});
  program.threads.push_back(last);
  return program;
}

Program thread_exit(std::uint64_t seed) {
  Random random(seed);
  Program program;
  program.attached = false;
  const unsigned threads = 2 + random.below(3);
  for (unsigned i = 0; i < threads; ++i) {
    program.threads.push_back(make_thread(random, 5, kLeaver, {kSmall}, 3));
    program.threads[i].push_back({.kind = OpKind::Exit});
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
    if (random.below(2) == 0) program.threads[i].push_back({.kind = OpKind::Exit});
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
    program.threads.push_back(make_thread(random, 2, kPeer, {kSmall}, 2, 1));
  }
  return program;
}

Program large(std::uint64_t seed) {
  Random random(seed);
  Program program;
  program.attached = random.below(2) == 0;
  const unsigned threads = 2 + random.below(2);
  for (unsigned i = 0; i < threads; ++i) {
    program.threads.push_back(make_thread(random, 5, kPeer, {kLarge, kLarge + 70000}, 3, 1));
    if (random.below(2) == 0) program.threads[i].push_back({.kind = OpKind::Exit});
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
  static constexpr const char* kNames[] = {"alloc", "free",  "send", "receive", "check",
                                           "resize", "zeroed", "aligned", "tell", "exit",
                                           "purge", "ask", "fork", "child", "sweep",
                                           "last_sweep"};
  return kNames[static_cast<std::size_t>(kind)];
}

}  // namespace

const std::vector<Family>& families() {
  static const std::vector<Family> kFamilies = [] {
    std::vector<Family> all = {
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
    for (Family& family : rare_families()) all.push_back(std::move(family));
    return all;
  }();
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
      if (op.size != 0) text += "=" + std::to_string(op.size);
      if (op.align != 0) text += " at " + std::to_string(op.align);
    }
    text += '\n';
  }
  return text;
}

}  // namespace explore_heap
