// The program that commands_test.py records: two producers, two consumers who free what they get,
// and short threads that reuse each other's numbers. Prints the sum of what was handed over.
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

int main(int count, char** arguments) {
  const std::size_t strings = count > 1 ? std::strtoul(arguments[1], nullptr, 10) : 4000;
  std::mutex mutex;
  std::condition_variable arrived;
  std::deque<std::unique_ptr<std::string>> queue;
  std::size_t total = 0, producers = 2;
  const auto produce = [&] {
    for (std::size_t i = 0; i < strings; ++i) {
      auto text = std::make_unique<std::string>(i % 300 + 1, 'x');
      const std::lock_guard lock(mutex);
      queue.push_back(std::move(text));
      arrived.notify_one();
    }
    const std::lock_guard lock(mutex);
    --producers;
    arrived.notify_all();
  };
  const auto consume = [&] {
    std::map<std::size_t, int> seen;
    while (true) {
      std::unique_lock lock(mutex);
      arrived.wait(lock, [&] { return producers == 0 || !queue.empty(); });
      if (queue.empty()) return;
      const std::unique_ptr<std::string> text = std::move(queue.front());
      queue.pop_front();
      total += text->size();
      lock.unlock();
      ++seen[text->size()];
    }
  };
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < 2; ++i) threads.emplace_back(consume);
    for (unsigned i = 0; i < 2; ++i) threads.emplace_back(produce);
  }
  for (unsigned i = 0; i < 20; ++i) {
    std::jthread([] { std::vector<int>(1000, 1).push_back(2); });
  }
  std::printf("%zu\n", total);
}
