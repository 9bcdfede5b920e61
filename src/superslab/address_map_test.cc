#include "superslab/address_map.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include "os/os_fake.h"
#include "superslab/slab.h"

namespace hakmem {
namespace {

constexpr Address kTop = Address{1} << kAddressBits;

/// How the map gets its memory: the calls that are refused decide.
struct Form {
  const char* name;
  bool scarce;
  std::uint64_t fail_nth;
  bool radix;
};
constexpr Form kForms[] = {
    {"Flat", false, 0, false},
    {"ChargedWhenTheFirstMapFails", false, 1, false},
    {"ChargedWhenScarce", true, 0, false},
    {"RadixWhenScarceAndRefused", true, 1, true},
};

std::byte* at(Address address) { return reinterpret_cast<std::byte*>(address); }

class AddressMapTest : public testing::TestWithParam<Form> {
 protected:
  AddressMapTest() {
    os::plan_faults_for_test({.fail_nth = GetParam().fail_nth});
    EXPECT_TRUE(map_.initialise(GetParam().scarce));
    os::plan_faults_for_test({});
  }
  ~AddressMapTest() override { os::plan_faults_for_test({}); }

  MapEntry entry(unsigned tag) { return MapEntry::of_slab(*slab_, static_cast<OwnerTag>(tag)); }
  std::uint64_t bits_at(Address address) { return map_.lookup(address).bits(); }

