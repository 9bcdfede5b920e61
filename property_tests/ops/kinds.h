// Which form releases which block: one table for the interpreter, the GTest printer and generators.
// Invariant: `fits(plain_release_of(kind), kind)`, and `!fits(mismatched_release_of(kind), kind)`.
#pragma once

#include "property_tests/ops/operation.h"

namespace hakmem::ops {

/// How a block was made, as far as its release is concerned.
enum class BlockKind : std::uint8_t { Malloc, Aligned, Page, New, NewArray, NewAligned,
                                      NewArrayAligned };

/// The kind of what an allocating or resizing verb returns.
constexpr BlockKind kind_of(Verb verb) noexcept {
  switch (verb) {
    case Verb::kMemalign:
    case Verb::kPosixMemalign:
    case Verb::kAlignedAlloc:
      return BlockKind::Aligned;
    case Verb::kValloc:
    case Verb::kPvalloc:
      return BlockKind::Page;
    case Verb::kNew:
    case Verb::kNewNothrow:
      return BlockKind::New;
    case Verb::kNewArray:
    case Verb::kNewArrayNothrow:
      return BlockKind::NewArray;
    case Verb::kNewAligned:
    case Verb::kNewAlignedNothrow:
      return BlockKind::NewAligned;
    case Verb::kNewArrayAligned:
    case Verb::kNewArrayAlignedNothrow:
      return BlockKind::NewArrayAligned;
    default:
      return BlockKind::Malloc;
  }
}

/// True for what malloc() and its kin made: the only blocks that realloc() may resize.
constexpr bool is_c(BlockKind kind) noexcept {
  return kind == BlockKind::Malloc || kind == BlockKind::Aligned || kind == BlockKind::Page;
}

/// May the form release a block of this kind?
constexpr bool fits(Verb release, BlockKind kind) noexcept {
  switch (release) {
    case Verb::kFree:
      return is_c(kind);
    case Verb::kFreeSized:
      return kind == BlockKind::Malloc;
    case Verb::kFreeAlignedSized:
      return kind == BlockKind::Aligned;
    case Verb::kDelete:
    case Verb::kDeleteSized:
      return kind == BlockKind::New;
    case Verb::kDeleteArray:
    case Verb::kDeleteArraySized:
      return kind == BlockKind::NewArray;
    case Verb::kDeleteAligned:
    case Verb::kDeleteAlignedSized:
      return kind == BlockKind::NewAligned;
    case Verb::kDeleteArrayAligned:
    case Verb::kDeleteArrayAlignedSized:
      return kind == BlockKind::NewArrayAligned;
    default:
      return false;
  }
}

constexpr Verb plain_release_of(BlockKind kind) noexcept {
  switch (kind) {
    case BlockKind::New:
      return Verb::kDelete;
    case BlockKind::NewArray:
      return Verb::kDeleteArray;
    case BlockKind::NewAligned:
      return Verb::kDeleteAligned;
    case BlockKind::NewArrayAligned:
      return Verb::kDeleteArrayAligned;
    case BlockKind::Malloc:
    case BlockKind::Aligned:
    case BlockKind::Page:
      break;
  }
  return Verb::kFree;
}

/// The form that is called in the place of `release` for a block of this kind.
constexpr Verb fitting_release(Verb release, BlockKind kind) noexcept {
  return fits(release, kind) ? release : plain_release_of(kind);
}

/// The form with a size for a kind; Free where there is none.
constexpr Verb sized_release_of(BlockKind kind) noexcept {
  switch (kind) {
    case BlockKind::Malloc:
      return Verb::kFreeSized;
    case BlockKind::New:
      return Verb::kDeleteSized;
    case BlockKind::NewArray:
      return Verb::kDeleteArraySized;
    case BlockKind::NewAligned:
      return Verb::kDeleteAlignedSized;
    case BlockKind::NewArrayAligned:
      return Verb::kDeleteArrayAlignedSized;
    case BlockKind::Aligned:
    case BlockKind::Page:
      break;
  }
  return Verb::kFree;
}

/// A form that must not release such a block.
constexpr Verb mismatched_release_of(BlockKind kind) noexcept {
  return kind == BlockKind::New ? Verb::kDeleteArray : is_c(kind) ? Verb::kDelete : Verb::kFree;
}

}  // namespace hakmem::ops
