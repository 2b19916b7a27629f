#include "sidecar/config.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "model/shown_value.h"

namespace outrigger::sidecar {
namespace {

/// Any complaint about the file, on its way to parse_config(), the only one to catch it. yaml-cpp throws as well.
struct Complaint {
  int line;  ///< from 0
  std::string text;
};

[[noreturn]] void complain(const YAML::Node& node, const std::string& text) { throw Complaint{node.Mark().line, text}; }

std::string shown(const YAML::Node& node) {
  if (node.IsScalar()) return "'" + model::shown_value(node.Scalar()) + "'";
  return node.IsMap() ? "a map" : node.IsSequence() ? "a list" : "nothing";
}

void check_map(const YAML::Node& node, const std::string& where, const std::vector<std::string>& known) {
  if (!node.IsMap()) complain(node, fmt::format("{}: {} is not allowed; allowed: a map", where, shown(node)));
  std::set<std::string> seen;
  for (const auto& entry : node) {
    const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      complain(entry.first,
               fmt::format("{}: unknown key {}; allowed: {}", where, shown(entry.first), fmt::join(known, ", ")));
    }
    if (!seen.insert(key).second) complain(entry.first, fmt::format("{}: '{}' is there twice", where, key));
  }
}

/// A list under `key`, or nothing when it is absent.
std::vector<YAML::Node> list(const YAML::Node& parent, const std::string& key) {
  const YAML::Node node = parent[key];
  if (!node || node.IsNull()) return {};
  if (!node.IsSequence()) complain(node, fmt::format("{}: {} is not allowed; allowed: a list", key, shown(node)));
  return {node.begin(), node.end()};
}

std::string text(const YAML::Node& parent, const std::string& where, const std::string& key) {
  const YAML::Node node = parent[key];
  if (!node) complain(parent, fmt::format("{}: '{}' is missing", where, key));
  if (!node.IsScalar() || node.Scalar().empty()) {
    complain(node, fmt::format("{}.{}: {} is not allowed; allowed: a text that is not empty", where, key, shown(node)));
  }
  return node.Scalar();
}

std::uint32_t number(const YAML::Node& parent, const std::string& where, const std::string& key, std::uint32_t low,
                     std::uint32_t high, std::uint32_t absent) {
  const YAML::Node node = parent[key];
  if (!node) return absent;
  const auto value = model::parse_number(node.IsScalar() ? node.Scalar() : "", low, high);
  if (!value) complain(node, fmt::format("{}.{}: {}", where, key, value.error().text));
  return *value;
}

/// What `read` makes of the text under `key`; its error gets the place in front.
template <class Read>
auto value(const YAML::Node& parent, const std::string& where, const std::string& key, const Read& read) {
  auto result = read(text(parent, where, key));
  if (!result) complain(parent[key], fmt::format("{}.{}: {}", where, key, result.error().text));
  return *result;
}

/// An address to listen on: as an endpoint's, but any port and the unspecified address are allowed.
Result<std::string> listen_address(const std::string& address) {
  const auto refuse = [&] {
    return failure(fmt::format("'{}' is not allowed; allowed: IP:PORT with a port from 0 to 65535, e.g. 127.0.0.1:8080",
                               model::shown_value(address)));
  };
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos || !model::parse_number(address.substr(colon + 1), 0, 65'535)) return refuse();
  const std::string host = address.substr(0, colon);
  if (host == "0.0.0.0" || host == "[::]") return address;
  if (!model::canonical_address(host + ":1")) return refuse();
  return address;
}

ListenerConfig read_listener(const YAML::Node& node, std::size_t index) {
  const std::string where = fmt::format("listeners[{}]", index);
  check_map(node, where, {"name", "address", "protocol", "service"});
  ListenerConfig listener;
  listener.name = text(node, where, "name");
  listener.address = value(node, where, "address", listen_address);
  listener.service = value(node, where, "service", model::ServicePort::parse);
  if (node["protocol"]) {
    const std::string protocol = text(node, where, "protocol");
    if (protocol != "auto" && protocol != "http") {
      complain(node["protocol"], fmt::format("{}.protocol: '{}' is not allowed; allowed: auto, http", where,
                                             model::shown_value(protocol)));
    }
  }
  return listener;
}

model::Endpoint read_endpoint(const YAML::Node& node, const std::string& where) {
  check_map(node, where, {"address", "weight", "tier", "zone"});
  model::Endpoint endpoint;
  endpoint.address =
      value(node, where, "address", [](const std::string& address) { return model::canonical_address(address); });
  endpoint.weight = number(node, where, "weight", 1, model::kMaxWeight, 1);
  endpoint.tier = number(node, where, "tier", 0, model::kMaxTier, 0);
  if (node["zone"]) endpoint.zone = text(node, where, "zone");
  return endpoint;
}

model::EndpointSet read_service(const YAML::Node& node, std::size_t index) {
  const std::string where = fmt::format("services[{}]", index);
  std::vector<std::string> known = {"name", "endpoints"};
  for (const std::string_view option : model::option_names()) known.push_back(model::camel_case(option));
  check_map(node, where, known);

  model::EndpointSet set;
  set.service = value(node, where, "name", model::ServicePort::parse);
  set.rules = model::own_cluster_rule(set.service);
  for (const std::string_view option : model::option_names()) {
    const std::string key = model::camel_case(option);
    if (!node[key]) continue;
    const std::string given = text(node, where, key);
    if (auto done = model::set_option(set.options, option, given); !done) {
      complain(node[key], fmt::format("{}.{}: {}", where, key, done.error().text));
    }
  }
  for (const YAML::Node& entry : list(node, "endpoints")) {
    set.endpoints.push_back(read_endpoint(entry, fmt::format("{}.endpoints[{}]", where, set.endpoints.size())));
    const auto& added = set.endpoints.back();
    if (std::any_of(set.endpoints.begin(), set.endpoints.end() - 1,
                    [&](const auto& other) { return other.address == added.address; })) {
      complain(entry, fmt::format("{}.endpoints: {} is there twice", where, added.address));
    }
  }
  std::sort(set.endpoints.begin(), set.endpoints.end(),
            [](const auto& a, const auto& b) { return a.address < b.address; });
  return set;
}

OperatorConfig read_operator(const YAML::Node& node, const std::filesystem::path& directory) {
  const std::string where = "operator";
  check_map(node, where, {"address", "ca", "cert", "key", "snapshot"});
  OperatorConfig feed;
  const std::string address = text(node, where, "address");
  const std::size_t colon = address.rfind(':');
  constexpr std::string_view kScheme = "https://";
  const auto port = colon == std::string::npos ? Result<std::uint32_t>(failure(""))
                                               : model::parse_number(address.substr(colon + 1), 1, 65'535);
  if (!address.starts_with(kScheme) || !port || colon <= kScheme.size()) {
    complain(node["address"],
             fmt::format("operator.address: '{}' is not allowed; allowed: https://HOST:PORT with a port "
                         "from 1 to 65535",
                         model::shown_value(address)));
  }
  feed.host = address.substr(kScheme.size(), colon - kScheme.size());
  if (feed.host.starts_with('[') && feed.host.ends_with(']')) feed.host = feed.host.substr(1, feed.host.size() - 2);
  feed.port = static_cast<std::uint16_t>(*port);
  const auto path = [&](const char* key) { return (directory / text(node, where, key)).string(); };
  feed.ca = path("ca");
  feed.certificate = path("cert");
  feed.key = path("key");
  if (node["snapshot"]) feed.snapshot = path("snapshot");
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

Config read_root(const YAML::Node& root, const std::string& path) {
  // A node that is nothing has no place.
  if (root.IsNull())
    throw Complaint{0, "the file is empty; allowed: a map with admin, workers, listeners, services, operator"};
  check_map(root, "file", {"admin", "workers", "listeners", "services", "operator"});
  Config config;
  if (root["admin"]) config.admin = value(root, "file", "admin", listen_address);
  config.workers = number(root, "file", "workers", 1, kMaxWorkers, 0);
  for (const YAML::Node& node : list(root, "listeners")) {
    if (config.listeners.size() == kMaxListeners)
      complain(node, fmt::format("listeners: allowed: at most {}", kMaxListeners));
    config.listeners.push_back(read_listener(node, config.listeners.size()));
  }
  check_unique(root, "listeners", config.listeners, [](const auto& listener) { return listener.name; });
  check_unique(root, "listeners", config.listeners, [](const auto& listener) {
    const bool any_port = listener.address.ends_with(":0");
    return any_port ? listener.name + " " + listener.address : listener.address;
  });
  for (const YAML::Node& node : list(root, "services"))
    config.services.push_back(read_service(node, config.services.size()));
  check_unique(root, "services", config.services, [](const auto& set) { return set.service.text(); });
  if (root["operator"]) config.feed = read_operator(root["operator"], std::filesystem::path(path).parent_path());

  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    const model::ServicePort& service = config.listeners[i].service;
    const bool here = std::any_of(config.services.begin(), config.services.end(),
                                  [&](const auto& set) { return set.service == service; });
    if (!here && !config.feed) {
      complain(root["listeners"][i]["service"],
               fmt::format("listeners[{}].service: '{}' is not allowed; allowed: a name under services, or any with an "
                           "operator",
                           i, service.text()));
    }
  }
  return config;
}

}  // namespace

Result<Config> parse_config(const std::string& text, const std::string& path) {
  try {
    return read_root(YAML::Load(text), path);
  } catch (const Complaint& complaint) {
    return failure(fmt::format("{}:{}: {}", path, complaint.line + 1, complaint.text));
  } catch (const YAML::Exception& broken) {
    return failure(fmt::format("{}:{}: not YAML: {}", path, broken.mark.line + 1, broken.msg));
  }
}

Result<std::string> read_config(const std::string& path) {
  errno = 0;
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  // Taking nothing from an empty file is a failure to the stream, but has no errno.
  if (!file || (text.fail() && errno != 0)) return failure(path + ": cannot be read: " + std::strerror(errno));
  return text.str();
}

}  // namespace outrigger::sidecar
