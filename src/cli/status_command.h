#pragma once
#include <string>

#include "cli/cluster_access.h"
#include "cli/command.h"

namespace outrigger::cli {

/// `outrigger status`, as it was called.
struct StatusCommand {
  ClusterOptions cluster = {};
  std::string service = {};        ///< empty: all
  std::string ns = {};             ///< the Service's, where `service` names none; empty: the context's, or "default"
  std::string pod_namespace = {};  ///< whose pods are asked; empty: all
  std::string output = "table";
};

/// An Error: the cluster cannot be reached, or its pods cannot be listed.
Result<Output> run(const StatusCommand& command);

Command status_command(CLI::App& app);

}  // namespace outrigger::cli
