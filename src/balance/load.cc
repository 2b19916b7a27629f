#include "balance/load.h"

#include <algorithm>
#include <cmath>

namespace outrigger::balance {

double Load::age(Time now) const {
  const auto time = std::max(0.0, static_cast<double>((now - observed_.now).count()));
  return time / static_cast<double>(Time(kMemory).count());
}

double Load::remembered(const Moment& moment) const {
  const auto requests = static_cast<double>(moment.requests - observed_.requests);
  return std::exp(-age(moment.now) - requests / kMemoryRequests);
}

void Load::observe(Time started, Time latency, const Moment& moment) {
  const auto latest = std::max(1.0, static_cast<double>(latency.count()));
  if (average_ns_ == 0) {
    average_ns_ = latest;
  } else if (latest <= average_ns_) {
    average_ns_ += (1 - remembered(moment)) * (latest - average_ns_);
  } else {
    rise(started, latest, moment);
  }
  observed_ = moment;
}

void Load::give_up(Time started, const Moment& moment) {
  const Time waited = moment.now - started;
  if (static_cast<double>(waited.count()) > average_ns_ * remembered(moment)) observe(started, waited, moment);
}

void Load::rise(Time started, double latest, const Moment& moment) {
  // What is long past is no reason to doubt an answer.
  const double known = std::exp(-age(moment.now));
  if (started >= risen_) {
    risen_ = moment.now;
    ceiling_ns_ = kMostByDelay * average_ns_ / known;
  }
  average_ns_ = std::max(average_ns_, std::min({latest, kMostByOne * average_ns_ / known, ceiling_ns_}));
}

double Load::expected_ns(const Moment& moment) const {
  const double faded = average_ns_ == 0 ? 0 : average_ns_ * remembered(moment);
  if (waiting_ == 0) return faded;
  const std::uint64_t ages = waiting_ * static_cast<std::uint64_t>(moment.now.count()) - started_;
  const double mean_age = static_cast<double>(static_cast<std::int64_t>(ages)) / waiting_;
  return std::max(faded, kAge * mean_age);
}

}  // namespace outrigger::balance
