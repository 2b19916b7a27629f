/// What became of a load's requests. Values in, values out.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace bench {

class Latencies {
 public:
  void add_good(double microseconds) { good_us_.push_back(microseconds); }

  /// Took longer than any other, as whoever wanted it never had it.
  void add_failed();

  /// Failed, too, but nobody knows yet how long it takes: at least so long.
  void add_given_up(double microseconds) { failed_us_.push_back(microseconds); }

  /// One line of JSON: answered and failed, then percentiles of all requests, null where they fall among those that
  /// failed; good_p99_us is of the good ones alone.
  std::string json() const;

 private:
  std::vector<double> good_us_;
  std::vector<double> failed_us_;
};

}  // namespace bench
