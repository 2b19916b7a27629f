#pragma once
#include <filesystem>

#include "kube/config.h"
#include "kube/kubeconfig_section.h"

namespace outrigger::kube {

/// users[].user.exec, for `cluster`, of which `config` has what it says. A command with a slash is relative to
/// `directory`.
Result<ExecPlugin> read_exec(const Section& exec, const Section& cluster, const std::filesystem::path& directory,
                             const Config& config);

}  // namespace outrigger::kube
