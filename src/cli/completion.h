#pragma once
#include <CLI/CLI.hpp>
#include <string>

namespace outrigger::cli {

enum class Shell { bash, zsh, fish };

/// A script that completes `app`'s command line, made of what its parser itself knows: subcommands, options, which of
/// them take a value, a file or one of a few words. Requires that no subcommand has subcommands. Pure.
std::string completion_script(const CLI::App& app, Shell shell);

}  // namespace outrigger::cli
