#include "simulate/recorder.h"

#include <algorithm>

namespace outrigger::simulate {
namespace {
/// More in flight than that count as that many in the distribution.
constexpr std::size_t kMostCounted = 1'000;
}  // namespace

Recorder::Recorder(std::size_t backends, Time from, Time to, Time goal)
    : from_(from), to_(to), goal_(goal), occupancies_(backends) {
  outcome_.backends.resize(backends);
}

void Recorder::ended(Time started, std::optional<Failure> failure, Time now) {
  const bool answered = !failure;
  if (answered && goal_ > Time(0) && now - started > goal_) failure = Failure::late;
  if (Second* const second = second_of(now)) {
    ++(failure ? second->failed : second->good);
    if (answered) this_second_.add(now - started);
  }
  if (!is_measured(started)) return;
  ++outcome_.requests;
  if (failure) ++outcome_.failures.at(static_cast<std::size_t>(*failure));
  if (answered || failure == Failure::gave_up || failure == Failure::timed_out) outcome_.latency.add(now - started);
}

void Recorder::tried(std::size_t backend, Time now) {
  if (Second* const second = second_of(now)) ++second->tries[backend];
  if (!is_measured(now)) return;
  ++outcome_.backends[backend].tries;
}

void Recorder::in_flight(std::size_t backend, std::size_t count, Time now) {
  settle(occupancies_[backend], now);
  occupancies_[backend].count = count;
  if (!is_measured(now)) return;
  auto& most = outcome_.backends[backend].max_in_flight;
  most = std::max(most, static_cast<std::uint32_t>(count));
}

void Recorder::settle(Occupancy& occupancy, Time now) {
  const Time begin = std::max(occupancy.since, from_);
  const Time end = std::min(now, to_);
  occupancy.since = now;
  if (end <= begin) return;
  const auto passed_ns = static_cast<double>((end - begin).count());
  occupancy.sum += passed_ns * static_cast<double>(occupancy.count);
  const std::size_t counted = std::min(occupancy.count, kMostCounted);
  if (counted >= time_with_ns_.size()) time_with_ns_.resize(counted + 1);
  time_with_ns_[counted] += passed_ns;
}

Second* Recorder::second_of(Time now) {
  if (now >= to_) return nullptr;
  const auto index = static_cast<std::size_t>(now / std::chrono::seconds(1));
  while (outcome_.seconds.size() <= index) {
    close_second();
    outcome_.seconds.push_back({.tries = std::vector<std::uint32_t>(occupancies_.size())});
  }
  return &outcome_.seconds.back();
}

void Recorder::close_second() {
  if (!outcome_.seconds.empty()) outcome_.seconds.back().p99 = this_second_.quantile(0.99);
  this_second_.clear();
}

Outcome Recorder::take(std::uint64_t events) {
  close_second();
  outcome_.events = events;
  const auto measured_ns = static_cast<double>((to_ - from_).count());
  for (std::size_t i = 0; i < occupancies_.size(); ++i) {
    settle(occupancies_[i], to_);
    outcome_.backends[i].mean_in_flight = occupancies_[i].sum / measured_ns;
  }
  outcome_.at_least.resize(time_with_ns_.size());
  double above_ns = 0;
  for (std::size_t k = time_with_ns_.size(); k-- > 0;) {
    above_ns += time_with_ns_[k];
    outcome_.at_least[k] = above_ns / (measured_ns * static_cast<double>(occupancies_.size()));
  }
  return std::move(outcome_);
}

}  // namespace outrigger::simulate
