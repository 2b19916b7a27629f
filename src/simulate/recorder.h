#pragma once
#include <optional>
#include <vector>

#include "simulate/outcome.h"

namespace outrigger::simulate {

/// Takes a run down as it happens. One owner; times never go back.
class Recorder {
 public:
  /// Measures from `from` until `to`. `goal`: within which an answer counts as a good one; 0: whenever it comes.
  Recorder(std::size_t backends, Time from, Time to, Time goal);

  /// A request that had come at `started` is over.
  void ended(Time started, std::optional<Failure> failure, Time now);
  void tried(std::size_t backend, Time now);
  /// Now it has that many in flight.
  void in_flight(std::size_t backend, std::size_t count, Time now);
  void retried() { ++outcome_.retries; }
  void ejected() { ++outcome_.ejections; }

  /// Once all is over, and once only.
  Outcome take(std::uint64_t events);

 private:
  struct Occupancy {
    std::size_t count = 0;
    Time since{0};
    double sum = 0;  ///< of count × time in ns
  };
  bool is_measured(Time started) const { return started >= from_ && started < to_; }
  void settle(Occupancy& occupancy, Time now);
  Second* second_of(Time now);
  void close_second();

  Time from_;
  Time to_;
  Time goal_;
  Outcome outcome_;
  std::vector<Occupancy> occupancies_;
  std::vector<double> time_with_ns_;  ///< [k]: of all backends with k in flight
  Histogram this_second_;
};

}  // namespace outrigger::simulate
