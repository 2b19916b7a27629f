#include "simulate/traffic.h"

#include <algorithm>

#include "simulate/draw.h"

namespace outrigger::simulate {
namespace {

using balance::Verdict;
using std::chrono::milliseconds;

/// As the sidecar does.
constexpr std::uint32_t kMaxConnects = 3;
/// A try of its own seed: above any number of tries.
constexpr std::uint64_t kMaxTries = 32;
/// A client whose request failed does not come back sooner, or one without think time would at once and for ever.
constexpr Time kPause = milliseconds(1);

/// What a sidecar keeps with a backend.
struct Link final : balance::Attachment {
  Link(std::uint32_t index, Recorder& recorder) : backend(index), recorder_(recorder) {}
  void ejected(health::Reason /*reason*/) override { recorder_.ejected(); }
  std::uint32_t backend;

 private:
  Recorder& recorder_;
};

milliseconds in_milliseconds(Time time) { return std::chrono::duration_cast<milliseconds>(time); }

Failure failure_of(Answer answer) {
  return answer == Answer::bad     ? Failure::bad_answer
         : answer == Answer::reset ? Failure::reset
                                   : Failure::not_connected;
}

}  // namespace

Traffic::Traffic(const Scenario& scenario, model::PolicyKind policy, std::uint64_t seed, EventQueue& queue, Farm& farm,
                 Recorder& recorder)
    : scenario_(scenario),
      options_(scenario.options),
      queue_(queue),
      farm_(farm),
      recorder_(recorder),
      seed_(seed),
      arrivals_(draw_seed(seed, Purpose::arrivals)),
      thoughts_(draw_seed(seed, Purpose::clients)),
      rate_(scenario.load.rate),
      patience_(scenario.load.patience) {
  options_.policy = policy;
  const Time timeout = options_.timeout;
  if (timeout > Time(0) && (patience_ == Time(0) || timeout < patience_)) {
    patience_ = timeout;
    sidecar_is_first_ = true;
  }
  for (std::size_t i = 0; i < scenario.sidecar_zones.size(); ++i) {
    Sidecar& sidecar = sidecars_.emplace_back(draw_seed(seed, Purpose::sidecars, i), options_.retry_budget_percent);
    sidecar.cluster.set_zone(scenario.sidecar_zones[i]);
  }
}

void Traffic::tell(std::span<const std::uint32_t> members, Time now) {
  std::vector<model::Endpoint> endpoints;
  for (const std::uint32_t member : members) endpoints.push_back(farm_.endpoint(member));
  for (Sidecar& sidecar : sidecars_) {
    sidecar.cluster.update(options_, endpoints, now);
    const auto backends = sidecar.cluster.backends();
    for (std::size_t i = 0; i < backends.size(); ++i) {
      if (!backends[i]->attachment) backends[i]->attachment = std::make_unique<Link>(members[i], recorder_);
    }
  }
}

void Traffic::start() {
  if (rate_ > 0) next_arrival(Time(0));
  for (std::uint32_t client = 0; client < scenario_.load.clients; ++client) {
    const auto thinks = static_cast<Time::rep>(sample(scenario_.load.think, thoughts_));
    queue_.push(Time(client + thinks), Event::Kind::client, client);
  }
}

void Traffic::set_rate(double per_second, Time now) {
  ++rate_version_;
  rate_ = per_second;
  if (rate_ > 0) next_arrival(now);
}

void Traffic::next_arrival(Time now) {
  const Time next = now + Time(static_cast<Time::rep>(sample(Exponential{1e9 / rate_}, arrivals_)));
  if (next < scenario_.duration) queue_.push(next, Event::Kind::arrival, 0, rate_version_);
}

void Traffic::on_arrival(const Event& event) {
  if (event.version != rate_version_) return;
  next_arrival(event.at);
  begin(static_cast<std::uint32_t>(arrivals_.below(sidecars_.size())), 0, event.at);
}

void Traffic::on_client(const Event& event) {
  if (event.at >= scenario_.duration) return;
  begin(static_cast<std::uint32_t>(event.subject % sidecars_.size()), event.subject, event.at);
}

void Traffic::begin(std::uint32_t sidecar, std::uint32_t client, Time now) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(requests_.size()));
    requests_.emplace_back();
  }
  const std::uint32_t index = free_.back();
  free_.pop_back();
  Request& request = requests_[index];
  request.tried.clear();
  request.number = begun_++;
  request.hash = draw_seed(seed_, Purpose::requests, request.number * kMaxTries);
  request.started = now;
  request.sidecar = sidecar;
  request.client = client;
  request.tries = request.retries = request.failed_connects = 0;
  request.under_way = true;
  sidecars_[sidecar].retry_budget.on_request(in_milliseconds(now));
  if (patience_ > Time(0)) queue_.push(now + patience_, Event::Kind::give_up, index, request.life);
  try_next(index, now);
}

