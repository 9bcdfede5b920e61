#include "os/os_fake.h"

#include <pthread.h>
#include <sys/mman.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>

#include "base/units.h"
#include "os/syscall_linux.h"

namespace hakmem::os {

namespace {

/// The ranges that a ledger knows of, disjoint: first byte to one past the last.
struct Ranges {
  std::mutex mutex;
  /// Asked before the mutex is taken: without a ledger a forked child must not wait for it.
  std::atomic<bool> shared_open{false};
  std::map<Address, Address> ends;

  void remove(Address begin, Address end) {
    auto at = ends.upper_bound(begin);
    if (at != ends.begin()) --at;
    while (at != ends.end() && at->first < end) {
      const auto [first, last] = *at;
      if (last <= begin) {
        ++at;
        continue;
      }
      at = ends.erase(at);
      if (first < begin) ends.emplace(first, begin);
      if (last > end) ends.emplace(end, last);
    }
  }
};

Ranges ranges;

/// A child of fork() must not wait for a mutex that a thread held which it does not have.
[[maybe_unused]] const int kKeptOverFork =
    pthread_atfork([] { ranges.mutex.lock(); }, [] { ranges.mutex.unlock(); },
                   [] { ranges.mutex.unlock(); });

struct FaultOrders {
  static constexpr std::memory_order kAny = std::memory_order_relaxed;
};

FaultPlan plan;
std::atomic<std::uint64_t> shared_calls{0};
std::atomic<std::uint64_t> shared_faults{0};

}  // namespace

void plan_faults_for_test(const FaultPlan& wanted) noexcept {
  plan = wanted;
  shared_calls.store(0, FaultOrders::kAny);
  shared_faults.store(0, FaultOrders::kAny);
}

std::uint64_t calls_counted_for_test() noexcept { return shared_calls.load(FaultOrders::kAny); }
std::uint64_t faults_planted_for_test() noexcept { return shared_faults.load(FaultOrders::kAny); }

MappingLedger::MappingLedger() {
  const std::scoped_lock lock(ranges.mutex);
  if (ranges.shared_open.load(FaultOrders::kAny)) {
    std::fputs("MappingLedger: one at a time\n", stderr);
    std::abort();
  }
  ranges.shared_open.store(true, FaultOrders::kAny);
}

MappingLedger::~MappingLedger() {
  const std::scoped_lock lock(ranges.mutex);
  for (const auto& [begin, end] : ranges.ends) {
    system_call(SYS_munmap, static_cast<long>(begin), static_cast<long>(end - begin));
  }
  ranges.ends.clear();
  ranges.shared_open.store(false, FaultOrders::kAny);
}

std::size_t MappingLedger::mapped_bytes() const {
  const std::scoped_lock lock(ranges.mutex);
  std::size_t bytes = 0;
  for (const auto& [begin, end] : ranges.ends) bytes += end - begin;
  return bytes;
}

void note_mapped(const std::byte* begin, std::size_t bytes) noexcept {
  if (!ranges.shared_open.load(FaultOrders::kAny)) return;
  const std::scoped_lock lock(ranges.mutex);
  const Address first = reinterpret_cast<Address>(begin);
  ranges.ends[first] = first + bytes;
}

void note_unmapped(const std::byte* begin, std::size_t bytes) noexcept {
  if (!ranges.shared_open.load(FaultOrders::kAny)) return;
  const std::scoped_lock lock(ranges.mutex);
  const Address first = reinterpret_cast<Address>(begin);
  ranges.remove(first, first + bytes);
}

bool fault_planted(Call call) noexcept {
  const bool release = call == Call::Unmap || call == Call::Discard;
  if (release && plan.spare_releases) return false;
  const std::uint64_t number = shared_calls.fetch_add(1, FaultOrders::kAny) + 1;
  const bool fails = number == plan.fail_nth || (plan.fail_from != 0 && number >= plan.fail_from);
  if (fails) shared_faults.fetch_add(1, FaultOrders::kAny);
  return fails;
}

}  // namespace hakmem::os
