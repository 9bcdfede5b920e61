// The leak search of exit_sweep.h: roots, marks, and what is left over.
#include <csetjmp>

#include "gate/block_walk.h"
#include "gate/checked_report.h"
#include "gate/exit_sweep.h"
#include "os/os_process.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

namespace {

constexpr std::size_t kWorkBytes = 64 * kMiB;  // address space; touched as deep as the search goes
constexpr std::size_t kLeakSitesMax = 256;

/// The mark phase: a worklist of blocks that are reachable and not yet scanned.
class Marker {
 public:
  explicit Marker(Domain& domain) noexcept : domain_(domain) {}

  bool start() noexcept {
    work_ = reinterpret_cast<Address*>(os::map(kWorkBytes, os::Access::ReadWrite));
    return work_ != nullptr;
  }
  void finish() noexcept { os::unmap(reinterpret_cast<std::byte*>(work_), kWorkBytes); }

  /// Scans [begin, end) for words that point into live blocks, and what those reach. Memory that
  /// vanishes meanwhile is skipped.
  void scan_root(Address begin, Address end) noexcept {
    for (Address page = begin; page < end; page += kPageBytes) {
      if (domain_.slabs.map.holds(page)) {
        page = domain_.slabs.map.memory_end() - kPageBytes;  // gigabytes, and nothing in them
        continue;
      }
      if (is_ours(page)) continue;
      Address words[kPageBytes / sizeof(Address)];
      const std::size_t bytes = end - page < kPageBytes ? end - page : kPageBytes;
      if (!os::read_memory(page, words, bytes)) continue;
      for (std::size_t i = 0; i < bytes / sizeof(Address); ++i) {
        if (words[i] != 0) mark(words[i]);  // most of all memory is zero
      }
      drain();
    }
  }

  /// True when the depth of the search did not fit: then nothing may be called a leak.
  bool overflowed() const noexcept { return overflowed_; }

 private:
  /// Heap blocks are scanned when something reaches them; our own records point to all of them and
  /// are no roots.
  bool is_ours(Address page) const noexcept {
    if (domain_.slabs.map.lookup(page).is_ours()) return true;
    if (domain_.pages.holds(page) || domain_.pages.table_holds(page)) return true;
    if (domain_.slabs.meta.holds(page)) return true;
    if (domain_.checks.rings.holds(page)) return true;
    bool rests = false;
    domain_.slabs.registry.for_each([&](const Heap& heap) {
      rests |= heap.quarantine.holds(page) || heap.resting_large.holds(page);
    });
    if (rests) return true;
    return page - reinterpret_cast<Address>(work_) < kWorkBytes;
  }

  /// The block that `word` points into, if it could be a pointer; else without a record.
  CheckedBlock block_around(Address word) const noexcept {
    if (domain_.pages.holds(word)) {
      PageBlock* const page = domain_.pages.at(word);
      // Not its guard page: no pointer that leads there leads to the block.
      return page != nullptr && page->reaches(word) ? checked_block_of(*page) : CheckedBlock{};
    }
    const MapEntry entry = domain_.slabs.map.lookup(word);
    if (!entry.is_ours() || entry.kind() == GranuleKind::FreeRun) return {};
    if (entry.kind() == GranuleKind::Large) {
      LargeBlock& large = entry.large();
      return large.contains(word) ? checked_block_of(large) : CheckedBlock{};
    }
    const Slab& slab = entry.slab();
    if (slab.state == SlabState::Free || word < slab.first_base()) return {};
    if (slab.index_of_block(word) >= slab.carved) return {};
    return checked_block_in(slab, word);
  }

  void mark(Address word) noexcept {
    const CheckedBlock block = block_around(word);
    if (block.record == nullptr) return;
    if (block.record->marked || block.record->state() != BlockState::Live) return;
    // Canaries are ours: what points there is a stale word of this library, not the program's.
    const Address user = reinterpret_cast<Address>(block.user);
    if (word - user > block.record->request_bytes) return;
    block.record->marked = true;
    if (count_ == kWorkBytes / sizeof(Address)) {
      overflowed_ = true;
      return;
    }
    work_[count_++] = reinterpret_cast<Address>(block.user);
  }

