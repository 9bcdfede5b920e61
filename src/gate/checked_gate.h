// Levels 3 and 4: the gates with records, canaries, fill and quarantine around the raw ones.
// Called by gate.h. Invariant: a block that a program holds is Live in its record; one that it
// freed is Quarantined, filled and still counted as used by its slab; only when it leaves the
// quarantine, checked, does the raw gate see it again.
// After a finding that does not end the program: a free of what is no live block does nothing, a
// realloc of it returns null, its usable size is 0; a damaged canary or fill is written anew; a
// mismatched release is made as if it matched; a library call is made as the program wants it.
#pragma once

#include "gate/alloc_gate.h"
#include "gate/free_gate.h"
#include "integrity/block_record.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// One allocation, as the program asked for it.
struct AllocRequest {
  std::size_t bytes = 0;
  std::size_t align = 0;              ///< 0: none asked for; else a power of two
  AllocKind kind = AllocKind::Malloc;
  bool zeroed = false;
  Address caller = 0;                 ///< return address of the exported function
};

/// One release, as the program asked for it.
struct FreeRequest {
  AllocKind kind = AllocKind::Malloc;
  bool sized = false;                 ///< `bytes` was said
  std::size_t bytes = 0;
  std::size_t align = 0;              ///< 0: not said
  Address caller = 0;
};

void* checked_allocate(Domain& domain, ThreadState& thread, const AllocRequest& request) noexcept;
/// The same without an alignment, zeroes, or a record of the request to be made and read again.
void* checked_allocate_plain(Domain& domain, ThreadState& thread, std::size_t bytes,
                             AllocKind kind, Address caller) noexcept;
void checked_release(Domain& domain, ThreadState& thread, WildPtr pointer,
                     const FreeRequest& request) noexcept;
/// The same of a release that says nothing but its kind.
void checked_release_plain(Domain& domain, ThreadState& thread, WildPtr pointer, AllocKind kind,
                           Address caller) noexcept;
void* checked_reallocate(Domain& domain, ThreadState& thread, WildPtr pointer,
                         const AllocRequest& request) noexcept;
/// The size that was asked for: what a program may use is what it asked for.
std::size_t checked_usable_size(Domain& domain, WildPtr pointer, Address caller) noexcept;

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
