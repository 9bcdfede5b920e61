// The level table: an integrity level is a named set of checks, and nothing else.
// Called by build_config.h, integrity/hooks.h and the tests that take single checks away.
// Invariant: a level contains every check of the levels below it.
#pragma once

#include <cstdint>

namespace hakmem {

inline constexpr int kIntegrityLevelMax = 4;

/// One bit per check. The comment says what it costs and what it finds.
enum class Check : std::uint32_t {
  // level 1: on in production, a handful of instructions an operation
  kMapMembership = 1u << 0,     ///< free() of what the address map does not own is reported
  kStrideAlignment = 1u << 1,   ///< a freed pointer is the start of a block
  kImmediateDoubleFree = 1u << 2,  ///< the block freed is not the list's head
  kNextInSlab = 1u << 3,        ///< a popped next pointer stays inside its slab
  // level 2: header byte, equations at every slab transition
  kHeaderByte = 1u << 4,        ///< one byte before the user's first names the class
  kSlabInvariants = 1u << 5,    ///< verify() at every slab transition
  kListPatterns = 1u << 6,      ///< poison and sentinel values never appear as list pointers
  kRemoteCount = 1u << 7,       ///< drained = pushed
  kOwner = 1u << 22,            ///< who acts as a slab's owner is its owner
  kStateCanaries = 1u << 23,    ///< words beside a thread's and a heap's state are whole
  // level 3: per-block records, canaries, fill, quarantine
  kRecords = 1u << 8,           ///< what the others of the level look at, beside every block
  kCanaries = 1u << 9,          ///< keyed bytes before and, byte-exact, after the request
  kFreeFill = 1u << 10,         ///< freed bytes are filled, and checked before reuse
  kQuarantine = 1u << 11,       ///< freed blocks rest in a bounded queue
  kBlockState = 1u << 18,       ///< what is freed or resized is a live block
  kKinds = 1u << 19,            ///< a release has the allocation's kind, size and alignment
  kOwnership = 1u << 20,        ///< what is handed out or carved is not in use
  // level 4: stacks, history, findings at exit
  kStacks = 1u << 12,           ///< allocation and free stacks in a depot
  kExitSweep = 1u << 13,        ///< live and quarantined blocks are checked at exit
  kCrashReport = 1u << 14,      ///< fatal signals are reported with the block they hit
  kLibraryCalls = 1u << 15,     ///< mem*, str*, wcs*, printf stay inside their blocks
  kPageMode = 1u << 16,         ///< on demand, each block on pages of its own beside a closed one
  kPtrTrace = 1u << 17,         ///< rings of what was done to which block and list, by whom
  kLeaks = 1u << 21,            ///< on demand, blocks that nothing points to at exit
};

/// A set of checks with set algebra; a literal type, so that `if constexpr` can ask it.
struct CheckSet {
  std::uint32_t bits = 0;

  constexpr bool has(Check check) const noexcept {
    return (bits & static_cast<std::uint32_t>(check)) != 0;
  }
  constexpr bool any() const noexcept { return bits != 0; }
  friend constexpr CheckSet operator+(CheckSet set, Check check) noexcept {
    return {set.bits | static_cast<std::uint32_t>(check)};
  }
  friend constexpr CheckSet operator-(CheckSet set, Check check) noexcept {
    return {set.bits & ~static_cast<std::uint32_t>(check)};
  }
  friend constexpr bool operator==(CheckSet, CheckSet) noexcept = default;
};

/// The checks of level 0 to 4; cumulative.
constexpr CheckSet checks_for_level(int level) noexcept {
  CheckSet set;
  if (level >= 1) {
    set = set + Check::kMapMembership + Check::kStrideAlignment + Check::kImmediateDoubleFree +
          Check::kNextInSlab;
  }
  if (level >= 2) {
    set = set + Check::kHeaderByte + Check::kSlabInvariants + Check::kListPatterns +
          Check::kRemoteCount + Check::kOwner + Check::kStateCanaries;
  }
  if (level >= 3) {
    set = set + Check::kRecords + Check::kCanaries + Check::kFreeFill + Check::kQuarantine +
          Check::kBlockState + Check::kKinds + Check::kOwnership;
  }
  if (level >= 4) {
    set = set + Check::kStacks + Check::kExitSweep + Check::kCrashReport +
          Check::kLibraryCalls + Check::kPageMode + Check::kPtrTrace + Check::kLeaks;
  }
  return set;
}

}  // namespace hakmem
