#include "gate/tier_switches.h"

#include "base/text.h"
#include "gate/thread_lifecycle.h"
#include "superslab/park.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

bool apply_switches(Domain& domain, ThreadState& thread, const Options& options) noexcept {
  Switches& switches = domain.slabs.switches;
  std::uint64_t seed = 0;
  os::random_bytes(&seed, sizeof seed);
  constexpr std::uint64_t kReadable = 999999999;  // a seed is to be typed again
  domain.failures.configure(options, seed % kReadable + 1);
  switches.tiny = options.tiny;
  switches.pool = options.pool;
  switches.shared_pool = options.shared_pool;
  domain.slabs.pool.keep(options.shared_pool);
  switches.direct = same_text(options.remote.bytes, "direct");
  // At levels with records the checked gate asks for failures itself.
  switches.parks = switches.direct || (domain.failures.on() && !kRecordLayout);
  const bool plain = options.tiny && options.pool && !switches.parks;
  if (has_heap(domain, thread) && !plain) {
    park_all(domain.slabs, *thread.heap);
    if (switches.direct) thread.tag_bits = ThreadState::kNoTag;
  }
  return switches.direct || same_text(options.remote.bytes, "queue");
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
