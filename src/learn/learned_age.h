// How much longer than its option says one store keeps freed memory: learnt from what giving it
// back cost. A program that wants its memory again every second pays page faults for every second;
// one that has shrunk pays for what is kept.
// Called by superslab/ and large/ on their slow paths, by whoever owns or locks the store.
// Invariant: the age is the option's times 1, 2, 4 or 8.
#pragma once

#include <cstdint>

#include "base/counter.h"

namespace hakmem {

class LearnedAge {
 public:
  constexpr LearnedAge() noexcept = default;

  /// The age at `now_ms` at which memory is given back, when the option says `option_ms`.
  std::uint64_t age_ms(std::uint64_t option_ms, std::uint64_t now_ms) noexcept {
    forget(option_ms, now_ms);
    return option_ms << doublings_;
  }

  /// Memory that was given back at `given_back_ms` is wanted again. If the longest age would have
  /// kept it, the next one is twice as long.
  void on_wanted_again(std::uint64_t given_back_ms, std::uint64_t option_ms,
                       std::uint64_t now_ms) noexcept {
    const std::uint64_t age = age_ms(option_ms, now_ms);
    if (age + (now_ms - given_back_ms) >= option_ms << kDoublingsMax) return;
    regrets_.add();
    last_ms_ = now_ms;
    if (doublings_ < kDoublingsMax) set_doublings(doublings_ + 1);
  }

  /// For people: how often memory was given back too early, and what came of it. Any thread.
  std::uint64_t regrets() const noexcept { return regrets_.read(); }
  std::uint64_t factor() const noexcept { return 1 + shown_above_one_.read(); }

 private:
  static constexpr std::uint32_t kDoublingsMax = 3;
  static constexpr std::uint64_t kForgetAges = 64;  // times the option's age without a regret

  /// What was not confirmed for long goes, a doubling at a time.
  void forget(std::uint64_t option_ms, std::uint64_t now_ms) noexcept {
    const std::uint64_t patience = option_ms * kForgetAges;
    while (doublings_ != 0 && now_ms - last_ms_ >= patience) {
      set_doublings(doublings_ - 1);
      last_ms_ += patience;
    }
  }
  void set_doublings(std::uint32_t doublings) noexcept {
    shown_above_one_.add((std::uint64_t{1} << doublings) - (std::uint64_t{1} << doublings_));
    doublings_ = doublings;
  }

  std::uint32_t doublings_ = 0;
  std::uint64_t last_ms_ = 0;  // of the last regret, or when a doubling was forgotten
  Counter regrets_;
  Counter shown_above_one_;    // factor less one, for other threads
};

}  // namespace hakmem
