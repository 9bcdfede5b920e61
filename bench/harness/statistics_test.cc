// The report's statistics on samples whose results are known by hand.
#include "bench/harness/statistics.h"

#include <gtest/gtest.h>

#include <cmath>

namespace hakmem::bench {
namespace {

using Values = std::vector<double>;

TEST(Statistics, MedianOfOddCountIsTheMiddleSample) {
  EXPECT_DOUBLE_EQ(median(Values{9, 1, 5}), 5);
}

TEST(Statistics, MedianOfEvenCountIsTheMeanOfTheMiddleTwo) {
  EXPECT_DOUBLE_EQ(median(Values{10, 1, 4, 2}), 3);
}

TEST(Statistics, QuantileInterpolatesBetweenNeighbours) {
  const Values samples{0, 10, 20, 30, 40};
  EXPECT_DOUBLE_EQ(quantile(samples, 0.25), 10);
  EXPECT_DOUBLE_EQ(quantile(samples, 0.3), 12);
  EXPECT_DOUBLE_EQ(quantile(samples, 0), 0);
  EXPECT_DOUBLE_EQ(quantile(samples, 1), 40);
}

TEST(Statistics, MinimumAndMaximum) {
  EXPECT_DOUBLE_EQ(minimum(Values{3, 1, 2}), 1);
  EXPECT_DOUBLE_EQ(maximum(Values{3, 1, 2}), 3);
}

TEST(Statistics, GeomeanOfReciprocalsIsOne) {
  EXPECT_DOUBLE_EQ(geomean(Values{4, 0.25}), 1);
  EXPECT_NEAR(geomean(Values{1, 10, 100}), 10, 1e-12);
}

TEST(Statistics, PairwiseRatioIsTheMedianOfRoundsNotTheRatioOfMedians) {
  // The machine was slow in the second round: both sides doubled, the ratio did not.
  EXPECT_DOUBLE_EQ(pairwise_ratio(Values{1, 4, 1}, Values{2, 8, 4}), 0.5);
  // Medians would say 2/3.
  EXPECT_DOUBLE_EQ(pairwise_ratio(Values{1, 2, 9}, Values{2, 3, 4.5}), 2.0 / 3.0);
  EXPECT_DOUBLE_EQ(pairwise_ratio(Values{9, 2, 1}, Values{3, 3, 3}), 2.0 / 3.0);
  EXPECT_DOUBLE_EQ(pairwise_ratio(Values{6, 1, 2}, Values{1, 2, 8}), 0.5);
}

TEST(Statistics, PairwiseRatioIgnoresRoundsWithoutPartner) {
  EXPECT_DOUBLE_EQ(pairwise_ratio(Values{1, 1}, Values{2, 2, 100}), 0.5);
}

TEST(Statistics, MinimaRatioTakesTheLeastOfEachSide) {
  EXPECT_DOUBLE_EQ(minima_ratio(Values{5, 2, 9}, Values{4, 8, 6}), 0.5);
}

TEST(Statistics, NothingMeasuredIsNotANumber) {
  const Values none;
  EXPECT_TRUE(std::isnan(median(none)));
  EXPECT_TRUE(std::isnan(geomean(none)));
  EXPECT_TRUE(std::isnan(geomean(Values{1, 0})));
  EXPECT_TRUE(std::isnan(geomean(Values{1, NAN})));
  EXPECT_TRUE(std::isnan(pairwise_ratio(none, Values{1})));
  EXPECT_TRUE(std::isnan(pairwise_ratio(Values{1}, Values{0})));
  EXPECT_TRUE(std::isnan(minima_ratio(Values{1}, none)));
}

}  // namespace
}  // namespace hakmem::bench
