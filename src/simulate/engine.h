#pragma once
#include "simulate/outcome.h"
#include "simulate/scenario.h"

namespace outrigger::simulate {

/// Runs a scenario with one policy: discrete events over the very balance::Cluster that sidecars have, one of its own a
/// sidecar, and backends that are queues with servers. A try that fails is followed by others as a sidecar does, as if
/// all requests were idempotent and their bodies short; a server error counts as a 503. A backend is not told that a
/// request was given up: it goes on with it.
///
/// The same scenario, policy and seed give the same outcome. Another policy meets the same arrivals, the same service
/// times request by request, and the same fates of the backends. Memory: some hundred bytes for each sidecar and
/// backend, for each request under way, and for each second.
///
/// Requires what scenario.h says; memory and time grow without bound where a load that is open comes to too much.
Outcome simulate(const Scenario& scenario, model::PolicyKind policy, std::uint64_t seed);

}  // namespace outrigger::simulate
