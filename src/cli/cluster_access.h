#pragma once
#include <CLI/CLI.hpp>
#include <string>

#include "kube/config.h"
#include "result/result.h"

namespace outrigger::cli {

/// Which cluster a command is about.
struct ClusterOptions {
  std::string kubeconfig = {};  ///< empty: KUBECONFIG, else ~/.kube/config, else that of the pod this runs in
  std::string context = {};     ///< empty: the current one
};

void add_cluster_options(CLI::App& parser, ClusterOptions& options);

/// The error says where it was looked.
Result<kube::Config> find_cluster(const ClusterOptions& options);

/// How a result is printed: "table" or "json".
void add_output_option(CLI::App& parser, std::string& output);

/// The error names the option.
Result<void> check_namespace(const std::string& option, const std::string& ns);

}  // namespace outrigger::cli
