#include <CLI/CLI.hpp>
#include <iostream>

#include "cli/check_command.h"
#include "cli/completion_command.h"
#include "cli/inject_command.h"
#include "cli/simulate_command.h"
#include "cli/status_command.h"
#include "cli/text_table.h"
#include "cli/version_command.h"

int main(int argc, char** argv) {
  using namespace outrigger;
  CLI::App app("Tools for Outrigger", "outrigger");
  app.set_version_flag("--version", OUTRIGGER_VERSION);
  app.require_subcommand(1);
  const cli::Command commands[] = {cli::check_command(app),   cli::status_command(app),   cli::inject_command(app),
                                   cli::version_command(app), cli::simulate_command(app), cli::completion_command(app)};
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    if (problem.get_exit_code() == 0) return app.exit(problem);  // --help, --version
    std::cerr << "outrigger: " << problem.what() << "; see --help" << std::endl;
    return cli::kUnable;
  }
  for (const cli::Command& command : commands) {
    if (!command.parser->parsed()) continue;
    const auto output = command.run();
    if (!output) {
      std::cerr << "outrigger: " << cli::printable(output.error().text) << std::endl;
      return cli::kUnable;
    }
    std::cout << output->text << std::flush;
    std::cerr << output->complaints;
    return output->status;
  }
  return cli::kUnable;
}
