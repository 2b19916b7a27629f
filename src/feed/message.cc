#include "feed/message.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "feed/set_json.h"
#include "model/names.h"
#include "model/shown_value.h"
#include "model/value_text.h"

namespace outrigger::feed {
namespace {

using nlohmann::json;

std::string line(const json& message) { return message.dump(-1, ' ', false, json::error_handler_t::replace) + "\n"; }

json parse(std::string_view text) { return json::parse(text, nullptr, /*allow_exceptions=*/false); }

/// A message's only key and what stands under it. `text` is for the error.
Result<std::pair<std::string, json>> open(json message, std::string_view text) {
  if (!message.is_object() || message.size() != 1) {
    return failure(fmt::format("'{}' is not a message; allowed: a JSON object with one key", model::shown_value(text)));
  }
  auto only = message.begin();
  return std::pair<std::string, json>{only.key(), std::move(only.value())};
}

Result<Subscribe> read_subscribe(const json& body) {
  if (!body.is_object() || body.size() > kMaxSubscriptions) {
    return failure(fmt::format("subscribe; allowed: an object of at most {} services", kMaxSubscriptions));
  }
  Subscribe subscribe;
  for (const auto& [name, version] : body.items()) {
    auto service = model::ServicePort::parse(name);
    if (!service) return failure("subscribe: " + service.error().text);
    if (!version.is_string() || version.get_ref<const std::string&>().size() > 64) {
      return failure("subscribe: " + name + "; allowed: a version of at most 64 bytes, or an empty one");
    }
    subscribe.services.emplace(std::move(*service), version.get<std::string>());
  }
  return subscribe;
}

/// Takes what may stand beside a subscribe out of the message.
Result<std::string> take_node(json& message) {
  if (!message.is_object() || !message.contains("subscribe")) return std::string();
  const auto node = message.find("node");
  if (node == message.end()) return std::string();
  if (!node->is_string() || !model::is_dns_subdomain(node->get_ref<const std::string&>())) {
    return failure(fmt::format("node; allowed: {}", model::kDnsSubdomainAllowed));
  }
  std::string name = node->get<std::string>();
  message.erase(node);
  return name;
}

Result<Unsubscribe> read_unsubscribe(const json& body) {
  if (!body.is_array() || body.size() > kMaxSubscriptions) {
    return failure(fmt::format("unsubscribe; allowed: an array of at most {} services", kMaxSubscriptions));
  }
  Unsubscribe unsubscribe;
  for (const json& name : body) {
    if (!name.is_string()) return failure("unsubscribe; allowed: strings");
    auto service = model::ServicePort::parse(name.get_ref<const std::string&>());
    if (!service) return failure("unsubscribe: " + service.error().text);
    unsubscribe.services.push_back(std::move(*service));
  }
  return unsubscribe;
}

Result<std::string> read_address(const json& text) {
  if (!text.is_string()) return failure("allowed: strings");
  const auto& given = text.get_ref<const std::string&>();
  if (given.find('/') != std::string::npos) {
    const auto service = model::ServicePort::parse(given);
    if (!service) return failure(service.error().text);
    return given;
  }
  auto address = model::canonical_address(given);
  if (!address) return failure(address.error().text);
  // The other spelling of it would be answered with a name that was not asked for.
  if (*address != given) return failure(model::not_allowed(given, *address));
  return address;
}

template <class Message>
Result<Message> read_addresses(const json& body) {
  if (!body.is_array() || body.size() > kMaxResolutions) {
    return failure(fmt::format("allowed: an array of at most {} addresses", kMaxResolutions));
  }
  Message message;
  for (const json& text : body) {
    auto address = read_address(text);
    if (!address) return failure(address.error().text);
    message.addresses.push_back(std::move(*address));
  }
  return message;
}

Result<Destination> read_destination(const json& body) {
  if (!body.is_object() || !body.contains("address")) return failure("allowed: an object with an address");
  Destination destination;
  auto address = read_address(body["address"]);
  if (!address) return failure("address: " + address.error().text);
  destination.address = std::move(*address);
  if (!body.contains("service")) return destination;
  if (auto done = read_service(body, destination.service.emplace()); !done) return failure(done.error().text);
  return destination;
}

Result<Delta> read_delta(const json& body) {
  Delta delta;
  for (const auto& done : {read_service(body, delta.service), read_text(body, "from", delta.from),
                           read_text(body, "version", delta.version), read_endpoints(body, delta.changed)}) {
    if (!done) return failure(done.error().text);
  }
  const auto removed = body.find("removed");
  if (removed == body.end()) return delta;
  if (!removed->is_array() || removed->size() > kMaxEndpoints) {
    return failure(fmt::format("removed; allowed: an array of at most {} addresses", kMaxEndpoints));
  }
  for (const json& address : *removed) {
    if (!address.is_string()) return failure("removed; allowed: strings");
    delta.removed.push_back(address.get<std::string>());
  }
  return delta;
}

Result<FullSet> read_full_set(const json& body) {
  FullSet full;
  if (auto done = read_text(body, "version", full.version); !done) return failure(done.error().text);
  auto set = read_set(body);
  if (!set) return failure(set.error().text);
  full.set = std::move(*set);
  return full;
}

Result<Place> read_place(const json& body) {
  Place place;
  if (auto done = read_text(body, "zone", place.zone); !done) return failure(done.error().text);
  if (!place.zone.empty() && !model::is_label_value(place.zone)) {
    return failure("zone: " + model::not_allowed(place.zone, fmt::format("nothing, {}", model::kLabelValueAllowed)));
  }
  return place;
}

/// Messages that say a service and maybe a version.
template <class Message>
Result<Message> read_named(const json& body) {
  Message message;
  if (auto done = read_service(body, message.service); !done) return failure(done.error().text);
  if constexpr (requires { message.version; }) {
    if (auto done = read_text(body, "version", message.version); !done) return failure(done.error().text);
  }
  return message;
}

template <class Variant, class Message>
Result<Variant> widen(Result<Message> message, std::string_view key) {
  if (!message) return failure(fmt::format("{}: {}", key, message.error().text));
  return Variant(std::move(*message));
}

json body_of(const Subscribe& message) {
  json services = json::object();
  for (const auto& [service, version] : message.services) services[service.text()] = version;
  json body = {{"subscribe", std::move(services)}};
  if (!message.node.empty()) body["node"] = message.node;
  return body;
}
json body_of(const Unsubscribe& message) {
  json services = json::array();
  for (const auto& service : message.services) services.push_back(service.text());
  return {{"unsubscribe", std::move(services)}};
}
json body_of(const Resolve& message) { return {{"resolve", message.addresses}}; }
json body_of(const Unresolve& message) { return {{"unresolve", message.addresses}}; }
json body_of(const Ack& message) {
  return {{"ack", {{"service", message.service.text()}, {"version", message.version}}}};
}
json body_of(const FullSet& message) {
  json set = set_json(message.set);
  set["version"] = message.version;
  return {{"set", std::move(set)}};
}
json body_of(const Delta& message) {
  json delta = {{"service", message.service.text()}, {"from", message.from}, {"version", message.version}};
  if (!message.changed.empty()) delta["endpoints"] = endpoints_json(message.changed);
  if (!message.removed.empty()) delta["removed"] = message.removed;
  return {{"delta", std::move(delta)}};
}
json body_of(const Current& message) {
  return {{"current", {{"service", message.service.text()}, {"version", message.version}}}};
}
json body_of(const Absent& message) { return {{"absent", {{"service", message.service.text()}}}}; }
json body_of(const Destination& message) {
  json destination = {{"address", message.address}};
  if (message.service) destination["service"] = message.service->text();
  return {{"destination", std::move(destination)}};
}
json body_of(const Place& message) { return {{"place", {{"zone", message.zone}}}}; }
json body_of(const Heartbeat&) { return {{"heartbeat", json::object()}}; }

}  // namespace

std::string encode(const ToOperator& message) {
  return std::visit([](const auto& body) { return line(body_of(body)); }, message);
}

std::string encode(const ToSidecar& message) {
  return std::visit([](const auto& body) { return line(body_of(body)); }, message);
}

Result<ToOperator> decode_to_operator(std::string_view text) {
  json whole = parse(text);
  auto node = take_node(whole);
  if (!node) return failure(node.error().text);
  auto message = open(std::move(whole), text);
  if (!message) return failure(message.error().text);
  const auto& [key, body] = *message;
  if (key == "subscribe") {
    auto subscribe = read_subscribe(body);
    if (subscribe) subscribe->node = std::move(*node);
    return widen<ToOperator>(std::move(subscribe), key);
  }
  if (key == "unsubscribe") return widen<ToOperator>(read_unsubscribe(body), key);
  if (key == "resolve") return widen<ToOperator>(read_addresses<Resolve>(body), key);
  if (key == "unresolve") return widen<ToOperator>(read_addresses<Unresolve>(body), key);
  if (key == "ack") return widen<ToOperator>(read_named<Ack>(body), key);
  return failure(fmt::format("'{}' is not a message; allowed: subscribe, unsubscribe, resolve, unresolve, ack",
                             model::shown_value(key)));
}

Result<ToSidecar> decode_to_sidecar(std::string_view text) {
  auto message = open(parse(text), text);
  if (!message) return failure(message.error().text);
  const auto& [key, body] = *message;
  if (key == "set") return widen<ToSidecar>(read_full_set(body), key);
  if (key == "delta") return widen<ToSidecar>(read_delta(body), key);
  if (key == "current") return widen<ToSidecar>(read_named<Current>(body), key);
  if (key == "absent") return widen<ToSidecar>(read_named<Absent>(body), key);
  if (key == "destination") return widen<ToSidecar>(read_destination(body), key);
  if (key == "place") return widen<ToSidecar>(read_place(body), key);
  if (key == "heartbeat") return ToSidecar(Heartbeat{});
  return failure(
      fmt::format("'{}' is not a message; allowed: set, delta, current, absent, destination, place, heartbeat",
                  model::shown_value(key)));
}

}  // namespace outrigger::feed
