#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "cli/command.h"

namespace outrigger::cli {

/// `outrigger simulate`, as it was called.
struct SimulateCommand {
  std::string scenario = {};               ///< a file
  std::string policies = {};               ///< separated by commas; empty: the scenario's
  std::optional<std::uint64_t> seed = {};  ///< none: the scenario's
  std::uint32_t rounds = 1;                ///< with the seeds from there on
  bool json = false;
  std::string plot = {};  ///< an SVG file to write; empty: none
};

/// What is to be printed.
Result<std::string> run(const SimulateCommand& command);

Command simulate_command(CLI::App& app);

}  // namespace outrigger::cli
