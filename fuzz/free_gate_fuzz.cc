// Hostile pointers at the gate: numbers of any kind, addresses near live and freed blocks and near
// the allocator's own records. Nothing that is not ours is touched, what is answered about a
// pointer is what the blocks handed out say, and at level 0, which ignores a wild free, everything
// is sound and every live block as it was. From level 1 on a wild free ends the process, which is
// the misuse fuzzer's; there pointers are looked up. For levels without records: 0 to 2.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "gate/gate.h"
#include "os/os_fake.h"
#include "property_tests/ops/content.h"
#include "property_tests/ops/crash_note.h"

namespace {

using namespace hakmem;

constexpr std::size_t kBlocksMax = 64, kStepsMax = 400;

/// Reads numbers from the input; zeros behind its end.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}
  bool empty() const { return left_ == 0; }
  std::uint64_t number(std::size_t bytes) {
    std::uint64_t value = 0;
    const std::size_t taken = std::min(bytes, left_);
    std::memcpy(&value, data_, taken);
    data_ += taken;
    left_ -= taken;
    return value;
  }

 private:
  const std::uint8_t* data_;
  std::size_t left_;
};

struct Block {
  std::byte* begin;
  std::size_t bytes;
  std::uint64_t key;
};

/// What a case holds: an allocator of its own, two threads, and the blocks as the test knows them.
class Case {
 public:
  void step(Input& input);
  void finish();

 private:
  void require(bool holds, const char* claim, Address pointer) const {
    if (holds) return;
    std::fprintf(stderr, "free gate fuzz: broken: %s, pointer 0x%llx, commit %s\n", claim,
                 static_cast<unsigned long long>(pointer), ops::built_commit());
    std::abort();
  }
  const Block* holder_of(Address pointer) const {
    for (const Block& block : live_) {
      const Address begin = reinterpret_cast<Address>(block.begin);
      if (pointer >= begin && pointer - begin < std::max<std::size_t>(block.bytes, 1)) {
        return &block;
      }
    }
    return nullptr;
  }
  void allocate(Input& input);
  void release(std::size_t index, ThreadState& thread);
  Address hostile(Input& input);
  void look_up(Address pointer);
  void release_hostile(Address pointer, ThreadState& thread);
  ThreadState& any_thread(Input& input) { return threads_[input.number(1) % 2]; }

  os::MappingLedger ledger_;  // first: what the case took is unmapped last
  std::unique_ptr<Domain> domain_ = std::make_unique<Domain>();
  ThreadState threads_[2] = {ThreadState(*domain_), ThreadState(*domain_)};
  std::vector<Block> live_;
  std::vector<Address> freed_;
};

void Case::allocate(Input& input) {
  if (live_.size() == kBlocksMax) return;
  // Each width reaches another tier.
  const std::uint64_t draw = input.number(1);
  const std::size_t bytes =
      static_cast<std::size_t>(input.number(4)) & ((std::size_t{1} << (4 + draw % 17)) - 1);
  void* const block = front::allocate(*domain_, any_thread(input), bytes, AllocKind::Malloc);
  require(block != nullptr, "memory for a small block", bytes);
  live_.push_back({static_cast<std::byte*>(block), bytes, draw * 0x9e3779b97f4a7c15u + bytes});
  ops::write_stamp(block, bytes, live_.back().key);
}

void Case::release(std::size_t index, ThreadState& thread) {
  const Block block = live_[index];
  const Address address = reinterpret_cast<Address>(block.begin);
  require(ops::first_damage(block.begin, block.bytes, block.bytes, block.key) == block.bytes,
          "a live block keeps its content", address);
  live_[index] = live_.back();
  live_.pop_back();
  freed_.push_back(address);
  front::release(*domain_, thread, wild(block.begin), AllocKind::Malloc,
                 ColdRelease{*domain_, thread});
}

Address Case::hostile(Input& input) {
  const std::uint64_t kind = input.number(1);
  const std::uint64_t offset = input.number(3);
  const Address sign = (kind & 0x80) != 0 ? ~Address{0} : Address{1};
  switch (kind % 8) {
    case 0:
      return input.number(8);
    case 1:
      return sign * (offset << input.number(1) % 48);
    case 2:
      return reinterpret_cast<Address>(domain_.get()) + sign * (offset % 65536);
    case 3:
      return reinterpret_cast<Address>(this) + sign * (offset % 4096);
    case 4:
      return freed_.empty() ? offset : freed_[offset % freed_.size()] + sign * (kind >> 3 & 15);
    default:
      break;
  }
  if (live_.empty()) return offset;
  const Block& block = live_[offset % live_.size()];
  const Address begin = reinterpret_cast<Address>(block.begin);
  const std::uint64_t distance = input.number(4) % (4 * kMiB);
  return kind % 8 == 5 ? begin + distance % std::max<std::size_t>(block.bytes, 1)
                       : begin + sign * distance;
}

void Case::look_up(Address pointer) {
  const WildPtr asked = wild(reinterpret_cast<void*>(pointer));
  const Located found = locate(*domain_, asked);
  const std::size_t usable = hakmem::usable_size(*domain_, asked);
  require(usable == 0 || found.is_start, "only a start has a usable size", pointer);
  const Block* const holder = holder_of(pointer);
  if (holder == nullptr) return;
  const bool is_begin = reinterpret_cast<Address>(holder->begin) == pointer;
  // Level 0 enters no more of a large block than the granule where it begins.
  if (kIntegrityLevel == 0 && holder->bytes > kGranuleBytes / 2 && !found.entry.is_ours()) {
    return require(!is_begin, "a live start is ours", pointer);
  }
  require(found.slab != nullptr || found.large != nullptr, "a live block has a record", pointer);
  require(found.is_start == is_begin, "a live block has one start", pointer);
  if (is_begin) require(usable >= holder->bytes, "usable bytes hold the request", pointer);
}

void Case::release_hostile(Address pointer, ThreadState& thread) {
  if constexpr (kIntegrityLevel == 0) {
    const Located found = locate(*domain_, wild(reinterpret_cast<void*>(pointer)));
    // Level 0 believes what lies in a slab, and a large block's start: those are misuse.
    if (pointer == 0 || found.slab != nullptr || (found.large != nullptr && found.is_start)) return;
    const std::uint64_t before = domain_->shared_foreign_frees.load();
    front::release(*domain_, thread, wild(reinterpret_cast<void*>(pointer)), AllocKind::Malloc,
                   ColdRelease{*domain_, thread});
    require(domain_->shared_foreign_frees.load() == before + 1, "a wild free is counted", pointer);
  } else {
    static_cast<void>(pointer);
    static_cast<void>(thread);
  }
}

void Case::step(Input& input) {
  const std::uint64_t draw = input.number(1);
  if (draw < 80) return allocate(input);
  if (draw < 110 && !live_.empty()) {
    return release(input.number(1) % live_.size(), any_thread(input));
  }
  const Address pointer = hostile(input);
  look_up(pointer);
  if (draw >= 180) release_hostile(pointer, any_thread(input));
}

void Case::finish() {
  while (!live_.empty()) release(live_.size() - 1, threads_[live_.size() % 2]);
  bool sound = domain_->slabs.pool.verify() && domain_->large.verify();
  domain_->slabs.registry.for_each([&](const Heap& heap) {
    sound = sound && verify_heap(heap) == SlabDefect::None;
  });
  require(sound, "structures are sound", 0);
  for (ThreadState& thread : threads_) detach_thread(*domain_, thread);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  Case fresh;
  for (std::size_t i = 0; i < kStepsMax && !input.empty(); ++i) fresh.step(input);
  fresh.finish();
  return 0;
}
