#include "simulate/engine.h"

#include <deque>

#include "result/result.h"
#include "simulate/draw.h"
#include "simulate/event_queue.h"
#include "simulate/farm.h"
#include "simulate/recorder.h"
#include "simulate/traffic.h"

namespace outrigger::simulate {
namespace {

class Engine {
 public:
  Engine(const Scenario& scenario, model::PolicyKind policy, std::uint64_t seed)
      : scenario_(scenario),
        fates_(draw_seed(seed, Purpose::events)),
        recorder_(scenario.backends.size(), scenario.warm_up, scenario.duration, scenario.goal),
        farm_(scenario, seed, queue_, recorder_),
        traffic_(scenario, policy, seed, queue_, farm_, recorder_) {}

  Outcome run() {
    traffic_.tell(farm_.members(), Time(0));
    for (std::uint32_t i = 0; i < scenario_.events.size(); ++i) {
      queue_.push(scenario_.events[i].at, Event::Kind::change, i);
    }
    traffic_.start();
    std::uint64_t events = 0;
    Time now{0};
    for (; !queue_.empty(); ++events) {
      const Event event = queue_.pop();
      now = event.at;
      handle(event);
    }
    traffic_.abandon_all(now);
    return recorder_.take(events);
  }

 private:
  void handle(const Event& event) {
    switch (event.kind) {
      case Event::Kind::arrival: return traffic_.on_arrival(event);
      case Event::Kind::client: return traffic_.on_client(event);
      case Event::Kind::reach: return traffic_.on_reach(event);
      case Event::Kind::answer: return traffic_.on_answer(event);
      case Event::Kind::give_up: return traffic_.on_give_up(event);
      case Event::Kind::finish: return farm_.on_finish(event);
      case Event::Kind::antagonist: return farm_.on_antagonist(event);
      case Event::Kind::change: return on_change(event);
      case Event::Kind::revert: return on_revert(event);
      case Event::Kind::told: traffic_.tell(to_tell_.front(), event.at); return to_tell_.pop_front();
    }
    CHECK(false);
  }

  void on_change(const Event& event) {
    const ScenarioEvent& what = scenario_.events[event.subject];
    std::uint32_t only = Event::kAll;
    if (what.one_of_them) only = what.backends[fates_.below(what.backends.size())];
    if (const Rate* const rate = std::get_if<Rate>(&what.change)) {
      traffic_.set_rate(rate->per_second, event.at);
    } else {
      for_each(what, only, event.at,
               [&](std::uint32_t backend) { return farm_.apply(what.change, backend, event.at); });
    }
    if (what.lasts > Time(0)) queue_.push(event.at + what.lasts, Event::Kind::revert, event.subject, only);
    if (what.every > Time(0) && event.at + what.every < scenario_.duration) {
      queue_.push(event.at + what.every, Event::Kind::change, event.subject);
    }
  }

  void on_revert(const Event& event) {
    const ScenarioEvent& what = scenario_.events[event.subject];
    if (std::holds_alternative<Rate>(what.change)) return traffic_.set_rate(scenario_.load.rate, event.at);
    for_each(what, event.version, event.at,
             [&](std::uint32_t backend) { return farm_.revert(what.change, backend, event.at); });
  }

  /// `change` returns whether the set has changed.
  template <class Function>
  void for_each(const ScenarioEvent& what, std::uint32_t only, Time now, const Function& change) {
    bool set_changed = false;
    for (const std::uint32_t backend : what.backends) {
      if (only == Event::kAll || only == backend) set_changed = change(backend) || set_changed;
    }
    if (!set_changed) return;
    to_tell_.push_back(farm_.members());
    queue_.push(now + scenario_.update_delay, Event::Kind::told);
  }

  const Scenario& scenario_;
  EventQueue queue_;
  balance::Random fates_;
  Recorder recorder_;
  Farm farm_;
  Traffic traffic_;
  std::deque<std::vector<std::uint32_t>> to_tell_;
};

}  // namespace

Outcome simulate(const Scenario& scenario, model::PolicyKind policy, std::uint64_t seed) {
  Outcome outcome = Engine(scenario, policy, seed).run();
  outcome.policy = policy;
  outcome.seed = seed;
  return outcome;
}

}  // namespace outrigger::simulate
