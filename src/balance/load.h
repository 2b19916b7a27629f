#pragma once
#include <chrono>
#include <cstdint>

#include "health/passive_health.h"

namespace outrigger::balance {

using health::Time;

/// Now, and how many requests the cluster has been asked for by then: what is known of an endpoint ages by both.
struct Moment {
  Time now{0};
  std::uint64_t requests = 0;
};

/// How busy and how fast one endpoint is, by one worker's own requests. Its latency is a moving average that rises fast
/// and falls slowly, after Finagle's Peak EWMA (twitter.github.io/finagle, "balancers"): an answer that is slower
/// raises it by a fifth of the difference, if it was asked for since the last rise: what waited at one time tells of
/// one delay, once. Others let it fade, so that an endpoint that was slow is tried again by and by, however much
/// traffic there is. Requests that have no answer yet count too, by their mean age: an endpoint that stalls is seen
/// before anything comes from it. docs/decisions/0011 says what these figures were chosen by. O(1) each.
class Load {
 public:
  static constexpr std::chrono::seconds kMemory{10};
  static constexpr double kMemoryRequests = 5'000;
  static constexpr double kRise = 0.2;
  /// Of the mean age. A request's age is on average half of what it takes, more where a few take long.
  static constexpr double kAge = 0.25;

  std::uint32_t in_flight() const { return in_flight_; }

  void begin(Time now) {
    ++in_flight_;
    ++waiting_;
    started_ += static_cast<std::uint64_t>(now.count());
  }
  /// One that began then has its first word of an answer, or will have none.
  void stop_waiting(Time started) {
    --waiting_;
    started_ -= static_cast<std::uint64_t>(started.count());
  }
  void end() { --in_flight_; }

  /// An answer has come to what began at `started`; it counts as having taken `latency`.
  void observe(Time started, Time latency, const Moment& moment);
  /// Something went wrong: as if all answers had taken that long at least.
  void charge(Time latency, const Moment& moment);
  /// Nothing is known of its latency from now on.
  void forget() { average_ns_ = 0; }

  /// The average as last observed; 0: none.
  Time average() const { return Time(static_cast<Time::rep>(average_ns_)); }
  /// How long an answer is expected to take, in ns; 0: nothing is known.
  double expected_ns(const Moment& moment) const;

 private:
  /// What is left of the average's weight since it was observed.
  double remembered(const Moment& moment) const;

  std::uint32_t in_flight_ = 0;
  std::uint32_t waiting_ = 0;
  std::uint64_t started_ = 0;  ///< sum of the starts of those that wait, modulo 2^64: their ages' sum comes out right
  double average_ns_ = 0;
  Moment observed_;
  Time risen_{0};  ///< when the average last rose
};

}  // namespace outrigger::balance
