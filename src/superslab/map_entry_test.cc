#include "superslab/map_entry.h"

#include <gtest/gtest.h>

#include <memory>

#include "large/large_tier.h"
#include "superslab/slab.h"

namespace hakmem {
namespace {

TEST(MapEntry, ZeroIsNotOurs) {
  EXPECT_FALSE(MapEntry().is_ours());
  EXPECT_EQ(MapEntry().bits(), 0u);
  EXPECT_FALSE(MapEntry::from_bits(0).is_ours());
}

TEST(MapEntry, EveryKindKeepsItsRecord) {
  const auto slab = std::make_unique<Slab>();
  const auto block = std::make_unique<LargeBlock>();
  const auto run = std::make_unique<FreeRun>();
  const MapEntry used = MapEntry::of_slab(*slab, OwnerTag{5});
  EXPECT_EQ(used.kind(), GranuleKind::Slab);
  EXPECT_EQ(&used.slab(), slab.get());
  const MapEntry free_slab = MapEntry::of_free_slab(*slab);
  EXPECT_EQ(free_slab.kind(), GranuleKind::FreeSlab);
  EXPECT_EQ(&free_slab.slab(), slab.get());
  const MapEntry large = MapEntry::of_large(*block);
  EXPECT_EQ(large.kind(), GranuleKind::Large);
  EXPECT_EQ(&large.large(), block.get());
  const MapEntry free_run = MapEntry::of_free_run(*run);
  EXPECT_EQ(free_run.kind(), GranuleKind::FreeRun);
  EXPECT_EQ(&free_run.free_run(), run.get());
  for (const MapEntry entry : {used, free_slab, large, free_run}) {
    EXPECT_TRUE(entry.is_ours());
    EXPECT_EQ(MapEntry::from_bits(entry.bits()).bits(), entry.bits());
  }
}

TEST(MapEntry, OnlyTheOwnersTagMakesASlabItsOwn) {
  const auto slab = std::make_unique<Slab>();
  for (const unsigned owner : {1u, 2u, 0x7fffu, 0x8000u, 0xfffdu}) {
    for (const unsigned thread : {1u, 2u, 0x7fffu, 0x8000u, 0xfffdu, 0xffffu}) {
      const std::uint64_t own = MapEntry::of_slab(*slab, static_cast<OwnerTag>(owner)).bits() ^
                                MapEntry::tag_bits(static_cast<OwnerTag>(thread));
      EXPECT_EQ(MapEntry::is_own_slab(own), owner == thread) << owner << " " << thread;
      if (owner == thread) {
        EXPECT_EQ(&MapEntry::own_slab(own), slab.get());
      }
    }
  }
}

TEST(MapEntry, NothingUntaggedIsAnyThreadsOwn) {
  const auto slab = std::make_unique<Slab>();
  const auto block = std::make_unique<LargeBlock>();
  const auto run = std::make_unique<FreeRun>();
  for (const MapEntry entry :
       {MapEntry(), MapEntry::of_slab(*slab, OwnerTag::None), MapEntry::of_free_slab(*slab),
        MapEntry::of_large(*block), MapEntry::of_free_run(*run)}) {
    for (unsigned tag = 1; tag <= 0xffff; ++tag) {
      ASSERT_FALSE(MapEntry::is_own_slab(entry.bits() ^
                                         MapEntry::tag_bits(static_cast<OwnerTag>(tag))));
    }
  }
}

}  // namespace
}  // namespace hakmem
