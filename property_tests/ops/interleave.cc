#include "property_tests/ops/interleave.h"

#include "property_tests/ops/generate.h"

namespace hakmem::ops {

namespace {

constexpr std::uint32_t kNone = UINT32_MAX;

/// What is left of each thread's operations, and how far each slot's have come.
class Threads {
 public:
  explicit Threads(const std::vector<Operation>& operations) : operations_(operations) {
    const Extent extent = extent_of(operations.data(), operations.size());
    next_.assign(extent.threads, kNone);
    behind_.assign(operations.size(), kNone);
    ticket_.assign(operations.size(), 0);
    served_.assign(extent.blocks, 0);
    std::vector<std::uint32_t> last(extent.threads, kNone), tickets(extent.blocks, 0);
    for (std::uint32_t i = 0; i < operations.size(); ++i) {
      const Operation& operation = operations[i];
      std::uint32_t& before = last[operation.thread];
      (before == kNone ? next_[operation.thread] : behind_[before]) = i;
      before = i;
      if (row_of(operation.verb).has_block) ticket_[i] = tickets[operation.block]++;
    }
  }

  std::size_t count() const { return next_.size(); }

  /// May the thread's next operation be executed now?
  bool is_ready(std::size_t thread) const {
    const std::uint32_t i = next_[thread];
    if (i == kNone) return false;
    const Operation& operation = operations_[i];
    return !row_of(operation.verb).has_block || served_[operation.block] == ticket_[i];
  }

  const Operation& take(std::size_t thread) {
    const std::uint32_t i = next_[thread];
    next_[thread] = behind_[i];
    const Operation& operation = operations_[i];
    if (row_of(operation.verb).has_block) ++served_[operation.block];
    return operation;
  }

 private:
  const std::vector<Operation>& operations_;
  std::vector<std::uint32_t> next_;    ///< of each thread; kNone: it has done all
  std::vector<std::uint32_t> behind_;  ///< of each operation: its thread's next one
  std::vector<std::uint32_t> ticket_;  ///< of each operation: how many on its slot are before it
  std::vector<std::uint32_t> served_;  ///< of each slot
};

}  // namespace

OperationList interleave(const OperationList& list, std::uint64_t schedule_seed) {
  if (schedule_seed == 0) return list;
  Random random(schedule_seed);
  Threads threads(list.operations);
  OperationList result;
  result.seed = list.seed;
  result.expect = list.expect;
  result.operations.reserve(list.operations.size());
  // Long and short turns: some defects need many operations of one thread between two of another.
  const std::uint64_t switch_one_in = 1 + random.below(8);
  std::size_t thread = 0;
  while (result.operations.size() < list.operations.size()) {
    if (random.below(switch_one_in) == 0) thread = random.below(threads.count());
    // The first operation of the list that is left is ready: nothing before it is missing.
    while (!threads.is_ready(thread)) thread = (thread + 1) % threads.count();
    result.operations.push_back(threads.take(thread));
  }
  return result;
}

}  // namespace hakmem::ops
