#pragma once
#include <cstdint>
#include <vector>

#include "health/passive_health.h"

namespace outrigger::simulate {

using health::Time;

/// Counts durations in buckets whose widths grow with them, so that a quantile is off by at most 1/512, in bounded
/// memory (as HdrHistogram, hdrhistogram.org). One owner.
class Histogram {
 public:
  void add(Time duration);
  void add(const Histogram& other);
  void clear();

  std::uint64_t count() const { return count_; }
  /// Exact. 0 when empty, as the following.
  Time mean() const;
  Time max() const { return max_; }
  /// The least duration that at least this share are not above; share in (0, 1].
  Time quantile(double share) const;

 private:
  std::vector<std::uint64_t> counts_;  ///< by bucket, as far as there are any
  std::uint64_t count_ = 0;
  double sum_ns_ = 0;
  Time max_{0};
};

}  // namespace outrigger::simulate
