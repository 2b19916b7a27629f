#pragma once
#include <map>
#include <string>

#include "cli/api_reader.h"
#include "cli/cluster_access.h"
#include "cli/command.h"
#include "cli/installation.h"

namespace outrigger::cli {

/// `outrigger version`, as it was called.
struct VersionCommand {
  ClusterOptions cluster = {};
  std::string ns = kNamespace;  ///< the operator's
  bool client_only = false;
  std::string output = "table";
};

/// Version to how many run of it: images' tags.
using VersionCounts = std::map<std::string, std::size_t>;
struct Versions {
  std::string client;
  Answer<std::string> operators;  ///< the Deployment's
  Answer<VersionCounts> sidecars;
};
/// Pure.
std::string table_text(const Versions& versions);
std::string json_text(const Versions& versions);

/// What cannot be asked is said on stderr, with status kUnable; this program's version is always there.
Result<Output> run(const VersionCommand& command);

Command version_command(CLI::App& app);

}  // namespace outrigger::cli
