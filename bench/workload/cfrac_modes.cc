// cfrac: factors numbers by continued fractions with integers that live on the heap, one block for
// each result: millions of short-lived blocks of 16-40 bytes, most freed in the order of their
// making. After the program of that name in D. Detlefs, A. Dosser, B. Zorn: Memory Allocation Costs
// in Large C and C++ Programs (1994). Algorithm: M. Morrison, J. Brillhart, A Method of Factoring
// and the Factorization of F7 (1975), without its linear algebra: relations are counted.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <utility>
#include <vector>

#include "bench/workload/block.h"
#include "bench/workload/mode.h"
#include "bench/workload/prng.h"

namespace hakmem::bench {
namespace {

/// A non-negative integer of any length in a block of its own; every result is a new block.
class Natural {
 public:
  Natural() = default;
  explicit Natural(std::uint64_t value) : Natural(Zeros{}, kWordDigits) {
    for (std::size_t i = 0; i < kWordDigits; ++i) {
      digits()[i] = static_cast<Digit>(value >> kDigitBits * i);
    }
    trim();
  }
  Natural(const Natural&) = delete;
  Natural& operator=(const Natural&) = delete;
  Natural(Natural&& other) noexcept : head_(std::exchange(other.head_, nullptr)) {}
  Natural& operator=(Natural&& other) noexcept {
    std::swap(head_, other.head_);
    return *this;
  }
  ~Natural() { std::free(head_); }

  friend Natural operator+(const Natural& a, const Natural& b) {
    Natural sum(Zeros{}, std::max(a.size(), b.size()) + 1);
    std::uint32_t carry = 0;
    for (std::size_t i = 0; i < sum.size(); ++i, carry >>= kDigitBits) {
      carry += std::uint32_t{a.digit(i)} + b.digit(i);
      sum.digits()[i] = static_cast<Digit>(carry);
    }
    sum.trim();
    return sum;
  }
  /// Precondition: a >= b.
  friend Natural operator-(const Natural& a, const Natural& b) {
    Natural rest(Zeros{}, a.size());
    rest.subtract(a, b, 1, 0);
    rest.trim();
    return rest;
  }
  friend Natural operator*(const Natural& a, const Natural& b) {
    Natural product(Zeros{}, a.size() + b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      std::uint32_t carry = 0;
      for (std::size_t j = 0; j < b.size() || carry != 0; ++j, carry >>= kDigitBits) {
        carry += std::uint32_t{a.digit(i)} * b.digit(j) + product.digit(i + j);
        product.digits()[i + j] = static_cast<Digit>(carry);
      }
    }
    product.trim();
    return product;
  }
  /// Quotient; `rest` gets the remainder. Precondition: divisor is not 0.
  Natural divided_by(std::uint16_t divisor, std::uint16_t& rest) const {
    Natural quotient(Zeros{}, size());
    std::uint32_t carry = 0;
    for (std::size_t i = size(); i-- > 0;) {
      carry = carry << kDigitBits | digit(i);
      quotient.digits()[i] = static_cast<Digit>(carry / divisor);
      carry %= divisor;
    }
    rest = static_cast<std::uint16_t>(carry);
    quotient.trim();
    return quotient;
  }
  /// The same digit by digit; each is guessed from below by the leading digits and made right by
  /// what is left of the remainder.
  Natural divided_by(const Natural& divisor, Natural& rest) const {
    Natural remainder = copy(), quotient(Zeros{}, size() + 1);
    const std::size_t length = divisor.size();
    const std::uint64_t lead = divisor.leading(length) + 1;
    for (std::size_t at = size() < length ? 0 : size() - length + 1; at-- > 0;) {
      for (;;) {
        const std::uint64_t guess = remainder.leading(length + at) / lead;
        const std::uint32_t times = static_cast<std::uint32_t>(std::min(guess, kDigitMax));
        if (times == 0 && !remainder.reaches(divisor, at)) break;
        const std::uint32_t factor = times == 0 ? 1 : times;
        remainder.subtract(remainder, divisor, factor, at);
        quotient.digits()[at] = static_cast<Digit>(quotient.digit(at) + factor);
      }
    }
    remainder.trim();
    quotient.trim();
    rest = std::move(remainder);
    return quotient;
  }
  friend bool operator>=(const Natural& a, const Natural& b) { return a.reaches(b, 0); }
  friend bool operator==(const Natural& a, const Natural& b) { return a >= b && b >= a; }
  bool is(std::uint16_t value) const { return size() <= 1 && digit(0) == value; }
  Natural copy() const {
    Natural same(Zeros{}, size());
    std::copy(digits(), digits() + size(), same.digits());
    return same;
  }

 private:
  using Digit = std::uint16_t;
  static constexpr int kDigitBits = 16;
  static constexpr std::size_t kWordDigits = 4;
  static constexpr std::uint64_t kDigitMax = 0xffff;
  struct Head {
    std::uint32_t size;
  };
  struct Zeros {};

