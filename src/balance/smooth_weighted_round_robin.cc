#include "balance/smooth_weighted_round_robin.h"

#include <unordered_map>

namespace outrigger::balance {

void SmoothWeightedRoundRobin::update(std::span<const Candidate> candidates) {
  std::unordered_map<const Backend*, WeightedTurns::Phase> known;
  const std::vector<WeightedTurns::Phase> before = turns_.phases();
  for (std::size_t i = 0; i < backends_.size(); ++i) known.emplace(backends_[i], before[i]);

  backends_.clear();
  std::vector<std::uint32_t> weights;
  std::vector<WeightedTurns::Phase> phases;
  bool any_stays = false;
  for (const Candidate& candidate : candidates) {
    if (!candidate.eligible) continue;
    backends_.push_back(candidate.backend);
    weights.push_back(candidate.weight);
    const auto stays = known.find(candidate.backend);
    any_stays = any_stays || stays != known.end();
    phases.push_back(stays != known.end() ? stays->second : turns_.any_phase());
  }
  any_stays ? turns_.update(weights, phases) : turns_.update(weights);
}

}  // namespace outrigger::balance
