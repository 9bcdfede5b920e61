#include "tools/doctor_checks.h"

#include <unistd.h>

#include <gtest/gtest.h>

#include "tools/scratch_folder_for_test.h"

namespace hakmem::tools {
namespace {

TEST(DoctorChecks, WhatIsNotFineHasARemedy) {
  for (const CheckResult& result :
       {check_symbolizer(""), check_unwinder(), check_overcommit(), check_address_space_limit(),
        check_mapping_limit(), check_huge_pages(), check_ptrace(), check_core_files(),
        check_preload("/usr/lib/libjemalloc.so.2"), check_preload("/l/libhakmem_l4.so")}) {
    EXPECT_EQ(result.health == Health::Ok, result.remedy.empty()) << result.what;
    EXPECT_FALSE(result.detail.empty()) << result.what;
  }
}

TEST(DoctorChecks, AMissingSymbolizerIsAWarning) {
  const ScratchFolder scratch;
  EXPECT_EQ(check_symbolizer(scratch.path()).health, Health::Warn);
  scratch.write("addr2line", "", true);
  EXPECT_EQ(check_symbolizer(scratch.path()).health, Health::Warn);
  scratch.write("llvm-symbolizer-14", "", true);
  EXPECT_EQ(check_symbolizer(scratch.path()).health, Health::Ok);
}

TEST(DoctorChecks, AnotherMallocInThePreloadIsAWarning) {
  EXPECT_EQ(check_preload("").health, Health::Ok);
  EXPECT_EQ(check_preload("/usr/lib/libfaketime.so").health, Health::Ok);
  EXPECT_EQ(check_preload("/usr/lib/x86_64-linux-gnu/libtcmalloc_minimal.so.4").health,
            Health::Warn);
}

TEST(DoctorChecks, BadVariablesFailAndUnknownOnesWarn) {
  const auto health_of = [](const std::string& variable) {
    const auto results = check_variables({"PATH=/bin", variable});
    EXPECT_EQ(results.size(), 1u) << variable;
    return results.at(0).health;
  };
  EXPECT_EQ(health_of("HOME=/"), Health::Ok);
  EXPECT_EQ(health_of("HAKMEM_OPTIONS=leaks=1"), Health::Ok);
  EXPECT_EQ(health_of("HAKMEM_OPTIONS=leeks=1"), Health::Fail);
  EXPECT_EQ(health_of("HAKMEM_INTEGRITY_LEVEL=4"), Health::Ok);
  EXPECT_EQ(health_of("HAKMEM_INTEGRITY_LEVEL=5"), Health::Fail);
  EXPECT_EQ(health_of("HAKMEM_INTEGRITY_LEVEL="), Health::Fail);
  EXPECT_EQ(health_of("HAKMEM_OPTION=leaks=1"), Health::Warn);
}

/// A /proc with one process 7 whose mappings are `maps`.
void write_process(const ScratchFolder& proc, const std::string& maps, const std::string& limit) {
  proc.write("7/maps", maps);
  proc.write("7/status", "Name:\tx\nVmHWM:\t    4208 kB\nVmRSS:\t    3532 kB\n");
  proc.write("7/comm", "x\n");
  proc.write("sys/vm/max_map_count", limit + "\n");
}

constexpr const char* kHeap = "55d0-55e0 rw-p 00000000 00:00 0          [heap]\n";

TEST(DoctorChecks, AProcessOnALevelIsToldByItsMappings) {
  const ScratchFolder proc;
  write_process(proc,
                std::string(kHeap) +
                    "7f00-7f10 r-xp 00000000 08:01 12  /o/lib/libhakmem.so\n"
                    "7f20-7f30 r-xp 00000000 08:01 13  /o/lib/libhakmem_l4.so (deleted)\n",
                "65530");
  const auto results = check_process(proc.path(), 7);
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[0].health, Health::Ok);
  EXPECT_EQ(results[0].detail, "runs on level 4, /o/lib/libhakmem_l4.so");
  EXPECT_EQ(results[1].detail, "now 3532 kB, peak 4208 kB");
  EXPECT_EQ(results[2].detail, "3 of 65530");
}

TEST(DoctorChecks, AProcessWithoutOurLibraryFails) {
  const ScratchFolder proc;
  write_process(proc, kHeap, "65530");
  EXPECT_EQ(check_process(proc.path(), 7).at(0).health, Health::Fail);
}

TEST(DoctorChecks, AProcessNearTheLimitOfMappingsIsAWarning) {
  const ScratchFolder proc;
  write_process(proc, std::string(kHeap) + kHeap, "2");
  EXPECT_EQ(check_process(proc.path(), 7).at(2).health, Health::Warn);
}

TEST(DoctorChecks, AProcessThatIsNotThereFails) {
  const ScratchFolder proc;
  const auto results = check_process(proc.path(), 7);
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].health, Health::Fail);
}

}  // namespace
}  // namespace hakmem::tools
