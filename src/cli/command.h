#pragma once
#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "result/result.h"

namespace outrigger::cli {

/// Exit statuses beside 0; docs/cli.md. A command that fails altogether (an Error) ends with kUnable.
inline constexpr int kUnable = 1;    ///< wrong usage, or what is needed cannot be read or reached
inline constexpr int kProblems = 2;  ///< it could be looked at, and is not well

/// What a command has to say.
struct Output {
  std::string text;          ///< for stdout
  std::string complaints{};  ///< for stderr, whole lines
  int status = 0;
};

/// One subcommand, as main() needs it.
struct Command {
  CLI::App* parser;
  std::function<Result<Output>()> run;  ///< once the parser has parsed
};

}  // namespace outrigger::cli
