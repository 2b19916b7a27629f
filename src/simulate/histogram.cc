#include "simulate/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace outrigger::simulate {
namespace {

/// Each power of two has that many buckets; below, each nanosecond has its own.
constexpr unsigned kBits = 8;
constexpr std::uint64_t kPart = std::uint64_t{1} << kBits;

std::size_t bucket_of(std::uint64_t ns) {
  if (ns < kPart) return ns;
  const auto shift = static_cast<unsigned>(std::bit_width(ns)) - 1 - kBits;
  return (shift + 1) * kPart + ((ns >> shift) - kPart);
}

std::uint64_t middle_of(std::size_t bucket) {
  if (bucket < kPart) return bucket;
  const std::uint64_t shift = bucket / kPart - 1;
  const std::uint64_t low = (bucket % kPart + kPart) << shift;
  return low + ((std::uint64_t{1} << shift) - 1) / 2;
}

}  // namespace

void Histogram::add(Time duration) {
  const Time::rep ns = std::max<Time::rep>(0, duration.count());
  const std::size_t bucket = bucket_of(static_cast<std::uint64_t>(ns));
  if (bucket >= counts_.size()) counts_.resize(bucket + 1);
  ++counts_[bucket];
  ++count_;
  sum_ns_ += static_cast<double>(ns);
  max_ = std::max(max_, Time(ns));
}

void Histogram::add(const Histogram& other) {
  counts_.resize(std::max(counts_.size(), other.counts_.size()));
  for (std::size_t i = 0; i < other.counts_.size(); ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  sum_ns_ += other.sum_ns_;
  max_ = std::max(max_, other.max_);
}

void Histogram::clear() { *this = {}; }

Time Histogram::mean() const {
  return count_ == 0 ? Time(0) : Time(static_cast<Time::rep>(sum_ns_ / static_cast<double>(count_)));
}

Time Histogram::quantile(double share) const {
  const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
    seen += counts_[bucket];
    if (seen > 0 && seen >= wanted) return std::min(max_, Time(static_cast<Time::rep>(middle_of(bucket))));
  }
  return max_;
}

}  // namespace outrigger::simulate
