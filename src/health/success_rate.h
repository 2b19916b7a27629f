#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "health/passive_health.h"

namespace outrigger::health {

/// Which endpoints fail more of their requests than the others, worst first: by more than kLeastDifference, and by more
/// than kDeviations standard deviations of what chance would give if they were like the others, those found
/// already left out (two-proportion z-test, pooled). An endpoint needs kLeastRequests, and so do the others together,
/// else nothing can be said of it. Indices into `counts`. O(n log n).
inline constexpr std::uint64_t kLeastRequests = 20;
inline constexpr double kLeastDifference = 0.1;
inline constexpr double kDeviations = 3;
std::vector<std::size_t> success_rate_outliers(std::span<const PassiveHealth::Counts> counts);

}  // namespace outrigger::health
