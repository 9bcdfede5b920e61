// How long freed memory is kept, and what is asked of the kernel: values, chosen once from options,
// and what was learnt since.
// Called by superslab/ and large/ on their slow paths, never on a fast path.
#pragma once

#include <cstdint>

#include "base/options.h"
#include "learn/learned_age.h"

namespace hakmem {

/// What one store goes by when it looks for memory to give back.
struct Retention {
  bool purge = true;       ///< false: nothing is given back
  std::uint64_t age_ms = 0;

  /// True when memory that became free at `since_ms` is old enough to be given back.
  bool is_due(std::uint64_t since_ms, std::uint64_t now_ms) const noexcept {
    return purge && now_ms - since_ms >= age_ms;
  }
};

struct RetentionPolicy {
  bool purge = true;               ///< false: freed pages are never given back
  std::uint64_t purge_ms = 100;    ///< age at which freed slabs' pages are discarded
  std::uint64_t run_purge_ms = 400;  ///< the same for large runs, which cost more to fault in
  bool learn = true;               ///< false: the ages are as given
  bool huge_pages = true;          ///< for the single-slab SuperSlabs of heaps that have grown
  std::uint32_t huge_pages_from = 4;  ///< the heap's n-th such SuperSlab is the first with them
  std::uint32_t huge_pages_from_dense = 2;  ///< the same when nearly all of the last one is in use

  /// The policy that the options ask for.
  static RetentionPolicy from(const Options& options) noexcept {
    constexpr std::uint64_t kRunFactor = 4;
    RetentionPolicy policy;
    policy.purge = options.purge;
    policy.purge_ms = options.purge_ms;
    policy.run_purge_ms = options.purge_ms * kRunFactor;
    policy.learn = options.learn;
    policy.huge_pages = options.huge_pages;
    return policy;
  }

  /// For slabs of a heap or of the shared pool, which `learned`; at `now_ms`.
  Retention for_slabs(LearnedAge& learned, std::uint64_t now_ms) const noexcept {
    return {purge, learn ? learned.age_ms(purge_ms, now_ms) : purge_ms};
  }
  /// For large runs.
  Retention for_runs(LearnedAge& learned, std::uint64_t now_ms) const noexcept {
    return {purge, learn ? learned.age_ms(run_purge_ms, now_ms) : run_purge_ms};
  }
};

}  // namespace hakmem
