// See statistics.h.
#include "bench/harness/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace hakmem::bench {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

double ratio(double numerator, double denominator) {
  return denominator > 0 ? numerator / denominator : kNone;
}

}  // namespace

double quantile(std::span<const double> samples, double fraction) {
  if (samples.empty()) return kNone;
  std::vector<double> sorted(samples.begin(), samples.end());
  std::sort(sorted.begin(), sorted.end());
  const double place = std::clamp(fraction, 0.0, 1.0) * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - static_cast<double>(below));
}

double median(std::span<const double> samples) { return quantile(samples, 0.5); }
double minimum(std::span<const double> samples) { return quantile(samples, 0.0); }
double maximum(std::span<const double> samples) { return quantile(samples, 1.0); }

double geomean(std::span<const double> values) {
  if (values.empty()) return kNone;
  double sum_of_logs = 0;
  for (const double value : values) {
    if (!(value > 0)) return kNone;
    sum_of_logs += std::log(value);
  }
  return std::exp(sum_of_logs / static_cast<double>(values.size()));
}

double pairwise_ratio(std::span<const double> subject, std::span<const double> base) {
  const std::size_t rounds = std::min(subject.size(), base.size());
  std::vector<double> ratios;
  ratios.reserve(rounds);
  for (std::size_t i = 0; i < rounds; ++i) {
    const double one = ratio(subject[i], base[i]);
    if (std::isnan(one)) return kNone;
    ratios.push_back(one);
  }
  return median(ratios);
}

double minima_ratio(std::span<const double> subject, std::span<const double> base) {
  return ratio(minimum(subject), minimum(base));
}

}  // namespace hakmem::bench
