#include "cli/completion_command.h"

#include <map>
#include <memory>

#include "cli/completion.h"

namespace outrigger::cli {

Command completion_command(CLI::App& app) {
  static const std::map<std::string, Shell> kShells = {
      {"bash", Shell::bash}, {"zsh", Shell::zsh}, {"fish", Shell::fish}};
  auto shell = std::make_shared<std::string>();
  CLI::App& parser = *app.add_subcommand("completion", "A script for a shell to complete this command line with");
  parser.add_option("SHELL", *shell, "source <(outrigger completion bash)")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  return {&parser,
          [&app, shell]() -> Result<Output> { return Output{.text = completion_script(app, kShells.at(*shell))}; }};
}

}  // namespace outrigger::cli
