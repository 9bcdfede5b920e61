// realloc(): stay, grow or shrink in place, move pages, or copy. Called by api/ through gate.h.
#pragma once

#include "gate/alloc_gate.h"
#include "gate/free_gate.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// Makes a live block hold `request` bytes, moving it if it must; contents up to the smaller size
/// are kept. Null: too large, or the system refuses memory; the old block is then intact.
/// Precondition: `pointer` is not null and `request` is not 0. What is no live block: level 0
/// refuses with null, higher levels report it.
void* reallocate(Domain& domain, ThreadState& thread, WildPtr pointer,
                 std::size_t request) noexcept;

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
