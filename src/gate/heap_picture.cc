#include "gate/heap_picture.h"

#include <cstring>

#include "gate/memory_sample.h"
#include "os/os_process.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

namespace {

/// Blocks looked at for the size histogram; a second's work at most. Beyond it there is none.
constexpr std::size_t kBlocksMax = std::size_t{1} << 23;
/// More large blocks than this are taken for a list that leads in circles.
constexpr std::size_t kLargeMax = std::size_t{1} << 18;
/// SuperSlabs that other threads may add meanwhile to those that were counted.
constexpr std::size_t kNewSuperSlabsMax = 64;
constexpr std::size_t kRecordsAtOnce = 64;

/// A copy of an object that may not be there, or be anything.
template <class T>
class Copy {
 public:
  constexpr Copy() noexcept = default;

  bool take(const T* from) noexcept {
    const Address address = reinterpret_cast<Address>(from);
    return address % alignof(T) == 0 && os::read_memory(address, bytes_, sizeof bytes_);
  }
  const T* operator->() const noexcept { return reinterpret_cast<const T*>(bytes_); }

 private:
  alignas(T) std::byte bytes_[sizeof(T)] = {};
};

// One report at a time: under the reporter, see report.h.
constinit Copy<SuperSlab> superslab_copy{};
alignas(BlockRecord) constinit std::byte record_copies[kRecordsAtOnce * sizeof(BlockRecord)] = {};

/// Calls visit(index, record) for the first `count` records of an array, copied. False when they
/// are not there.
template <class Visit>
bool for_each_copied_record(Address records, std::uint32_t count, Visit visit) noexcept {
  for (std::uint32_t first = 0; first < count; first += kRecordsAtOnce) {
    const std::size_t left = count - first;
    const std::size_t now = left < kRecordsAtOnce ? left : kRecordsAtOnce;
    const Address from = records + first * sizeof(BlockRecord);
    if (!os::read_memory(from, record_copies, now * sizeof(BlockRecord))) return false;
    const auto* const copies = reinterpret_cast<const BlockRecord*>(record_copies);
    for (std::uint32_t i = 0; i < now; ++i) visit(first + i, copies[i]);
  }
  return true;
}

char letter_of(BlockState state) noexcept {
  switch (state) {
    case BlockState::Fresh: return 'U';
    case BlockState::Free: return 'F';
    case BlockState::Quarantined: return 'Q';
    case BlockState::Live:
    case BlockState::Busy: break;  // in the hands of a thread at this moment
  }
  return 'L';
}

/// The letter of the finding's own block, which the check that failed holds Busy.
char letter_of(const char* state) noexcept {
  for (const BlockState known : {BlockState::Free, BlockState::Quarantined}) {
    if (std::strcmp(state, name_of(known)) == 0) return letter_of(known);
  }
  return 'L';
}

/// A slab as far as the picture needs it, checked for sense.
struct SlabView {
  Address first_base = 0, records = 0;
  std::size_t stride_bytes = 0;
  std::uint32_t capacity = 0, carved = 0;
};

bool view_slab(const Slab* from, SlabView& out) noexcept {
  Copy<Slab> slab;
  if (!slab.take(from) || slab->stride_bytes == 0 || slab->data == nullptr) return false;
  const std::size_t limit = kRecordsPerSlab < kSlabStatesMax ? kRecordsPerSlab : kSlabStatesMax;
  if (slab->capacity > limit || slab->carved > slab->capacity) return false;
  if (index_of(slab->class_index) >= kClassCount) return false;
  const Address first = reinterpret_cast<Address>(slab->superslab->slabs);
  const std::size_t index = (reinterpret_cast<Address>(from) - first) / sizeof(Slab);
  std::byte* records = nullptr;
  if (index >= SuperSlab::kSlabs ||
      !os::read_memory(reinterpret_cast<Address>(&slab->superslab->records), &records,
                       sizeof records)) {
    return false;
  }
  out.first_base = slab->first_base();
  out.records =
      reinterpret_cast<Address>(records) + index * kRecordsPerSlab * sizeof(BlockRecord);
  out.stride_bytes = slab->stride_bytes;
  out.capacity = slab->capacity;
  out.carved = slab->carved;
  return records != nullptr;
}

void describe_neighbour(const SlabView& slab, std::uint32_t index, const BlockRecord* record,
                        FindingNeighbour& out) noexcept {
  out.known = true;
  out.user = slab.first_base + index * slab.stride_bytes + kFrontBytes;
  out.block_index = index;
  out.state = name_of(record != nullptr ? record->state() : BlockState::Fresh);
  if (record == nullptr || record->state() == BlockState::Fresh) return;
  out.request_bytes = record->request_bytes;
  out.thread_id = record->allocated_by;
}

/// The slab that holds the finding's block, and the blocks beside it.
void draw_slab(const Domain& domain, Finding& finding, SlabPicture& out) noexcept {
  const FindingBlock& block = finding.block;
  if (!block.known || block.large || block.own_pages) return;
  const MapEntry entry = domain.slabs.map.lookup(block.user);
  const GranuleKind kind = entry.kind();
  const bool in_slab =
      entry.is_ours() && (kind == GranuleKind::Slab || kind == GranuleKind::FreeSlab);
  SlabView slab;
  if (!in_slab || !view_slab(&entry.slab(), slab) || block.user < slab.first_base) return;
  const std::uint64_t place = (block.user - slab.first_base) / slab.stride_bytes;
  if (place >= slab.capacity) return;
  const std::uint32_t own = static_cast<std::uint32_t>(place);
  FindingNeighbour before, behind;
  std::memset(out.states, 'U', slab.capacity);
  const auto visit = [&](std::uint32_t index, const BlockRecord& record) {
    out.states[index] = letter_of(record.state());
    if (index + 1 == own) describe_neighbour(slab, index, &record, before);
    if (index == own + 1) describe_neighbour(slab, index, &record, behind);
  };
  if (!for_each_copied_record(slab.records, slab.carved, visit)) return;
  if (own > slab.carved) describe_neighbour(slab, own - 1, nullptr, before);
  if (own + 1 < slab.capacity && own + 1 >= slab.carved) {
    describe_neighbour(slab, own + 1, nullptr, behind);
  }
  out.states[own] = letter_of(block.state);
  finding.before = before;
  finding.behind = behind;
  out.data = slab.first_base;
  out.stride_bytes = slab.stride_bytes;
  out.count = slab.capacity;
  out.known = true;
}

/// Counts live requests by size, for as long as everything can be read.
class SizeCount {
 public:
  explicit SizeCount(SizeHistogram& out) noexcept : out_(out) {
    for (std::uint64_t& count : out_.live_blocks) count = 0;
  }

