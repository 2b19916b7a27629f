#include "cli/simulate_command.h"

#include <memory>

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

Command simulate_command(CLI::App& app) {
  auto command = std::make_shared<SimulateCommand>();
  CLI::App& parser = *app.add_subcommand("simulate", "Plays a scenario with the policies that sidecars have");
  parser.add_option("SCENARIO", command->scenario, "YAML file, such as those in scenarios/; see docs/simulate.md")
      ->type_name("FILE")
      ->required();
  parser.add_option("--policy", command->policies, "policies to compare, separated by commas; absent: the scenario's");
  parser.add_option("--seed", command->seed, "of all that is drawn; absent: the scenario's");
  parser.add_option("--rounds", command->rounds, "how many, each with the next seed: median (least-most) of them")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str();
  parser.add_flag("--json", command->json, "all figures, also of each backend and second");
  parser.add_option("--plot", command->plot, "SVG file to draw the run with the first seed into, with gnuplot")
      ->type_name("FILE");
  return {&parser, [command]() -> Result<Output> {
            auto text = run(*command);
            if (!text) return tl::unexpected(text.error());
            return Output{.text = *std::move(text)};
          }};
}

}  // namespace outrigger::cli
