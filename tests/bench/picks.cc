/// What balance::Cluster costs as a request sees it, by policy and number of endpoints: a pick with its answer and its
/// end, and a change with what has to be done anew because of it. tests/bench/picks.py runs it and judges.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>
#include <vector>

#include "balance/cluster.h"

namespace outrigger::balance {
namespace {

using namespace std::chrono_literals;
using model::PolicyKind;

constexpr std::uint64_t kSeed = 1;

/// A cluster and what is in flight: one request for two endpoints, a thousand at most. Each ends when as many others
/// have begun.
class Traffic {
 public:
  Traffic(PolicyKind policy, std::size_t endpoints, std::uint32_t heaviest, Verdict verdict = Verdict::good)
      : verdict_(verdict) {
    options_.policy = policy;
    options_.outlier_max_percent = 1;
    for (std::size_t i = 0; i < endpoints; ++i) {
      const auto weight = static_cast<std::uint32_t>(1 + random_.below(heaviest));
      endpoints_.push_back({.address = "10." + std::to_string(i >> 16) + '.' + std::to_string((i >> 8) & 255) + '.' +
                                       std::to_string(i & 255) + ":8080",
                            .weight = weight,
                            .tier = 0,
                            .zone = {},
                            .pod = "web-" + std::to_string(i)});
    }
    update(endpoints_.size());
    in_flight_.resize(std::clamp<std::size_t>(endpoints / 2, 1, 1'000));
    for (Call& call : in_flight_) call = pick();
    for (std::size_t i = 0; i < 20 * endpoints; ++i) pass_one();
  }

  /// One request begins, the oldest is answered and ends.
  void pass_one(Backend* wanted = nullptr) {
    now_ += 10us;
    Call& oldest = in_flight_[next_];
    next_ = next_ + 1 == in_flight_.size() ? 0 : next_ + 1;
    if (verdict_ == Verdict::good) cluster_.answered(oldest, now_);
    cluster_.finish(oldest, verdict_, now_);
    oldest = pick(wanted);
  }
  /// To one endpoint, found as a cookie names it.
  void pass_one_back() { pass_one(cluster_.find(hash_of(endpoints_[random_.below(endpoints_.size())].address))); }

  /// The set of the first `endpoints`.
  void update(std::size_t endpoints) { cluster_.update(options_, std::span(endpoints_).first(endpoints), now_); }
  void set_probed(bool well) {
    cluster_.set_probed(*cluster_.backends().front(), well);
    cluster_.refresh(now_);
  }

 private:
  Call pick(Backend* wanted = nullptr) {
    return cluster_.pick({.now = now_, .hash = random_.next(), .tried = {}, .wanted = wanted});
  }

  Verdict verdict_;
  Random random_{kSeed};
  model::ServiceOptions options_;
  std::vector<model::Endpoint> endpoints_;
  Cluster cluster_{random_};
  std::vector<Call> in_flight_;
  std::size_t next_ = 0;
  Time now_ = 1'000s;
};

void pick(benchmark::State& state, PolicyKind policy, std::size_t endpoints, std::uint32_t heaviest) {
  Traffic traffic(policy, endpoints, heaviest);
  for (auto _ : state) traffic.pass_one();
}

void pick_back(benchmark::State& state, std::size_t endpoints) {
  Traffic traffic(PolicyKind::response_time, endpoints, 1);
  for (auto _ : state) traffic.pass_one_back();
}

/// As many are ejected as may be.
void pick_in_vain(benchmark::State& state, std::size_t endpoints) {
  Traffic traffic(PolicyKind::response_time, endpoints, 1, Verdict::bad);
  for (auto _ : state) traffic.pass_one();
}

void leave_or_join(benchmark::State& state, PolicyKind policy, std::size_t endpoints) {
  Traffic traffic(policy, endpoints, 1'000);
  bool whole = true;
  for (auto _ : state) {
    whole = !whole;
    traffic.update(whole ? endpoints : endpoints - 1);
  }
}

void fall_ill_or_recover(benchmark::State& state, PolicyKind policy, std::size_t endpoints) {
  Traffic traffic(policy, endpoints, 1'000);
  bool well = true;
  for (auto _ : state) {
    well = !well;
    traffic.set_probed(well);
  }
}

std::string name_of(PolicyKind policy) {
  model::ServiceOptions options;
  options.policy = policy;
  return model::option_text(options, "policy");
}

template <class... Arguments>
void measure(const std::string& what, std::size_t endpoints, Arguments... arguments) {
  benchmark::RegisterBenchmark((what + "/" + std::to_string(endpoints)).c_str(), arguments...);
}

void measure_all() {
  for (const std::size_t endpoints : {10u, 100u, 1'000u, 10'000u}) {
    for (int kind = 0; kind <= static_cast<int>(PolicyKind::consistent_hash); ++kind) {
      const auto policy = static_cast<PolicyKind>(kind);
      const std::string name = name_of(policy);
      measure("pick, equal weights/" + name, endpoints, pick, policy, endpoints, 1u);
      measure("pick, weights of 1 to 1000/" + name, endpoints, pick, policy, endpoints, 1'000u);
      measure("one leaves or joins/" + name, endpoints, leave_or_join, policy, endpoints);
      measure("one falls ill or recovers/" + name, endpoints, fall_ill_or_recover, policy, endpoints);
    }
    measure("pick, by affinity/response-time", endpoints, pick_back, endpoints);
    measure("pick, all requests failing/response-time", endpoints, pick_in_vain, endpoints);
  }
}

}  // namespace
}  // namespace outrigger::balance

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  outrigger::balance::measure_all();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