  os::MappingLedger ledger_;
  AddressMap map_;
  std::unique_ptr<Slab> slab_ = std::make_unique<Slab>();
};

INSTANTIATE_TEST_SUITE_P(Forms, AddressMapTest, testing::ValuesIn(kForms),
                         [](const auto& form) { return std::string(form.param.name); });

TEST_P(AddressMapTest, HasTheFormThatItsMemoryAllows) {
  EXPECT_EQ(map_.flat_limit(), GetParam().radix ? 0 : kGranuleCount);
  EXPECT_EQ(map_.flat() == nullptr, GetParam().radix);
}

TEST_P(AddressMapTest, WildAddressesAreNobodys) {
  const Address wild[] = {0,          1,
                          0xfff,      kGranuleBytes,
                          kTop - 1,   kTop,
                          kTop + 1,   Address{1} << 48,
                          ~Address{0}, 0xffff800000000000u,
                          0xffffffffff600000u, 0xa2a2a2a2a2a2a2a2u,
                          reinterpret_cast<Address>(this), reinterpret_cast<Address>(&kForms)};
  for (const Address address : wild) {
    EXPECT_FALSE(map_.lookup(address).is_ours()) << std::hex << address;
  }
}

TEST_P(AddressMapTest, AStoredEntryIsSeenInItsGranulesAndNowhereElse) {
  constexpr Address kBegin = 0x7f1234560000;
  ASSERT_TRUE(map_.prepare(at(kBegin), 3 * kGranuleBytes));
  map_.store(at(kBegin), 3, entry(7));
  EXPECT_EQ(bits_at(kBegin), entry(7).bits());
  EXPECT_EQ(bits_at(kBegin + 3 * kGranuleBytes - 1), entry(7).bits());
  EXPECT_EQ(bits_at(kBegin - 1), 0u);
  EXPECT_EQ(bits_at(kBegin + 3 * kGranuleBytes), 0u);
  map_.store(at(kBegin + kGranuleBytes), 1, MapEntry());
  EXPECT_EQ(bits_at(kBegin), entry(7).bits());
  EXPECT_EQ(bits_at(kBegin + kGranuleBytes), 0u);
}

TEST_P(AddressMapTest, TheWholeAddressSpaceCanBePrepared) {
  const Address begins[] = {0, kGranuleBytes, 0x10000000, 0x555555550000, kTop - kGranuleBytes};
  for (unsigned i = 0; i < 5; ++i) {
    ASSERT_TRUE(map_.prepare(at(begins[i]), kGranuleBytes)) << std::hex << begins[i];
    map_.store(at(begins[i]), 1, entry(i + 1));
  }
  for (unsigned i = 0; i < 5; ++i) EXPECT_EQ(bits_at(begins[i]), entry(i + 1).bits());
}

TEST_P(AddressMapTest, BeyondTheAddressSpaceNothingCanBePrepared) {
  EXPECT_FALSE(map_.prepare(at(kTop), kGranuleBytes));
  EXPECT_FALSE(map_.prepare(at(kTop - kGranuleBytes), 2 * kGranuleBytes));
  EXPECT_FALSE(map_.prepare(at(0xffff800000000000u), kGranuleBytes));
}

TEST_P(AddressMapTest, ARangeOverManyLeavesIsPreparedWhole) {
  constexpr Address kBegin = 0x7e0000000000;
  constexpr std::size_t kBytes = 3 * kGiB;
  ASSERT_TRUE(map_.prepare(at(kBegin), kBytes));
  map_.store(at(kBegin), kBytes / kGranuleBytes, entry(3));
  for (Address address = kBegin; address < kBegin + kBytes; address += 97 * kMiB) {
    ASSERT_EQ(bits_at(address), entry(3).bits());
  }
  EXPECT_EQ(bits_at(kBegin + kBytes), 0u);
}

TEST_P(AddressMapTest, ARefusedPreparationChangesNothingAndTheNextOneWorks) {
  constexpr Address kBegin = 0x7d0000000000;
  os::plan_faults_for_test({.fail_from = 1});
  const bool prepared = map_.prepare(at(kBegin), kGranuleBytes);
  EXPECT_EQ(prepared, os::calls_counted_for_test() == 0) << "only the plain form asks nobody";
  EXPECT_EQ(bits_at(kBegin), 0u);
  os::plan_faults_for_test({});
  ASSERT_TRUE(map_.prepare(at(kBegin), kGranuleBytes));
  map_.store(at(kBegin), 1, entry(2));
  EXPECT_EQ(bits_at(kBegin), entry(2).bits());
}

TEST_P(AddressMapTest, ThreadsPrepareAndStoreSideBySide) {
  constexpr std::size_t kThreads = 4, kEach = 200;
  constexpr Address kBegin = 0x7c0000000000, kStep = 64 * kMiB;  // eight threads' worth a leaf
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (std::size_t i = 0; i < kEach; ++i) {
          std::byte* const begin = at(kBegin + (i * kThreads + t) * kStep);
          if (map_.prepare(begin, kGranuleBytes)) {
            map_.store(begin, 1, entry(static_cast<unsigned>(t + 1)));
          }
        }
      });
    }
  }
  for (std::size_t i = 0; i < kThreads * kEach; ++i) {
    ASSERT_EQ(bits_at(kBegin + i * kStep), entry(static_cast<unsigned>(i % kThreads + 1)).bits());
  }
}

TEST_P(AddressMapTest, ItKnowsItsOwnMemory) {
  if (GetParam().radix) {
    EXPECT_FALSE(map_.holds(reinterpret_cast<Address>(this)));
  } else {
    const Address begin = reinterpret_cast<Address>(map_.flat());
    EXPECT_TRUE(map_.holds(begin));
    EXPECT_TRUE(map_.holds(begin + kGranuleCount * sizeof(AddressMap::Entry) - 1));
    EXPECT_FALSE(map_.holds(begin - 1));
    EXPECT_FALSE(map_.holds(begin + kGranuleCount * sizeof(AddressMap::Entry)));
  }
}

TEST(AddressMap, WithoutAnyMemoryItSaysSoAndMayTryAgain) {
  const os::MappingLedger ledger;
  AddressMap map;
  os::plan_faults_for_test({.fail_from = 1});
  EXPECT_FALSE(map.initialise(false));
  EXPECT_FALSE(map.initialise(true));
  EXPECT_FALSE(map.lookup(0x1000).is_ours()) << "a map without memory owns nothing";
  os::plan_faults_for_test({});
  EXPECT_TRUE(map.initialise(false));
}

}  // namespace
}  // namespace hakmem
