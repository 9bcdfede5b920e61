// A block as the checked levels see it: its record, its bytes, its canaries.
// Called by the checked gate, the exit sweep and the leak search.
//
//   begin ┃ 15 canary bytes ┃h┃ user: request_bytes ┃ tail canary … end
//   on pages of its own:  begin ┃ canary … ┃ user: request_bytes ┃ tail canary … end
//
// Invariant: while the record is Live both canaries are whole; while it is Quarantined or Free the
// first filled_bytes(request) of the user's bytes are kFreedByte, or its pages are closed.
#pragma once

#include "gate/domain.h"
#include "integrity/canary.h"
#include "integrity/fail.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// Stands for a PageBlock* in builds without page mode: always null.
struct NoPageBlock {
  constexpr NoPageBlock(PageBlock*) noexcept {}
  constexpr operator PageBlock*() const noexcept { return nullptr; }
};

struct CheckedBlock {
  BlockRecord* record = nullptr;
  std::byte* user = nullptr;
  std::byte* end = nullptr;       ///< where the tail canary ends
  const Slab* slab = nullptr;     ///< null for large blocks
  LargeBlock* large = nullptr;
  [[no_unique_address]] std::conditional_t<kPageMode, PageBlock*, NoPageBlock> page = nullptr;

  /// True for a block on pages of its own: no header byte, and nothing to read once it is freed.
  bool is_page() const noexcept { return page != nullptr; }
  std::byte* front() const noexcept { return is_page() ? own_pages() : user - kFrontBytes; }
  /// The front canary ends where the header byte is.
  std::byte* front_end() const noexcept { return is_page() ? user : user - 1; }
  std::byte* tail() const noexcept { return user + record->request_bytes; }

 private:
  std::byte* own_pages() const noexcept {
    const PageBlock* const block = page;
    return block->data_begin();
  }
};

/// The block of a slab that holds `inside`, which lies in the slab's block area.
CheckedBlock checked_block_in(const Slab& slab, Address inside) noexcept;
CheckedBlock checked_block_of(LargeBlock& large) noexcept;
inline CheckedBlock checked_block_of(PageBlock& page) noexcept {
  CheckedBlock block;
  block.record = &page.record;
  block.user = page.user;
  block.end = page.data_end();
  block.page = &page;
  return block;
}
/// The block whose user address this is; `record` is null when there is none. Blocks of released
/// slabs are found too: their records outlive them.
CheckedBlock find_checked_block(const Domain& domain, Address user) noexcept;

/// Writes both canaries for the record's request.
void write_canaries(const Domain& domain, const CheckedBlock& block) noexcept;

/// A run of damaged bytes, as offsets from the user address; `found` is false when all is well.
struct Damage {
  bool found = false;
  std::ptrdiff_t first = 0;
  std::ptrdiff_t last = 0;
};
Damage check_front(const Domain& domain, const CheckedBlock& block) noexcept;
Damage check_tail(const Domain& domain, const CheckedBlock& block) noexcept;
Damage check_fill(const CheckedBlock& block) noexcept;

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
