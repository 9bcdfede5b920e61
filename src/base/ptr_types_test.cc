#include "base/ptr_types.h"

#include <gtest/gtest.h>

#include <type_traits>

namespace hakmem {
namespace {

template <class A, class B>
concept Comparable = requires(A a, B b) { a == b; };

static_assert(!std::is_convertible_v<SlabBase, SlabUser>);
static_assert(!std::is_convertible_v<SlabUser, SlabBase>);
static_assert(!std::is_convertible_v<WildPtr, SlabUser>);
static_assert(!std::is_convertible_v<SlabUser, LargeUser>);
static_assert(!std::is_convertible_v<std::byte*, WildPtr>);
static_assert(!std::is_convertible_v<WildPtr, std::byte*>);
static_assert(!std::is_convertible_v<SlabBase, bool>);
static_assert(Comparable<SlabBase, SlabBase>);
static_assert(!Comparable<SlabBase, SlabUser>);
static_assert(!Comparable<SlabUser, LargeUser>);
static_assert(!Comparable<WildPtr, SlabUser>);

TEST(TypedPtr, KeepsItsAddressAndComparesWithItsOwnKind) {
  std::byte bytes[2];
  const SlabBase first = SlabBase::unsafe_from(&bytes[0]);
  const SlabBase second = SlabBase::unsafe_from(&bytes[1]);
  EXPECT_EQ(first.unsafe_bytes(), &bytes[0]);
  EXPECT_EQ(second.address() - first.address(), 1u);
  EXPECT_TRUE(first == SlabBase::unsafe_from(&bytes[0]));
  EXPECT_FALSE(first == second);
}

TEST(TypedPtr, NullIsFalseInEveryKind) {
  EXPECT_FALSE(WildPtr());
  EXPECT_FALSE(SlabBase(nullptr));
  EXPECT_EQ(LargeUser().address(), 0u);
}

}  // namespace
}  // namespace hakmem
