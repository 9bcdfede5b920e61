#include "property_tests/ops/generate.h"

#include <algorithm>

namespace hakmem::ops {

namespace {

/// How often each group occurs, of 100; misuse takes its part off the rest.
struct GroupWeight {
  VerbGroup group;
  unsigned weight;
};
constexpr GroupWeight kWeights[] = {{VerbGroup::Allocate, 42}, {VerbGroup::Resize, 12},
                                    {VerbGroup::Release, 32},  {VerbGroup::Look, 10},
                                    {VerbGroup::Thread, 3},    {VerbGroup::Process, 1}};

VerbGroup random_group(Random& random, bool misuse) noexcept {
  if (misuse && random.below(8) == 0) return VerbGroup::Misuse;
  std::uint64_t draw = random.below(100);
  for (const GroupWeight& row : kWeights) {
    if (draw < row.weight) return row.group;
    draw -= row.weight;
  }
  return VerbGroup::Release;
}

const VerbRow& random_row(Random& random, const Shape& shape) noexcept {
  const VerbGroup group = random_group(random, shape.misuse);
  // Plain malloc and a fitting release are what programs do most.
  if (group == VerbGroup::Allocate && random.below(2) == 0) return row_of(Verb::kMalloc);
  if (group == VerbGroup::Release && random.below(2) == 0) return row_of(Verb::kRelease);
  if (group == VerbGroup::Process && !shape.fork) return row_of(Verb::kPurge);
  while (true) {
    const VerbRow& row = kVerbTable[random.below(kVerbCount)];
    if (row.group == group) return row;
  }
}

std::uint64_t random_align(Random& random) noexcept {
  constexpr std::uint64_t kAlignLog2Max = 17;
  if (random.below(32) == 0) return random.below(100);  // posix_memalign must refuse most of these
  return std::uint64_t{1} << random.below(kAlignLog2Max);
}

std::uint64_t random_number(Random& random, const Shape& shape, const VerbRow& row,
                            std::string_view name) noexcept {
  if (name == "align") return random_align(random);
  if (name == "thread") return random.below(shape.threads);
  if (name == "address") return random.below(1u << 20);
  if (name == "offset") return random.below(64);
  if (row.group == VerbGroup::Misuse) return 1 + random.below(8);
  const bool product = std::string_view(row.first) == "count";
  if (name == "count") return random.below(64) == 0 ? random.next() : 1 + random.below(64);
  return interesting_bytes(random, product ? shape.bytes_max / 64 : shape.bytes_max);
}

}  // namespace

std::uint64_t interesting_bytes(Random& random, std::uint64_t bytes_max) noexcept {
  constexpr std::uint64_t kEdges[] = {0,         1,         15,        16,       17,
                                      1008,      1023,      1024,      1025,     2048,
                                      4096,      32 * 1024, 64 * 1024, 65537,    128 * 1024,
                                      1u << 20,  2u << 20,  32u << 20, 33u << 20};
  const std::uint64_t draw = random.below(100);
  std::uint64_t bytes;
  if (draw < 60) {
    bytes = random.below(1100);
  } else if (draw < 80) {
    bytes = random.below(70 * 1024);
  } else if (draw < 90) {
    bytes = kEdges[random.below(std::size(kEdges))] + random.below(3);
  } else if (draw < 99) {
    bytes = random.next() >> (44 + random.below(20));
  } else {
    return PTRDIFF_MAX - 64 + random.below(128);
  }
  return std::min(bytes, bytes_max);
}

Operation random_operation(Random& random, const Shape& shape) noexcept {
  const VerbRow& row = random_row(random, shape);
  Operation operation;
  operation.verb = row.verb;
  operation.thread = static_cast<std::uint16_t>(random.below(shape.threads));
  if (row.has_block) {
    operation.block = static_cast<std::uint32_t>(random.below(shape.blocks));
    const std::uint32_t own = operation.block - operation.block % shape.threads + operation.thread;
    if (own < shape.blocks && random.below(shape.hand_over_one_in) != 0) operation.block = own;
  }
  if (row.first[0] != '\0') operation.first = random_number(random, shape, row, row.first);
  if (row.second[0] != '\0') operation.second = random_number(random, shape, row, row.second);
  return operation;
}

OperationList generate(std::uint64_t seed, const Shape& shape) {
  Random random(seed);
  OperationList list;
  list.seed = seed;
  list.operations.reserve(shape.operations);
  for (std::uint32_t i = 0; i < shape.operations; ++i) {
    list.operations.push_back(random_operation(random, shape));
  }
  return list;
}

}  // namespace hakmem::ops
