// The only reader of HAKMEM_* build macros: they become constexpr values here and nowhere else.
// Called by every layer. Invariant: two builds that differ in level, geometry or layout live in
// different inline namespaces, so mixing their objects fails at link time, not at run time.
#pragma once

#include "base/checks.h"
#include "base/geometry.h"

#ifndef HAKMEM_INTEGRITY_LEVEL
#define HAKMEM_INTEGRITY_LEVEL 0
#endif
#ifndef HAKMEM_TINY_GEOMETRY
#define HAKMEM_TINY_GEOMETRY 0
#endif
#ifndef HAKMEM_HEADER_LAYOUT
#define HAKMEM_HEADER_LAYOUT 0
#endif
#ifndef HAKMEM_MARKS
#define HAKMEM_MARKS 0
#endif

// HAKMEM_CHECK_OFF=kCanaries builds a level without one of its checks: no product, but how tests
// show that the check is what finds an error (docs/CHECKS_OFF.md).

#define HAK_PASTE_(a, b) a##b
#define HAK_PASTE(a, b) HAK_PASTE_(a, b)
#if HAKMEM_TINY_GEOMETRY
#define HAK_GEOMETRY_SUFFIX t
#else
#define HAK_GEOMETRY_SUFFIX g
#endif
#if HAKMEM_HEADER_LAYOUT
#define HAK_LAYOUT_SUFFIX h
#else
#define HAK_LAYOUT_SUFFIX n
#endif
#if HAKMEM_MARKS
#define HAK_MARKS_SUFFIX m
#else
#define HAK_MARKS_SUFFIX
#endif
#define HAK_LEVEL_NAME                                                               \
  HAK_PASTE(HAK_PASTE(HAK_PASTE(HAK_PASTE(il, HAKMEM_INTEGRITY_LEVEL), HAK_GEOMETRY_SUFFIX), \
                      HAK_LAYOUT_SUFFIX),                                            \
            HAK_MARKS_SUFFIX)
/// il<level><g|t><n|h>[m]: level, geometry, layout, marks; and the check that is off, if one is.
#ifdef HAKMEM_CHECK_OFF
#define HAK_LEVEL_NAMESPACE HAK_PASTE(HAK_LEVEL_NAME, HAKMEM_CHECK_OFF)
#else
#define HAK_LEVEL_NAMESPACE HAK_LEVEL_NAME
#endif

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

inline constexpr int kIntegrityLevel = HAKMEM_INTEGRITY_LEVEL;
static_assert(kIntegrityLevel >= 0 && kIntegrityLevel <= kIntegrityLevelMax,
              "HAKMEM_INTEGRITY_LEVEL must be 0, 1, 2, 3 or 4");

/// True when a tool that watches the program's accesses is told which bytes are the program's.
inline constexpr bool kMarked = HAKMEM_MARKS != 0;
static_assert(!kMarked || kIntegrityLevel == 3,
              "marks stand between blocks: they need level 3's layout, and nothing above it");

/// AddressSanitizer does not know the blocks, so that both stacks must come from here.
constexpr CheckSet with_marks(CheckSet checks) noexcept {
  return kMarked ? checks + Check::kStacks : checks;
}

/// What this build checks. `if constexpr (kBuildChecks.has(Check::kX))` is the only level test.
#ifdef HAKMEM_CHECK_OFF
inline constexpr CheckSet kBuildChecks =
    with_marks(checks_for_level(kIntegrityLevel)) - Check::HAKMEM_CHECK_OFF;
static_assert(kBuildChecks != checks_for_level(kIntegrityLevel),
              "HAKMEM_CHECK_OFF is no check of this level");
#else
inline constexpr CheckSet kBuildChecks = with_marks(checks_for_level(kIntegrityLevel));
#endif

/// Block geometry of this build: the product's, or a tiny one that makes schedules short.
inline constexpr Geometry kGeometry =
    HAKMEM_TINY_GEOMETRY != 0 ? kTinyGeometryForTest : kProductGeometry;

/// True when blocks carry a header byte before the user's first byte.
inline constexpr bool kHeaderLayout =
    HAKMEM_HEADER_LAYOUT != 0 || kBuildChecks.has(Check::kHeaderByte);

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
