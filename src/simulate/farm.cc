#include "simulate/farm.h"

#include <fmt/format.h>

#include <algorithm>

#include "result/result.h"
#include "simulate/draw.h"

namespace outrigger::simulate {
namespace {

/// Who is to join is not there before.
bool joins_first(const Scenario& scenario, std::uint32_t backend) {
  const ScenarioEvent* first = nullptr;
  for (const ScenarioEvent& event : scenario.events) {
    const Action* const action = std::get_if<Action>(&event.change);
    if (action == nullptr || (*action != Action::join && *action != Action::leave)) continue;
    if (std::find(event.backends.begin(), event.backends.end(), backend) == event.backends.end()) continue;
    if (first == nullptr || event.at < first->at) first = &event;
  }
  return first != nullptr && std::get<Action>(first->change) == Action::join;
}

Action opposite(Action action) {
  switch (action) {
    case Action::down: return Action::up;
    case Action::up: return Action::down;
    case Action::stall: return Action::resume;
    case Action::resume: return Action::stall;
    case Action::join: return Action::leave;
    case Action::leave: return Action::join;
  }
  CHECK(false);
}

template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

}  // namespace

Farm::Farm(const Scenario& scenario, std::uint64_t seed, EventQueue& queue, Recorder& recorder)
    : scenario_(scenario), queue_(queue), recorder_(recorder) {
  backends_.reserve(scenario.backends.size());
  for (std::uint32_t i = 0; i < scenario.backends.size(); ++i) {
    const BackendSpec& spec = scenario.backends[i];
    backends_.push_back({.station = Station(spec.workers),
                         .service = &spec.service,
                         .speed = spec.speed,
                         .neighbours = balance::Random(draw_seed(seed, Purpose::antagonists, i)),
                         .in_set = !joins_first(scenario, i)});
    set_speed(i, Time(0));
  }
}

void Farm::reach(std::uint32_t backend, Job job, std::uint64_t draw, Time now) {
  State& state = backends_[backend];
  if (!state.up) {
    queue_.push(now + scenario_.network_delay, Event::Kind::answer, job.request, job.attempt, Answer::not_connected);
    return;
  }
  recorder_.tried(backend, now);
  balance::Random random(draw);
  if (state.fail.share > 0 && uniform(random) < state.fail.share) {
    queue_.push(now + state.fail.after + scenario_.network_delay, Event::Kind::answer, job.request, job.attempt,
                Answer::bad);
    return;
  }
  job.work_ns = sample(*state.service, random);
  state.station.enter(job, now);
  settle(backend, now);
}

void Farm::on_finish(const Event& event) {
  State& state = backends_[event.subject];
  if (event.version != state.next_end_version) return;
  const Job done = state.station.finish(event.at);
  queue_.push(event.at + scenario_.network_delay, Event::Kind::answer, done.request, done.attempt, Answer::good);
  state.next_end.reset();
  settle(event.subject, event.at);
}

void Farm::on_antagonist(const Event& event) {
  if (event.version == backends_[event.subject].antagonist_version) bother(event.subject, event.at);
}

bool Farm::apply(const Change& change, std::uint32_t backend, Time now) {
  State& state = backends_[backend];
  return std::visit(Overloaded{[&](Action action) { return act(action, backend, now); },
                               [&](Speed speed) {
                                 state.speed = speed.factor;
                                 set_speed(backend, now);
                                 return false;
                               },
                               [&](const ServiceTime& time) {
                                 state.service = &time.distribution;
                                 return false;
                               },
                               [&](const Fail& fail) {
                                 state.fail = fail;
                                 return false;
                               },
                               [&](const Antagonist& antagonist) {
                                 state.antagonist = &antagonist;
                                 bother(backend, now);
                                 return false;
                               },
                               [&](Rate) -> bool { CHECK(false); }},
                    change);
}

bool Farm::revert(const Change& change, std::uint32_t backend, Time now) {
  State& state = backends_[backend];
  const BackendSpec& spec = scenario_.backends[backend];
  return std::visit(Overloaded{[&](Action action) { return act(opposite(action), backend, now); },
                               [&](Speed) {
                                 state.speed = spec.speed;
                                 set_speed(backend, now);
                                 return false;
                               },
                               [&](const ServiceTime&) {
                                 state.service = &spec.service;
                                 return false;
                               },
                               [&](const Fail&) {
                                 state.fail = {};
                                 return false;
                               },
                               [&](const Antagonist&) {
                                 ++state.antagonist_version;
                                 state.neighbours_speed = 1;
                                 set_speed(backend, now);
                                 return false;
                               },
                               [&](Rate) -> bool { CHECK(false); }},
                    change);
}

bool Farm::act(Action action, std::uint32_t backend, Time now) {
  State& state = backends_[backend];
  switch (action) {
    case Action::down:
      state.up = false;
      lose_all(backend, now);
      return false;
    case Action::up: state.up = true; return false;
    case Action::stall:
    case Action::resume:
      state.stalled = action == Action::stall;
      set_speed(backend, now);
      return false;
    case Action::join:
    case Action::leave: return std::exchange(state.in_set, action == Action::join) != state.in_set;
  }
  CHECK(false);
}

void Farm::lose_all(std::uint32_t backend, Time now) {
  for (const Job& job : backends_[backend].station.clear(now)) {
    queue_.push(now + scenario_.network_delay, Event::Kind::answer, job.request, job.attempt, Answer::reset);
  }
  settle(backend, now);
}

void Farm::bother(std::uint32_t backend, Time now) {
  if (now >= scenario_.duration) return;
  State& state = backends_[backend];
  const Antagonist& antagonist = *state.antagonist;
  state.neighbours_speed = antagonist.low + (antagonist.high - antagonist.low) * uniform(state.neighbours);
  set_speed(backend, now);
  const Exponential holds{static_cast<double>(antagonist.holds.count())};
  const auto next = Time(1 + static_cast<Time::rep>(sample(holds, state.neighbours)));
  queue_.push(now + next, Event::Kind::antagonist, backend, ++state.antagonist_version);
}

void Farm::set_speed(std::uint32_t backend, Time now) {
  State& state = backends_[backend];
  state.station.set_speed(state.stalled ? 0 : state.speed * state.neighbours_speed, now);
  settle(backend, now);
}

void Farm::settle(std::uint32_t backend, Time now) {
  State& state = backends_[backend];
  recorder_.in_flight(backend, state.station.size(), now);
  const std::optional<Time> next = state.station.next_end();
  if (next == state.next_end) return;
  state.next_end = next;
  ++state.next_end_version;
  if (next) queue_.push(*next, Event::Kind::finish, backend, state.next_end_version);
}

std::vector<std::uint32_t> Farm::members() const {
  std::vector<std::uint32_t> members;
  for (std::uint32_t i = 0; i < backends_.size(); ++i) {
    if (backends_[i].in_set) members.push_back(i);
  }
  return members;
}

model::Endpoint Farm::endpoint(std::uint32_t backend) const {
  const BackendSpec& spec = scenario_.backends[backend];
  return {.address = fmt::format("10.{}.{}.{}:80", backend >> 16, (backend >> 8) & 255, backend & 255),
          .weight = spec.weight,
          .tier = spec.tier,
          .zone = spec.zone,
          .pod = {}};
}

}  // namespace outrigger::simulate
