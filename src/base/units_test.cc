#include "base/units.h"

#include <gtest/gtest.h>

namespace hakmem {
namespace {

TEST(Units, PowersOfTwoAreToldFromOtherNumbers) {
  for (unsigned shift = 0; shift < 64; ++shift) {
    const std::size_t power = std::size_t{1} << shift;
    EXPECT_TRUE(is_power_of_two(power));
    EXPECT_EQ(lowest_power_of_two(power), power);
    EXPECT_TRUE(shift < 2 || !is_power_of_two(power - 1)) << power;
    EXPECT_TRUE(shift < 1 || !is_power_of_two(power + 1)) << power;
  }
  EXPECT_FALSE(is_power_of_two(0));
  EXPECT_EQ(lowest_power_of_two(48), 16u);
}

TEST(Units, RoundingMeetsMultiplesAndNothingElse) {
  for (std::size_t n = 0; n <= 300; ++n) {
    for (std::size_t align = 1; align <= 256; align *= 4) {
      const std::size_t down = round_down(n, align), up = round_up(n, align);
      EXPECT_EQ(down % align, 0u);
      EXPECT_EQ(up % align, 0u);
      EXPECT_TRUE(down <= n && n <= up && up - down <= align) << n << " " << align;
      EXPECT_EQ(up == down, n % align == 0);
    }
  }
}

TEST(Units, GranulesCoverTheirBytes) {
  EXPECT_EQ(granules_for(0), 0u);
  EXPECT_EQ(granules_for(1), 1u);
  EXPECT_EQ(granules_for(kGranuleBytes), 1u);
  EXPECT_EQ(granules_for(kGranuleBytes + 1), 2u);
  EXPECT_EQ(granule_of(kGranuleBytes - 1), 0u);
  EXPECT_EQ(granule_of(3 * kGranuleBytes), 3u);
  EXPECT_EQ(granule_of((Address{1} << kAddressBits) - 1), kGranuleCount - 1);
}

}  // namespace
}  // namespace hakmem