  /// A list of about `count` SuperSlabs; a longer one leads in circles.
  bool add_slabs(SuperSlab* const* list, std::size_t count) noexcept {
    Copy<SuperSlab*> at;
    if (!at.take(list)) return false;
    SuperSlab* next = *at.operator->();
    for (std::size_t steps = 0; next != nullptr; ++steps) {
      if (steps == count + kNewSuperSlabsMax || !superslab_copy.take(next)) return false;
      const SuperSlab& superslab = *superslab_copy.operator->();
      next = superslab.next_ever;
      if (superslab.data != nullptr && !add_superslab(superslab)) return false;
    }
    return true;
  }

  bool add_large(LargeBlock* const* list) noexcept {
    Copy<LargeBlock*> at;
    if (!at.take(list)) return false;
    const LargeBlock* next = *at.operator->();
    for (std::size_t steps = 0; next != nullptr; ++steps) {
      Copy<LargeBlock> block;
      if (steps == kLargeMax || !block.take(next)) return false;
      next = block->next;
      add(block->record);
    }
    return true;
  }

  /// A template: builds without page mode have no extents.
  template <class PagesT>
  bool add_pages(const PagesT& pages) noexcept {
    if constexpr (kPageMode) {
      const auto& extents = pages.extents();
      for (std::size_t page = 1; page < extents.frontier();) {
        Copy<PageBlock> block;
        if (!block.take(extents.at_page(page)) || block->pages == 0) return false;
        page += block->pages;
        if (block->state == ExtentState::Taken) add(block->record);
      }
    }
    return true;
  }

 private:
  bool add_superslab(const SuperSlab& superslab) noexcept {
    for (std::size_t i = 0; i < SuperSlab::kSlabs; ++i) {
      const Slab& slab = superslab.slabs[i];
      if (slab.state == SlabState::Free || slab.stride_bytes == 0) continue;
      looked_at_ += slab.carved;
      if (slab.carved > kRecordsPerSlab || looked_at_ > kBlocksMax) return false;
      const Address records = reinterpret_cast<Address>(superslab.records) +
                              i * kRecordsPerSlab * sizeof(BlockRecord);
      const auto visit = [this](std::uint32_t, const BlockRecord& record) { add(record); };
      if (!for_each_copied_record(records, slab.carved, visit)) return false;
    }
    return true;
  }
  void add(const BlockRecord& record) noexcept {
    if (record.state() != BlockState::Live) return;
    ++out_.live_blocks[SizeHistogram::range_of(record.request_bytes)];
  }

  SizeHistogram& out_;
  std::size_t looked_at_ = 0;
};

/// A template: below level 4 there is no timeline to name here.
template <class DomainT>
void draw_timeline(DomainT& domain, TimelinePicture& out) noexcept {
  if constexpr (kTimeline) {
    MemoryTimeline& timeline = domain.checks.timeline;
    if (!timeline.lock().try_lock()) return;
    std::uint32_t count = timeline.copy_to(out.samples);
    if (try_measure(domain, out.samples[count])) ++count;
    timeline.lock().unlock();
    out.count = count;
  }
}

}  // namespace

void draw_heap(Domain& domain, Finding& finding, HeapPicture& picture) noexcept {
  draw_slab(domain, finding, picture.slab);
  draw_timeline(domain, picture.timeline);
  SizeCount sizes(picture.sizes);
  const SharedPool& pool = domain.slabs.pool;
  picture.sizes.known = sizes.add_slabs(pool.ever_list(), pool.count()) &&
                        sizes.add_large(domain.large.live_list()) &&
                        sizes.add_pages(domain.pages);
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