  void drain() noexcept {
    while (count_ != 0) {
      const CheckedBlock block = find_checked_block(domain_, work_[--count_]);
      if (block.record == nullptr) continue;
      if (block.is_page()) {
        scan_page_block(block);
        continue;
      }
      const std::size_t words = block.record->request_bytes / sizeof(Address);
      for (std::size_t i = 0; i < words; ++i) {
        Address word;
        std::memcpy(&word, block.user + i * sizeof word, sizeof word);
        mark(word);
      }
    }
  }

  /// Reads a block whose pages another thread may close meanwhile.
  void scan_page_block(const CheckedBlock& block) noexcept {
    Address words[kPageBytes / sizeof(Address)];
    const std::size_t whole_words = round_down(block.record->request_bytes, sizeof *words);
    const std::byte* const end = block.user + whole_words;
    for (const std::byte* at = block.user; at < end; at += sizeof words) {
      const std::size_t left = static_cast<std::size_t>(end - at);
      const std::size_t bytes = left < sizeof words ? left : sizeof words;
      if (!os::read_memory(reinterpret_cast<Address>(at), words, bytes)) return;
      for (std::size_t i = 0; i < bytes / sizeof *words; ++i) mark(words[i]);
    }
  }

  Domain& domain_;
  Address* work_ = nullptr;
  std::size_t count_ = 0;
  bool overflowed_ = false;
};

/// Leaked blocks by the stack that allocated them.
struct LeakSites {
  struct Site {
    StackId stack;
    CheckedBlock first;
    std::size_t blocks, bytes;
  };
  Site sites[kLeakSitesMax];
  std::size_t count = 0;

  void add(const CheckedBlock& block) noexcept {
    const BlockRecord& record = *block.record;
    for (std::size_t i = 0; i < count; ++i) {
      if (sites[i].stack != record.allocated_at) continue;
      ++sites[i].blocks;
      sites[i].bytes += record.request_bytes;
      return;
    }
    if (count == kLeakSitesMax) return;
    sites[count++] = {record.allocated_at, block, 1, record.request_bytes};
  }
};

constinit LeakSites leak_sites{};

/// Every writable mapping is a root; of this thread's stack only what is in use.
void scan_roots(Marker& marker, Address stack_pointer) noexcept {
  static char buffer[8 * kKiB];
  auto visit = [&](const os::Mapping& mapping) {
    if (!mapping.writable) return true;
    const bool own_stack = mapping.begin <= stack_pointer && stack_pointer < mapping.end;
    marker.scan_root(own_stack ? round_down(stack_pointer, sizeof(Address)) : mapping.begin,
                     mapping.end);
    return true;
  };
  os::visit_mappings(buffer, sizeof buffer, visit);
}

}  // namespace

unsigned search_leaks(Domain& domain) noexcept {
  Marker marker(domain);
  if (!marker.start()) {
    note_line("the leak search found no memory to work in and was left out");
    return 0;
  }
  std::jmp_buf registers;  // callee-saved registers may hold the only pointer to a block
  static_cast<void>(setjmp(registers));
  scan_roots(marker, reinterpret_cast<Address>(__builtin_frame_address(0)) - sizeof registers);
  const bool overflowed = marker.overflowed();
  marker.finish();
  if (overflowed) {
    note_line("the leak search ran out of work space and was left out");
    return 0;
  }
  for_each_block(domain, [](const CheckedBlock& block, BlockState state) {
    if (state == BlockState::Live && !block.record->marked) leak_sites.add(block);
  });
  for (std::size_t i = 0; i < leak_sites.count; ++i) {
    const LeakSites::Site& site = leak_sites.sites[i];
    report_leak(domain, site.first, site.blocks, site.bytes);
  }
  return static_cast<unsigned>(leak_sites.count);
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
