#pragma once
#include <string>

#include "cli/cluster_access.h"
#include "cli/command.h"
#include "cli/installation.h"

namespace outrigger::cli {

/// `outrigger inject`, as it was called.
struct InjectCommand {
  std::string file = "-";      ///< "-": stdin
  std::string ns = "default";  ///< of what does not say its own
  ClusterOptions cluster = {};
  std::string operator_namespace = kNamespace;
  /// Instead of the cluster's: both or none.
  std::string settings = {};
  std::string trust_bundle = {};
};

/// The manifests with sidecars, as the webhook would have made them; what became of each is said on stderr.
Result<Output> run(const InjectCommand& command);

Command inject_command(CLI::App& app);

}  // namespace outrigger::cli
