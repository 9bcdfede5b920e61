// How long freed memory is kept, and what is asked of the kernel: values, chosen once from options.
// Called by superslab/ and large/ on their slow paths, never on a fast path.
#pragma once

#include <cstdint>

#include "base/options.h"

namespace hakmem {

struct RetentionPolicy {
  bool purge = true;               ///< false: freed pages are never given back
  std::uint64_t purge_ms = 100;    ///< age at which freed slabs' pages are discarded
  std::uint64_t run_purge_ms = 400;  ///< the same for large runs, which cost more to fault in
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
    policy.huge_pages = options.huge_pages;
    return policy;
  }

  /// True when memory that became free at `since_ms` is old enough to be given back.
  bool is_due(std::uint64_t since_ms, std::uint64_t now_ms, std::uint64_t age_ms) const noexcept {
    return purge && now_ms - since_ms >= age_ms;
  }
};

}  // namespace hakmem
