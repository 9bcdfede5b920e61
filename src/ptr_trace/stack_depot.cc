#include "ptr_trace/stack_depot.h"

#include <cstddef>

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
constexpr std::uint32_t kBuckets = 1u << 19;
constexpr std::uint32_t kPieceBuckets = 1u << 17;
constexpr std::uint32_t kPieceFrames = kStackDepotPieceFrames;
constexpr std::uint32_t kPiecesMax = kStackDepotPiecesMax;

constexpr std::uint32_t units_for(std::size_t bytes) noexcept {
  return static_cast<std::uint32_t>((bytes + kUnitBytes - 1) / kUnitBytes);
}

/// A hash of words, folded to 32 bits.
template <class Word>
std::uint32_t hash_of(const Word* words, std::uint32_t count) noexcept {
  constexpr std::uint64_t kMultiplier = 0x9e3779b97f4a7c15;  // 2^64 / golden ratio (Knuth)
  std::uint64_t hash = count;
  for (std::uint32_t i = 0; i < count; ++i) {
    hash = (hash ^ words[i]) * kMultiplier;
    hash ^= hash >> 32;
  }
  return static_cast<std::uint32_t>(hash);
}

}  // namespace

struct StackDepot::Piece {
  std::uint32_t next;  ///< id of the next piece of the bucket, 0 at its end
  std::uint32_t hash;
  Address pcs[kPieceFrames];  ///< 0 behind the stack's last
};

struct StackDepot::Entry {
  std::uint32_t next;  ///< id of the next entry of the bucket, 0 at its end
  std::uint32_t hash;
  std::uint32_t frames;
  std::uint32_t pieces[kPiecesMax];  ///< as many as the frames need have memory

  static std::uint32_t pieces_for(std::uint32_t frames) noexcept {
    return (frames + kPieceFrames - 1) / kPieceFrames;
  }
  static std::uint32_t units_for_pieces(std::uint32_t count) noexcept {
    return units_for(offsetof(Entry, pieces) + count * sizeof(std::uint32_t));
  }
};

/// Where a node is looked for, and what counts its like.
struct StackDepot::Bucket {
  std::atomic<std::uint32_t>& shared_head;
  std::atomic<std::uint32_t>& shared_count;
};

struct StackDepot::Tables {
  std::atomic<std::uint32_t> shared_heads[kBuckets];
  std::atomic<std::uint32_t> shared_piece_heads[kPieceBuckets];
  std::atomic<std::byte*> shared_chunks[kChunksMax];
  std::atomic<std::uint32_t> shared_next_unit;
  std::atomic<std::uint32_t> shared_count;
  std::atomic<std::uint32_t> shared_piece_count;

