#pragma once
/// What simulations gave, for people and for programs. Any thread.
#include <string>
#include <vector>

#include "simulate/outcome.h"
#include "simulate/scenario.h"

namespace outrigger::cli {

/// One policy's outcomes, one a seed; at least one.
struct Rounds {
  model::PolicyKind policy{};
  std::vector<simulate::Outcome> outcomes;
};

/// A line a policy; of several rounds each figure is the median, with the least and the most behind it.
std::string table_text(const simulate::Scenario& scenario, const std::vector<Rounds>& results);
/// All that is known, times in seconds.
std::string json_text(const simulate::Scenario& scenario, const std::vector<Rounds>& results);

}  // namespace outrigger::cli
