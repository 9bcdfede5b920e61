// A program that goes on after its errors (halt_on_error=0): what it freed wrongly was not freed,
// and the heap is as sound as before. From level 1 on; each program is a child.
#include <gtest/gtest.h>

#include <vector>

#include "gate/domain_for_test.h"
#include "gate/finding_for_test.h"

namespace hakmem {
namespace {

class Survivor : public DomainTest {
 protected:
  static constexpr int kSound = 7;

  bool is_sound() {
    bool sound = domain_->slabs.pool.verify() && domain_->large.verify();
    slabs().registry.for_each(
        [&](const Heap& heap) { sound &= verify_heap(heap) == SlabDefect::None; });
    return sound;
  }
  /// `body` makes one error; then everything still works.
  template <class Body>
  void expect_survival(Violation violation, Body body) {
    const ChildRun run = go_on_after_findings(kIntegrityLevel, [&] {
      body();
      void* const first = allocate(100);
      void* const second = allocate(100);
      const bool works = first != nullptr && second != nullptr && first != second;
      release(first);
      release(second);
      return works && is_sound() && findings_published() == 1 ? kSound : 1;
    });
    EXPECT_TRUE(run.exited_with(kSound)) << run.status << run.errors;
    EXPECT_TRUE(run.says(headline_of(violation))) << run.errors;
  }
  std::byte* bytes_of(void* block) { return static_cast<std::byte*>(block); }
};

TEST_F(Survivor, ADoubleFreeFreesNothing) {
  void* const kept = allocate(100);
  expect_survival(Violation::kDoubleFree, [&] {
    void* const block = allocate(100);
    release(block);
    release(block);
  });
  release(kept);
}

TEST_F(Survivor, ADoubleFreeIntoAFullSlabFreesNothing) {
  std::vector<void*> blocks;
  for (unsigned i = 0; i < 3000; ++i) blocks.push_back(allocate(20000));
  expect_survival(Violation::kDoubleFree, [&] {
    release(blocks[0]);
    release(blocks[0]);
  });
  for (void* const block : blocks) release(block);
}

TEST_F(Survivor, AFreeInsideABlockFreesNothing) {
  void* const block = allocate(5000);
  void* const large = allocate(kMiB);
  expect_survival(Violation::kInvalidFree, [&] { release(bytes_of(block) + 8); });
  expect_survival(Violation::kInvalidFree, [&] { release(bytes_of(large) + 4096); });
  release(block);
  release(large);
}

/// By a thread that does not own the slab.
TEST_F(Survivor, AnotherThreadsFreeInsideABlockFreesNothing) {
  void* const block = allocate(5000);
  expect_survival(Violation::kInvalidFree, [&] {
    ThreadState other(*domain_);
    release(other, allocate(other, 10));
    release(other, bytes_of(block) + 8);
  });
  release(block);
}

TEST_F(Survivor, AForeignFreeAndAForeignResizeDoNothing) {
  int local = 0;
  expect_survival(Violation::kForeignFree, [&] { release(&local); });
  expect_survival(Violation::kBadRealloc, [&] {
    if (reallocate(&local, 100) != nullptr) _exit(2);
  });
}

}  // namespace
}  // namespace hakmem
