// A block as the checked levels see it: its record, its bytes, its canaries.
// Called by the checked gate, the exit sweep and the leak search.
//
//   begin ┃ 15 canary bytes ┃h┃ user: request_bytes ┃ tail canary … end
//
// Invariant: while the record is Live both canaries are whole; while it is Quarantined or Free the
// first filled_bytes(request) of the user's bytes are kFreedByte.
#pragma once

#include "gate/domain.h"
#include "integrity/canary.h"
#include "integrity/fail.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

struct CheckedBlock {
  BlockRecord* record = nullptr;
  std::byte* user = nullptr;
  std::byte* end = nullptr;       ///< where the tail canary ends
  const Slab* slab = nullptr;     ///< null for large blocks
  LargeBlock* large = nullptr;

  std::byte* front() const noexcept { return user - kFrontBytes; }
  /// The front canary ends where the header byte is.
  std::byte* front_end() const noexcept { return user - 1; }
  std::byte* tail() const noexcept { return user + record->request_bytes; }
};

/// The block of a slab that holds `inside`, which lies in the slab's block area.
CheckedBlock checked_block_in(const Slab& slab, Address inside) noexcept;
CheckedBlock checked_block_of(LargeBlock& large) noexcept;
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
