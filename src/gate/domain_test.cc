#include "gate/domain.h"

#include <gtest/gtest.h>

#include <barrier>
#include <thread>
#include <vector>

#include "gate/domain_for_test.h"

namespace hakmem {
namespace {

class DomainInitialisation : public DomainTest {};

TEST_F(DomainInitialisation, NothingIsTakenBeforeTheFirstUse) {
  os::plan_faults_for_test({});
  const auto domain = std::make_unique<Domain>();
  const ThreadState thread(*domain);
  EXPECT_FALSE(has_heap(*domain, thread));
  release(nullptr);
  EXPECT_EQ(os::calls_counted_for_test(), 0u);
  EXPECT_FALSE(locate(*domain, wild(domain.get())).entry.is_ours()) << "nothing is ours yet";
}

TEST_F(DomainInitialisation, ManyThreadsInitialiseOneInstanceOnce) {
  constexpr unsigned kThreads = 6;
  os::plan_faults_for_test({});
  std::vector<const AddressMap::Entry*> maps(kThreads);
  {
    std::barrier start(kThreads);
    std::vector<std::jthread> threads;
    for (unsigned t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        start.arrive_and_wait();
        if (domain_->ensure_initialised()) maps[t] = domain_->slabs.map.flat();
      });
    }
  }
  EXPECT_EQ(os::calls_counted_for_test(), 1u) << "the map, and that once";
  for (const AddressMap::Entry* map : maps) EXPECT_EQ(map, domain_->slabs.map.flat());
  EXPECT_NE(domain_->slabs.map.flat(), nullptr);
}

TEST_F(DomainInitialisation, ManyThreadsMakeTheirFirstAllocationTogether) {
  constexpr unsigned kThreads = 6;
  std::barrier start(kThreads);
  std::vector<std::jthread> threads;
  for (unsigned t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      ThreadState thread(*domain_);
      start.arrive_and_wait();
      void* const block = allocate(thread, 100);
      EXPECT_NE(block, nullptr);
      release(thread, block);
      detach_thread(*domain_, thread);
    });
  }
  threads.clear();
  EXPECT_LE(domain_->slabs.registry.count(), kThreads);
}

TEST_F(DomainInitialisation, ARefusedInitialisationIsTriedAgainByTheNextUse) {
  os::plan_faults_for_test({.fail_from = 1});
  EXPECT_FALSE(domain_->ensure_initialised());
  EXPECT_EQ(allocate(10), nullptr);
  EXPECT_EQ(allocate(100000), nullptr);
  EXPECT_EQ(allocate_zeroed(10), nullptr);
  if (kIntegrityLevel == 0) release(this);  // there is no map yet to know it by
  os::plan_faults_for_test({});
  EXPECT_TRUE(domain_->ensure_initialised());
  void* const block = allocate(10);
  EXPECT_NE(block, nullptr);
  release(block);
}

TEST_F(DomainInitialisation, InstancesAreIndependent) {
  const auto other = std::make_unique<Domain>();
  ThreadState other_thread(*other);
  void* const mine = allocate(100);
  void* const others = front::allocate(*other, other_thread, 100, AllocKind::Malloc);
  EXPECT_NE(mine, others);
  EXPECT_TRUE(locate(*domain_, wild(mine)).is_start);
  EXPECT_FALSE(locate(*domain_, wild(others)).entry.is_ours());
  EXPECT_FALSE(locate(*other, wild(mine)).entry.is_ours());
  release(mine);
  front::release(*other, other_thread, wild(others), AllocKind::Malloc,
                 ColdRelease{*other, other_thread});
  expect_sound(*other);
}

TEST_F(DomainInitialisation, OptionsReachThePolicy) {
  Options options;
  options.purge = false;
  options.purge_ms = 7;
  domain_->apply(options);
  EXPECT_FALSE(domain_->slabs.policy.purge);
  EXPECT_EQ(domain_->slabs.policy.purge_ms, 7u);
}

}  // namespace
}  // namespace hakmem
