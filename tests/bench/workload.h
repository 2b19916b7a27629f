/// What the stations of the bench have to do: how long a request takes, which stall, which fail. Values in, values out:
/// all is drawn from a request's name, so each proxy's stations meet the same work whoever is given which request.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace bench {

using Nanoseconds = std::chrono::nanoseconds;

/// A request's name: the seed of the load it is of, and its place in that.
struct RequestName {
  std::uint64_t seed = 0;
  std::uint64_t number = 0;
};

/// Exponential service times, a share of them of a longer mean: with two means that are far apart, a heavy tail.
struct ServiceTimes {
  Nanoseconds mean{};
  double long_share = 0;   // 0 to 1
  double long_factor = 1;  // of the mean

  Nanoseconds of(const RequestName& request) const;
};

/// One station at a time stands still, in turn, each time in the middle of a period. No stalls with `length` 0.
struct Stalls {
  std::size_t stations = 1;
  Nanoseconds period{};
  Nanoseconds length{};  // less than a period

  /// When work that takes `work` by itself is done if `station` begins with it at `begin`; both are counted from the
  /// begin of the first period. What is under way when a stall begins goes on after it.
  Nanoseconds done(std::size_t station, Nanoseconds begin, Nanoseconds work) const;
};

/// True for this share of all requests.
bool fails(const RequestName& request, double share);

}  // namespace bench
