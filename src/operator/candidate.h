#pragma once
#include <optional>

#include "kube/leader_elector.h"
#include "operator/options.h"

namespace outrigger::op {

/// For which Lease this process stands, and as whom: its host's name and random digits, so that it is never taken for
/// the process that was here before. Nothing: there is no election, and it does what a leader does. The error: there is
/// no namespace to be read, in a pod.
Result<std::optional<kube::LeaderElector::Candidate>> candidate_of(const Options& options);

}  // namespace outrigger::op
