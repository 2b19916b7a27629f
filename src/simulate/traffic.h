#pragma once
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "balance/cluster.h"
#include "balance/retry_budget.h"
#include "simulate/event_queue.h"
#include "simulate/farm.h"
#include "simulate/recorder.h"
#include "simulate/scenario.h"

namespace outrigger::simulate {

/// The clients, their sidecars and what is under way. One owner.
class Traffic {
 public:
  /// All outlive it.
  Traffic(const Scenario& scenario, model::PolicyKind policy, std::uint64_t seed, EventQueue& queue, Farm& farm,
          Recorder& recorder);

  /// The sidecars learn of a set.
  void tell(std::span<const std::uint32_t> members, Time now);
  /// The clients begin.
  void start();
  /// From now on.
  void set_rate(double per_second, Time now);

  void on_arrival(const Event& event);
  void on_client(const Event& event);
  void on_reach(const Event& event);
  void on_answer(const Event& event);
  void on_give_up(const Event& event);
  /// Nothing more will happen.
  void abandon_all(Time now);

 private:
  struct Sidecar {
    Sidecar(std::uint64_t seed, std::uint32_t retry_budget_percent)
        : random(seed), cluster(random), retry_budget(retry_budget_percent, std::chrono::milliseconds(0)) {}
    balance::Random random;
    balance::Cluster cluster;
    balance::RetryBudget retry_budget;
  };
  struct Request {
    balance::Call call;
    std::vector<balance::Backend*> tried;
    std::uint64_t number = 0;
    std::uint64_t hash = 0;
    Time started{0};
    std::uint32_t sidecar = 0;
    std::uint32_t client = 0;   ///< of a closed load
    std::uint32_t life = 0;     ///< of requests that had this place before, and this one
    std::uint32_t attempt = 0;  ///< likewise of tries
    std::uint32_t tries = 0;
    std::uint32_t retries = 0;
    std::uint32_t failed_connects = 0;
    bool under_way = false;
  };

  void next_arrival(Time now);
  void begin(std::uint32_t sidecar, std::uint32_t client, Time now);
  void try_next(std::uint32_t index, Time now);
  void reach(std::uint32_t index, Time now);
  bool may_try_again(Request& request, Answer answer, Time now);
  bool within_retry_budget(Request& request, Time now);
  void end(std::uint32_t index, std::optional<Failure> failure, Time now);

  const Scenario& scenario_;
  model::ServiceOptions options_;
  EventQueue& queue_;
  Farm& farm_;
  Recorder& recorder_;
  std::uint64_t seed_;
  balance::Random arrivals_;
  balance::Random thoughts_;
  double rate_;
  std::uint32_t rate_version_ = 0;
  Time patience_{0};               ///< of whoever gives up first; 0: nobody does
  bool sidecar_is_first_ = false;  ///< that is the sidecar
  std::deque<Sidecar> sidecars_;
  std::vector<Request> requests_;
  std::vector<std::uint32_t> free_;
  std::uint64_t begun_ = 0;
};

}  // namespace outrigger::simulate
