#include "gate/library_call.h"

#include "gate/raw_calls.h"

namespace hakmem {

constinit RawCalls raw_calls{};

}  // namespace hakmem

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

namespace {

/// A block of a slab by index and base: what checked_block_in() finds, without its second division.
struct SlabBlock {
  const BlockRecord* record = nullptr;  ///< null where no block ever was
  Address base = 0;
};

/// The block whose bytes these are, or whose neighbourhood: what lies between two blocks belongs to
/// one of them.
HAK_INLINE SlabBlock slab_block_at(const Slab& slab, Address address) noexcept {
  const std::uint32_t stride = slab.stride_bytes, carved = slab.carved;
  if (stride == 0 || carved == 0) [[unlikely]] return {};
  const Address first = slab.first_base();
  // A slab or span is less than 4 GiB: the short division takes a third of the long one's time.
  const std::uint32_t offset = address < first ? 0 : static_cast<std::uint32_t>(address - first);
  std::uint32_t index = offset / stride;
  if (index >= carved) [[unlikely]] index = carved - 1;
  return {&record_of(slab, index), first + std::size_t{index} * stride};
}

HAK_INLINE std::size_t room_in(const BlockRecord& record, Address user, Address address) noexcept {
  const BlockState state = record.state();
  if (state == BlockState::Live) [[likely]] {
    const Address offset = address - user;  // huge for an address before the block
    const std::size_t request = record.request_bytes;
    return offset < request ? request - offset : 0;
  }
  // Another thread is resizing or freeing the block at this moment: what will be is not known yet.
  return state == BlockState::Busy ? kUnboundedRoom : 0;
}

CheckedBlock block_touched(MapEntry entry, Address address) noexcept {
  if (entry.kind() == GranuleKind::FreeRun) return {};
  // What lies behind a large block's end is its as well.
  if (entry.kind() == GranuleKind::Large) return checked_block_of(entry.large());
  const SlabBlock block = slab_block_at(entry.slab(), address);
  return block.record == nullptr ? CheckedBlock{} : checked_block_in(entry.slab(), block.base);
}

}  // namespace

std::size_t room_in_heap(MapEntry entry, Address address) noexcept {
  const GranuleKind kind = entry.kind();
  if (kind == GranuleKind::FreeRun) [[unlikely]] return 0;
  if (kind == GranuleKind::Large) {
    const LargeBlock& large = entry.large();
    return room_in(large.record, large.user.address(), address);
  }
  const SlabBlock block = slab_block_at(entry.slab(), address);
  return block.record == nullptr ? 0 : room_in(*block.record, block.base + kFrontBytes, address);
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
