/// How long changes took to come to whoever is interested in them. Values in, values out; one owner.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "feed_cluster.h"

namespace bench {

class Propagation {
 public:
  /// A step is told by the API server now. `interested`: who is to see it.
  void told(const Step& step, std::size_t interested, Clock::time_point now);
  /// One who had seen all up to step `before` of the Service has now seen all up to `step`.
  void seen(std::size_t service, std::uint32_t before, std::uint32_t step, Clock::time_point now);

  /// Steps that someone has yet to see.
  std::size_t outstanding() const { return outstanding_; }
  /// One JSON object: "changes", "interested" (on average), and of removals and additions each "seen", "p50_ms",
  /// "p99_ms", "max_ms" over all subscribers. What is outstanding is counted as "unseen".
  std::string json() const;
  /// What comes now is counted anew; steps told before count no more.
  void start_over();

 private:
  struct Waiting {
    std::uint32_t number = 0;
    bool removal = false;
    std::size_t left = 0;
    Clock::time_point told_at{};
  };
  std::unordered_map<std::size_t, std::deque<Waiting>> waiting_;  ///< by Service, oldest first
  std::vector<double> removals_ms_;
  std::vector<double> additions_ms_;
  std::size_t changes_ = 0;
  std::size_t interested_ = 0;
  std::size_t outstanding_ = 0;
};

}  // namespace bench
