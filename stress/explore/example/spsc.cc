// A single-producer single-consumer ring, explored: how to put one's own code under the explorer.
// Called by ctest, twice: as it is, and with --broken, where the producer publishes too weakly.
//   clang++ -std=c++20 -O1 -g -fsanitize=thread -I stress -c spsc.cc
//   clang++ spsc.o libexplore_runtime.a -lpthread -ldl -o spsc
#include <atomic>
#include <cstdio>
#include <cstring>

#include "explore/explorer.h"

namespace {

constexpr unsigned kSlots = 2;
constexpr int kItems = 3;

template <std::memory_order kPublish>
class Ring {
 public:
  bool try_push(int item) {
    const unsigned tail = tail_.load(std::memory_order_relaxed);
    if (tail - head_.load(std::memory_order_acquire) == kSlots) return false;
    slot_[tail % kSlots] = item;
    tail_.store(tail + 1, kPublish);
    return true;
  }

  bool try_pop(int& item) {
    const unsigned head = head_.load(std::memory_order_relaxed);
    if (tail_.load(std::memory_order_acquire) == head) return false;
    item = slot_[head % kSlots];
    head_.store(head + 1, std::memory_order_release);
    return true;
  }

 private:
  std::atomic<unsigned> head_{0}, tail_{0};
  int slot_[kSlots] = {};
};

template <class Queue>
void produce(void* argument) {
  for (int item = 1; item <= kItems; ++item) {
    while (!static_cast<Queue*>(argument)->try_push(item)) {
    }
  }
}

/// One schedule. Everything that threads share is made here, hence new each time.
template <class Queue>
void body(void*) {
  Queue queue;
  explore::spawn(produce<Queue>, &queue);
  for (int expected = 1; expected <= kItems; ++expected) {
    int item = 0;
    while (!queue.try_pop(item)) {
    }
    explore::check(item == expected, "an item was lost, doubled or overtaken");
  }
  explore::join_all();
}

/// Every schedule with up to two preemptions and one stale read. True: nothing was found.
template <class Queue>
bool explore_queue() {
  explore::Settings settings;
  settings.strategy.kind = explore::StrategyKind::Exhaustive;
  settings.strategy.preemptions_max = 2;
  settings.strategy.stale_max = 1;
  settings.schedules = 0;
  const explore::Report report = explore::explore(body<Queue>, nullptr, settings);
  std::printf("%llu schedules, %s\n", static_cast<unsigned long long>(report.schedules),
              report.complete ? "all within the bounds" : "not all within the bounds");
  if (!report.found) return report.complete;
  const explore::Script script = minimise(body<Queue>, nullptr, settings, report);
  std::printf("FOUND %s: %s\n%s", report.kind.c_str(), report.text.c_str(),
              trace_of(body<Queue>, nullptr, settings, script).c_str());
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  const bool broken = argc > 1 && std::strcmp(argv[1], "--broken") == 0;
  const bool sound = broken ? explore_queue<Ring<std::memory_order_relaxed>>()
                            : explore_queue<Ring<std::memory_order_release>>();
  return sound ? 0 : 1;
}
