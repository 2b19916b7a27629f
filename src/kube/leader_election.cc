#include "kube/leader_election.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace outrigger::kube {

using std::chrono::milliseconds;

Result<void> check_timing(const ElectionTiming& timing) {
  if (timing.retry_period <= milliseconds(0)) return failure("the retry period is not allowed; allowed: more than 0");
  const auto longest_wait = std::chrono::duration_cast<milliseconds>(timing.retry_period * ElectionTiming::kJitter);
  if (timing.renew_deadline <= longest_wait) {
    return failure(
        fmt::format("the renew deadline of {} ms is not allowed; allowed: more than {} times the retry period",
                    timing.renew_deadline.count(), ElectionTiming::kJitter));
  }
  if (timing.lease_duration <= timing.renew_deadline) {
    return failure(fmt::format("the lease duration of {} s is not allowed; allowed: more than the renew deadline",
                               timing.lease_duration.count()));
  }
  return {};
}

LeaderElection::LeaderElection(std::string identity, const ElectionTiming& timing, std::uint64_t seed)
    : identity_(std::move(identity)), timing_(timing), random_(seed) {
  CHECK(!identity_.empty() && check_timing(timing));
}

void LeaderElection::observe(const std::optional<Lease>& lease, TimePoint now) {
  const LeaseRecord record = lease ? lease->record : LeaseRecord{};
  if (record != record_) record_since_ = now;
  record_ = record;
  version_ = lease ? lease->version : "";
  current_ = true;
  doubted_ = false;
  if (record_.holder != identity_) leads_until_ = TimePoint::min();
}

std::optional<LeaderElection::Write> LeaderElection::next_write(TimePoint now, const std::string& wall_time) const {
  if (!current_) return std::nullopt;
  const bool ours = record_.holder == identity_;
  if (!ours && !record_.holder.empty() && now < expiry()) return std::nullopt;
  Write write{version_, {identity_, timing_.lease_duration, wall_time, wall_time, record_.transitions}};
  if (ours && !record_.acquire_time.empty()) write.record.acquire_time = record_.acquire_time;
  // As client-go: the first holder of all is no transition.
  if (!ours && !version_.empty()) ++write.record.transitions;
  return write;
}

void LeaderElection::written(const Write& write, std::string version, TimePoint begun, TimePoint now) {
  record_ = write.record;
  record_since_ = now;
  version_ = std::move(version);
  current_ = true;
  doubted_ = false;
  leads_until_ = record_.holder == identity_ ? begun + timing_.renew_deadline : TimePoint::min();
}

void LeaderElection::doubt() {
  current_ = false;
  doubted_ = true;
}

LeaderElection::TimePoint LeaderElection::next_try(TimePoint begun, TimePoint now) {
  std::uniform_real_distribution<double> factor(1, ElectionTiming::kJitter);
  const TimePoint drawn =
      begun + std::chrono::duration_cast<BootClock::duration>(timing_.retry_period * factor(random_));
  const bool waits = current_ && !record_.holder.empty() && record_.holder != identity_ && expiry() > now;
  return std::max(now, waits ? std::min(drawn, expiry()) : drawn);
}

bool LeaderElection::resign() {
  leads_until_ = TimePoint::min();
  return record_.holder == identity_ || doubted_;
}

std::optional<LeaderElection::Write> LeaderElection::release_write(const std::string& wall_time) const {
  if (!current_ || record_.holder != identity_) return std::nullopt;
  return Write{version_, {"", std::chrono::seconds(1), wall_time, wall_time, record_.transitions}};
}

LeaderElection::TimePoint LeaderElection::expiry() const {
  return record_since_ + (record_.duration.count() > 0 ? record_.duration : timing_.lease_duration);
}

}  // namespace outrigger::kube
