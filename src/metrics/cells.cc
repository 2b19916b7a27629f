#include "metrics/cells.h"

#include <algorithm>
#include <functional>

namespace outrigger::metrics {

void DurationHistogram::observe(std::uint64_t duration_ns) {
  const auto bound = std::lower_bound(kDurationBoundsNs.begin(), kDurationBoundsNs.end(), duration_ns);
  buckets_[static_cast<std::size_t>(bound - kDurationBoundsNs.begin())].add();
  sum_ns_.add(duration_ns);
}

DurationHistogram::Reading DurationHistogram::read() const {
  Reading reading;
  std::transform(buckets_.begin(), buckets_.end(), reading.buckets.begin(),
                 [](const Counter& bucket) { return bucket.value(); });
  reading.sum_ns = sum_ns_.value();
  return reading;
}

DurationHistogram::Reading& DurationHistogram::Reading::operator+=(const Reading& other) {
  std::transform(buckets.begin(), buckets.end(), other.buckets.begin(), buckets.begin(), std::plus<>());
  sum_ns += other.sum_ns;
  return *this;
}

}  // namespace outrigger::metrics
