/// Cluster: what is learned of the endpoints from how their requests end, and whom it ejects.
#include "balance/cluster.h"
#include "health/success_rate.h"

namespace outrigger::balance {

using health::PassiveHealth;

namespace {

/// A bad answer counts as one that took so many times as long as good ones usually do ...
constexpr double kBad = 25;
/// ... and before there was any good one, as one that took so long.
constexpr Time kBadAtFirst = std::chrono::seconds(1);

}  // namespace

double Cluster::expected_of_others(const Backend& backend, Time now) const {
  double sum = 0;
  double known = 0;
  for (const Backend* other : in_set_) {
    const double expected = other->load.expected_ns(moment(now));
    if (other == &backend || !is_available(*other) || expected == 0) continue;
    sum += expected;
    ++known;
  }
  return known == 0 ? 0 : sum / known;
}

void Cluster::learn(Backend& backend, Verdict verdict, Time started, Time now) {
  if (verdict == Verdict::unknown) return;
  if (verdict == Verdict::good) {
    if (!backend.passive.succeed(now)) return;
    const double others_ns = expected_of_others(backend, now);
    backend.load.forget();
    // By its first answer alone it would seem faster than those that remember worse times, and get a burst.
    if (others_ns > 0) backend.load.observe(now, Time(static_cast<Time::rep>(others_ns)), moment(now));
    note_change();
    return;
  }
  const bool to_connect = verdict == Verdict::not_connected;
  if (!to_connect) {
    const Time latency = typical_ns_ == 0 ? kBadAtFirst : Time(static_cast<Time::rep>(kBad * typical_ns_));
    backend.load.observe(started, latency, moment(now));
  }
  auto reason = backend.passive.fail(to_connect, options_.outlier_failures);
  // The last one is used all the same: it is back as soon as it takes a connection.
  if (reason && to_connect && !any_available_beside(backend)) reason = health::Reason::connect_failure;
  if (reason && may_eject(backend, to_connect)) eject(backend, *reason, now);
}

const Census& Cluster::census() {
  if (census_) return *census_;
  census_.emplace();
  for (const Backend* backend : in_set_) {
    if (is_available(*backend) || backend->endpoint.draining) ++census_->available;
    if (backend->endpoint.draining) continue;
    ++census_->endpoints;
    if (backend->standing() == Standing::ejected) ++census_->ejected;
  }
  return *census_;
}

void Cluster::note_change() {
  changed_ = true;
  census_.reset();
}

bool Cluster::any_available_beside(const Backend& backend) {
  const std::uint64_t itself = is_available(backend) || backend.endpoint.draining ? 1 : 0;
  return relieved_ || census().available > itself;
}

bool Cluster::may_eject(const Backend& backend, bool to_connect) {
  if (!backend.in_set) return false;
  if (backend.passive.state() == PassiveHealth::State::on_trial) return true;
  // That nobody can connect to it is a fact, the others are guesses.
  if (to_connect) return true;
  if (options_.outlier_max_percent == 0 || !any_available_beside(backend)) return false;
  const Census& now = census();
  return now.ejected < std::max<std::uint64_t>(1, now.endpoints * options_.outlier_max_percent / 100);
}

void Cluster::eject(Backend& backend, health::Reason reason, Time now) {
  // Of one on trial it is not known as what it was counted before.
  std::optional<Census> counts = backend.passive.state() == PassiveHealth::State::in_use ? census_ : std::nullopt;
  if (counts && is_available(backend)) --counts->available;
  backend.passive.eject(reason, options_.outlier_ejection, random_.unit(), now);
  if (counts && backend.standing() == Standing::ejected) ++counts->ejected;
  note_change();
  census_ = counts;
  if (backend.attachment) backend.attachment->ejected(reason);
}

void Cluster::judge_success_rates(Time now) {
  if (options_.outlier_failures == 0 || now < window_end_) return;
  window_end_ = now + options_.outlier_window;
  std::vector<PassiveHealth::Counts> counts;
  bool any = false;
  for (Backend* backend : in_set_) {
    counts.push_back(backend->passive.counts());
    any = any || counts.back().bad > 0;
    backend->passive.begin_window();
  }
  if (!any) return;
  for (const std::size_t i : health::success_rate_outliers(counts)) {
    Backend& outlier = *in_set_[i];
    if (outlier.passive.state() != PassiveHealth::State::in_use) continue;
    if (may_eject(outlier, /*to_connect=*/false)) eject(outlier, health::Reason::success_rate, now);
  }
}

}  // namespace outrigger::balance
