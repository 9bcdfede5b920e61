// From a failed check to a published finding: the cold side of hooks.h. Called by hooks and by the
// checked gates. Each function names one way to fail, fills a Finding and publishes it. Those of
// the program's faults return when the program is to go on (halt_on_error=0, or it is suppressed);
// those of our own do not.
#pragma once

#include "integrity/freelist.h"
#include "integrity/report.h"
#include "integrity/state_canary.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

/// The same values as SlabDefect, which lies in a higher layer.
enum class SlabDefectCode : std::uint8_t { None, Counters, ListCycle, ForeignNode, WrongClass };

/// A slab's facts, copied so that the reporting code needs no slab type.
struct SlabFacts {
  Address data = 0, superslab = 0;
  std::size_t stride_bytes = 0, first_base = 0;
  std::uint32_t class_index = 0, used = 0, carved = 0, capacity = 0;
};

template <class SlabT>
SlabFacts facts_of(const SlabT& slab) noexcept {
  SlabFacts facts;
  facts.data = reinterpret_cast<Address>(slab.data);
  facts.superslab = reinterpret_cast<Address>(slab.superslab->data);
  facts.stride_bytes = slab.stride_bytes;
  facts.first_base = slab.first_base();
  facts.class_index = static_cast<std::uint32_t>(index_of(slab.class_index));
  facts.used = slab.used;
  facts.carved = slab.carved;
  facts.capacity = slab.capacity;
  return facts;
}

/// Fills the block part of a finding for the block of a slab that holds `inside`.
void describe_slab_block(const SlabFacts& slab, Address inside, FindingBlock& out) noexcept;

HAK_COLD void report_link(const SlabFacts& slab, Address block) noexcept;
HAK_COLD void report_not_a_block(const SlabFacts& slab, Address block) noexcept;
HAK_COLD void report_double_free(const SlabFacts& slab, Address block) noexcept;
HAK_COLD void report_header(const SlabFacts& slab, Address block, std::uint8_t found,
                            std::uint8_t expected) noexcept;
[[noreturn]] HAK_COLD void report_remote(const SlabFacts& slab, std::uint32_t found) noexcept;
/// Returns, if at all, only for a list that leaves its slab: the program overwrote a link.
HAK_COLD void report_slab(const SlabFacts& slab, SlabDefectCode defect) noexcept;
[[noreturn]] HAK_COLD void report_carved_twice(const SlabFacts& slab, Address block) noexcept;
[[noreturn]] HAK_COLD void report_owner(const SlabFacts& slab) noexcept;
/// A word beside the state of a "thread" or a "heap" was overwritten; it is whole on return.
HAK_COLD void fail_state(StateCanary& canary, const char* whose) noexcept;
[[noreturn]] HAK_COLD void fail_registry(Address address) noexcept;
[[noreturn]] HAK_COLD void fail_heap(SlabDefectCode defect) noexcept;
/// free() of an address that the map does not own, or that is no block's start.
HAK_COLD void fail_foreign_free(Address address) noexcept;
HAK_COLD void fail_large_interior(Address address, Address user, std::size_t bytes) noexcept;
/// realloc() or malloc_usable_size() of what is no live block.
HAK_COLD void fail_bad_realloc(Address address) noexcept;

/// A link of the slab's own list was overwritten: what hung on it is lost to the list from now on.
template <class SlabT>
HAK_COLD void fail_link(SlabT& slab, SlabBase block) noexcept {
  report_link(facts_of(slab), block.address());
  slab.abandon_list();
}
/// The same of a chain that is on no list of the slab's.
template <class SlabT>
HAK_COLD void fail_chain(const SlabT& slab, SlabBase block) noexcept {
  report_link(facts_of(slab), block.address());
}
template <class SlabT>
HAK_COLD void fail_not_a_block(const SlabT& slab, SlabBase block) noexcept {
  report_not_a_block(facts_of(slab), block.address());
}
template <class SlabT>
HAK_COLD void fail_double_free(const SlabT& slab, SlabBase block) noexcept {
  report_double_free(facts_of(slab), block.address());
}
template <class SlabT>
HAK_COLD void fail_header(const SlabT& slab, SlabBase block) noexcept {
  report_header(facts_of(slab), block.address(), static_cast<std::uint8_t>(read_header(block)),
                static_cast<std::uint8_t>(header_byte_of(slab.class_index)));
}
template <class SlabT>
[[noreturn]] HAK_COLD void fail_remote(const SlabT& slab, std::uint32_t found) noexcept {
  report_remote(facts_of(slab), found);
}
template <class SlabT>
HAK_COLD void fail_slab(SlabT& slab, SlabDefectCode defect) noexcept {
  report_slab(facts_of(slab), defect);
  slab.abandon_list();
}
/// Memory of a block in use was about to become a new block.
template <class SlabT>
[[noreturn]] HAK_COLD void fail_carved_twice(const SlabT& slab, SlabBase block) noexcept {
  report_carved_twice(facts_of(slab), block.address());
}
template <class SlabT>
[[noreturn]] HAK_COLD void fail_owner(const SlabT& slab) noexcept {
  report_owner(facts_of(slab));
}
template <class SuperSlabT>
[[noreturn]] HAK_COLD void fail_superslab(const SuperSlabT& superslab) noexcept {
  fail_registry(reinterpret_cast<Address>(superslab.data));
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