  Bucket bucket_of(std::uint32_t hash) noexcept {
    return {shared_heads[hash % kBuckets], shared_count};
  }
  Bucket piece_bucket_of(std::uint32_t hash) noexcept {
    return {shared_piece_heads[hash % kPieceBuckets], shared_piece_count};
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

template <class Node>
Node& StackDepot::node_of(const Tables& tables, std::uint32_t id) noexcept {
  const std::uint32_t unit = id - 1;
  std::byte* const chunk = tables.shared_chunks[unit / kUnitsPerChunk].load(DepotOrders::kRead);
  return *reinterpret_cast<Node*>(chunk + (unit % kUnitsPerChunk) * kUnitBytes);
}

/// Searches a bucket's list from id `from` up to, not including, `until`. 0 when it is not there.
template <class Node, class IsEqual>
std::uint32_t StackDepot::find(const Tables& tables, std::uint32_t from, std::uint32_t until,
                               std::uint32_t hash, IsEqual is_equal) noexcept {
  for (std::uint32_t id = from; id != until;) {
    const Node& node = node_of<Node>(tables, id);
    if (node.hash == hash && is_equal(node)) return id;
    id = node.next;
  }
  return 0;
}

/// The id of the node that `is_equal` accepts; of a new one of so many units, which `fill` fills,
/// when there is none. 0 when memory is out.
template <class Node, class IsEqual, class Fill>
std::uint32_t StackDepot::find_or_add(Tables& tables, const Bucket& bucket, std::uint32_t hash,
                                      std::uint32_t units, IsEqual is_equal, Fill fill) noexcept {
  std::uint32_t head = bucket.shared_head.load(DepotOrders::kRead);
  if (const std::uint32_t id = find<Node>(tables, head, 0, hash, is_equal); id != 0) return id;
  const std::uint32_t made = reserve(tables, units);
  if (made == 0) return 0;
  Node& node = node_of<Node>(tables, made);
  node.hash = hash;
  fill(node);
  for (;;) {
    const std::uint32_t searched = head;
    node.next = head;
    if (bucket.shared_head.compare_exchange_strong(head, made, DepotOrders::kPublish,
                                                   DepotOrders::kPublishFailed)) {
      bucket.shared_count.fetch_add(1, DepotOrders::kCount);
      return made;
    }
    const std::uint32_t id = find<Node>(tables, head, searched, hash, is_equal);
    if (id != 0) return id;
  }
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

/// The id of up to kPieceFrames frames in a row; 0 when memory is out.
std::uint32_t StackDepot::intern_piece(Tables& tables, const Address* pcs,
                                       std::uint32_t count) noexcept {
  Address wanted[kPieceFrames];
  for (std::uint32_t i = 0; i < kPieceFrames; ++i) wanted[i] = i < count ? pcs[i] : 0;
  const std::uint32_t hash = hash_of(wanted, kPieceFrames);
  const auto is_equal = [&](const Piece& piece) {
    Address differs = 0;
    for (std::uint32_t i = 0; i < kPieceFrames; ++i) differs |= piece.pcs[i] ^ wanted[i];
    return differs == 0;
  };
  const auto fill = [&](Piece& piece) {
    for (std::uint32_t i = 0; i < kPieceFrames; ++i) piece.pcs[i] = wanted[i];
  };
  return find_or_add<Piece>(tables, tables.piece_bucket_of(hash), hash, units_for(sizeof(Piece)),
                            is_equal, fill);
}

StackDepot::Wanted StackDepot::prepare(const StackTrace& stack) noexcept {
  Wanted wanted;
  if (stack.count == 0 || stack.count > kStackFramesMax) return wanted;
  Tables* const tables = this->tables();
  if (tables == nullptr) return wanted;
  const std::uint32_t count = Entry::pieces_for(stack.count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t left = stack.count - i * kPieceFrames;
    wanted.pieces[i] = intern_piece(*tables, stack.pcs + i * kPieceFrames, left);
    if (wanted.pieces[i] == 0) return wanted;
  }
  wanted.hash = hash_of(wanted.pieces, count) + stack.count;
  wanted.frames = stack.count;
  __builtin_prefetch(&tables->bucket_of(wanted.hash).shared_head);
  return wanted;
}

StackId StackDepot::intern(const Wanted& wanted) noexcept {
  if (wanted.frames == 0) return StackId::None;
  Tables* const tables = this->tables();
  const std::uint32_t count = Entry::pieces_for(wanted.frames);
  const auto is_equal = [&](const Entry& entry) {
    if (entry.frames != wanted.frames) return false;
    std::uint32_t differs = 0;
    for (std::uint32_t i = 0; i < count; ++i) differs |= entry.pieces[i] ^ wanted.pieces[i];
    return differs == 0;
  };
  const auto fill = [&](Entry& entry) {
    entry.frames = wanted.frames;
    for (std::uint32_t i = 0; i < count; ++i) entry.pieces[i] = wanted.pieces[i];
  };
  return StackId{find_or_add<Entry>(*tables, tables->bucket_of(wanted.hash), wanted.hash,
                                    Entry::units_for_pieces(count), is_equal, fill)};
}

void StackDepot::lookup(StackId id, StackTrace& out) const noexcept {
  out.count = 0;
  const Tables* const tables = shared_tables_.load(DepotOrders::kRead);
  if (id == StackId::None || tables == nullptr) return;
  const Entry& entry = node_of<Entry>(*tables, static_cast<std::uint32_t>(id));
  for (std::uint32_t i = 0; i < entry.frames; ++i) {
    const Piece& piece = node_of<Piece>(*tables, entry.pieces[i / kPieceFrames]);
    out.pcs[i] = piece.pcs[i % kPieceFrames];
  }
  out.count = entry.frames;
}

std::uint32_t StackDepot::count() const noexcept {
  const Tables* const tables = shared_tables_.load(DepotOrders::kRead);
  return tables == nullptr ? 0 : tables->shared_count.load(DepotOrders::kCount);
}

}  // namespace hakmem
