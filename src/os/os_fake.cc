#include "os/os_fake.h"

#include <atomic>

namespace hakmem::os {

namespace {

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

bool fault_planted(Call call) noexcept {
  const bool release = call == Call::Unmap || call == Call::Discard;
  if (release && plan.spare_releases) return false;
  const std::uint64_t number = shared_calls.fetch_add(1, FaultOrders::kAny) + 1;
  const bool fails = number == plan.fail_nth || (plan.fail_from != 0 && number >= plan.fail_from);
  if (fails) shared_faults.fetch_add(1, FaultOrders::kAny);
  return fails;
}

}  // namespace hakmem::os
