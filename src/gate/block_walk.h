// Visits every block that has a record. Called by the sweep and the leak search at the process's
// end. Other threads may still run: a visitor believes nothing that changed while it looked.
#pragma once

#include "gate/checked_block.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// Calls visit(block) for the blocks of every slab in use.
template <class Visit>
void for_each_slab_record(Domain& domain, Visit& visit) noexcept {
  for (SuperSlab* s = domain.slabs.pool.ever(); s != nullptr; s = s->next_ever) {
    if (s->data == nullptr || s->records == nullptr) continue;
    for (const Slab& slab : s->slabs) {
      if (slab.state == SlabState::Free || slab.stride_bytes == 0) continue;
      for (std::uint32_t i = 0; i < slab.carved; ++i) {
        visit(checked_block_in(slab, slab.block_at(i).address()));
      }
    }
  }
}

/// Calls visit(block) for the blocks of every slab in use, for every large block and for every
/// block on pages of its own. The visitor must not allocate or free.
template <class Visit>
void for_each_record(Domain& domain, Visit visit) noexcept {
  for_each_slab_record(domain, visit);
  domain.large.for_each_live([&](LargeBlock& large) { visit(checked_block_of(large)); });
  domain.pages.for_each([&](PageBlock& page) { visit(checked_block_of(page)); });
}

/// The same from a signal handler, whose thread may hold a lock: what that guards is left out.
template <class Visit>
void try_for_each_record(Domain& domain, Visit visit) noexcept {
  for_each_slab_record(domain, visit);
  domain.large.try_for_each_live([&](LargeBlock& large) { visit(checked_block_of(large)); });
  domain.pages.try_for_each([&](PageBlock& page) { visit(checked_block_of(page)); });
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
