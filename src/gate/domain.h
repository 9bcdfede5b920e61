// One allocator instance: all tiers and what they share. The product has one, in api/; tests make
// their own. Called by the gates. Invariant: nothing is taken from the system before the first use.
//
// PROTOCOL initialisation
//   0 untouched → 1 one thread initialises → 2 ready (or back to 0: memory was refused, and the
//   next use tries again). Who finds 1 waits for it to change. Breaks it: using a tier before 2.
#pragma once

#include <bit>

#include "base/options.h"
#include "gate/fail_alloc.h"
#include "integrity/memory_timeline.h"
#include "large/large_tier.h"
#include "os/one_thread.h"
#include "page_mode/page_tier.h"
#include "ptr_trace/stack_depot.h"
#include "ptr_trace/trace_ring.h"
#include "superslab/slab_domain.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

struct InitOrders {
  static constexpr std::memory_order kClaim = std::memory_order_acquire;
  static constexpr std::memory_order kClaimFailed = std::memory_order_acquire;
  static constexpr std::memory_order kPublish = std::memory_order_release;
  static constexpr std::memory_order kLook = std::memory_order_acquire;
};

/// A lock of what does not exist at this level.
struct NoLock {
  constexpr void lock() const noexcept {}
  constexpr void unlock() const noexcept {}
};

/// Stands for the memory timeline where there is none.
struct NoTimeline {
  constexpr void begin(std::uint64_t) noexcept {}
  constexpr bool wants(std::uint64_t) const noexcept { return false; }
  constexpr NoLock lock() const noexcept { return {}; }
};
using DomainTimeline = std::conditional_t<kTimeline, MemoryTimeline, NoTimeline>;

/// What rests in one heap unless options say more. At level 3 it stays in the processor's own
/// cache, which is most of that level's speed; level 4 finds a write after 10^5 other frees, and
/// keeps few more blocks than that: in a small program they are most of the memory.
inline constexpr QuarantineLimits kRestUnlessTold =
    kBuildChecks.has(Check::kExitSweep) ? QuarantineLimits{.blocks = 102400, .bytes = 16 * kMiB}
                                        : QuarantineLimits{.blocks = 2048, .bytes = 256 * kKiB};
/// The same of large blocks. Closed ones have no memory, but each splits the kernel's list of
/// mappings.
inline constexpr QuarantineLimits kLargeRest{.blocks = 256,
                                             .bytes = kClosesLarge ? 64 * kGiB : 16 * kMiB};

struct SweepOrders {
  static constexpr std::memory_order kTakeFailed = std::memory_order_relaxed;
  static constexpr std::memory_order kTake = std::memory_order_acquire;
  static constexpr std::memory_order kGive = std::memory_order_release;
  /// What the sweep found counts for who sees that it has ended.
  static constexpr std::memory_order kSeeEnd = std::memory_order_acquire;
  /// One word that says it all.
  static constexpr std::memory_order kBegan = std::memory_order_relaxed;
};

/// Sweeps while the program runs, by numbers that begin anew after kNumbers; of the last two it is
/// known at which operation they began. Others than the sweeper may ask for that.
///
/// PROTOCOL sweep
///   One thread sweeps at a time: who moved the word from 0 to its own number, and it alone moves
///   it back. Whoever finds it taken does not sweep. Who is about to end the process waits, but not
///   for ever, until what the other finds counts.
///   publishes: the last number and all findings, by release of the word and acquire on taking it,
///   or on seeing that it is 0.
///   Breaks it: giving a number to a sweep without being the sweeper.
class SweepLog {
 public:
  /// False when another thread sweeps. `thread` is not 0.
  bool try_become_sweeper(int thread) noexcept {
    int nobody = 0;
    return shared_sweeper_.compare_exchange_strong(nobody, thread, SweepOrders::kTake,
                                                   SweepOrders::kTakeFailed);
  }
  void stop_sweeping() noexcept { shared_sweeper_.store(0, SweepOrders::kGive); }
  /// The thread that sweeps, 0 when none does.
  int sweeper() const noexcept { return shared_sweeper_.load(SweepOrders::kSeeEnd); }

  /// A sweep begins; returns its number, which is never 0.
  std::uint16_t begin(std::uint64_t operation) noexcept {
    last_ = static_cast<std::uint16_t>(last_ % kNumbers + 1);
    shared_began_[last_ % 2].store(Began{last_, operation}.bits(), SweepOrders::kBegan);
    return last_;
  }
  /// The operation at which a sweep began; 0 when it is none of the last two.
  std::uint64_t began(std::uint16_t number) const noexcept {
    const Began began = Began::of(shared_began_[number % 2].load(SweepOrders::kBegan));
    return number != 0 && number == began.number ? began.operation : 0;
  }

 private:
  static constexpr std::uint16_t kNumbers = 65534;  // even: the next number has the other slot
  /// A sweep's number and the operation at which it began, 48 bits of it, in one word.
  struct Began {
    std::uint64_t number, operation;
    static constexpr unsigned kNumberShift = 48;
    static constexpr std::uint64_t kOperationMask = (std::uint64_t{1} << kNumberShift) - 1;

    static Began of(std::uint64_t bits) noexcept {
      return {bits >> kNumberShift, bits & kOperationMask};
    }
    std::uint64_t bits() const noexcept {
      return number << kNumberShift | (operation & kOperationMask);
    }
  };
  std::atomic<int> shared_sweeper_{0};
  std::uint16_t last_ = 0;  // the sweeper's
  std::atomic<std::uint64_t> shared_began_[2]{};
};

struct SequenceOrders {
  static constexpr std::memory_order kAny = std::memory_order_relaxed;
};

