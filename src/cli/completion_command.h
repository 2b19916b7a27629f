#pragma once
#include "cli/command.h"

namespace outrigger::cli {

/// `outrigger completion SHELL`, which prints a script that completes all of `app`.
Command completion_command(CLI::App& app);

}  // namespace outrigger::cli
