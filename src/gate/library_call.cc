#include "gate/library_call.h"

#include "gate/raw_calls.h"

namespace hakmem {

constinit RawCalls raw_calls{};

}  // namespace hakmem

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

namespace {

/// The block whose bytes these are, or whose neighbourhood: what lies between two blocks of a slab
/// belongs to one of them, what lies behind a large block's end to that. The record is null where
/// no block ever was.
CheckedBlock block_touched(MapEntry entry, Address address) noexcept {
  const GranuleKind kind = entry.kind();
  if (kind == GranuleKind::FreeRun) return {};
  if (kind == GranuleKind::Large) return checked_block_of(entry.large());
  const Slab& slab = entry.slab();
  const std::uint32_t stride = slab.stride_bytes, carved = slab.carved;
  if (stride == 0 || carved == 0) return {};
  const Address first = slab.first_base();
  if (address < first) address = first;
  // A slab or span is less than 4 GiB: the short division takes a third of the long one's time.
  const std::uint32_t index = static_cast<std::uint32_t>(address - first) / stride;
  const std::uint32_t last = carved - 1;
  return checked_block_in(slab, first + std::size_t{index < last ? index : last} * stride);
}

}  // namespace

std::size_t room_in_heap(MapEntry entry, Address address) noexcept {
  const CheckedBlock block = block_touched(entry, address);
  if (block.record == nullptr) return 0;
  const BlockState state = block.record->state();
  if (state == BlockState::Live) {
    const Address begin = reinterpret_cast<Address>(block.user);
    const Address offset = address - begin;  // huge for an address before the block
    const std::size_t request = block.record->request_bytes;
    return offset < request ? request - offset : 0;
  }
  // Another thread is resizing or freeing the block at this moment: what will be is not known yet.
  return state == BlockState::Busy ? kUnboundedRoom : 0;
}

void refuse_call(const Domain& domain, RefusedCall call, Address caller) noexcept {
  const MapEntry entry = domain.slabs.map.lookup(call.address);
  if (!entry.is_ours()) return;
  StackTrace stack;
  capture_stack(domain.checks.stack_method, domain.checks.stack_frames, caller, stack);
  const std::uint64_t sequence = domain.checks.shared_sequence.load(CounterOrders::kAny) + 1;
  const Detection detection{static_cast<std::uint32_t>(os::thread_id()), sequence, &stack};
  report_library_call(domain, block_touched(entry, call.address), call, detection);
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