/// What the checked levels share. Below level 3 its twin without state stands here.
struct CheckState {
  StackDepot depot;
  TraceRings rings;
  QuarantineLimits quarantine = kRestUnlessTold;
  QuarantineLimits resting_large = kLargeRest;
  StackMethod stack_method = StackMethod::Auto;
  std::uint32_t stack_frames = 16;
  std::uint64_t check_every = 0;                ///< operations between two sweeps; 0: no sweep
  SweepLog sweeps;
  std::uint64_t secret = 0;                     ///< keys the canaries; set before the first block
  std::atomic<std::uint64_t> shared_sequence{0};  ///< operations so far
  /// What Heap::live_bytes is, of threads that have no heap at that moment.
  std::atomic<std::uint64_t> shared_heapless_bytes{0};
  [[no_unique_address]] DomainTimeline timeline;

  /// The number of the operation that begins.
  HAK_INLINE std::uint64_t next_sequence() noexcept {
    if (!os::has_one_thread()) return shared_sequence.fetch_add(1, SequenceOrders::kAny) + 1;
    const std::uint64_t number = shared_sequence.load(SequenceOrders::kAny) + 1;
    shared_sequence.store(number, SequenceOrders::kAny);
    return number;
  }
  /// In the child of a fork(): whoever swept is in the parent.
  void adopt_after_fork() noexcept { sweeps.stop_sweeping(); }
  void start() noexcept {
    os::random_bytes(&secret, sizeof secret);
    timeline.begin(os::now_ms());
  }
  decltype(auto) lock_for_fork() noexcept { return timeline.lock(); }
  /// Takes what options say; false when the stack method is none. Where memory is scarce `auto`
  /// means `safe`: libunwind takes thread-local memory, and the C library dies if that is refused.
  bool configure(const Options& options, bool scarce) noexcept {
    const std::uint64_t events = options.trace_events;
    rings.set_capacity(events == 0 ? 0 : std::bit_ceil(events));
    quarantine = {options.quarantine_blocks, options.quarantine_kib * kKiB};
    if (options.quarantine_kib == 0) {
      quarantine.bytes = kRestUnlessTold.bytes;
      if (quarantine.blocks > kRestUnlessTold.blocks) quarantine.blocks = kRestUnlessTold.blocks;
    }
    if (scarce || quarantine.blocks == 0) resting_large = {};
    check_every = options.check_every;
    stack_frames = static_cast<std::uint32_t>(options.stack_frames);
    if (!parse_stack_method(options.stack.bytes, stack_method)) return false;
    if (scarce && stack_method == StackMethod::Auto) stack_method = StackMethod::Safe;
    return true;
  }
};
struct NoCheckState {
  void adopt_after_fork() noexcept {}
  static constexpr std::uint64_t secret = 0;  ///< there is no canary to key
  void start() noexcept {}
  bool configure(const Options&, bool) noexcept { return true; }
  constexpr NoLock lock_for_fork() const noexcept { return {}; }
};
using DomainChecks = std::conditional_t<kRecordLayout, CheckState, NoCheckState>;

/// Whether the level has page mode at all; that it may be switched on is the check.
inline constexpr bool kPageMode = checks_for_level(kIntegrityLevel).has(Check::kPageMode);
using DomainPages = std::conditional_t<kPageMode, PageTier, NoPageTier>;

class Domain {
 public:
  constexpr Domain() noexcept = default;
  Domain(const Domain&) = delete;
  Domain& operator=(const Domain&) = delete;

  /// Makes the instance usable; any number of threads at once. False: the system refuses memory.
  bool ensure_initialised() noexcept {
    if (shared_init_.load(InitOrders::kLook) == kReady) [[likely]] return true;
    return initialise_slow();
  }

  /// Takes what options say about keeping and returning memory.
  void apply(const Options& options) noexcept { slabs.policy = RetentionPolicy::from(options); }

  /// Gives the memory that tiers keep for reuse back to the system; returns the bytes.
  std::size_t purge_caches() noexcept { return large.purge_all() + slabs.pool.purge_all(); }

  SlabDomain slabs;
  LargeTier large{slabs.space, slabs.map, slabs.meta, slabs.policy};
  [[no_unique_address]] DomainChecks checks;
  [[no_unique_address]] DomainPages pages{slabs.meta};
  [[no_unique_address]] std::conditional_t<kSwitchable, FailurePlan, NoFailurePlan> failures;
  /// Frees of addresses that are not ours, at level 0, where they are ignored.
  std::atomic<std::uint64_t> shared_foreign_frees{0};

 private:
  static constexpr std::uint32_t kUntouched = 0, kRunning = 1, kReady = 2;
  bool initialise_slow() noexcept;

  std::atomic<std::uint32_t> shared_init_{kUntouched};
};

/// What the allocator knows about a thread: which heap it runs on.
struct ThreadState {
  [[no_unique_address]] CanaryBefore canary_before;
  Heap* heap;               ///< domain.slabs.no_heap until the first allocation
  std::uint64_t tag_bits;   ///< the heap's tag, where map entries have it
  std::uint8_t exit_rounds = 0;  ///< how often the thread's exit handler ran
  std::uint32_t thread_id = 0;   ///< kernel thread id, at the levels that record it; 0: not asked
  [[no_unique_address]] CanaryBehind canary_behind;

  static constexpr std::uint64_t kNoTag = MapEntry::tag_bits(OwnerTag::NoHeap);
  explicit constexpr ThreadState(Domain& domain) noexcept
      : heap(&domain.slabs.no_heap), tag_bits(kNoTag) {}
};

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
