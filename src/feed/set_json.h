#pragma once
/// Endpoint sets as JSON, as the feed's messages and the sidecar's snapshot have them. Pure; inside feed/ only.
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "model/endpoint_set.h"
#include "result/result.h"

namespace outrigger::feed {

nlohmann::json endpoints_json(const std::vector<model::Endpoint>& endpoints);
/// service, options, rules, endpoints, addresses and failover; what has its default is left out of an endpoint, and so
/// are addresses and failover when there are none.
nlohmann::json set_json(const model::EndpointSet& set);

/// The reading sides. An error names the key, the value (cut) and what is allowed. Keys and options that are not known
/// are ignored, so that an older sidecar understands a newer operator.
Result<void> read_text(const nlohmann::json& object, const char* key, std::string& text);
Result<void> read_service(const nlohmann::json& object, model::ServicePort& service);
Result<void> read_endpoints(const nlohmann::json& object, std::vector<model::Endpoint>& endpoints);
Result<model::EndpointSet> read_set(const nlohmann::json& object);

}  // namespace outrigger::feed
