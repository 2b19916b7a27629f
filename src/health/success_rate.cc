#include "health/success_rate.h"

#include <algorithm>
#include <cmath>

namespace outrigger::health {
namespace {

double requests(const PassiveHealth::Counts& counts) { return static_cast<double>(counts.good + counts.bad); }

double failing(const PassiveHealth::Counts& counts) { return static_cast<double>(counts.bad) / requests(counts); }

bool is_outlier(const PassiveHealth::Counts& one, const PassiveHealth::Counts& others) {
  if (one.good + one.bad < kLeastRequests || others.good + others.bad < kLeastRequests) return false;
  const double difference = failing(one) - failing(others);
  const double pooled = failing({.good = one.good + others.good, .bad = one.bad + others.bad});
  const double deviation = std::sqrt(pooled * (1 - pooled) * (1 / requests(one) + 1 / requests(others)));
  return difference > kLeastDifference && difference > kDeviations * deviation;
}

}  // namespace

std::vector<std::size_t> success_rate_outliers(std::span<const PassiveHealth::Counts> counts) {
  PassiveHealth::Counts all;
  std::vector<std::size_t> by_failures;  // worst first
  for (std::size_t i = 0; i < counts.size(); ++i) {
    all.good += counts[i].good;
    all.bad += counts[i].bad;
    if (counts[i].bad > 0) by_failures.push_back(i);
  }
  std::stable_sort(by_failures.begin(), by_failures.end(),
                   [&](std::size_t a, std::size_t b) { return failing(counts[a]) > failing(counts[b]); });
  std::vector<std::size_t> outliers;
  for (const std::size_t i : by_failures) {
    const PassiveHealth::Counts others{.good = all.good - counts[i].good, .bad = all.bad - counts[i].bad};
    if (!is_outlier(counts[i], others)) continue;
    outliers.push_back(i);
    all = others;  // so that the worst do not hide the next
  }
  return outliers;
}

}  // namespace outrigger::health