  Natural(Zeros, std::size_t size) {
    const std::size_t bytes = sizeof(Head) + size * sizeof(Digit);
    head_ = static_cast<Head*>(std::malloc(bytes));
    if (head_ == nullptr) die_out_of_memory(bytes);
    head_->size = static_cast<std::uint32_t>(size);
    std::fill(digits(), digits() + size, Digit{0});
  }
  void trim() {
    while (head_->size > 0 && digits()[head_->size - 1] == 0) --head_->size;
  }
  /// this = a - b * factor * 2^(16 at), digit by digit; `this` may be a.
  void subtract(const Natural& a, const Natural& b, std::uint32_t factor, std::size_t at) {
    std::int64_t borrow = 0;
    for (std::size_t i = 0; i < size(); ++i, borrow >>= kDigitBits) {
      const std::int64_t part = i < at ? 0 : std::int64_t{b.digit(i - at)} * factor;
      borrow += a.digit(i) - part;
      digits()[i] = static_cast<Digit>(borrow);
    }
  }
  /// this >= b * 2^(16 at).
  bool reaches(const Natural& b, std::size_t at) const {
    for (std::size_t i = std::max(size(), b.size() + at); i-- > at;) {
      if (digit(i) != b.digit(i - at)) return digit(i) > b.digit(i - at);
    }
    return true;
  }
  /// What is at and above the two digits below `end`, as a number.
  std::uint64_t leading(std::size_t end) const {
    const std::uint64_t low = end < 2 ? 0 : digit(end - 2);
    const std::uint64_t middle = digit(end - 1), high = digit(end);
    return high << 2 * kDigitBits | middle << kDigitBits | low;
  }
  std::size_t size() const { return head_->size; }
  Digit* digits() const { return reinterpret_cast<Digit*>(head_ + 1); }
  Digit digit(std::size_t i) const { return i < size() ? digits()[i] : Digit{0}; }

  Head* head_ = nullptr;
};

/// The largest root with root * root <= n, by bisection from above.
Natural square_root(const Natural& n) {
  Natural low(0), high = n + Natural(1);  // low^2 <= n < high^2
  for (;;) {
    std::uint16_t odd;
    Natural middle = (low + high).divided_by(2, odd);
    if (low >= middle) return low;
    (n >= middle * middle ? low : high) = std::move(middle);
  }
}

std::vector<std::uint16_t> primes_below(std::uint16_t end) {
  std::vector<std::uint16_t> primes;
  for (std::uint16_t n = 2; n < end; ++n) {
    bool is_prime = true;
    for (std::size_t i = 0; i < primes.size() && primes[i] * primes[i] <= n; ++i) {
      if (n % primes[i] == 0) is_prime = false;
    }
    if (is_prime) primes.push_back(n);
  }
  return primes;
}

/// True when nothing but primes of the base divides `value`.
bool is_smooth(const Natural& value, const std::vector<std::uint16_t>& base) {
  Natural left = value.copy();
  for (const std::uint16_t prime : base) {
    for (;;) {
      std::uint16_t rest;
      Natural quotient = left.divided_by(prime, rest);
      if (rest != 0) break;
      left = std::move(quotient);
      if (left.is(1)) return true;
    }
  }
  return false;
}

/// Expands sqrt(n) and returns how many of `steps` denominators are smooth. The recurrence is
/// checked at each step: numerator^2 = +-denominator modulo n.
std::uint64_t count_relations(const Natural& n, std::uint64_t steps,
                              const std::vector<std::uint16_t>& base) {
  const Natural root = square_root(n);
  Natural rest, p = root.copy(), q_before(1), q = n - root * root;
  Natural numerator_before(1), numerator = root.copy();
  std::uint64_t found = 0;
  for (std::uint64_t i = 0; i < steps && !q.is(1) && !q.is(0); ++i) {
    if (is_smooth(q, base)) ++found;
    (numerator * numerator).divided_by(n, rest);
    const Natural expected = i % 2 == 0 ? n - q : q.copy();
    if (!(rest == expected)) {
      std::fputs("hakmem_workload: a remainder came out wrong: broken heap\n", stderr);
      std::exit(1);
    }
    const Natural a = (root + p).divided_by(q, rest);
    Natural p_after = root - rest;
    Natural q_after = p >= p_after ? q_before + a * (p - p_after) : q_before - a * (p_after - p);
    (a * numerator + numerator_before).divided_by(n, rest);
    numerator_before = std::exchange(numerator, rest.copy());
    q_before = std::exchange(q, std::move(q_after));
    p = std::move(p_after);
  }
  return found;
}

Measurement run_cfrac(const Arguments& arguments) {
  constexpr std::uint16_t kPrimesEnd = 400;
  const std::uint64_t numbers = arguments.number("numbers", 1, kOpsMax);
  const std::uint64_t steps = arguments.number("steps", 1, kOpsMax);
  const std::vector<std::uint16_t> base = primes_below(kPrimesEnd);
  Prng prng(arguments.number("seed", 0, kSeedMax));
  const Stopwatch watch;
  std::uint64_t found = 0;
  for (std::uint64_t i = 0; i < numbers; ++i) {
    const Natural n = Natural(prng.next() | 1) * Natural(prng.next() >> 8 | 1);
    found += count_relations(n, steps, base);
  }
  escape(&found);
  return watch.stop(numbers * steps);
}

constexpr std::array kParameters{
    Parameter{"numbers", "40", "numbers to work on, about 36 digits each"},
    Parameter{"steps", "1000", "steps of each number's continued fraction"},
    Parameter{"seed", "42", "seed of the numbers"},
};
constexpr std::array kModes{
    Mode{"cfrac", "continued fractions with integers on the heap", kParameters, run_cfrac},
};

}  // namespace

std::span<const Mode> cfrac_modes() { return kModes; }

}  // namespace hakmem::bench
