// Any sequence of operations by two threads' states leaves every live block whole, disjoint and
// aligned, and every structure sound. A failure prints the shortest sequence found and the line
// RC_PARAMS="reproduce=…" that replays it.
#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <vector>

#include "gate/domain_for_test.h"
#include "gate/live_blocks_for_test.h"

namespace hakmem {
namespace {

enum class Verb : std::uint8_t { Malloc, Calloc, Aligned, Realloc, Free, Detach };

/// One operation. `pick` chooses among the live blocks, `size_log2` and `size_part` the size.
struct Operation {
  Verb verb;
  bool second_thread;
  unsigned size_log2;
  std::uint32_t size_part;
  std::uint32_t pick;

  std::size_t bytes() const {
    const std::size_t top = std::size_t{1} << size_log2;
    return top / 2 + size_part % (top / 2 + 1);
  }
};

void showValue(const Operation& operation, std::ostream& out) {
  static constexpr const char* kNames[] = {"malloc", "calloc", "aligned",
                                           "realloc", "free", "detach"};
  out << kNames[static_cast<std::size_t>(operation.verb)] << " bytes=" << operation.bytes()
      << " pick=" << operation.pick << (operation.second_thread ? " thread=2" : " thread=1");
}

}  // namespace
}  // namespace hakmem

template <>
struct rc::Arbitrary<hakmem::Operation> {
  static rc::Gen<hakmem::Operation> arbitrary() {
    using hakmem::Operation;
    using hakmem::Verb;
    const auto verbs = rc::gen::weightedElement<Verb>({{8, Verb::Malloc},
                                                       {2, Verb::Calloc},
                                                       {2, Verb::Aligned},
                                                       {3, Verb::Realloc},
                                                       {8, Verb::Free},
                                                       {1, Verb::Detach}});
    return rc::gen::build<Operation>(
        rc::gen::set(&Operation::verb, verbs), rc::gen::set(&Operation::second_thread),
        rc::gen::set(&Operation::size_log2, rc::gen::inRange(1u, 21u)),
        rc::gen::set(&Operation::size_part), rc::gen::set(&Operation::pick));
  }
};

namespace hakmem {
namespace {

/// The subject, the oracle, and one operation after another on both.
class Run : public DomainTest {
 public:
  void TestBody() override {}
  void apply(const Operation& operation) {
    ThreadState& thread = operation.second_thread ? second_ : thread_;
    switch (operation.verb) {
      case Verb::Malloc: return enter(allocate(thread, operation.bytes()), operation.bytes());
      case Verb::Calloc: return enter_zeroed(thread, operation.bytes());
      case Verb::Aligned: return enter_aligned(thread, operation);
      case Verb::Realloc: return resize(thread, operation);
      case Verb::Free: return leave(thread, operation.pick);
      case Verb::Detach: return detach_thread(*domain_, thread);
    }
  }
  void finish() {
    while (!blocks_.empty()) leave(thread_, 0);
    detach_thread(*domain_, second_);
    TearDown();
  }

 private:
  void enter(void* block, std::size_t bytes) {
    live_.add(block, bytes);
    blocks_.push_back(block);
  }
  void enter_zeroed(ThreadState& thread, std::size_t bytes) {
    void* const block = front::allocate_zeroed(*domain_, thread, bytes);
    const bool given = block != nullptr;
    RC_ASSERT(given);
    const unsigned char* const begin = static_cast<unsigned char*>(block);
    for (std::size_t i = 0; i < bytes; ++i) RC_ASSERT(begin[i] == 0);
    enter(block, bytes);
  }
  void enter_aligned(ThreadState& thread, const Operation& operation) {
    const std::size_t align = std::size_t{16} << operation.pick % 14;
    void* const block = front::allocate_aligned(*domain_, thread, align, operation.bytes(),
                                                AllocKind::Aligned);
    RC_ASSERT(reinterpret_cast<Address>(block) % align == 0u);
    enter(block, operation.bytes());
  }
  void resize(ThreadState& thread, const Operation& operation) {
    if (blocks_.empty()) return;
    void*& block = blocks_[operation.pick % blocks_.size()];
    live_.remove(block);
    block = front::reallocate(*domain_, thread, wild(block), operation.bytes());
    live_.add(block, operation.bytes());
  }
  void leave(ThreadState& thread, std::uint32_t pick) {
    if (blocks_.empty()) return;
    const std::size_t index = pick % blocks_.size();
    void* const block = blocks_[index];
    blocks_[index] = blocks_.back();
    blocks_.pop_back();
    live_.remove(block);
    release(thread, block);
  }

  ThreadState second_{*domain_};
  LiveBlocks live_;
  std::vector<void*> blocks_;
};

RC_GTEST_PROP(Heap, AnySequenceKeepsBlocksWholeAndStructuresSound,
              (const std::vector<Operation>& operations)) {
  Run run;
  for (const Operation& operation : operations) run.apply(operation);
  run.finish();
  RC_ASSERT(!testing::Test::HasFailure());
}

}  // namespace
}  // namespace hakmem
