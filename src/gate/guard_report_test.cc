// HK109: what page mode's faults are reported as, and that all other faults stay what they are.
#include "gate/guard_report.h"

#include <gtest/gtest.h>

#include <thread>

#include "gate/finding_for_test.h"
#include "gate/page_mode_for_test.h"
#include "integrity/poison_crash.h"
#include "ptr_trace/signal_relay.h"

namespace hakmem {
namespace {

/// The crash handler knows no domain: as in api/, it finds the one there is.
constinit Domain* watched = nullptr;
/// What api/ finds out from the faulting instruction.
constinit bool by_hakmem = false;

class GuardReport : public DomainTest {
 protected:
  GuardReport() { watched = domain_.get(); }

  void enable(PageSide side) { enable_page_mode(*domain_, side); }
  volatile char* chars(std::size_t bytes) { return static_cast<volatile char*>(allocate(bytes)); }

  static void watch() {
    constexpr os::SignalAction kDefault{};
    for (const int signal : {SIGSEGV, SIGBUS}) os::set_signal_action(signal, &kDefault, nullptr);
    install_crash_report();
    start_signal_relay();
    watch_faults({[](Address address) noexcept { return is_guard_hit(*watched, address); },
                  [](const MemoryFault& fault) noexcept {
                    report_guard_hit(*watched, fault, by_hakmem);
                  },
                  relay_to_program});
  }
  /// Runs `body` in a child that watches, and expects the finding with this sentence.
  template <class Body>
  void expect_hit(const std::string& sentence, Body body) {
    const std::string errors = expect_finding(Violation::kGuardHit, kIntegrityLevel, [&] {
      watch();
      body();
    });
    EXPECT_NE(errors.find("\n" + sentence + "\n"), std::string::npos) << errors;
    EXPECT_NE(errors.find("  DETECTED  T"), std::string::npos) << errors;
    EXPECT_NE(errors.find("  ALLOCATED T"), std::string::npos) << errors;
  }
};

TEST_F(GuardReport, AReadAndAWriteOnePastTheEndAreToldApart) {
  enable(PageSide::After);
  expect_hit("The program read at +13 of a 13-byte block: 1 byte past its end.",
             [&] { static_cast<void>(chars(13)[13]); });
  expect_hit("The program wrote at +5000 of a 5000-byte block: 1 byte past its end.",
             [&] { chars(5000)[5000] = 1; });
  expect_hit("The program wrote at +115 of a 13-byte block: 103 bytes past its end.",
             [&] { chars(13)[115] = 1; });
}

TEST_F(GuardReport, WhatHakmemItselfTouchesIsNoFaultOfTheProgram) {
  enable(PageSide::After);
  const std::string errors =
      expect_finding(Violation::kRegistryBroken, kIntegrityLevel, [&] {
        watch();
        by_hakmem = true;
        static_cast<void>(chars(13)[13]);
      });
  EXPECT_NE(errors.find("HAKMEM itself read at +13 of a 13-byte block: 1 byte past its end."),
            std::string::npos)
      << errors;
  EXPECT_NE(errors.find("This is a bug in HAKMEM, not in your program."), std::string::npos);
}

TEST_F(GuardReport, ABytePastAWordReadThatBeginsInsideIsNamedItself) {
  enable(PageSide::After);
  expect_hit("The program read at +13 of a 13-byte block: 1 byte past its end.", [&] {
    volatile char* const block = chars(13);
    std::uint64_t word;
    asm volatile("movq (%1), %0" : "=r"(word) : "r"(block + 8));
  });
}

TEST_F(GuardReport, AccessesBeforeTheStartAreReported) {
  enable(PageSide::Before);
  expect_hit("The program read at -1 of a 13-byte block: 1 byte before its start.",
             [&] { static_cast<void>(chars(13)[-1]); });
  expect_hit("The program wrote at -8 of a 100-byte block: 8 bytes before its start.",
             [&] { chars(100)[-8] = 1; });
}

TEST_F(GuardReport, AFreedBlockIsReportedWithWhoFreedIt) {
  enable(PageSide::After);
  expect_hit("The program read at +8 of a freed 48-byte block: read after free.", [&] {
    volatile char* const block = chars(48);
    release(const_cast<char*>(block));
    static_cast<void>(block[8]);
  });
  expect_hit("The program wrote at +60 of a freed 48-byte block: write after free, 13 bytes past "
             "its end.",
             [&] {
               volatile char* const block = chars(48);
               release(const_cast<char*>(block));
               block[60] = 1;
             });
}

TEST_F(GuardReport, AnyAccessToABlockOfNothingIsReported) {
  enable(PageSide::After);
  expect_hit("The program wrote at +0 of a 0-byte block: 1 byte past its end.",
             [&] { chars(0)[0] = 1; });
}

TEST_F(GuardReport, AnotherThreadsFaultNamesThatThread) {
  enable(PageSide::After);
  const std::string errors = expect_finding(Violation::kGuardHit, kIntegrityLevel, [&] {
    watch();
    volatile char* const block = chars(48);
    release(const_cast<char*>(block));
    std::thread([&] { static_cast<void>(block[8]); }).join();
  });
  EXPECT_NE(errors.find("Freed by T"), std::string::npos) << errors;
  EXPECT_NE(errors.find("; found by T"), std::string::npos) << errors;
}

TEST_F(GuardReport, AJumpIntoAFreedBlockIsOne) {
  enable(PageSide::After);
  expect_hit("The program jumped at +0 of a freed 64-byte block: jump after free.", [&] {
    void* const block = allocate(64);
    release(block);
    reinterpret_cast<void (*)()>(block)();
  });
}

TEST_F(GuardReport, ABlockThatLeftItsRestIsStillAFreedOne) {
  enable(PageSide::After);
  expect_hit("The program read at +8 of a freed 48-byte block: read after free.", [&] {
    volatile char* const block = chars(48);
    release(const_cast<char*>(block));
    domain_->pages.find(reinterpret_cast<Address>(block))->record.publish(BlockState::Free);
    static_cast<void>(block[8]);
  });
}

/// What the library reads for the program, where the program's fault was reported before.
TEST_F(GuardReport, InAProcessThatGoesOnHakmemsReadsAreTheProgramsToo) {
  enable(PageSide::After);
  const ChildRun run = go_on_after_findings(kIntegrityLevel, [&] {
    watch();
    by_hakmem = true;
    return chars(13)[13];
  });
  EXPECT_TRUE(run.exited_with(exit_code::kHeapError)) << run.status << run.errors;
  EXPECT_TRUE(run.says("The program read at +13 of a 13-byte block")) << run.errors;
}

TEST_F(GuardReport, PagesOfWhichNoBlockIsKnownAreTheProgramsFault) {
  enable(PageSide::After);
  const Address far = reinterpret_cast<Address>(allocate(13)) + kPageSpaceForTest / 2;
  EXPECT_FALSE(is_guard_hit(*domain_, far)) << "no block was there yet";
  for (const bool own : {false, true}) {
    const std::string report = expect_finding(Violation::kGuardHit, kIntegrityLevel, [&] {
      MemoryFault fault;
      fault.address = far;
      fault.access = MemoryFault::Access::Write;
      report_guard_hit(*domain_, fault, own);
    });
    EXPECT_NE(report.find("The program wrote where blocks were freed so long ago that they are no "
                          "longer known."),
              std::string::npos)
        << report;
  }
}

TEST_F(GuardReport, AddressesInOpenBlocksAreNoHits) {
  void* const small = allocate(100);
  std::byte* const large = static_cast<std::byte*>(allocate(100000));
  for (const void* const address :
       {static_cast<const void*>(small), static_cast<const void*>(large),
        static_cast<const void*>(large + 110000), static_cast<const void*>(&watched)}) {
    EXPECT_FALSE(is_guard_hit(*domain_, reinterpret_cast<Address>(address)));
  }
  enable(PageSide::After);
  EXPECT_FALSE(is_guard_hit(*domain_, reinterpret_cast<Address>(allocate(13))));
  release(small);
  release(large);
}

TEST_F(GuardReport, OtherFaultsEndAsTheyWouldWithoutUs) {
  enable(PageSide::After);
  const ChildRun run = run_child([&] {
    watch();
    *reinterpret_cast<volatile int*>(16) = 1;
  });
  EXPECT_TRUE(run.killed_by(SIGSEGV)) << run.status;
  EXPECT_EQ(run.errors, "");
  const ChildRun executed = run_child([&] {
    watch();
    reinterpret_cast<void (*)()>(allocate(64))();  // live, but not for executing
  });
  EXPECT_TRUE(executed.killed_by(SIGSEGV)) << executed.status << executed.errors;
}

TEST_F(GuardReport, TheProgramsHandlerGetsItsFaultsAndNotOurs) {
  enable(PageSide::After);
  const auto install = [] {
    watch();
    os::SignalAction mine = os::handle_with([](int, siginfo_t* info, void*) {
      _exit(info->si_addr == reinterpret_cast<void*>(16) ? 7 : 8);
    });
    relay_signal_action(SIGSEGV, &mine, nullptr);
  };
  const ChildRun own = run_child([&] {
    install();
    *reinterpret_cast<volatile int*>(16) = 1;
  });
  EXPECT_TRUE(own.exited_with(7)) << own.status;
  expect_hit("The program wrote at +13 of a 13-byte block: 1 byte past its end.", [&] {
    install();
    chars(13)[13] = 1;
  });
}

}  // namespace
}  // namespace hakmem
