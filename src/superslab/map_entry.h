// What the address map says about one granule of address space, in one word.
//
//   63        48 47                              2 1    0
//   ┌───────────┬─────────────────────────────────┬──────┐
//   │ owner tag │ record's address (4-byte aligned)│ kind │
//   └───────────┴─────────────────────────────────┴──────┘
//
// Called by the free gate, the slab code and the large tier. Invariant: zero means "not ours"; a
// tag is set only on slabs that are active or partial, so one XOR with the thread's tag tells
// "mine, and nothing to do but push" from everything else.
#pragma once

#include "base/build_config.h"
#include "base/compiler.h"
#include "base/units.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

struct Slab;
struct LargeBlock;
struct FreeRun;

/// Names a heap in map entries. None: full, large or free; no heap has it.
enum class OwnerTag : std::uint16_t { None = 0, NoHeap = 0xffff };

enum class GranuleKind : std::uint8_t { Slab = 0, Large = 1, FreeRun = 2, FreeSlab = 3 };

class MapEntry {
 public:
  constexpr MapEntry() noexcept = default;
  static constexpr MapEntry from_bits(std::uint64_t bits) noexcept { return MapEntry(bits); }

  static MapEntry of_slab(Slab& slab, OwnerTag tag) noexcept {
    return MapEntry(tag_bits(tag) | reinterpret_cast<Address>(&slab));
  }
  static MapEntry of_free_slab(Slab& slab) noexcept {
    return MapEntry(reinterpret_cast<Address>(&slab) | bits_of(GranuleKind::FreeSlab));
  }
  static MapEntry of_large(LargeBlock& block) noexcept {
    return MapEntry(reinterpret_cast<Address>(&block) | bits_of(GranuleKind::Large));
  }
  static MapEntry of_free_run(FreeRun& run) noexcept {
    return MapEntry(reinterpret_cast<Address>(&run) | bits_of(GranuleKind::FreeRun));
  }

  constexpr bool is_ours() const noexcept { return bits_ != 0; }
  constexpr GranuleKind kind() const noexcept {
    return static_cast<GranuleKind>(bits_ & kKindMask);
  }
  constexpr std::uint64_t bits() const noexcept { return bits_; }

  Slab& slab() const noexcept { return *reinterpret_cast<Slab*>(record()); }
  LargeBlock& large() const noexcept { return *reinterpret_cast<LargeBlock*>(record()); }
  FreeRun& free_run() const noexcept { return *reinterpret_cast<FreeRun*>(record()); }

  /// A tag where entries have it, to be XORed with an entry.
  static constexpr std::uint64_t tag_bits(OwnerTag tag) noexcept {
    return static_cast<std::uint64_t>(tag) << kTagShift;
  }

  /// True when `entry_xor_tag` (an entry's bits XOR tag_bits of the thread) is the address of a
  /// slab of that thread that only needs a push. Two instructions and a branch.
  static HAK_INLINE bool is_own_slab(std::uint64_t entry_xor_tag) noexcept {
    return (entry_xor_tag >> kAddressBits) == 0;
  }
  /// That slab. Precondition: is_own_slab().
  static HAK_INLINE Slab& own_slab(std::uint64_t entry_xor_tag) noexcept {
    return *reinterpret_cast<Slab*>(entry_xor_tag);
  }

 private:
  static constexpr unsigned kTagShift = 48;
  static constexpr std::uint64_t kKindMask = 3;
  static constexpr std::uint64_t kRecordMask = ((std::uint64_t{1} << kTagShift) - 1) & ~kKindMask;

  explicit constexpr MapEntry(std::uint64_t bits) noexcept : bits_(bits) {}
  static constexpr std::uint64_t bits_of(GranuleKind kind) noexcept {
    return static_cast<std::uint64_t>(kind);
  }
  Address record() const noexcept { return bits_ & kRecordMask; }

  std::uint64_t bits_ = 0;
};

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
