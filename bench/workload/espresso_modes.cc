// espresso: complements covers of Boolean functions by Shannon expansion, as two-level logic
// minimizers do: families of bit sets that grow by realloc and die a recursion level later, with
// many small sets between; 16 bytes to some KiB, freed near LIFO. After the program of that name in
// D. Detlefs, A. Dosser, B. Zorn: Memory Allocation Costs in Large C and C++ Programs (1994).
// Algorithm: R. Brayton and others, Logic Minimization Algorithms for VLSI Synthesis (1984), ch. 3.
#include <array>
#include <cstdio>
#include <cstring>
#include <utility>

#include "bench/workload/block.h"
#include "bench/workload/mode.h"
#include "bench/workload/prng.h"

namespace hakmem::bench {
namespace {

constexpr std::size_t kVariablesMax = 64;
/// Two bits for each variable: may it be 0, may it be 1; neither: no point at all.
using Cube = std::array<std::uint64_t, 2>;

/// One cube in a block of its own, as espresso keeps its temporary sets.
class HeapCube {
 public:
  explicit HeapCube(const Cube& cube) : cube_(static_cast<Cube*>(std::malloc(sizeof(Cube)))) {
    if (cube_ == nullptr) die_out_of_memory(sizeof(Cube));
    *cube_ = cube;
  }
  HeapCube(const HeapCube&) = delete;
  HeapCube& operator=(const HeapCube&) = delete;
  ~HeapCube() { std::free(cube_); }
  Cube& operator*() const { return *cube_; }
  Cube* operator->() const { return cube_; }

