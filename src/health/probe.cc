#include "health/probe.h"

#include <algorithm>
#include <utility>

namespace outrigger::health {
namespace {

Time part(Time whole, double share) { return Time(static_cast<Time::rep>(static_cast<double>(whole.count()) * share)); }

}  // namespace

bool Probe::take(bool success, const ProbeRules& rules, double jitter, Time now) {
  put_off(rules.interval, jitter, now);
  if (success == well_) {
    against_ = 0;
    return false;
  }
  if (++against_ < (well_ ? rules.unhealthy_threshold : rules.healthy_threshold)) return false;
  well_ = success;
  against_ = 0;
  return true;
}

void Probe::put_off(Time interval, double jitter, Time now) { due_ = now + part(interval, 0.9 + jitter / 5); }

void Probe::hurry(Time interval, double jitter, Time now) {
  due_ = now + part(std::min<Time>(interval, kFirstWait), jitter);
}

bool Use::look(std::uint64_t count) { return std::exchange(count_, count) != count; }

bool Use::in_use(Time interval, Time least, Time now) const {
  return last_.has_value() && now - *last_ < std::max(least, kIntervals * interval);
}

}  // namespace outrigger::health
