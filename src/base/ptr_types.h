// Pointers that the compiler tells apart. Called by every layer above os/.
//
//   WildPtr          what a program handed to free(): nothing is known, nothing may be read
//   BasePtr<Tier>    the first byte of a block; lists hold these and nothing else
//   UserPtr<Tier>    the first byte the program may use; equals the base in the headerless layout
//
// Invariant: no conversion is implicit, none compares with another, and all have a pointer's size.
// The one boundary between base and user is block_layout.h; only gate/ turns a WildPtr into a
// UserPtr, after the address map said whose it is. `unsafe_` is the word to search for in a review.
#pragma once

#include <cstddef>

#include "base/compiler.h"
#include "base/units.h"

namespace hakmem {

namespace tier {
struct Slab;   ///< blocks of the tiny and pool tiers: carved from slabs and spans
struct Large;  ///< runs of granules and direct mappings
}  // namespace tier

/// A pointer of one kind. `Kind` is a phantom: it exists only in the type.
template <class Kind>
class TypedPtr {
 public:
  constexpr TypedPtr() noexcept = default;
  constexpr TypedPtr(std::nullptr_t) noexcept {}  // NULL means the same in every kind

  /// Claims that `bytes` is of this kind. Each caller has just established it.
  static HAK_INLINE TypedPtr unsafe_from(std::byte* bytes) noexcept {
    TypedPtr result;
    result.bytes_ = bytes;
    return result;
  }
  HAK_INLINE std::byte* unsafe_bytes() const noexcept { return bytes_; }

  HAK_INLINE Address address() const noexcept { return reinterpret_cast<Address>(bytes_); }
  HAK_INLINE explicit operator bool() const noexcept { return bytes_ != nullptr; }
  friend HAK_INLINE bool operator==(TypedPtr a, TypedPtr b) noexcept {
    return a.bytes_ == b.bytes_;
  }

 private:
  std::byte* bytes_ = nullptr;
};

namespace ptr_kind {
struct Wild;
template <class Tier>
struct Base;
template <class Tier>
struct User;
}  // namespace ptr_kind

using WildPtr = TypedPtr<ptr_kind::Wild>;
template <class Tier>
using BasePtr = TypedPtr<ptr_kind::Base<Tier>>;
template <class Tier>
using UserPtr = TypedPtr<ptr_kind::User<Tier>>;

using SlabBase = BasePtr<tier::Slab>;
using SlabUser = UserPtr<tier::Slab>;
using LargeUser = UserPtr<tier::Large>;

static_assert(sizeof(SlabBase) == sizeof(void*) && sizeof(WildPtr) == sizeof(void*));

}  // namespace hakmem
