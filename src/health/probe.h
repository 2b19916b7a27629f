#pragma once
#include <chrono>
#include <cstdint>
#include <optional>

#include "health/passive_health.h"

namespace outrigger::health {

/// How checks of one endpoint are made and judged.
struct ProbeRules {
  Time interval;                      ///< from a check's end to the beginning of the next
  std::uint32_t unhealthy_threshold;  ///< failures in a row that make it unwell, at least 1
  std::uint32_t healthy_threshold;    ///< successes in a row that make it well again, at least 1
};

/// What checks say of one endpoint, and when the next is due. It begins as readiness says, which is well, and the
/// thresholds hold from the first check on: a process that has just started, and checks all there is in its first
/// second, must not take a moment's trouble of its own for everybody else's. Every wait has its own jitter, so that
/// neither the endpoints of one process nor the processes that check one endpoint fall into step. `jitter` is drawn
/// from [0, 1) for each call. Plain state, one owner.
class Probe {
 public:
  /// The first wait is shorter than this, and than the interval.
  static constexpr std::chrono::seconds kFirstWait{1};

  /// Nothing is known; the first check comes within the first wait.
  Probe(Time interval, double jitter, Time now) { hurry(interval, jitter, now); }

  bool well() const { return well_; }
  Time due() const { return due_; }

  /// A check has ended. Returns whether well() has changed. The next is due an interval later, give or take a tenth.
  bool take(bool success, const ProbeRules& rules, double jitter, Time now);
  /// A check has ended that says nothing of the endpoint: the next is due as if it did.
  void put_off(Time interval, double jitter, Time now);
  /// Due as the first one is: for when the interval is another.
  void hurry(Time interval, double jitter, Time now);

 private:
  bool well_ = true;
  std::uint32_t against_ = 0;  ///< results in a row that say the contrary of well_
  Time due_{0};
};

/// Whether a service is in use, from a count of its uses that is looked at now and then.
class Use {
 public:
  /// How many intervals of checks a service may rest, once it was used, and still be in use; at least `least`.
  static constexpr int kIntervals = 10;

  /// There have been `count` uses ever. Returns whether some are new.
  bool look(std::uint64_t count);
  /// It, or what stands before it, was used.
  void renew(Time now) { last_ = now; }
  bool in_use(Time interval, Time least, Time now) const;

 private:
  std::uint64_t count_ = 0;
  std::optional<Time> last_;
};

}  // namespace outrigger::health
