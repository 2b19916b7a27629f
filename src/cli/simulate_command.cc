#include "cli/simulate_command.h"

#include "cli/plot.h"
#include "cli/report.h"
#include "cli/scenario_file.h"
#include "simulate/engine.h"
#include "yaml/fields.h"

namespace outrigger::cli {

Result<std::string> run(const SimulateCommand& command) {
  const auto text = yaml::read_file(command.scenario);
  if (!text) return tl::unexpected(text.error());
  auto scenario = parse_scenario(*text, command.scenario);
  if (!scenario) return tl::unexpected(scenario.error());
  if (!command.policies.empty()) {
    auto policies = parse_policies(command.policies);
    if (!policies) return failure("--policy: " + policies.error().text);
    scenario->policies = std::move(*policies);
  }
  const std::uint64_t first_seed = command.seed.value_or(scenario->seed);
  std::vector<Rounds> results;
  for (const model::PolicyKind policy : scenario->policies) {
    Rounds& rounds = results.emplace_back(Rounds{.policy = policy, .outcomes = {}});
    for (std::uint32_t i = 0; i < command.rounds; ++i) {
      rounds.outcomes.push_back(simulate::simulate(*scenario, policy, first_seed + i));
    }
  }
  if (!command.plot.empty()) {
    if (auto done = run_gnuplot(plot_script(*scenario, results, command.plot)); !done)
      return tl::unexpected(done.error());
  }
  return command.json ? json_text(*scenario, results) : table_text(*scenario, results);
}

}  // namespace outrigger::cli
