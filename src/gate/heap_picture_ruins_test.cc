// A heap in ruins costs the picture of what cannot be believed, and nothing else.
#include <gtest/gtest.h>

#include <string>
#include <type_traits>

#include "gate/heap_picture_for_test.h"

namespace hakmem {
namespace {

TEST_F(HeapPictureOf, AHeapInRuinsCostsNoReport) {
  void* const first = allocate(kDrawn);
  void* const second = allocate(kDrawn);
  Slab& slab = slab_of(second);
  SuperSlab& superslab = *slab.superslab;
  std::byte* const nowhere = reinterpret_cast<std::byte*>(Address{0x7000});
  const auto has_neighbours = [&](auto ruin) {
    return report_of_double_free(second, ruin).find("\n  prev  ") != std::string::npos;
  };
  EXPECT_TRUE(has_neighbours([&] { superslab.next_ever = &superslab; }));
  EXPECT_TRUE(has_neighbours([&] {
    superslab.next_ever = reinterpret_cast<SuperSlab*>(nowhere);
  }));
  EXPECT_FALSE(has_neighbours([&] { slab.carved = ~0u; }));
  EXPECT_FALSE(has_neighbours([&] { slab.capacity = slab.carved = 1u << 31; }));
  release(first);
  release(second);
}

TEST_F(HeapPictureOf, ListsThatDoNotEndLeaveTheSizesOut) {
  void* const block = allocate(kDrawn);
  SuperSlab& superslab = *slab_of(block).superslab;
  EXPECT_TRUE(draw(block).sizes.known);
  SuperSlab* const next = superslab.next_ever;
  superslab.next_ever = reinterpret_cast<SuperSlab*>(Address{0x7001});
  EXPECT_FALSE(draw(block).sizes.known);
  EXPECT_TRUE(picture_->slab.known);
  superslab.next_ever = next;
  std::byte* const records = superslab.records;
  superslab.records = reinterpret_cast<std::byte*>(Address{0x7000});
  EXPECT_FALSE(draw(block).sizes.known);
  EXPECT_FALSE(picture_->slab.known);
  superslab.records = records;
  release(block);
}

/// A finding whose block is in no slab, or nowhere any more.
TEST_F(HeapPictureOf, WhatTheFindingCannotNameHasNoSlab) {
  std::byte* const block = static_cast<std::byte*>(allocate(kDrawn));
  const Slab& slab = slab_of(block);
  const auto is_drawn = [&](FindingBlock named) {
    finding_ = {};
    finding_.block = named;
    finding_.block.state = "live";
    picture_->clear();
    draw_heap(*domain_, finding_, *picture_);
    EXPECT_TRUE(picture_->sizes.known);
    return picture_->slab.known;
  };
  const Address user = reinterpret_cast<Address>(block);
  const Address end = slab.first_base() + std::size_t{slab.capacity} * slab.stride_bytes;
  EXPECT_TRUE(is_drawn({.known = true, .user = user}));
  EXPECT_FALSE(is_drawn({.known = false, .user = user}));
  EXPECT_FALSE(is_drawn({.known = true, .user = user, .own_pages = true}));
  EXPECT_FALSE(is_drawn({.known = true, .user = user, .large = true}));
  EXPECT_FALSE(is_drawn({.known = true, .user = reinterpret_cast<Address>(&slab)}));
  void* const large = allocate(kMiB);
  EXPECT_FALSE(is_drawn({.known = true, .user = reinterpret_cast<Address>(large)}));
  // A slab of this class has room behind its last block.
  ASSERT_EQ(&slab_of(reinterpret_cast<void*>(end)), &slab);
  EXPECT_FALSE(is_drawn({.known = true, .user = end}));
  release(large);
  release(block);
}

TEST_F(HeapPictureOf, ASlabWithoutSenseIsNotDrawn) {
  std::byte* const block = static_cast<std::byte*>(allocate(kDrawn));
  Slab& slab = slab_of(block);
  SuperSlab& superslab = *slab.superslab;
  const auto is_drawn = [&] { return draw(block).slab.known; };
  const auto is_drawn_with = [&](auto& field, auto value) {
    const auto kept = field;
    field = static_cast<std::remove_reference_t<decltype(field)>>(value);
    const bool drawn = is_drawn();
    field = kept;
    return drawn;
  };
  EXPECT_FALSE(is_drawn_with(slab.stride_bytes, 0u));
  EXPECT_FALSE(is_drawn_with(slab.data, nullptr));
  EXPECT_FALSE(is_drawn_with(slab.records.first_base, slab.records.first_base + kGranuleBytes))
      << "the block is before it";
  EXPECT_FALSE(is_drawn_with(slab.capacity, kSlabStatesMax + 1));
  EXPECT_FALSE(is_drawn_with(slab.carved, slab.capacity + 1));
  EXPECT_FALSE(is_drawn_with(slab.class_index, kClassCount));
  EXPECT_FALSE(is_drawn_with(slab.superslab, &superslab + 1)) << "none of its slabs";
  EXPECT_FALSE(is_drawn_with(superslab.records, nullptr));
  EXPECT_TRUE(is_drawn());
  release(block);
}

TEST_F(HeapPictureOf, ASlabOrAListInRuinsLeavesTheSizesOut) {
  void* const block = allocate(kDrawn);
  void* const large = allocate(kMiB);
  Slab& slab = slab_of(block);
  LargeBlock& record = domain_->slabs.map.lookup(reinterpret_cast<Address>(large)).large();
  const auto known_with = [&](auto& field, auto value) {
    const auto kept = field;
    field = value;
    const bool known = draw(block).sizes.known;
    field = kept;
    return known;
  };
  EXPECT_FALSE(known_with(slab.carved, static_cast<std::uint32_t>(kRecordsPerSlab + 1)));
  EXPECT_FALSE(known_with(record.next, &record)) << "a list that leads in circles";
  EXPECT_FALSE(known_with(record.next, reinterpret_cast<LargeBlock*>(Address{0x7000})));
  EXPECT_TRUE(draw(block).sizes.known);
  release(large);
  release(block);
}

}  // namespace
}  // namespace hakmem
