#include "feed/set_json.h"

#include <fmt/format.h>

#include <algorithm>

#include "feed/message.h"
#include "model/names.h"
#include "model/shown_value.h"

namespace outrigger::feed {
namespace {

using nlohmann::json;

Result<void> wrong(const char* key, const json& value, std::string_view allowed) {
  const std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  return failure(fmt::format("{}: {} is not allowed; allowed: {}", key, model::shown_value(text), allowed));
}

Result<void> read_number(const json& object, const char* key, std::uint32_t low, std::uint32_t high,
                         std::uint32_t& number) {
  const auto value = object.find(key);
  if (value == object.end()) return {};
  if (!value->is_number_unsigned() || value->get<std::uint64_t>() < low || value->get<std::uint64_t>() > high) {
    return wrong(key, *value, fmt::format("whole numbers from {} to {}", low, high));
  }
  number = value->get<std::uint32_t>();
  return {};
}

Result<void> read_optional_text(const json& object, const char* key, std::string& text) {
  return object.contains(key) ? read_text(object, key, text) : Result<void>{};
}

Result<void> read_for_zones(const json& object, std::vector<std::string>& zones) {
  const auto list = object.find("forZones");
  if (list == object.end()) return {};
  if (!list->is_array() || list->size() > model::kMaxForZones) {
    return failure(fmt::format("forZones; allowed: an array of at most {} zones", model::kMaxForZones));
  }
  for (const json& zone : *list) {
    if (!zone.is_string() || !model::is_label_value(zone.get_ref<const std::string&>())) {
      return wrong("forZones", zone, model::kLabelValueAllowed);
    }
    zones.push_back(zone.get<std::string>());
  }
  std::sort(zones.begin(), zones.end());
  const auto twice = std::adjacent_find(zones.begin(), zones.end());
  return twice == zones.end() ? Result<void>{} : failure("forZones: " + *twice + " is there twice");
}

Result<model::Endpoint> read_endpoint(const json& object) {
  if (!object.is_object()) return failure(wrong("endpoints", object, "objects").error().text);
  model::Endpoint endpoint;
  std::string address;
  for (const auto& done :
       {read_text(object, "address", address), read_number(object, "weight", 1, model::kMaxWeight, endpoint.weight),
        read_number(object, "tier", 0, model::kMaxTier, endpoint.tier),
        read_optional_text(object, "zone", endpoint.zone), read_optional_text(object, "pod", endpoint.pod),
        read_for_zones(object, endpoint.for_zones)}) {
    if (!done) return failure(done.error().text);
  }
  auto canonical = model::canonical_address(address);
  if (!canonical) return failure("address: " + canonical.error().text);
  endpoint.address = std::move(*canonical);
  if (const auto draining = object.find("draining"); draining != object.end()) {
    if (!draining->is_boolean()) return failure(wrong("draining", *draining, "true, false").error().text);
    endpoint.draining = draining->get<bool>();
  }
  return endpoint;
}

Result<void> read_options(const json& object, model::ServiceOptions& options) {
  const auto value = object.find("options");
  if (value == object.end()) return {};
  if (!value->is_object()) return wrong("options", *value, "an object");
  const auto known = model::option_names();
  for (const auto& [name, text] : value->items()) {
    if (std::find(known.begin(), known.end(), name) == known.end()) continue;
    if (!text.is_string()) return wrong(name.c_str(), text, "a string");
    if (auto done = model::set_option(options, name, text.get_ref<const std::string&>()); !done) {
      return failure("options: " + name + ": " + done.error().text);
    }
  }
  return {};
}

Result<void> read_addresses(const json& object, std::vector<std::string>& addresses) {
  const auto list = object.find("addresses");
  if (list == object.end()) return {};
  if (!list->is_array() || list->size() > model::kMaxAddresses) {
    return failure(fmt::format("addresses; allowed: an array of at most {} addresses", model::kMaxAddresses));
  }
  for (const json& entry : *list) {
    if (!entry.is_string()) return wrong("addresses", entry, "strings");
    auto address = model::canonical_address(entry.get_ref<const std::string&>());
    if (!address) return failure("addresses: " + address.error().text);
    if (std::find(addresses.begin(), addresses.end(), *address) != addresses.end()) {
      return failure("addresses: " + *address + " is there twice");
    }
    addresses.push_back(std::move(*address));
  }
  return {};
}

Result<void> read_failover(const json& object, const model::ServicePort& service,
                           std::vector<model::ServicePort>& failover) {
  const auto list = object.find("failover");
  if (list == object.end()) return {};
  if (!list->is_array() || list->size() > model::kMaxFailovers) {
    return failure(fmt::format("failover; allowed: an array of at most {} services", model::kMaxFailovers));
  }
  for (const json& entry : *list) {
    if (!entry.is_string()) return wrong("failover", entry, "strings");
    auto other = model::ServicePort::parse(entry.get_ref<const std::string&>());
    if (!other) return failure("failover: " + other.error().text);
    if (*other == service) return failure("failover: " + other->text() + " is the service itself");
    if (std::find(failover.begin(), failover.end(), *other) != failover.end()) {
      return failure("failover: " + other->text() + " is there twice");
    }
    failover.push_back(std::move(*other));
  }
  return {};
}

Result<model::Rule> read_rule(const json& object) {
  if (!object.is_object()) return failure(wrong("rules", object, "objects").error().text);
  model::Rule rule;
  if (auto done = read_optional_text(object, "pathPrefix", rule.path_prefix); !done) return failure(done.error().text);
  if (!rule.path_prefix.starts_with('/')) {
    return failure(wrong("pathPrefix", rule.path_prefix, "a path that begins with '/'").error().text);
  }
  const auto clusters = object.find("clusters");
  if (clusters == object.end() || !clusters->is_array() || clusters->empty() || clusters->size() > kMaxSubscriptions) {
    return failure(fmt::format("clusters; allowed: an array of 1 to {} objects", kMaxSubscriptions));
  }
  for (const json& entry : *clusters) {
    model::WeightedCluster cluster;
    for (const auto& done :
         {read_service(entry, cluster.cluster), read_number(entry, "weight", 0, model::kMaxWeight, cluster.weight)}) {
      if (!done) return failure("clusters: " + done.error().text);
    }
    rule.clusters.push_back(std::move(cluster));
  }
  return rule;
}

}  // namespace

json endpoints_json(const std::vector<model::Endpoint>& endpoints) {
  json list = json::array();
  for (const model::Endpoint& endpoint : endpoints) {
    json entry = {{"address", endpoint.address}};
    if (endpoint.weight != 1) entry["weight"] = endpoint.weight;
    if (endpoint.tier != 0) entry["tier"] = endpoint.tier;
    if (!endpoint.zone.empty()) entry["zone"] = endpoint.zone;
    if (!endpoint.for_zones.empty()) entry["forZones"] = endpoint.for_zones;
    if (!endpoint.pod.empty()) entry["pod"] = endpoint.pod;
    if (endpoint.draining) entry["draining"] = true;
    list.push_back(std::move(entry));
  }
  return list;
}

json set_json(const model::EndpointSet& set) {
  json options = json::object();
  for (const std::string_view name : model::option_names()) {
    options[std::string(name)] = model::option_text(set.options, name);
  }
  json rules = json::array();
  for (const model::Rule& rule : set.rules) {
    json clusters = json::array();
    for (const model::WeightedCluster& cluster : rule.clusters) {
      clusters.push_back({{"service", cluster.cluster.text()}, {"weight", cluster.weight}});
    }
    rules.push_back({{"pathPrefix", rule.path_prefix}, {"clusters", std::move(clusters)}});
  }
  json object = {{"service", set.service.text()},
                 {"options", std::move(options)},
                 {"rules", std::move(rules)},
                 {"endpoints", endpoints_json(set.endpoints)}};
  if (!set.addresses.empty()) object["addresses"] = set.addresses;
  if (!set.failover.empty()) {
    json& failover = object["failover"] = json::array();
    for (const model::ServicePort& service : set.failover) failover.push_back(service.text());
  }
  return object;
}

Result<void> read_text(const json& object, const char* key, std::string& text) {
  constexpr std::size_t kMaxText = 1'024;
  const auto value = object.is_object() ? object.find(key) : object.end();
  if (value == object.end()) return failure(fmt::format("{} is missing", key));
  if (!value->is_string() || value->get_ref<const std::string&>().size() > kMaxText) {
    return wrong(key, *value, fmt::format("a string of at most {} bytes", kMaxText));
  }
  text = value->get<std::string>();
  return {};
}

Result<void> read_service(const json& object, model::ServicePort& service) {
  std::string text;
  if (auto done = read_text(object, "service", text); !done) return done;
  auto parsed = model::ServicePort::parse(text);
  if (!parsed) return failure("service: " + parsed.error().text);
  service = std::move(*parsed);
  return {};
}

Result<void> read_endpoints(const json& object, std::vector<model::Endpoint>& endpoints) {
  const auto list = object.is_object() ? object.find("endpoints") : object.end();
  if (list == object.end()) return {};
  if (!list->is_array() || list->size() > kMaxEndpoints) {
    return failure(fmt::format("endpoints; allowed: an array of at most {} objects", kMaxEndpoints));
  }
  endpoints.reserve(list->size());
  for (const json& entry : *list) {
    auto endpoint = read_endpoint(entry);
    if (!endpoint) return failure("endpoints: " + endpoint.error().text);
    endpoints.push_back(std::move(*endpoint));
  }
  return {};
}

Result<model::EndpointSet> read_set(const json& object) {
  model::EndpointSet set;
  for (const auto& done : {read_service(object, set.service), read_endpoints(object, set.endpoints)}) {
    if (!done) return failure(done.error().text);
  }
  for (const auto& done : {read_options(object, set.options), read_addresses(object, set.addresses),
                           read_failover(object, set.service, set.failover)}) {
    if (!done) return failure(done.error().text);
  }
  std::sort(set.endpoints.begin(), set.endpoints.end(),
            [](const auto& a, const auto& b) { return a.address < b.address; });
  const auto twice = std::adjacent_find(set.endpoints.begin(), set.endpoints.end(),
                                        [](const auto& a, const auto& b) { return a.address == b.address; });
  if (twice != set.endpoints.end()) return failure("endpoints: " + twice->address + " is there twice");
  const auto rules = object.find("rules");
  if (rules == object.end() || !rules->is_array() || rules->empty()) {
    return failure("rules; allowed: an array of at least one object");
  }
  for (const json& entry : *rules) {
    auto rule = read_rule(entry);
    if (!rule) return failure("rules: " + rule.error().text);
    set.rules.push_back(std::move(*rule));
  }
  return set;
}

}  // namespace outrigger::feed
