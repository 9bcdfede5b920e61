#include "integrity/reporter.h"

#include <atomic>

#include "os/os.h"
#include "os/os_process.h"

namespace hakmem {

namespace {

struct ReporterOrders {
  static constexpr std::memory_order kTake = std::memory_order_acquire;
  static constexpr std::memory_order kTakeFailed = std::memory_order_relaxed;
  static constexpr std::memory_order kGive = std::memory_order_release;
  static constexpr std::memory_order kPeek = std::memory_order_relaxed;
};

constexpr unsigned kProcessShift = 32;

constinit std::atomic<std::uint64_t> shared_reporter{0};

std::uint64_t own_word() noexcept {
  return static_cast<std::uint64_t>(os::process_id()) << kProcessShift |
         static_cast<std::uint32_t>(os::thread_id());
}

void wait_for_change(std::uint64_t word) noexcept {
  // x86-64 is little-endian: the lower half, the thread, is at the word's address.
  os::wait_on(reinterpret_cast<const std::uint32_t*>(&shared_reporter),
              static_cast<std::uint32_t>(word));
}

void wake_next() noexcept {
  os::wake_one(reinterpret_cast<const std::uint32_t*>(&shared_reporter));
}

}  // namespace

bool take_reporter() noexcept {
  const std::uint64_t own = own_word();
  for (;;) {
    std::uint64_t holder = 0;
    if (shared_reporter.compare_exchange_strong(holder, own, ReporterOrders::kTake,
                                                ReporterOrders::kTakeFailed)) {
      return true;
    }
    if (holder == own) return false;
    if (holder >> kProcessShift == own >> kProcessShift) {
      wait_for_change(holder);
    } else if (shared_reporter.compare_exchange_strong(holder, own, ReporterOrders::kTake,
                                                       ReporterOrders::kTakeFailed)) {
      return true;
    }
  }
}

void give_reporter() noexcept {
  shared_reporter.store(0, ReporterOrders::kGive);
  // One is enough: whoever wakes takes the word, and wakes the next when it gives it back; those
  // that only wait, or find nothing to take, wake the next at once.
  wake_next();
}

bool is_reporter() noexcept { return shared_reporter.load(ReporterOrders::kPeek) == own_word(); }

void wait_for_report() noexcept {
  const std::uint64_t reporter = shared_reporter.load(ReporterOrders::kPeek);
  if (reporter == 0) return;
  wait_for_change(reporter);
  wake_next();
}

void wait_for_reports() noexcept {
  const std::uint64_t own = own_word();
  for (;;) {
    const std::uint64_t holder = shared_reporter.load(ReporterOrders::kPeek);
    const bool of_this_process = holder >> kProcessShift == own >> kProcessShift;
    if (holder == 0 || holder == own || !of_this_process) break;
    wait_for_change(holder);
  }
  wake_next();
}

}  // namespace hakmem
