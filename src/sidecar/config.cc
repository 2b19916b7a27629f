#include "sidecar/config.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <optional>
#include <set>

#include "model/names.h"
#include "model/shown_value.h"
#include "sidecar/service_config.h"
#include "yaml/fields.h"

namespace outrigger::sidecar {
namespace {

using namespace yaml;
using std::chrono::milliseconds;

constexpr milliseconds kHour = std::chrono::hours(1);
constexpr std::array<std::string_view, 4> kListenerProtocols = {"auto", "http", "http2", "tcp"};  // by ListenerProtocol
constexpr std::array<std::string_view, 3> kForwarded = {"off", "forwarded", "x-forwarded"};       // by Forwarded

constexpr std::string_view kLocalhost = "localhost";
constexpr std::string_view kLocalhost4 = "127.0.0.1";
constexpr std::string_view kLocalhost6 = "[::1]";

/// An address to listen on: as an endpoint's, but any port, the unspecified address and localhost are allowed.
Result<std::string> listen_address(const std::string& address) {
  const auto refuse = [&] {
    return failure(
        fmt::format("'{}' is not allowed; allowed: IP:PORT or localhost:PORT with a port from 0 to 65535, e.g. "
                    "127.0.0.1:8080",
                    model::shown_value(address)));
  };
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos || !model::parse_number(address.substr(colon + 1), 0, 65'535)) return refuse();
  const std::string host = address.substr(0, colon);
  if (host == "0.0.0.0" || host == "[::]" || host == kLocalhost) return address;
  if (!model::canonical_address(host + ":1")) return refuse();
  return address;
}

/// One of Kubernetes' names; empty where there is none.
std::string read_name(const YAML::Node& node, const std::string& where, const std::string& key,
                      bool (*is_good)(std::string_view), std::string_view allowed) {
  if (!node[key]) return {};
  return value(node, where, key, [&](const std::string& text) -> Result<std::string> {
    return is_good(text) ? Result<std::string>(text) : failure(model::not_allowed(text, allowed));
  });
}

ListenerConfig read_listener(const YAML::Node& node, std::size_t index) {
  const std::string where = fmt::format("listeners[{}]", index);
  check_map(node, where, {"name", "address", "protocol", "service", "transparent", "byHost"});
  ListenerConfig listener;
  listener.name = text(node, where, "name");
  listener.address = value(node, where, "address", listen_address);
  listener.protocol = static_cast<ListenerProtocol>(choice(node, where, "protocol", kListenerProtocols, 0));
  listener.transparent = flag(node, where, "transparent", false);
  listener.by_host = read_name(node, where, "byHost", model::is_dns_label, model::kDnsLabelAllowed);
  const auto allow_none = [&](const char* key, const char* condition) {
    if (!node[key]) return;
    complain(node[key],
             fmt::format("{}.{}: {} is not allowed; allowed: none where {}", where, key, shown(node[key]), condition));
  };
  if (listener.transparent) allow_none("byHost", "transparent is true");
  if (listener.has_service()) {
    listener.service = value(node, where, "service", model::ServicePort::parse);
  } else {
    allow_none("service", listener.transparent ? "transparent is true" : "byHost is given");
  }
  if (!listener.by_host.empty() && listener.protocol == ListenerProtocol::tcp) {
    complain(node["protocol"],
             fmt::format("{}.protocol: 'tcp' is not allowed; allowed: auto, http, http2 where byHost is given", where));
  }
  return listener;
}

HttpSettings read_http(const YAML::Node& node) {
  const std::string where = "http";
  check_map(node, where,
            {"via", "forwarded", "maxHeadBytes", "maxTargetBytes", "maxFields", "maxBodyBytes", "headTimeout"});
  HttpSettings http;
  http.via = flag(node, where, "via", http.via);
  http.forwarded = static_cast<http::Forwarded>(choice(node, where, "forwarded", kForwarded, 0));
  http.max_head_bytes = size(node, where, "maxHeadBytes", 1 << 10, 1 << 20, http.max_head_bytes);
  http.max_target_bytes = size(node, where, "maxTargetBytes", 1 << 10, 1 << 20, http.max_target_bytes);
  http.max_fields = number(node, where, "maxFields", 16, 4'096, static_cast<std::uint32_t>(http.max_fields));
  http.max_body_bytes = size(node, where, "maxBodyBytes", 0, std::uint64_t{1} << 40, http.max_body_bytes);
  http.head_timeout = duration(node, where, "headTimeout", milliseconds(100), kHour, http.head_timeout);
  return http;
}

Limits read_limits(const YAML::Node& node) {
  const std::string where = "limits";
  check_map(node, where, {"connections", "bufferedBytes", "grace"});
  Limits limits;
  limits.connections = number(node, where, "connections", 0, 1'000'000, limits.connections);
  limits.buffered_bytes = size(node, where, "bufferedBytes", 1 << 20, std::uint64_t{64} << 30, limits.buffered_bytes);
  limits.grace = duration(node, where, "grace", milliseconds(0), kHour, limits.grace);
  return limits;
}

/// A name, an IPv4 address, or an IPv6 address in brackets, which are taken off; nothing when it is none of these.
std::optional<std::string> host_of(const std::string& text) {
  constexpr std::size_t kLongestName = 253;  // RFC 1035 section 2.3.4, without the root
  if (text.starts_with('[') && model::canonical_address(text + ":1")) return text.substr(1, text.size() - 2);
  const bool is_name = std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_';
  });
  return is_name && !text.empty() && text.size() <= kLongestName ? std::optional(text) : std::nullopt;
}

uplink::OperatorConfig read_operator(const YAML::Node& node, const std::filesystem::path& directory) {
  const std::string where = "operator";
  check_map(node, where, {"address", "ca", "cert", "key", "token", "snapshot", "unusedAfter", "lookupTimeout"});
  uplink::OperatorConfig feed;
  const std::string address = text(node, where, "address");
  constexpr std::string_view kScheme = "https://";
  const std::size_t colon = address.rfind(':');
  std::optional<std::string> host;
  Result<std::uint32_t> port = failure("");
  if (address.starts_with(kScheme) && colon > kScheme.size()) {
    host = host_of(address.substr(kScheme.size(), colon - kScheme.size()));
    port = model::parse_number(address.substr(colon + 1), 1, 65'535);
  }
  if (!host || !port) {
    complain(node["address"],
             fmt::format("operator.address: '{}' is not allowed; allowed: https://HOST:PORT with a name, an IPv4 "
                         "address or an IPv6 address in brackets, and a port from 1 to 65535",
                         model::shown_value(address)));
  }
  feed.host = *host;
  feed.port = static_cast<std::uint16_t>(*port);
  const auto path = [&](const char* key) { return (directory / text(node, where, key)).string(); };
  feed.ca = path("ca");
  if (node["token"]) {
    for (const char* key : {"cert", "key"}) {
      if (node[key])
        complain(node[key], fmt::format("operator.{}: is not allowed; allowed: none where there is a token", key));
    }
    feed.token = path("token");
  } else {
    feed.certificate = path("cert");
    feed.key = path("key");
  }
  if (node["snapshot"]) feed.snapshot = path("snapshot");
  feed.lookup_timeout =
      duration(node, where, "lookupTimeout", milliseconds(10), milliseconds(10'000), feed.lookup_timeout);
  feed.unused_after = duration(node, where, "unusedAfter", milliseconds(1'000), model::kMaxDuration, feed.unused_after);
  return feed;
}

template <class Items, class Name>
void check_unique(const YAML::Node& root, const char* key, const Items& items, const Name& name) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!seen.insert(name(items[i])).second) {
      complain(root[key][i], fmt::format("{}[{}]: '{}' is there twice", key, i, model::shown_value(name(items[i]))));
    }
  }
}

/// Two Services of one address would leave open which of them is dialled.
void check_unique_addresses(const YAML::Node& root, const std::vector<model::EndpointSet>& services) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < services.size(); ++i) {
    for (std::size_t k = 0; k < services[i].addresses.size(); ++k) {
      if (seen.insert(services[i].addresses[k]).second) continue;
      complain(root["services"][i]["clusterAddresses"][k],
               fmt::format("services[{}].clusterAddresses: {} is there twice", i, services[i].addresses[k]));
    }
  }
}

/// What a listener or a service points to is in the file, or comes from an operator.
void check_known(const YAML::Node& root, const Config& config) {
  if (config.feed) return;
  std::set<model::ServicePort> known;
  for (const model::EndpointSet& set : config.services) known.insert(set.service);
  const auto check = [&](const model::ServicePort& service, const char* list, std::size_t index, const char* key) {
    if (known.contains(service)) return;
    complain(root[list][index][key], fmt::format("{}[{}].{}: '{}' is not allowed; allowed: a name under services, or "
                                                 "any with an operator",
                                                 list, index, key, service.text()));
  };
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    if (config.listeners[i].has_service()) check(config.listeners[i].service, "listeners", i, "service");
  }
  for (std::size_t i = 0; i < config.services.size(); ++i) {
    for (const model::Rule& rule : config.services[i].rules) {
      for (const model::WeightedCluster& cluster : rule.clusters) check(cluster.cluster, "services", i, "weights");
    }
    for (const model::ServicePort& failover : config.services[i].failover) check(failover, "services", i, "failover");
  }
}

std::string with_host(const std::string& address, std::string_view host) {
  if (!address.starts_with(kLocalhost)) return address;
  return std::string(host) + address.substr(kLocalhost.size());
}

/// To each at localhost another, for IPv6.
void split_localhost(const YAML::Node& root, std::vector<ListenerConfig>& listeners) {
  const std::size_t written = listeners.size();
  for (std::size_t i = 0; i < written; ++i) {
    if (!listeners[i].address.starts_with(kLocalhost)) continue;
    ListenerConfig other = listeners[i];
    other.name += " (IPv6)";
    if (std::any_of(listeners.begin(), listeners.end(), [&](const auto& one) { return one.name == other.name; })) {
      complain(root["listeners"][i], fmt::format("listeners[{}]: '{}' is there twice, as the name of localhost's IPv6",
                                                 i, model::shown_value(other.name)));
    }
    other.address = with_host(other.address, kLocalhost6);
    other.if_there = true;
    listeners[i].address = with_host(listeners[i].address, kLocalhost4);
    listeners.push_back(std::move(other));
  }
}

Config read_root(const YAML::Node& root, const std::string& path) {
  // A node that is nothing has no place.
  if (root.IsNull())
    throw Complaint{0,
                    "the file is empty; allowed: a map with admin, workers, zone, node, listeners, services, http, "
                    "limits, operator"};
  check_map(root, "file", {"admin", "workers", "zone", "node", "listeners", "services", "http", "limits", "operator"});
  Config config;
  if (root["admin"]) config.admin = with_host(value(root, "file", "admin", listen_address), kLocalhost4);
  config.workers = number(root, "file", "workers", 1, kMaxWorkers, 0);
  config.zone = read_name(root, "file", "zone", model::is_label_value, model::kLabelValueAllowed);
  config.node = read_name(root, "file", "node", model::is_dns_subdomain, model::kDnsSubdomainAllowed);
  for (const YAML::Node& node : list(root, "file", "listeners")) {
    if (config.listeners.size() == kMaxListeners)
      complain(node, fmt::format("listeners: allowed: at most {}", kMaxListeners));
    config.listeners.push_back(read_listener(node, config.listeners.size()));
  }
  check_unique(root, "listeners", config.listeners, [](const auto& listener) { return listener.name; });
  for (const std::string_view host : {kLocalhost4, kLocalhost6}) {
    check_unique(root, "listeners", config.listeners, [host](const auto& listener) {
      const bool any_port = listener.address.ends_with(":0");
      return any_port ? listener.name + " " + listener.address : with_host(listener.address, host);
    });
  }
  for (const YAML::Node& node : list(root, "file", "services"))
    config.services.push_back(read_service(node, config.services.size()));
  check_unique(root, "services", config.services, [](const auto& set) { return set.service.text(); });
  check_unique_addresses(root, config.services);
  if (root["http"]) config.http = read_http(root["http"]);
  if (root["limits"]) config.limits = read_limits(root["limits"]);
  if (root["operator"]) config.feed = read_operator(root["operator"], std::filesystem::path(path).parent_path());
  check_known(root, config);
  split_localhost(root, config.listeners);
  return config;
}

}  // namespace

std::string listener_protocol_text(ListenerProtocol protocol) {
  return std::string(kListenerProtocols.at(static_cast<std::size_t>(protocol)));
}

std::string forwarded_text(http::Forwarded forwarded) {
  return std::string(kForwarded.at(static_cast<std::size_t>(forwarded)));
}

Result<Config> parse_config(const std::string& text, const std::string& path) {
  return read_document(text, path, [&](const YAML::Node& root) { return read_root(root, path); });
}

Result<std::string> read_config(const std::string& path) { return read_file(path); }

}  // namespace outrigger::sidecar
