#pragma once
#include <deque>
#include <optional>
#include <vector>

#include "balance/random.h"
#include "model/endpoint_set.h"
#include "simulate/event_queue.h"
#include "simulate/recorder.h"
#include "simulate/scenario.h"
#include "simulate/station.h"

namespace outrigger::simulate {

/// The backends: what becomes of requests that reach them, and what the scenario does to them. One owner.
class Farm {
 public:
  /// All outlive it.
  Farm(const Scenario& scenario, std::uint64_t seed, EventQueue& queue, Recorder& recorder);

  /// A try comes to a backend: an answer event will tell how it ends. `draw`: the beginning of its draws.
  void reach(std::uint32_t backend, Job job, std::uint64_t draw, Time now);
  void on_finish(const Event& event);
  void on_antagonist(const Event& event);

  /// What the scenario does to one backend, not a Rate; and the end of that. Returns whether the set has changed.
  bool apply(const Change& change, std::uint32_t backend, Time now);
  bool revert(const Change& change, std::uint32_t backend, Time now);

  /// Of the set now.
  std::vector<std::uint32_t> members() const;
  model::Endpoint endpoint(std::uint32_t backend) const;

 private:
  struct State {
    Station station;
    const Distribution* service;
    double speed;
    balance::Random neighbours;  ///< draws of the antagonist
    double neighbours_speed = 1;
    const Antagonist* antagonist = nullptr;
    std::uint32_t antagonist_version = 0;
    Fail fail = {};
    bool up = true;
    bool stalled = false;
    bool in_set = true;
    std::optional<Time> next_end = {};
    std::uint32_t next_end_version = 0;
  };

  bool act(Action action, std::uint32_t backend, Time now);
  void lose_all(std::uint32_t backend, Time now);
  void bother(std::uint32_t backend, Time now);
  void set_speed(std::uint32_t backend, Time now);
  /// After anything happened at its station.
  void settle(std::uint32_t backend, Time now);

  const Scenario& scenario_;
  EventQueue& queue_;
  Recorder& recorder_;
  std::vector<State> backends_;
};

}  // namespace outrigger::simulate
