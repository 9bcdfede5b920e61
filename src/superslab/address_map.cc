#include "superslab/address_map.h"

namespace hakmem::inline HAK_LEVEL_NAMESPACE {

namespace {
using Orders = AddressMapOrders;
constexpr std::size_t kFlatBytes = kGranuleCount * sizeof(AddressMap::Entry);
}  // namespace

bool AddressMap::initialise(bool scarce) noexcept {
  std::byte* memory = scarce ? nullptr : os::map(kFlatBytes, os::Access::ReadWrite);
  if (memory == nullptr) {
    memory = os::map(kFlatBytes, os::Access::ReadOnly);
    charged_ = memory != nullptr;
  }
  if (memory != nullptr) {
    flat_ = reinterpret_cast<Entry*>(memory);
    flat_limit_ = kGranuleCount;
    return true;
  }
  root_ = reinterpret_cast<Leaf*>(os::map(kRootEntries * sizeof(Leaf), os::Access::ReadWrite));
  return root_ != nullptr;
}

bool AddressMap::prepare(const std::byte* begin, std::size_t bytes) noexcept {
  const std::size_t first = granule_of(reinterpret_cast<Address>(begin));
  const std::size_t last = granule_of(reinterpret_cast<Address>(begin) + bytes - 1);
  if (last >= kGranuleCount) return false;
  if (root_ != nullptr) return prepare_radix(first, last);
  if (!charged_) return true;
  std::byte* const entries = reinterpret_cast<std::byte*>(flat_);
  const std::size_t from = round_down(first * sizeof(Entry), kPageBytes);
  const std::size_t to = round_up((last + 1) * sizeof(Entry), kPageBytes);
  return os::make_writable(entries + from, to - from);
}

bool AddressMap::prepare_radix(std::size_t first, std::size_t last) noexcept {
  LockScope scope(lock_);
  for (std::size_t i = first >> kLeafShift; i <= last >> kLeafShift; ++i) {
    if (root_[i].load(Orders::kLeafFollow) != nullptr) continue;
    std::byte* const leaf = os::map(kLeafEntries * sizeof(Entry), os::Access::ReadWrite);
    if (leaf == nullptr) return false;
    root_[i].store(reinterpret_cast<Entry*>(leaf), Orders::kLeafPublish);
  }
  return true;
}

AddressMap::Entry* AddressMap::find_in_leaf(std::size_t granule) const noexcept {
  if (root_ == nullptr || granule >= kGranuleCount) return nullptr;
  Entry* const leaf = root_[granule >> kLeafShift].load(Orders::kLeafFollow);
  return leaf == nullptr ? nullptr : &leaf[granule & (kLeafEntries - 1)];
}

}  // namespace hakmem::inline HAK_LEVEL_NAMESPACE
