#pragma once
/// Which Service a request's host names. Pure; any thread.
#include <optional>
#include <string_view>

#include "model/service_port.h"

namespace outrigger::sidecar {

/// `authority`: "NAME", "NAME.NAMESPACE" or "NAME.NAMESPACE.svc" with any domain behind it, as the cluster's DNS has it
/// (Kubernetes DNS-Based Service Discovery, 2.3), in any case, perhaps with a '.' at its end, and with a port, else 80.
/// A name alone is of `ns`. Empty: no Service can have that name.
std::optional<model::ServicePort> service_of_host(std::string_view authority, std::string_view ns);

}  // namespace outrigger::sidecar
