// Visits every block that is in use, Live or Quarantined, one after the other. Called by the sweeps
// and the leak search. Other threads may run on: each block is marked while it is visited (see the
// protocol in block_record.h), and what its mark depends on is locked: slabs by the shared pool,
// large blocks and pages by their tiers. So a block's record and layout are read after the mark.
#pragma once

#include "gate/checked_block.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// Visits a block, unless it is not in use, or changes hands at this moment. `describe` makes the
/// CheckedBlock.
template <class Describe, class Visit>
void visit_block(BlockRecord& record, Describe describe, Visit& visit) noexcept {
  const RecordLook look(record);
  if (look) visit(describe(), look.found());
}

/// Calls visit(block, state) for the blocks of every slab, under the pool's lock: no SuperSlab
/// comes or goes meanwhile.
template <class Visit>
void for_each_slab_block_locked(Domain& domain, Visit& visit) noexcept {
  for (SuperSlab* s = domain.slabs.pool.ever(); s != nullptr; s = s->next_ever) {
    if (s->data == nullptr || s->records == nullptr) continue;
    for (std::size_t i = 0; i < SuperSlab::kSlabs; ++i) {
      const Slab& slab = s->slabs[i];
      for (std::uint32_t block = 0; block < s->record_counts.of(i); ++block) {
        visit_block(record_of(slab, block), [&] { return checked_block_number(slab, block); },
                    visit);
      }
    }
  }
}

/// Calls visit(block, state) for the blocks of every slab, for every large block and for every
/// block on pages of its own. The visitor must not allocate or free.
template <class Visit>
void for_each_block(Domain& domain, Visit visit) noexcept {
  {
    LockScope scope(domain.slabs.pool.lock());
    for_each_slab_block_locked(domain, visit);
  }
  domain.large.for_each_live([&](LargeBlock& large) {
    visit_block(large.record, [&] { return checked_block_of(large); }, visit);
  });
  domain.pages.for_each([&](PageBlock& page) {
    visit_block(page.record, [&] { return checked_block_of(page); }, visit);
  });
}

/// The same from a signal handler, whose thread may hold a lock: what that guards is left out.
template <class Visit>
void try_for_each_block(Domain& domain, Visit visit) noexcept {
  Lock& pool = domain.slabs.pool.lock();
  if (pool.try_lock_for_a_while()) {
    for_each_slab_block_locked(domain, visit);
    pool.unlock();
  }
  domain.large.try_for_each_live([&](LargeBlock& large) {
    visit_block(large.record, [&] { return checked_block_of(large); }, visit);
  });
  domain.pages.try_for_each([&](PageBlock& page) {
    visit_block(page.record, [&] { return checked_block_of(page); }, visit);
  });
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
