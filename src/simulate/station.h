#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "health/passive_health.h"

namespace outrigger::simulate {

using health::Time;

/// A request at a backend. The station does not know what the numbers mean.
struct Job {
  std::uint32_t request = 0;
  std::uint32_t attempt = 0;
  double work_ns = 0;  ///< what it takes at a speed of 1
};

/// A queue with servers: first come, first served; `workers` at a time, or all at once. All servers have one speed,
/// which may change while they work. One owner; times never go back.
class Station {
 public:
  /// 0 workers: as many as there are jobs.
  explicit Station(std::uint32_t workers) : workers_(workers) {}

  void enter(const Job& job, Time now);
  /// The job in service that ends first; requires one. Call it at next_end().
  Job finish(Time now);
  /// 0: everything stands still.
  void set_speed(double speed, Time now);
  /// Takes all jobs out, those in service first.
  std::vector<Job> clear(Time now);

  /// When finish() is due; none while nothing is being done.
  std::optional<Time> next_end() const;
  /// Waiting and in service.
  std::size_t size() const { return serving_.size() + waiting_.size(); }

 private:
  struct Serving {
    double end;  ///< by progress_
    std::uint64_t order;
    Job job;
    bool operator<(const Serving& other) const {  // std:: heaps have the greatest in front
      return end != other.end ? end > other.end : order > other.order;
    }
  };

  void pass_time(Time now);
  void serve(const Job& job);

  std::uint32_t workers_;
  double speed_ = 1;
  double progress_ = 0;  ///< the work that a server has done, in ns at a speed of 1, had it always been busy
  Time last_{0};
  std::uint64_t served_ = 0;
  std::vector<Serving> serving_;  ///< a heap
  std::deque<Job> waiting_;
};

}  // namespace outrigger::simulate