 private:
  Cube* cube_;
};

/// A family of cubes in one block, which doubles by realloc.
class Cover {
 public:
  Cover() = default;
  Cover(const Cover&) = delete;
  Cover& operator=(const Cover&) = delete;
  Cover(Cover&& other) noexcept
      : cubes_(std::exchange(other.cubes_, nullptr)),
        count_(std::exchange(other.count_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  ~Cover() { std::free(cubes_); }

  void add(const Cube& cube) {
    if (count_ == capacity_) {
      capacity_ = capacity_ == 0 ? 1 : 2 * capacity_;
      void* const grown = std::realloc(cubes_, capacity_ * sizeof(Cube));
      if (grown == nullptr) die_out_of_memory(capacity_ * sizeof(Cube));
      cubes_ = static_cast<Cube*>(grown);
    }
    cubes_[count_++] = cube;
  }
  const Cube* begin() const { return cubes_; }
  const Cube* end() const { return cubes_ + count_; }
  std::size_t count() const { return count_; }

 private:
  Cube* cubes_ = nullptr;
  std::size_t count_ = 0;
  std::size_t capacity_ = 0;
};

struct Space {
  std::size_t variables;
  std::uint64_t all() const { return ~std::uint64_t{0} >> (kVariablesMax - variables); }
  Cube whole() const { return {all(), all()}; }
};

bool is_empty(const Cube& cube, const Space& space) {
  return (cube[0] | cube[1]) != space.all();
}
Cube intersection(const Cube& a, const Cube& b) { return {a[0] & b[0], a[1] & b[1]}; }

/// The variable that most cubes depend on in both ways, else in any; `variables` when none is.
std::size_t splitting_variable(const Cover& cover, const Space& space) {
  std::size_t best = space.variables, best_count = 0;
  for (std::size_t i = 0; i < space.variables; ++i) {
    std::size_t zeros = 0, ones = 0;
    for (const Cube& cube : cover) {
      zeros += ~cube[1] >> i & 1;
      ones += ~cube[0] >> i & 1;
    }
    const std::size_t count = zeros + ones + (zeros < ones ? zeros : ones) * cover.count();
    if (count > best_count) best_count = count, best = i;
  }
  return best;
}

/// What the cover is where one variable has one value.
Cover cofactor(const Cover& cover, std::size_t variable, std::size_t value) {
  Cover half;
  const std::uint64_t bit = std::uint64_t{1} << variable;
  for (const Cube& cube : cover) {
    if ((cube[value] & bit) == 0) continue;
    const HeapCube raised(cube);
    (*raised)[0] |= bit;
    (*raised)[1] |= bit;
    half.add(*raised);
  }
  return half;
}

/// Everything outside one cube: a cube for each variable that it depends on, disjoint.
Cover complement_of_cube(const Cube& cube, const Space& space) {
  Cover outside;
  const HeapCube prefix(space.whole());
  for (std::size_t i = 0; i < space.variables; ++i) {
    const std::uint64_t bit = std::uint64_t{1} << i;
    for (std::size_t value = 0; value < 2; ++value) {
      if ((cube[value] & bit) != 0) continue;
      const HeapCube piece(*prefix);
      (*piece)[1 - value] &= ~bit;
      outside.add(*piece);
      (*prefix)[value] &= ~bit;
    }
  }
  return outside;
}

/// Adds the cubes of one half's complement, each in that half alone, or in both if the other has
/// it too.
void add_half(Cover& out, const Cover& half, const Cover& other, std::size_t variable,
              std::size_t value) {
  const std::uint64_t bit = std::uint64_t{1} << variable;
  for (const Cube& cube : half) {
    const HeapCube lowered(cube);
    bool in_both = false;
    for (const Cube& twin : other) {
      if (twin[0] == cube[0] && twin[1] == cube[1]) in_both = true;
    }
    if (in_both && value == 1) continue;
    if (!in_both) (*lowered)[1 - value] &= ~bit;
    out.add(*lowered);
  }
}

Cover complement(const Cover& cover, const Space& space) {
  Cover out;
  if (cover.count() == 0) {
    out.add(space.whole());
    return out;
  }
  if (cover.count() == 1) return complement_of_cube(*cover.begin(), space);
  const std::size_t variable = splitting_variable(cover, space);
  if (variable == space.variables) return out;  // a cube that is everything
  const Cover zero = cofactor(cover, variable, 0), one = cofactor(cover, variable, 1);
  const Cover not_zero = complement(zero, space), not_one = complement(one, space);
  add_half(out, not_zero, not_one, variable, 0);
  add_half(out, not_one, not_zero, variable, 1);
  return out;
}

Cover random_cover(Prng& prng, std::size_t cubes, std::size_t literals, const Space& space) {
  Cover cover;
  for (std::size_t i = 0; i < cubes; ++i) {
    Cube cube = space.whole();
    for (std::size_t j = 0; j < literals; ++j) {
      const std::size_t variable = prng.below(space.variables);
      const std::uint64_t bit = std::uint64_t{1} << variable;
      if ((cube[0] & cube[1] & bit) != 0) cube[prng.next() >> 63] &= ~bit;
    }
    cover.add(cube);
  }
  return cover;
}

/// A cover and its complement have no point in common.
void check_disjoint(const Cover& cover, const Cover& outside, const Space& space) {
  for (const Cube& a : cover) {
    for (const Cube& b : outside) {
      if (is_empty(intersection(a, b), space)) continue;
      std::fputs("hakmem_workload: a complement came out wrong: broken heap\n", stderr);
      std::exit(1);
    }
  }
}

Measurement run_espresso(const Arguments& arguments) {
  const Space space{arguments.number("variables", 1, kVariablesMax)};
  const std::size_t cubes = arguments.number("cubes", 1, kLiveMax);
  const std::size_t literals = arguments.number("literals", 1, kVariablesMax);
  const std::uint64_t functions = arguments.number("functions", 1, kOpsMax);
  Prng prng(arguments.number("seed", 0, kSeedMax));
  const Stopwatch watch;
  for (std::uint64_t i = 0; i < functions; ++i) {
    const Cover cover = random_cover(prng, cubes, literals, space);
    const Cover outside = complement(cover, space);
    check_disjoint(cover, outside, space);
  }
  return watch.stop(functions);
}

constexpr std::array kParameters{
    Parameter{"functions", "10", "functions to complement"},
    Parameter{"variables", "20", "of each function, up to 64"},
    Parameter{"cubes", "60", "of each function's cover"},
    Parameter{"literals", "6", "of each cube, at most"},
    Parameter{"seed", "42", "seed of the covers"},
};
constexpr std::array kModes{
    Mode{"espresso", "complements of covers: families of bit sets", kParameters, run_espresso},
};

}  // namespace

std::span<const Mode> espresso_modes() { return kModes; }

}  // namespace hakmem::bench