void Traffic::try_next(std::uint32_t index, Time now) {
  Request& request = requests_[index];
  request.call = sidecars_[request.sidecar].cluster.pick({.now = now, .hash = request.hash, .tried = request.tried});
  if (request.call.backend == nullptr) return end(index, Failure::no_endpoint, now);
  ++request.attempt;
  ++request.tries;
  if (scenario_.network_delay == Time(0)) return reach(index, now);
  queue_.push(now + scenario_.network_delay, Event::Kind::reach, index, request.attempt);
}

void Traffic::on_reach(const Event& event) {
  if (event.version == requests_[event.subject].attempt) reach(event.subject, event.at);
}

void Traffic::reach(std::uint32_t index, Time now) {
  const Request& request = requests_[index];
  const auto& link = static_cast<const Link&>(*request.call.backend->attachment);
  const std::uint64_t draw = draw_seed(seed_, Purpose::requests, request.number * kMaxTries + request.tries);
  farm_.reach(link.backend, {.request = index, .attempt = request.attempt}, draw, now);
}

void Traffic::on_answer(const Event& event) {
  Request& request = requests_[event.subject];
  if (event.version != request.attempt) return;
  balance::Cluster& cluster = sidecars_[request.sidecar].cluster;
  if (event.answer == Answer::good) {
    cluster.finish(request.call, Verdict::good, event.at);
    return end(event.subject, std::nullopt, event.at);
  }
  request.tried.push_back(request.call.backend);
  cluster.finish(request.call, event.answer == Answer::not_connected ? Verdict::not_connected : Verdict::bad, event.at);
  if (!may_try_again(request, event.answer, event.at)) return end(event.subject, failure_of(event.answer), event.at);
  recorder_.retried();
  try_next(event.subject, event.at);
}

bool Traffic::may_try_again(Request& request, Answer answer, Time now) {
  const model::RetryOn& retry_on = options_.retry_on;
  if (answer == Answer::not_connected) return retry_on.connect_failure && ++request.failed_connects < kMaxConnects;
  const bool wanted = answer == Answer::reset ? retry_on.refused : retry_on.service_unavailable;
  return wanted && within_retry_budget(request, now);
}

bool Traffic::within_retry_budget(Request& request, Time now) {
  balance::RetryBudget& budget = sidecars_[request.sidecar].retry_budget;
  if (request.retries >= options_.retries || !budget.withdraw(in_milliseconds(now))) return false;
  ++request.retries;
  return true;
}

void Traffic::on_give_up(const Event& event) {
  Request& request = requests_[event.subject];
  if (event.version != request.life) return;
  sidecars_[request.sidecar].cluster.finish(request.call, sidecar_is_first_ ? Verdict::bad : Verdict::unknown,
                                            event.at);
  end(event.subject, sidecar_is_first_ ? Failure::timed_out : Failure::gave_up, event.at);
}

void Traffic::end(std::uint32_t index, std::optional<Failure> failure, Time now) {
  Request& request = requests_[index];
  recorder_.ended(request.started, failure, now);
  ++request.life;
  ++request.attempt;
  request.under_way = false;
  free_.push_back(index);
  if (scenario_.load.clients == 0) return;
  Time pause(static_cast<Time::rep>(sample(scenario_.load.think, thoughts_)));
  if (failure) pause = std::max(pause, kPause);
  queue_.push(now + pause, Event::Kind::client, request.client);
}

void Traffic::abandon_all(Time now) {
  for (const Request& request : requests_) {
    if (request.under_way) recorder_.ended(request.started, Failure::unfinished, now);
  }
}

}  // namespace outrigger::simulate
