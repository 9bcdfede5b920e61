#include "ptr_trace/stack_depot.h"

#include "base/compiler.h"
#include "os/os.h"

namespace hakmem {

namespace {

struct DepotOrders {
  static constexpr std::memory_order kPublish = std::memory_order_release;
  static constexpr std::memory_order kPublishFailed = std::memory_order_acquire;
  static constexpr std::memory_order kRead = std::memory_order_acquire;
  // Nodes are handed out exclusively by the CAS itself; what is written to them is published later.
  static constexpr std::memory_order kReserve = std::memory_order_relaxed;
  static constexpr std::memory_order kCount = std::memory_order_relaxed;
};

constexpr std::uint32_t kNodesPerChunk = kStackDepotNodesPerChunk;
constexpr std::uint32_t kChunksMax = kStackDepotNodesMax / kNodesPerChunk;
constexpr int kBucketsLog2 = 19;

}  // namespace

struct StackDepot::Node {
  StackHash hash;
  Address pc;
  std::uint32_t around_and_frames;  ///< id of the stack without this frame, 0: there is none
  std::uint32_t next;               ///< id of the next node of the bucket, 0 at its end

  static constexpr unsigned kFramesShift = kStackDepotFramesShift;

  std::uint32_t around() const noexcept { return around_and_frames % (1u << kFramesShift); }
  std::uint32_t frames() const noexcept { return around_and_frames >> kFramesShift; }
  bool is(const Key& key) const noexcept {
    return hash == key.hash && pc == key.pc && frames() == key.frames;
  }
};

struct StackDepot::Tables {
  std::atomic<std::uint32_t> shared_heads[std::size_t{1} << kBucketsLog2];
  std::atomic<std::byte*> shared_chunks[kChunksMax];
  std::atomic<std::uint32_t> shared_next_node;
  std::atomic<std::uint32_t> shared_count;

  std::atomic<std::uint32_t>& head_of(StackHash hash) noexcept {
    constexpr std::uint64_t kMultiplier = 0x9e3779b97f4a7c15;  // 2^64 / golden ratio (Knuth)
    return shared_heads[hash.word * kMultiplier >> (64 - kBucketsLog2)];
  }
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

StackDepot::Node& StackDepot::node_of(const Tables& tables, std::uint32_t id) noexcept {
  const std::uint32_t index = id - 1;
  std::byte* const chunk = tables.shared_chunks[index / kNodesPerChunk].load(DepotOrders::kRead);
  return reinterpret_cast<Node*>(chunk)[index % kNodesPerChunk];
}

/// True for ids of nodes that have memory.
bool StackDepot::is_known(const Tables& tables, std::uint32_t id) noexcept {
  const std::uint32_t index = id - 1;
  return index < kStackDepotNodesMax &&
         tables.shared_chunks[index / kNodesPerChunk].load(DepotOrders::kRead) != nullptr;
}

/// Searches a bucket's list from id `from` up to, not including, `until`. 0 when it is not there.
std::uint32_t StackDepot::find(const Tables& tables, std::uint32_t from, std::uint32_t until,
                               const Key& key) noexcept {
  for (std::uint32_t id = from; id != until;) {
    const Node& node = node_of(tables, id);
    if (node.is(key)) return id;
    id = node.next;
  }
  return 0;
}

/// Takes a node for the caller alone. Returns its id, 0 when memory is out.
std::uint32_t StackDepot::reserve(Tables& tables) noexcept {
  std::uint32_t index = tables.shared_next_node.load(DepotOrders::kReserve);
  do {
    if (index == kStackDepotNodesMax) return 0;
  } while (!tables.shared_next_node.compare_exchange_weak(index, index + 1, DepotOrders::kReserve,
                                                          DepotOrders::kReserve));
  std::atomic<std::byte*>& slot = tables.shared_chunks[index / kNodesPerChunk];
  std::byte* chunk = slot.load(DepotOrders::kRead);
  if (chunk == nullptr) {
    constexpr std::size_t kChunkBytes = round_up(kNodesPerChunk * sizeof(Node), kPageBytes);
    std::byte* const made = os::map(kChunkBytes, os::Access::ReadWrite);
    if (made == nullptr) return 0;
    if (!slot.compare_exchange_strong(chunk, made, DepotOrders::kPublish,
                                      DepotOrders::kPublishFailed)) {
      os::unmap(made, kChunkBytes);
    }
  }
  return index + 1;
}

StackId StackDepot::find(const Key& key) noexcept {
  Tables* const tables = this->tables();
  if (tables == nullptr) return StackId::None;
  const std::uint32_t head = tables->head_of(key.hash).load(DepotOrders::kRead);
  return StackId{find(*tables, head, 0, key)};
}

StackId StackDepot::put(const Key& key, StackId around) noexcept {
  Tables* const tables = this->tables();
  if (tables == nullptr) return StackId::None;
  std::atomic<std::uint32_t>& shared_head = tables->head_of(key.hash);
  std::uint32_t head = shared_head.load(DepotOrders::kRead);
  if (const std::uint32_t id = find(*tables, head, 0, key); id != 0) return StackId{id};
  const std::uint32_t made = reserve(*tables);
  if (made == 0) return StackId::None;
  Node& node = node_of(*tables, made);
  node.hash = key.hash;
  node.pc = key.pc;
  node.around_and_frames = static_cast<std::uint32_t>(around) | key.frames << Node::kFramesShift;
  for (;;) {
    const std::uint32_t searched = head;
    node.next = head;
    if (shared_head.compare_exchange_strong(head, made, DepotOrders::kPublish,
                                            DepotOrders::kPublishFailed)) {
      tables->shared_count.fetch_add(1, DepotOrders::kCount);
      return StackId{made};
    }
    if (const std::uint32_t id = find(*tables, head, searched, key); id != 0) return StackId{id};
  }
}

StackId StackDepot::intern(const StackTrace& stack) noexcept {
  if (stack.count == 0 || stack.count > kStackFramesMax) return StackId::None;
  StackHash hash;
  for (std::uint32_t i = stack.count; i-- > 0;) hash = hash.then(stack.pcs[i]);
  StackId id = find({hash, stack.pcs[0], stack.count});
  if (id != StackId::None) return id;
  hash = StackHash{};
  for (std::uint32_t i = stack.count; i-- > 0;) {
    hash = hash.then(stack.pcs[i]);
    id = put({hash, stack.pcs[i], stack.count - i}, id);
    if (id == StackId::None) break;
  }
  return id;
}

void StackDepot::lookup(StackId id, StackTrace& out) const noexcept {
  out.count = 0;
  const Tables* const tables = shared_tables_.load(DepotOrders::kRead);
  if (tables == nullptr) return;
  // A program that damaged the depot gets what is left of its stacks.
  std::uint32_t node_id = static_cast<std::uint32_t>(id);
  std::uint32_t frames = kStackFramesMax;
  while (is_known(*tables, node_id) && out.count < frames) {
    const Node& node = node_of(*tables, node_id);
    if (out.count == 0 && node.frames() < frames) frames = node.frames();
    out.pcs[out.count++] = node.pc;
    node_id = node.around();
  }
}

std::uint32_t StackDepot::count() const noexcept {
  const Tables* const tables = shared_tables_.load(DepotOrders::kRead);
  return tables == nullptr ? 0 : tables->shared_count.load(DepotOrders::kCount);
}

}  // namespace hakmem
