// One event of the pointer trace: what was done to which block, when, by whom. Four words, so that
// a ring stays small; written by trace_ring.h, read by trace_history.h.
// Invariant: all bits zero is no event.
//
//   time     operations that the process had begun by then, this one included
//   target   kind << 56 | address (48 bits)
//   who      thread << 40 | operation (40 bits)
//   detail   of an operation: stack << 32 | bytes; of a link: the address it led to; else a count
#pragma once

#include "base/units.h"

namespace hakmem {

/// What happened. Operations are the program's calls; the others are the allocator's own steps.
enum class TraceKind : std::uint8_t {
  None = 0,
  Alloc,         ///< an allocation call returned the block
  Free,          ///< the program freed it
  Resize,        ///< realloc() kept it in place with another size
  LetGo,         ///< it left quarantine
  LinkRead,      ///< a free list's link was followed
  LinkWrite,     ///< a free list's link was set
  Carve,         ///< blocks came into being; detail: how many
  RemotePush,    ///< a chain went to its slab's remote queue; detail: how many
  Drain,         ///< a remote queue was emptied; detail: how many blocks
  SlabChange,    ///< a slab changed its list or state; detail: blocks in use
  SlabRelease,   ///< an empty slab went back to its SuperSlab
  kCount
};

/// As reports name it.
constexpr const char* name_of(TraceKind kind) noexcept {
  constexpr const char* kNames[] = {"",       "alloc",     "free",     "resize",
                                    "let go", "link read", "link set", "carve",
                                    "push",   "drain",     "slab",     "slab release"};
  static_assert(sizeof kNames / sizeof *kNames == static_cast<std::size_t>(TraceKind::kCount));
  return kind < TraceKind::kCount ? kNames[static_cast<std::size_t>(kind)] : "";
}

/// The program's own calls; the rest of a history is the allocator's.
constexpr bool is_operation(TraceKind kind) noexcept {
  return kind == TraceKind::Alloc || kind == TraceKind::Free || kind == TraceKind::Resize;
}

struct TraceEvent {
  std::uint64_t time = 0;
  std::uint64_t target = 0;
  std::uint64_t who = 0;
  std::uint64_t detail = 0;

  static constexpr unsigned kKindShift = 56, kThreadShift = 40, kStackShift = 32;
  static constexpr std::uint64_t kAddressMask = (std::uint64_t{1} << 48) - 1;
  static constexpr std::uint64_t kOperationMask = (std::uint64_t{1} << kThreadShift) - 1;
  static constexpr std::uint64_t kBytesMask = 0xffffffff;

  static constexpr std::uint64_t target_of(TraceKind kind, Address address) noexcept {
    return static_cast<std::uint64_t>(kind) << kKindShift | (address & kAddressMask);
  }
  static constexpr std::uint64_t who_of(std::uint32_t thread, std::uint64_t operation) noexcept {
    return std::uint64_t{thread} << kThreadShift | (operation & kOperationMask);
  }
  /// A request of 4 GiB or more is kept as the largest that fits.
  static constexpr std::uint64_t detail_of(std::uint32_t stack, std::size_t bytes) noexcept {
    const std::uint64_t kept = bytes < kBytesMask ? bytes : kBytesMask;
    return std::uint64_t{stack} << kStackShift | kept;
  }

  constexpr TraceKind kind() const noexcept { return static_cast<TraceKind>(target >> kKindShift); }
  constexpr Address address() const noexcept { return target & kAddressMask; }
  constexpr std::uint32_t thread() const noexcept {
    return static_cast<std::uint32_t>(who >> kThreadShift);
  }
  constexpr std::uint64_t operation() const noexcept { return who & kOperationMask; }
  constexpr std::uint32_t stack() const noexcept {
    return static_cast<std::uint32_t>(detail >> kStackShift);
  }
  constexpr std::size_t bytes() const noexcept { return detail & kBytesMask; }
};
static_assert(sizeof(TraceEvent) == 32);

}  // namespace hakmem
