#include "workload.h"

#include <algorithm>
#include <cmath>

namespace bench {
namespace {

enum class Drawn : std::uint64_t { kTime, kLength, kFailure };

/// The finalizer of SplitMix64 (Steele, Lea, Flood 2014): neighbouring values come out unrelated.
std::uint64_t mixed(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
  return value ^ (value >> 31);
}

/// In [0, 1).
double uniform(const RequestName& request, Drawn what) {
  const std::uint64_t bits = mixed(mixed(mixed(request.seed) + request.number) + static_cast<std::uint64_t>(what));
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

}  // namespace

Nanoseconds ServiceTimes::of(const RequestName& request) const {
  const double factor = uniform(request, Drawn::kLength) < long_share ? long_factor : 1;
  const double times = -std::log1p(-uniform(request, Drawn::kTime)) * factor;
  return Nanoseconds(std::llround(static_cast<double>(mean.count()) * times));
}

Nanoseconds Stalls::done(std::size_t station, Nanoseconds begin, Nanoseconds work) const {
  if (length <= Nanoseconds::zero()) return begin + work;
  const Nanoseconds turn = period * static_cast<std::int64_t>(stations);
  Nanoseconds stall = period * static_cast<std::int64_t>(station) + (period - length) / 2;
  if (begin >= stall + length) stall += turn * ((begin - stall - length) / turn + 1);
  // What comes within a stall is as if it had come when that began.
  Nanoseconds end = std::min(begin, stall) + work;
  for (; end >= stall; stall += turn) end += length;
  return end;
}

bool fails(const RequestName& request, double share) { return uniform(request, Drawn::kFailure) < share; }

}  // namespace bench
