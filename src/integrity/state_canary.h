// Words beside a thread's and a heap's own state, which nobody writes: a write of the program that
// strays into that state most likely hits one. Laid out by gate/ and superslab/, looked at by the
// hook of slow operations and at the process's end. From level 2 on; below, empty types.
// Invariant: a word is StateCanary::kWhole from its construction to its end.
#pragma once

#include <cstdint>
#include <type_traits>

#include "base/build_config.h"

namespace hakmem {

struct StateCanary {
  /// No pointer, no text, no small number, and no fill of freed memory.
  static constexpr std::uint64_t kWhole = 0xc3a5c85c97cb3127;
  std::uint64_t word = kWhole;

  bool is_whole() const noexcept { return word == kWhole; }
};

/// The twin where there is none: of two types, for two of one type cannot share an address.
template <int kSide>
struct NoStateCanary {};

}  // namespace hakmem

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

inline constexpr bool kStateCanaries = kBuildChecks.has(Check::kStateCanaries);
using CanaryBefore = std::conditional_t<kStateCanaries, StateCanary, NoStateCanary<0>>;
using CanaryBehind = std::conditional_t<kStateCanaries, StateCanary, NoStateCanary<1>>;

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
