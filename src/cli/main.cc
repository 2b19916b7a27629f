#include <CLI/CLI.hpp>
#include <iostream>

#include "cli/simulate_command.h"

int main(int argc, char** argv) {
  using namespace outrigger;
  CLI::App app("Tools for Outrigger", "outrigger");
  app.set_version_flag("--version", OUTRIGGER_VERSION);
  app.require_subcommand(1);
  cli::SimulateCommand command;
  CLI::App& simulate = *app.add_subcommand("simulate", "Plays a scenario with the policies that sidecars have");
  simulate.add_option("SCENARIO", command.scenario, "YAML file, such as those in scenarios/; see docs/simulate.md")
      ->required();
  simulate.add_option("--policy", command.policies, "policies to compare, separated by commas; absent: the scenario's");
  simulate.add_option("--seed", command.seed, "of all that is drawn; absent: the scenario's");
  simulate.add_option("--rounds", command.rounds, "how many, each with the next seed: median (least-most) of them")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str();
  simulate.add_flag("--json", command.json, "all figures, also of each backend and second");
  simulate.add_option("--plot", command.plot, "SVG file to draw the run with the first seed into, with gnuplot");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    if (problem.get_exit_code() == 0) return app.exit(problem);  // --help, --version
    std::cerr << "outrigger: " << problem.what() << "; see --help" << std::endl;
    return 1;
  }
  const auto printed = cli::run(command);
  if (!printed) {
    std::cerr << "outrigger: " << printed.error().text << std::endl;
    return 1;
  }
  std::cout << *printed;
  return 0;
}
