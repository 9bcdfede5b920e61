// Real threads: blocks freed where they were not allocated, threads that come and go, contents.
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "gate/domain_for_test.h"
#include "gate/live_blocks_for_test.h"

namespace hakmem {
namespace {

struct Message {
  void* block = nullptr;
  std::size_t bytes = 0;
  std::uint64_t stamp = 0;
};

/// Hands messages from thread to thread.
class Channel {
 public:
  void put(const Message& message) {
    const std::lock_guard guard(mutex_);
    messages_.push_back(message);
  }
  /// Any message; false when there is none.
  bool take(Message& out, std::uint64_t draw) {
    const std::lock_guard guard(mutex_);
    if (messages_.empty()) return false;
    std::swap(messages_[draw % messages_.size()], messages_.back());
    out = messages_.back();
    messages_.pop_back();
    return true;
  }

 private:
  std::mutex mutex_;
  std::vector<Message> messages_;
};

class Threads : public DomainTest {
 protected:
  /// Small, pool and now and then large.
  static std::size_t size_for(std::uint64_t draw) {
    if (draw % 61 == 0) return 66000 + draw % 100000;
    return draw % 5 == 0 ? 1 + draw % 5000 : 1 + draw % 300;
  }
  Message make(ThreadState& thread, std::uint64_t stamp) {
    const Message message{allocate(thread, size_for(stamp)), size_for(stamp), stamp};
    EXPECT_NE(message.block, nullptr);
    write_stamp(message.block, message.bytes, stamp);
    return message;
  }
  void check_and_free(ThreadState& thread, const Message& message) {
    if (!stamp_is_whole(message.block, message.bytes, message.bytes, message.stamp)) ++damaged_;
    release(thread, message.block);
  }
  /// Frees what is left and expects that nothing was lost on the way.
  void finish(Channel& channel) {
    Message message;
    while (channel.take(message, 0)) check_and_free(thread_, message);
    drain_everything(*domain_);
    domain_->slabs.registry.for_each([&](Heap& heap) { shed(domain_->slabs, heap); });
    EXPECT_EQ(damaged_, 0u);
    EXPECT_EQ(domain_->large.stats().live_blocks, 0u);
    EXPECT_EQ(domain_->slabs.pool.cached_count(), domain_->slabs.pool.count())
        << "a block was lost";
  }
  void SetUp() override { limit_quarantine(*domain_, 0, 0); }

  std::atomic<unsigned> damaged_{0};
};

TEST_F(Threads, BlocksFreedByOthersKeepTheirContentsUntilThen) {
  constexpr unsigned kThreads = 4, kEach = 2500;
  Channel channel;
  std::vector<std::jthread> threads;
  for (unsigned t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      ThreadState thread(*domain_);
      for (unsigned i = 0; i < kEach; ++i) {
        const std::uint64_t stamp = (t * kEach + i) * 2654435761u;
        channel.put(make(thread, stamp));
        Message message;
        if (i % 8 != 0 && channel.take(message, stamp >> 8)) check_and_free(thread, message);
      }
      detach_thread(*domain_, thread);
    });
  }
  threads.clear();
  finish(channel);
}

TEST_F(Threads, OneProducesAndOneConsumes) {
  constexpr unsigned kMessages = 8000;
  Channel channel;
  std::atomic<bool> done{false};
  std::jthread consumer([&] {
    ThreadState thread(*domain_);
    Message message;
    for (bool last = false; !last;) {
      last = done;
      while (channel.take(message, 0)) check_and_free(thread, message);
    }
    detach_thread(*domain_, thread);
  });
  ThreadState producer(*domain_);
  for (unsigned i = 0; i < kMessages; ++i) channel.put(make(producer, i * 40503u));
  done = true;
  consumer.join();
  detach_thread(*domain_, producer);
  finish(channel);
}

TEST_F(Threads, ABlockIsWrittenByOneHolderAtATime) {
  // The first word of a live block is null, as in many a program's, and so may pass for a link.
  // No more blocks are under way than a slab has, so that each goes round many times; the count of
  // those that came back orders nothing.
  constexpr std::uint64_t kMessages = 8000, kUnderWay = 100;
  struct Words {
    void* null;
    std::uint64_t number;
  };
  Channel channel;
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> returned{0};
  std::jthread consumer([&] {
    ThreadState thread(*domain_);
    Message message;
    for (bool last = false; !last;) {
      last = done;
      while (channel.take(message, 0)) {
        Words* const words = static_cast<Words*>(message.block);
        if (words->null != nullptr || words->number != message.stamp) ++damaged_;
        *words = {nullptr, ~message.stamp};
        release(thread, words);
        returned.fetch_add(1, CounterOrders::kAny);
      }
    }
    detach_thread(*domain_, thread);
  });
  ThreadState producer(*domain_);
  for (std::uint64_t i = 0; i < kMessages; ++i) {
    while (i - returned.load(CounterOrders::kAny) > kUnderWay) std::this_thread::yield();
    Words* const words = static_cast<Words*>(allocate(producer, sizeof(Words)));
    *words = {nullptr, i};
    channel.put({words, sizeof(Words), i});
  }
  done = true;
  consumer.join();
  detach_thread(*domain_, producer);
  EXPECT_EQ(damaged_, 0u);
  finish(channel);
}

TEST_F(Threads, ThreadsComeAndGoWhileTheirBlocksLiveElsewhere) {
  constexpr unsigned kRounds = 25, kThreads = 3, kEach = 60;
  Channel channel;
  for (unsigned round = 0; round < kRounds; ++round) {
    std::vector<std::jthread> threads;
    for (unsigned t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        ThreadState thread(*domain_);
        for (unsigned i = 0; i < kEach; ++i) {
          const std::uint64_t stamp = ((round * kThreads + t) * kEach + i) * 2654435761u;
          channel.put(make(thread, stamp));
          Message message;
          if (i % 3 != 0 && channel.take(message, stamp >> 8)) check_and_free(thread, message);
        }
        detach_thread(*domain_, thread);
      });
    }
  }
  EXPECT_LE(domain_->slabs.registry.count(), kThreads + 1) << "heaps of the gone are used again";
  finish(channel);
}

TEST_F(Threads, AThreadMayExitInsideAnothersDrain) {
  constexpr unsigned kRounds = 40;
  Channel channel;
  ThreadState owner(*domain_);
  for (unsigned round = 0; round < kRounds; ++round) {
    for (unsigned i = 0; i < 100; ++i) channel.put(make(owner, round * 100 + i));
    std::jthread freeing([&] {
      ThreadState thread(*domain_);
      Message message;
      for (unsigned i = 0; i < 90 && channel.take(message, i); ++i) {
        check_and_free(thread, message);
      }
      detach_thread(*domain_, thread);
    });
    for (unsigned i = 0; i < 50; ++i) release(owner, allocate(owner, 1 + i * 5));
    detach_thread(*domain_, owner);
  }
  finish(channel);
}

}  // namespace
}  // namespace hakmem
