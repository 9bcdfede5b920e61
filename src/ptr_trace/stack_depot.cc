#include "ptr_trace/stack_depot.h"

#include "base/compiler.h"
#include "os/os.h"

namespace hakmem {

namespace {

struct DepotOrders {
  static constexpr std::memory_order kPublish = std::memory_order_release;
  static constexpr std::memory_order kPublishFailed = std::memory_order_acquire;
  static constexpr std::memory_order kRead = std::memory_order_acquire;
  // Units are handed out exclusively by the CAS itself; what is written to them is published later.
  static constexpr std::memory_order kReserve = std::memory_order_relaxed;
  static constexpr std::memory_order kCount = std::memory_order_relaxed;
};

constexpr std::size_t kUnitBytes = kStackDepotUnitBytes;
constexpr std::size_t kChunkBytes = kMiB;
constexpr std::uint32_t kUnitsPerChunk = kChunkBytes / kUnitBytes;
constexpr std::uint32_t kChunksMax = kStackDepotBytesMax / kChunkBytes;
constexpr std::uint32_t kUnitsMax = kUnitsPerChunk * kChunksMax;
constexpr std::uint32_t kBuckets = 1u << 18;

std::uint32_t hash_of(const StackTrace& stack) noexcept {
  constexpr std::uint64_t kMultiplier = 0x9e3779b97f4a7c15;  // 2^64 / golden ratio (Knuth)
  std::uint64_t hash = stack.count;
  for (std::uint32_t i = 0; i < stack.count; ++i) {
    hash = (hash ^ stack.pcs[i]) * kMultiplier;
    hash ^= hash >> 32;
  }
  return static_cast<std::uint32_t>(hash);
}

}  // namespace

struct StackDepot::Entry {
  std::uint32_t next;  ///< id of the next entry of the bucket, 0 at its end
  std::uint32_t hash;
  std::uint64_t frames;

  Address* pcs() noexcept { return reinterpret_cast<Address*>(this + 1); }
  const Address* pcs() const noexcept { return reinterpret_cast<const Address*>(this + 1); }
};

struct StackDepot::Tables {
  std::atomic<std::uint32_t> shared_heads[kBuckets];
  std::atomic<std::byte*> shared_chunks[kChunksMax];
  std::atomic<std::uint32_t> shared_next_unit;
  std::atomic<std::uint32_t> shared_count;
};

StackDepot::Tables* StackDepot::tables() noexcept {
  Tables* tables = shared_tables_.load(DepotOrders::kRead);
  if (tables != nullptr) [[likely]] return tables;
  constexpr std::size_t kBytes = round_up(sizeof(Tables), kPageBytes);
  std::byte* const memory = os::map(kBytes, os::Access::ReadWrite);  // zero is a valid, empty table
  if (memory == nullptr) return nullptr;
  Tables* const made = reinterpret_cast<Tables*>(memory);
  if (shared_tables_.compare_exchange_strong(tables, made, DepotOrders::kPublish,
                                             DepotOrders::kPublishFailed)) {
    return made;
  }
  os::unmap(memory, kBytes);
  return tables;
}

StackDepot::Entry* StackDepot::entry_of(const Tables& tables, std::uint32_t id) noexcept {
  const std::uint32_t unit = id - 1;
  std::byte* const chunk = tables.shared_chunks[unit / kUnitsPerChunk].load(DepotOrders::kRead);
  return reinterpret_cast<Entry*>(chunk + (unit % kUnitsPerChunk) * kUnitBytes);
}

/// Searches the bucket's list from id `from` up to, not including, `until`. 0 when it is not there.
std::uint32_t StackDepot::find(const Tables& tables, std::uint32_t from, std::uint32_t until,
                               std::uint32_t hash, const StackTrace& stack) noexcept {
  for (std::uint32_t id = from; id != until;) {
    const Entry& entry = *entry_of(tables, id);
    if (entry.hash == hash && entry.frames == stack.count) {
      std::uint32_t i = 0;
      while (i < stack.count && entry.pcs()[i] == stack.pcs[i]) ++i;
      if (i == stack.count) return id;
    }
    id = entry.next;
  }
  return 0;
}

/// Takes `units` in a row for the caller alone. Returns the id of the first, 0 when memory is out.
std::uint32_t StackDepot::reserve(Tables& tables, std::uint32_t units) noexcept {
  std::uint32_t next = tables.shared_next_unit.load(DepotOrders::kReserve);
  std::uint32_t begin = 0;
  do {
    begin = next;
    if (begin % kUnitsPerChunk + units > kUnitsPerChunk) {
      begin = (begin / kUnitsPerChunk + 1) * kUnitsPerChunk;
    }
    if (begin + units > kUnitsMax) return 0;
  } while (!tables.shared_next_unit.compare_exchange_weak(next, begin + units,
                                                          DepotOrders::kReserve,
                                                          DepotOrders::kReserve));
  std::atomic<std::byte*>& slot = tables.shared_chunks[begin / kUnitsPerChunk];
  std::byte* chunk = slot.load(DepotOrders::kRead);
  if (chunk == nullptr) {
    std::byte* const made = os::map(kChunkBytes, os::Access::ReadWrite);
    if (made == nullptr) return 0;
    if (!slot.compare_exchange_strong(chunk, made, DepotOrders::kPublish,
                                      DepotOrders::kPublishFailed)) {
      os::unmap(made, kChunkBytes);
    }
  }
  return begin + 1;
}

StackId StackDepot::intern(const StackTrace& stack) noexcept {
  if (stack.count == 0 || stack.count > kStackFramesMax) return StackId::None;
  Tables* const tables = this->tables();
  if (tables == nullptr) return StackId::None;
  const std::uint32_t hash = hash_of(stack);
  std::atomic<std::uint32_t>& head_slot = tables->shared_heads[hash % kBuckets];
  std::uint32_t head = head_slot.load(DepotOrders::kRead);
  if (const std::uint32_t id = find(*tables, head, 0, hash, stack); id != 0) return StackId{id};

  constexpr std::uint32_t kHeaderUnits = sizeof(Entry) / kUnitBytes;
  const std::uint32_t made = reserve(*tables, kHeaderUnits + stack.count);
  if (made == 0) return StackId::None;
  Entry& entry = *entry_of(*tables, made);
  entry.hash = hash;
  entry.frames = stack.count;
  for (std::uint32_t i = 0; i < stack.count; ++i) entry.pcs()[i] = stack.pcs[i];
  for (;;) {
    const std::uint32_t searched = head;
    entry.next = head;
    if (head_slot.compare_exchange_strong(head, made, DepotOrders::kPublish,
                                          DepotOrders::kPublishFailed)) {
      tables->shared_count.fetch_add(1, DepotOrders::kCount);
      return StackId{made};
    }
    if (const std::uint32_t id = find(*tables, head, searched, hash, stack); id != 0) {
      return StackId{id};
    }
  }
}

void StackDepot::lookup(StackId id, StackTrace& out) const noexcept {
  out.count = 0;
  const Tables* const tables = shared_tables_.load(DepotOrders::kRead);
  if (id == StackId::None || tables == nullptr) return;
  const Entry& entry = *entry_of(*tables, static_cast<std::uint32_t>(id));
  for (std::uint32_t i = 0; i < entry.frames; ++i) out.pcs[i] = entry.pcs()[i];
  out.count = static_cast<std::uint32_t>(entry.frames);
}

std::uint32_t StackDepot::count() const noexcept {
  const Tables* const tables = shared_tables_.load(DepotOrders::kRead);
  return tables == nullptr ? 0 : tables->shared_count.load(DepotOrders::kCount);
}

}  // namespace hakmem
