#pragma once
#include "model/endpoint_set.h"
#include "yaml/fields.h"

namespace outrigger::sidecar {

/// Reads a service of the file, the `index`th. Throws a Complaint. Any thread.
model::EndpointSet read_service(const YAML::Node& node, std::size_t index);

}  // namespace outrigger::sidecar
