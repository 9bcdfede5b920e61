// What a thread knows of the others' pasts: one epoch for each thread, joined by element-wise
// maximum. Called by the memory model and the race detector on every access, hence one SSE
// register. Invariant: an epoch is 1 … kEpochMax; 0 is "before every thread".
#pragma once

#include <emmintrin.h>

#include <cstdint>

namespace explore {

inline constexpr int kThreadsMax = 8;
using Epoch = std::int16_t;
inline constexpr Epoch kEpochMax = 32000;

class VectorClock {
 public:
  Epoch operator[](int thread) const noexcept { return epochs_[thread]; }
  void set(int thread, Epoch epoch) noexcept { epochs_[thread] = epoch; }
  void clear() noexcept { store(_mm_setzero_si128()); }

  void join(const VectorClock& other) noexcept { store(_mm_max_epi16(load(), other.load())); }

  /// One bit for each thread of which this clock says more than `known`.
  unsigned beyond(const VectorClock& known) const noexcept {
    const __m128i more = _mm_cmpgt_epi16(load(), known.load());
    return static_cast<unsigned>(_mm_movemask_epi8(_mm_packs_epi16(more, _mm_setzero_si128())));
  }

 private:
  __m128i load() const noexcept {
    return _mm_load_si128(reinterpret_cast<const __m128i*>(epochs_));
  }
  void store(__m128i value) noexcept {
    _mm_store_si128(reinterpret_cast<__m128i*>(epochs_), value);
  }
  alignas(16) Epoch epochs_[kThreadsMax] = {};
};

/// Everything that a release hands on and an acquire takes over.
struct Knowledge {
  VectorClock happened;        ///< what happens before: for races
  VectorClock visible;         ///< what may not be read past any more; contains `happened`
  std::uint32_t sc_fence = 0;  ///< place in the seq_cst order of the last fence known

  void join(const Knowledge& other) noexcept {
    happened.join(other.happened);
    visible.join(other.visible);
    if (other.sc_fence > sc_fence) sc_fence = other.sc_fence;
  }
};

}  // namespace explore
