#pragma once
#include <string>

#include "cli/cluster_access.h"
#include "cli/command.h"
#include "cli/installation.h"

namespace outrigger::cli {

/// `outrigger check`, as it was called.
struct CheckCommand {
  ClusterOptions cluster = {};
  std::string ns = kNamespace;  ///< the operator's
  bool before_install = false;
  std::string output = "table";
};

/// An Error: the cluster cannot be reached, or takes no notice of who asks.
Result<Output> run(const CheckCommand& command);

Command check_command(CLI::App& app);

}  // namespace outrigger::cli
