// The checked gate from level 3 on: what a release, a resize and an allocation find wrong, and that
// a program which is to go on after it does, on sound structures.
#include "gate/checked_gate.h"

#include <gtest/gtest.h>

#include <string>

#include "gate/checked_block.h"
#include "gate/domain_for_test.h"
#include "gate/finding_for_test.h"

namespace hakmem {
namespace {

class CheckedGate : public DomainTest {
 protected:
  static constexpr std::size_t kBytes = 100;

  CheckedBlock find(void* block) { return find_checked_block(*domain_, wild(block).address()); }
  std::byte* bytes_of(void* block) { return static_cast<std::byte*>(block); }
  void* allocate_as(const AllocRequest& request) {
    return checked_allocate(*domain_, thread_, request);
  }
  void release_as(void* block, const FreeRequest& request) {
    checked_release(*domain_, thread_, wild(block), request);
  }
  /// Expects that the release ends the process with this sentence; and that, in a process that
  /// goes on, the block is freed all the same.
  void expect_mismatch(const AllocRequest& made, const FreeRequest& given,
                       const std::string& sentence) {
    void* const block = allocate_as(made);
    const std::string report = expect_finding(Violation::kMismatch, kIntegrityLevel,
                                              [&] { release_as(block, given); });
    EXPECT_NE(report.find(sentence), std::string::npos) << report;
    const ChildRun run = go_on_after_findings(kIntegrityLevel, [&] {
      release_as(block, given);
      return find(block).record->state() == BlockState::Quarantined ? 7 : 1;
    });
    EXPECT_TRUE(run.exited_with(7)) << run.status << run.errors;
    release_as(block, {.kind = made.kind, .align = made.align});
  }
  template <class Body>
  void expect_sentence(Violation violation, const std::string& sentence, Body body) {
    const std::string report = expect_finding(violation, kIntegrityLevel, body);
    EXPECT_NE(report.find(sentence), std::string::npos) << sentence << " is not in\n" << report;
  }
};

TEST_F(CheckedGate, AReleaseOfAnotherKindSaysWhatDiffers) {
  const AllocRequest as_new{.bytes = kBytes, .kind = AllocKind::New};
  const AllocRequest as_malloc{.bytes = kBytes};
  expect_mismatch(as_new, {}, "A block made by operator new was given to free().");
  expect_mismatch(as_new, {.kind = AllocKind::Aligned},
                  "A block made by operator new was given to free().");
  expect_mismatch(as_malloc, {.kind = AllocKind::New},
                  "A block made by malloc() was given to operator delete.");
  expect_mismatch({.bytes = kBytes, .align = 64, .kind = AllocKind::Aligned},
                  {.kind = AllocKind::NewArray, .align = 64},
                  "A block made by malloc() was given to operator delete.");
  expect_mismatch(as_new, {.kind = AllocKind::NewArray},
                  "operator new and operator delete differ in [].");
  expect_mismatch(as_new, {.kind = AllocKind::New, .align = 64},
                  "The alignments given to operator new and operator delete differ.");
  expect_mismatch({.bytes = kBytes, .align = 64, .kind = AllocKind::New},
                  {.kind = AllocKind::New, .align = 128},
                  "The alignments given to operator new and operator delete differ.");
  expect_mismatch(as_new, {.kind = AllocKind::New, .sized = true, .bytes = kBytes + 1},
                  "The size given to the release is not the size that was allocated.");
  expect_mismatch(as_malloc, {.sized = true, .bytes = kBytes - 1},
                  "The size given to the release is not the size that was allocated.");
}

TEST_F(CheckedGate, ReleasesAsTheAllocationWasAreSilent) {
  const auto passes = [&](const AllocRequest& made, const FreeRequest& given) {
    void* const block = allocate_as(made);
    release_as(block, given);
    EXPECT_EQ(find(block).record->state(), BlockState::Quarantined);
  };
  passes({.bytes = kBytes, .align = 64, .kind = AllocKind::Aligned}, {});
  passes({.bytes = kBytes}, {.kind = AllocKind::Aligned, .align = 64});
  passes({.bytes = kBytes}, {.sized = true, .bytes = kBytes});
  passes({.bytes = kBytes, .align = 64, .kind = AllocKind::New},
         {.kind = AllocKind::New, .sized = true, .bytes = kBytes, .align = 64});
  passes({.bytes = kBytes, .kind = AllocKind::NewArray}, {.kind = AllocKind::NewArray});
}

TEST_F(CheckedGate, AResizeOfWhatNewMadeIsAMismatchAndMakesItMallocs) {
  void* const block = allocate_as({.bytes = kBytes, .align = 64, .kind = AllocKind::New});
  expect_sentence(Violation::kMismatch, "A block made by operator new was given to free().",
                  [&] { reallocate(block, kBytes - 1); });
  const ChildRun run = go_on_after_findings(kIntegrityLevel, [&] {
    release(reallocate(block, kBytes - 1));
    return findings_published();
  });
  EXPECT_TRUE(run.exited_with(1)) << run.status << run.errors;
  release_as(block, {.kind = AllocKind::New, .align = 64});
}

TEST_F(CheckedGate, AResizeOfWhatIsNoLiveBlockIsRefused) {
  void* const freed = allocate(kBytes);
  void* const live = allocate(kBytes);
  release(freed);
  int local = 0;
  struct Case {
    void* pointer;
    const char* sentence;
  };
  const Case cases[] = {
      {freed, "realloc() got a 100-byte block that was already freed."},
      {bytes_of(freed) + 16, "realloc() got an address inside a 100-byte block, not its start."},
      {bytes_of(live) + 16, "realloc() got an address inside a 100-byte block, not its start."},
      {&local, "realloc() got an address that no allocation call returned."}};
  for (const Case& wrong : cases) {
    const auto resize = [&] { return reallocate(wrong.pointer, 200); };
    expect_sentence(Violation::kBadRealloc, wrong.sentence, [&] { resize(); });
    const ChildRun run =
        go_on_after_findings(kIntegrityLevel, [&] { return resize() == nullptr ? 7 : 1; });
    EXPECT_TRUE(run.exited_with(7)) << wrong.sentence << run.status;
  }
  release(live);
}

TEST_F(CheckedGate, AResizeThatTheSystemRefusesLeavesTheBlockAsItWas) {
  std::byte* const block = bytes_of(allocate(kBytes));
  block[kBytes - 1] = std::byte{7};
  os::plan_faults_for_test({.fail_from = 1});
  EXPECT_EQ(reallocate(block, 64 * kMiB), nullptr);
  os::plan_faults_for_test({});
  EXPECT_EQ(reallocate(block, ~std::size_t{0}), nullptr) << "more than any request";
  EXPECT_EQ(usable(block), kBytes);
  EXPECT_EQ(block[kBytes - 1], std::byte{7});
  release(block);
}

TEST_F(CheckedGate, TheSizeOfWhatIsNoLiveBlockIsAskedInVain) {
  void* const freed = allocate(kBytes);
  release(freed);
  int local = 0;
  for (void* const pointer : {freed, static_cast<void*>(&local)}) {
    expect_sentence(Violation::kBadRealloc, "malloc_usable_size() got a", [&] { usable(pointer); });
    const ChildRun run = go_on_after_findings(
        kIntegrityLevel, [&] { return usable(pointer) == 0 ? 7 : 1; });
    EXPECT_TRUE(run.exited_with(7)) << run.status;
  }
}

TEST_F(CheckedGate, ABlockThatIsHandedOutTwiceIsOurOwnError) {
  limit_quarantine(*domain_, 0, 0);
  void* const neighbour = allocate(kBytes);
  void* const block = allocate(kBytes);
  release(block);
  for (const BlockState state : {BlockState::Live, BlockState::Quarantined, BlockState::Busy}) {
    find(block).record->publish(state);
    expect_sentence(Violation::kHandedOutTwice,
                    "An allocation was given a block that is still in use.",
                    [&] { allocate(kBytes); });
  }
  find(block).record->publish(BlockState::Free);
  release(neighbour);
}

TEST_F(CheckedGate, ADoubleFreeIsOneAlsoWhenTheSlabIsGone) {
  limit_quarantine(*domain_, 0, 0);
  constexpr std::size_t kMany = 100, kFewInASlab = 20000;
  void* blocks[kMany];
  for (void*& block : blocks) block = allocate(kFewInASlab);
  for (void* const block : blocks) release(block);
  std::size_t gone = 0;
  for (void* const block : blocks) {
    if (slabs().map.lookup(wild(block).address()).kind() != GranuleKind::FreeSlab) continue;
    if (gone++ != 0) continue;  // one is enough
    expect_sentence(Violation::kDoubleFree, "free() got a 20000-byte block that was already freed.",
                    [&] { release(block); });
    expect_sentence(Violation::kInvalidFree, "10000 bytes into a 20000-byte block",
                    [&] { release(bytes_of(block) + kFewInASlab / 2); });
  }
  EXPECT_NE(gone, 0u);
}

TEST_F(CheckedGate, AWriteToABlockThatLeftItsRestIsFoundWhenItIsUsedAgain) {
  limit_quarantine(*domain_, 0, 0);
  void* const neighbour = allocate(kBytes);
  std::byte* const block = bytes_of(allocate(kBytes));
  const auto write_and_reuse = [&] {
    release(block);
    block[60] = block[62] = std::byte{0};
    return allocate(kBytes) == block ? findings_published() : 0;
  };
  expect_sentence(Violation::kWriteAfterFree,
                  "3 bytes at +60 of a freed 100-byte block were changed after free().",
                  write_and_reuse);
  const ChildRun run = go_on_after_findings(kIntegrityLevel, write_and_reuse);
  EXPECT_TRUE(run.exited_with(1)) << run.status << run.errors;
  release(block);
  release(neighbour);
}

TEST_F(CheckedGate, DamageOnBothSidesIsToldTwiceAndMended) {
  const ChildRun run = go_on_after_findings(kIntegrityLevel, [&] {
    std::byte* block = bytes_of(allocate(kBytes));
    block[-16] = block[kBytes] = block[kBytes + 1] = std::byte{7};
    block = bytes_of(reallocate(block, kBytes - 1));
    const unsigned found = findings_published();
    release(block);
    return found == 2 && findings_published() == 2 ? 7 : 1;
  });
  EXPECT_TRUE(run.exited_with(7)) << run.status << run.errors;
  EXPECT_TRUE(run.says("The program wrote before the start of a 100-byte block: bytes -16 to -16"))
      << run.errors;
  EXPECT_TRUE(run.says("The program wrote past the end of a 100-byte block: bytes +100 to +101"))
      << run.errors;
}

TEST_F(CheckedGate, TheHeaderByteAloneIsDamageToo) {
  expect_sentence(Violation::kUnderflow, "bytes -1 to -1 changed", [&] {
    std::byte* const block = bytes_of(allocate(kBytes));
    block[-1] ^= std::byte{1};
    release(block);
  });
}

/// An address of the heap's that is no block's start, and what is said of it.
TEST_F(CheckedGate, WildFreesIntoTheHeapSayWhatIsThere) {
  std::byte* const block = bytes_of(allocate(kBytes));
  std::byte* const large = bytes_of(allocate(100000));
  const Slab& slab = *find(block).slab;
  const auto says = [&](Violation violation, const std::byte* pointer,
                        const std::string& sentence) {
    expect_sentence(violation, sentence, [&] { release(const_cast<std::byte*>(pointer)); });
    const ChildRun survived = go_on_after_findings(kIntegrityLevel, [&] {
      release(const_cast<std::byte*>(pointer));
      return 7;
    });
    EXPECT_TRUE(survived.exited_with(7)) << survived.status;
  };
  says(Violation::kInvalidFree, block + 3, "3 bytes into a 100-byte block");
  says(Violation::kInvalidFree, block - 3, "3 bytes before a 100-byte block");
  says(Violation::kInvalidFree, large + 5000, "5000 bytes into a 100000-byte block");
  const std::string nothing = "free() got an address that no allocation call returned.";
  const auto at = [](Address address) { return reinterpret_cast<const std::byte*>(address); };
  // A large block's last granule is longer than its last page.
  says(Violation::kForeignFree, large + 110000, nothing);
  says(Violation::kForeignFree, large + 2 * kGranuleBytes, nothing);  // the free run behind it
  says(Violation::kForeignFree, at(slab.first_base() - 1), nothing);
  const Address end = slab.first_base() + std::size_t{slab.capacity} * slab.stride_bytes;
  says(Violation::kForeignFree, at(end), nothing);
  says(Violation::kForeignFree, at(end - slab.stride_bytes + kFrontBytes), nothing);  // never used
  for (std::byte* const one : {block, large}) release(one);
}

TEST_F(CheckedGate, WithoutMemoryForItselfNothingIsHandedOut) {
  os::plan_faults_for_test({.fail_from = 1});
  EXPECT_EQ(allocate(kBytes), nullptr);
  EXPECT_EQ(allocate_aligned(64, kBytes), nullptr);
  os::plan_faults_for_test({});
  EXPECT_EQ(allocate(~std::size_t{0}), nullptr);
  release(allocate(kBytes));
}

}  // namespace
}  // namespace hakmem
