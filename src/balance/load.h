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

/// How busy and how fast one endpoint is, by one worker's own requests. Its latency is an average that answers raise
/// and that fades, after Finagle's Peak EWMA (twitter.github.io/finagle, "balancers"). But no one answer tells much,
/// and those that waited at one time tell of one delay: one raises the average to kMostByOne times at most, all those
/// of a delay together to kMostByDelay times. Answers that are not slower let it fade, so that an endpoint that was
/// slow is tried again by and by, however much traffic there is. Requests that have no answer yet count too, by their
/// mean age: an endpoint that stalls is seen before anything comes from it. docs/decisions/0011 says what these figures
/// were chosen by. O(1) each.
class Load {
 public:
  static constexpr std::chrono::seconds kMemory{10};
  static constexpr double kMemoryRequests = 5'000;
  static constexpr double kMostByOne = 1.25;
  static constexpr double kMostByDelay = 2.5;
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
  /// Nobody waits any more for the answer to what began at `started`: it would have taken that long at least.
  void give_up(Time started, const Moment& moment);
  /// Nothing is known of its latency from now on.
  void forget() { average_ns_ = 0; }

  /// The average as last observed; 0: none.
  Time average() const { return Time(static_cast<Time::rep>(average_ns_)); }
  /// How long an answer is expected to take, in ns; 0: nothing is known.
  double expected_ns(const Moment& moment) const;

 private:
  void rise(Time started, double latest, const Moment& moment);
  /// Since the average was observed, in units of kMemory.
  double age(Time now) const;
  /// What is left of its weight since then.
  double remembered(const Moment& moment) const;

  std::uint32_t in_flight_ = 0;
  std::uint32_t waiting_ = 0;
  std::uint64_t started_ = 0;  ///< sum of the starts of those that wait, modulo 2^64: their ages' sum comes out right
  double average_ns_ = 0;
  Moment observed_;
  Time risen_{0};          ///< when what has waited until then began to tell of its delay
  double ceiling_ns_ = 0;  ///< for what that may raise the average to
};

}  // namespace outrigger::balance
