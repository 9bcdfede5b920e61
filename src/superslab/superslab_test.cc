#include "superslab/superslab.h"

#include <gtest/gtest.h>

#include <bit>
#include <set>

#include "gate/superslab_for_test.h"

namespace hakmem {
namespace {

constexpr ClassIndex kNarrow = class_for(64);
constexpr ClassIndex kWhole = class_for(kSingleSlabBlockMax + 1);

/// Both kinds: units of one slab and spans.
class SuperSlabTest : public testing::TestWithParam<SuperSlabKind> {
 protected:
  ClassIndex own_class() const { return GetParam() == SuperSlabKind::Single ? kNarrow : kWhole; }
  std::size_t units() const { return SuperSlab::kSlabs / superslab_.span_slabs(); }
  /// Takes a unit as its user does; the slab is then in use.
  Slab& take() {
    Slab& slab = superslab_.take_unit(own_class());
    slab.state = SlabState::Partial;
    return slab;
  }

  SuperSlabWithMemory memory_{GetParam()};
  SuperSlab& superslab_ = *memory_;
};

INSTANTIATE_TEST_SUITE_P(Kinds, SuperSlabTest,
                         testing::Values(SuperSlabKind::Single, SuperSlabKind::Span),
                         [](const auto& kind) {
                           return kind.param == SuperSlabKind::Single ? "Single" : "Span";
                         });

TEST_P(SuperSlabTest, KindsFollowFromTheClass) {
  EXPECT_EQ(kind_for(kNarrow), SuperSlabKind::Single);
  EXPECT_EQ(kind_for(class_for(kSingleSlabBlockMax)), SuperSlabKind::Single);
  EXPECT_EQ(kind_for(kWhole), SuperSlabKind::Span);
}

TEST_P(SuperSlabTest, AFreshOneIsEmptyAndAgreesWithItself) {
  EXPECT_TRUE(superslab_.is_empty());
  EXPECT_EQ(static_cast<std::size_t>(std::popcount(superslab_.free_units)), units());
  EXPECT_TRUE(superslab_.bitmap_agrees());
  EXPECT_EQ(superslab_.verify(), SlabDefect::None);
}

TEST_P(SuperSlabTest, UnitsAreDisjointAndTileTheData) {
  std::set<const std::byte*> begins;
  for (std::size_t i = 0; i < units(); ++i) {
    const Slab& slab = take();
    EXPECT_TRUE(begins.insert(slab.data).second);
    EXPECT_EQ(static_cast<std::size_t>(slab.data - superslab_.data) % superslab_.unit_bytes(), 0u);
    EXPECT_EQ(slab.span_slabs, superslab_.span_slabs());
    EXPECT_EQ(slab.superslab, &superslab_);
    EXPECT_TRUE(superslab_.bitmap_agrees());
  }
  EXPECT_EQ(superslab_.free_units, 0u);
  EXPECT_EQ(begins.size() * superslab_.unit_bytes(), kGeometry.superslab_bytes());
}

TEST_P(SuperSlabTest, AUnitComesBackAndADirtyOneIsTakenFirst) {
  take();
  Slab& second = take();
  superslab_.give_unit(second, 7);
  EXPECT_EQ(second.state, SlabState::Free);
  EXPECT_EQ(superslab_.dirty_units, std::uint64_t{1} << second.unit);
  EXPECT_EQ(superslab_.dirty_since_ms, 7u);
  EXPECT_TRUE(superslab_.bitmap_agrees());
  EXPECT_EQ(&take(), &second);
  EXPECT_EQ(superslab_.dirty_units, 0u);
}

TEST_P(SuperSlabTest, DirtIsAsOldAsItsFirstUnit) {
  Slab& first = take();
  Slab& second = take();
  superslab_.give_unit(first, 10);
  superslab_.give_unit(second, 20);
  EXPECT_EQ(superslab_.dirty_since_ms, 10u);
}

TEST_P(SuperSlabTest, PurgeClearsTheDirtyUnitsAndNoOther) {
  Slab& given = take();
  Slab& kept = take();
  given.data[0] = given.data[superslab_.unit_bytes() - 1] = std::byte{0x55};
  kept.data[0] = kept.data[superslab_.unit_bytes() - 1] = std::byte{0x66};
  superslab_.give_unit(given, 1);
  superslab_.purge();
  EXPECT_EQ(superslab_.dirty_units, 0u);
  EXPECT_EQ(given.data[0], std::byte{0});
  EXPECT_EQ(given.data[superslab_.unit_bytes() - 1], std::byte{0});
  EXPECT_EQ(kept.data[0], std::byte{0x66});
  EXPECT_EQ(kept.data[superslab_.unit_bytes() - 1], std::byte{0x66});
  EXPECT_TRUE(superslab_.bitmap_agrees());
}

TEST_P(SuperSlabTest, PurgeClearsEveryRunOfDirtyUnits) {
  for (std::size_t i = 0; i < units(); ++i) take().data[0] = std::byte{0x55};
  for (std::size_t i = 0; i < units(); ++i) {
    if (i % 3 != 1) superslab_.give_unit(superslab_.slabs[i * superslab_.span_slabs()], 1);
  }
  superslab_.purge();
  for (std::size_t i = 0; i < units(); ++i) {
    const std::byte expected = i % 3 != 1 ? std::byte{0} : std::byte{0x55};
    EXPECT_EQ(superslab_.data[i * superslab_.unit_bytes()], expected) << "unit " << i;
  }
}

TEST_P(SuperSlabTest, OnlyUnitsPurgedByAgeAreSaidToHaveBeen) {
  Slab& first = take();
  Slab& second = take();
  superslab_.give_unit(first, 1);
  superslab_.purge();
  EXPECT_FALSE(superslab_.next_was_purged()) << "it was asked for";
  superslab_.give_unit(take(), 2);
  superslab_.purge_aged(77);
  EXPECT_TRUE(superslab_.next_was_purged());
  EXPECT_EQ(superslab_.purged_ms, 77u);
  superslab_.give_unit(second, 80);
  EXPECT_FALSE(superslab_.next_was_purged()) << "a dirty one goes first";
  EXPECT_EQ(&take(), &second);
  EXPECT_EQ(&take(), &first);
  if (units() > 2) {
    EXPECT_FALSE(superslab_.next_was_purged()) << "never used";
  }
  superslab_.give_unit(first, 90);
  EXPECT_FALSE(superslab_.next_was_purged()) << "used since";
}

TEST_P(SuperSlabTest, ResetRemembersPurgedPagesUnlessSomeAreDirty) {
  superslab_.give_unit(take(), 1);
  superslab_.purge_aged(5);
  superslab_.reset(SuperSlabKind::Single);
  EXPECT_TRUE(superslab_.next_was_purged());
  superslab_.reset(SuperSlabKind::Span);
  EXPECT_TRUE(superslab_.next_was_purged());
  Slab& slab = superslab_.take_unit(kWhole);
  superslab_.give_unit(slab, 6);
  superslab_.reset(SuperSlabKind::Single);
  EXPECT_FALSE(superslab_.next_was_purged());
}

TEST_P(SuperSlabTest, ResetMakesAFreshOneOfTheOtherKind) {
  Slab& slab = take();
  superslab_.give_unit(slab, 5);
  SuperSlab other;
  superslab_.next = superslab_.prev = superslab_.next_in_heap = superslab_.prev_in_heap = &other;
  superslab_.listed = true;
  superslab_.owner = reinterpret_cast<Heap*>(this);
  const SuperSlabKind kind =
      GetParam() == SuperSlabKind::Single ? SuperSlabKind::Span : SuperSlabKind::Single;
  superslab_.reset(kind);
  EXPECT_EQ(superslab_.kind, kind);
  EXPECT_EQ(superslab_.owner, nullptr);
  EXPECT_TRUE(superslab_.is_empty());
  EXPECT_FALSE(superslab_.listed);
  EXPECT_EQ(superslab_.next, nullptr);
  EXPECT_EQ(superslab_.prev, nullptr);
  EXPECT_EQ(superslab_.next_in_heap, nullptr);
  EXPECT_EQ(superslab_.prev_in_heap, nullptr);
  EXPECT_EQ(superslab_.dirty_units, superslab_.all_units()) << "its dirt is not forgotten";
  EXPECT_TRUE(superslab_.bitmap_agrees());
}

TEST_P(SuperSlabTest, ResetOfACleanOneStaysClean) {
  superslab_.reset(SuperSlabKind::Single);
  EXPECT_EQ(superslab_.dirty_units, 0u);
}

TEST_P(SuperSlabTest, ADisagreeingBitmapIsFound) {
  Slab& slab = take();
  ASSERT_TRUE(superslab_.bitmap_agrees());
  slab.state = SlabState::Free;
  EXPECT_FALSE(superslab_.bitmap_agrees()) << "a free slab whose bit is not set";
  slab.state = SlabState::Partial;
  superslab_.free_units |= std::uint64_t{1} << slab.unit;
  EXPECT_FALSE(superslab_.bitmap_agrees()) << "a slab in use whose bit is set";
  superslab_.free_units &= ~(std::uint64_t{1} << slab.unit);
  superslab_.dirty_units |= std::uint64_t{1} << slab.unit;
  EXPECT_FALSE(superslab_.bitmap_agrees()) << "a dirty unit that is not free";
  superslab_.dirty_units = 0;
  superslab_.free_units |= std::uint64_t{1} << 63;
  EXPECT_FALSE(superslab_.bitmap_agrees()) << "a unit that does not exist";
}

TEST_P(SuperSlabTest, VerifyFindsASlabWithADefect) {
  Slab& slab = take();
  EXPECT_EQ(superslab_.verify(), SlabDefect::None);
  ++slab.used;
  EXPECT_EQ(superslab_.verify(), SlabDefect::Counters);
  slab.used = 0;
  slab.reset(GetParam() == SuperSlabKind::Single ? kWhole : kNarrow, slab.span_slabs, slab.unit);
  EXPECT_EQ(superslab_.verify(), SlabDefect::WrongClass);
}

}  // namespace
}  // namespace hakmem
