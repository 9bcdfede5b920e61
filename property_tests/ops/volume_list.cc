#include "property_tests/ops/volume_list.h"

#include <algorithm>
#include <string_view>

#include "property_tests/ops/generate.h"
#include "property_tests/ops/kinds.h"

namespace hakmem::ops {

namespace {

/// A size between two powers of two, each doubling as likely as the next.
std::uint64_t log_uniform(Random& random, unsigned low_log2, unsigned high_log2) noexcept {
  const std::uint64_t base = std::uint64_t{1} << (low_log2 + random.below(high_log2 - low_log2));
  return base + 1 + random.below(base);
}

/// Mostly tiny, for most calls of programs are; one in eight is the pool's, one in fifty large.
std::uint64_t volume_bytes(Random& random) noexcept {
  const std::uint64_t draw = random.below(1000);
  if (draw < 500) return random.below(129);
  if (draw < 855) return random.below(1025);
  if (draw < 980) return log_uniform(random, 10, 16);
  if (draw < 998) return log_uniform(random, 16, 20);
  const std::uint64_t rare = random.below(64);
  if (rare < 60) return log_uniform(random, 20, 23);
  if (rare < 62) return log_uniform(random, 25, 26);  // a mapping of its own
  return PTRDIFF_MAX - 64 + random.below(128);
}

/// What a slot holds when the operations before have been executed.
struct SlotState {
  bool live = false;
  BlockKind kind = BlockKind::Malloc;
};

class VolumeGenerator {
 public:
  VolumeGenerator(std::uint64_t seed, const VolumeShape& shape)
      : random_(seed), shape_(shape), slots_(shape.blocks) {
    for (const VerbRow& row : kVerbTable) {
      if (row.group == VerbGroup::Allocate) allocating_.push_back(row.verb);
      if (row.group == VerbGroup::Release) releasing_.push_back(row.verb);
    }
  }

  Operation next() {
    Operation operation;
    operation.thread = static_cast<std::uint16_t>(random_.below(shape_.threads));
    if (random_.below(shape_.exit_one_in) == 0) {
      operation.verb = Verb::kThreadExit;
      return operation;
    }
    if (random_.below(shape_.purge_one_in) == 0) {
      operation.verb = Verb::kPurge;
      return operation;
    }
    operation.block = static_cast<std::uint32_t>(random_.below(shape_.blocks));
    const std::uint32_t own =
        operation.block - operation.block % shape_.threads + operation.thread;
    if (own < shape_.blocks && random_.below(shape_.hand_over_one_in) != 0) operation.block = own;
    SlotState& slot = slots_[operation.block];
    slot.live ? use(operation, slot) : fill(operation, slot);
    return operation;
  }

 private:
  void fill(Operation& operation, SlotState& slot) {
    const bool plain = random_.below(2) == 0;
    operation.verb = plain ? Verb::kMalloc : allocating_[random_.below(allocating_.size())];
    const VerbRow& row = row_of(operation.verb);
    const bool aligned = std::string_view(row.first) == "align";
    const bool counted = std::string_view(row.first) == "count";
    std::uint64_t bytes = volume_bytes(random_);
    if (counted) {
      // Every byte of a calloc is looked at: large ones are rare.
      if (bytes > 64u << 10 && random_.below(16) != 0) bytes %= 64u << 10;
      operation.first = 1 + random_.below(8);
      operation.second = bytes / operation.first;
    } else if (aligned) {
      operation.first = std::uint64_t{1} << random_.below(random_.below(8) == 0 ? 17 : 9);
      operation.second = bytes;
    } else {
      operation.first = bytes;
    }
    const bool refused = operation.verb == Verb::kPosixMemalign && operation.first < 8;
    slot = {!refused && bytes_of(operation) <= PTRDIFF_MAX, kind_of(operation.verb)};
  }

  void use(Operation& operation, SlotState& slot) {
    const std::uint64_t draw = random_.below(100);
    if (draw < 55) {
      const bool plain = random_.below(2) == 0;
      operation.verb = plain ? Verb::kRelease : releasing_[random_.below(releasing_.size())];
      slot.live = false;
    } else if (draw < 70 && is_c(slot.kind)) {
      operation.verb = random_.below(8) == 0 ? Verb::kReallocarray : Verb::kRealloc;
      const std::uint64_t bytes = std::max<std::uint64_t>(volume_bytes(random_), 8);
      const bool array = operation.verb == Verb::kReallocarray;
      operation.first = array ? 1 + random_.below(8) : bytes;
      operation.second = array ? bytes / operation.first : 0;
      if (bytes_of(operation) <= PTRDIFF_MAX) slot.kind = BlockKind::Malloc;
    } else {
      operation.verb = draw < 78   ? Verb::kUsableSize
                       : draw < 90 ? Verb::kWrite
                                   : Verb::kCheckContent;
    }
  }

  Random random_;
  VolumeShape shape_;
  std::vector<SlotState> slots_;
  std::vector<Verb> allocating_, releasing_;
};

}  // namespace

OperationList generate_volume(std::uint64_t seed, const VolumeShape& shape) {
  VolumeGenerator generator(seed, shape);
  OperationList list;
  list.seed = seed;
  list.operations.reserve(shape.operations);
  for (std::uint32_t i = 0; i < shape.operations; ++i) {
    list.operations.push_back(generator.next());
  }
  return list;
}

}  // namespace hakmem::ops
