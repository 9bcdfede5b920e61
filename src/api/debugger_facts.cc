// What a debugger must know beside the types: constants of this level and geometry. Read by the
// gdb commands (tools/gdb/), by nobody at run time. Invariant: plain data, no instruction.
#include "api/process.h"
#include "integrity/poison.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// All sizes in bytes.
struct DebuggerFacts {
  std::uint32_t level;
  std::uint32_t front_bytes;        ///< from a block's base to the user's first byte
  std::uint32_t tail_bytes;         ///< canary that follows a request, at least
  std::uint32_t next_offset;        ///< where a free block's link lies, from its base
  std::uint64_t link_key;           ///< a link is stored XOR its block's base XOR this; 0: plainly
  std::uint32_t header_magic;       ///< upper half of the header byte; 0: there is none
  std::uint32_t records_per_slab;   ///< 0: blocks have no records
  std::uint32_t granule_shift;
  std::uint32_t freed_byte;         ///< the fill of freed blocks that have records
  std::uint64_t filled_bytes_max;
  std::uint64_t map_tag_mask;       ///< of a map entry: the owner's tag
  std::uint32_t depot_nodes_per_chunk;
  std::uint32_t depot_frames_shift;  ///< where a node's word has its count of frames
  std::uint32_t trace_kind_shift, trace_thread_shift, trace_stack_shift;  ///< see trace_event.h
  std::uint32_t strides[kClassCount];
  std::uint32_t first_base_offsets[kClassCount];
};

namespace {

constexpr DebuggerFacts make_facts() noexcept {
  DebuggerFacts facts{};
  facts.level = kIntegrityLevel;
  facts.front_bytes = kFrontBytes;
  facts.tail_bytes = kTailBytes;
  facts.next_offset = kNextOffset;
  facts.link_key = kBuildChecks.has(Check::kListPatterns) ? freelist_detail::kLinkKey : 0;
  facts.header_magic = kHeaderLayout ? static_cast<std::uint32_t>(kHeaderMagic) : 0;
  facts.records_per_slab = kRecordsPerSlab;
  facts.granule_shift = kGranuleShift;
  facts.freed_byte = kFreedByte;
  facts.filled_bytes_max = kFillBytesMax;
  facts.map_tag_mask = MapEntry::tag_bits(OwnerTag::NoHeap);
  facts.depot_nodes_per_chunk = kStackDepotNodesPerChunk;
  facts.depot_frames_shift = kStackDepotFramesShift;
  facts.trace_kind_shift = TraceEvent::kKindShift;
  facts.trace_thread_shift = TraceEvent::kThreadShift;
  facts.trace_stack_shift = TraceEvent::kStackShift;
  for (std::size_t c = 0; c < kClassCount; ++c) {
    const ClassIndex index = static_cast<ClassIndex>(c);
    facts.strides[c] = static_cast<std::uint32_t>(stride_of(index));
    facts.first_base_offsets[c] = static_cast<std::uint32_t>(first_base_offset(index));
  }
  return facts;
}

}  // namespace

extern HAK_HIDDEN const DebuggerFacts debugger_facts;
[[gnu::used]] constinit const DebuggerFacts debugger_facts = make_facts();

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
