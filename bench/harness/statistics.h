// The few statistics of the benchmark report. Pure functions over plain numbers.
// Called by summary.cc and the tests. Invariant: no result for no data: an empty input, or a ratio
// with a base of zero, is NaN, never a made-up number.
#pragma once

#include <span>
#include <vector>

namespace hakmem::bench {

/// Value at `fraction` in [0, 1] of the sorted samples, interpolated linearly between neighbours.
double quantile(std::span<const double> samples, double fraction);
double median(std::span<const double> samples);
double minimum(std::span<const double> samples);
double maximum(std::span<const double> samples);

/// Geometric mean; NaN if a value is not positive.
double geomean(std::span<const double> values);

/// Median over rounds of subject[i] / base[i]. Rounds alternate the allocators, so both sides of a
/// pair saw the same state of the machine; surplus samples of the longer side are ignored.
double pairwise_ratio(std::span<const double> subject, std::span<const double> base);

/// Least of the one over least of the other: for short loops, whose noise only ever adds time.
double minima_ratio(std::span<const double> subject, std::span<const double> base);

}  // namespace hakmem::bench
