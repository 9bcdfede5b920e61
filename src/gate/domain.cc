#include "gate/domain.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

bool Domain::initialise_slow() noexcept {
  for (;;) {
    std::uint32_t seen = kUntouched;
    if (shared_init_.compare_exchange_strong(seen, kRunning, InitOrders::kClaim,
                                             InitOrders::kClaimFailed)) {
      slabs.space.initialise();
      checks.start();
      const bool small_map = marks::kOn && marks::counts_reservations();
      const bool mapped = slabs.map.initialise(slabs.space.scarce() || small_map);
      shared_init_.store(mapped ? kReady : kUntouched, InitOrders::kPublish);
      return mapped;
    }
    if (seen == kReady) return true;
    cpu_relax();
  }
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
