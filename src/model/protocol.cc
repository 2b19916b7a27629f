#include "model/protocol.h"

#include <algorithm>
#include <array>
#include <utility>

#include "model/service_options.h"
#include "model/shown_value.h"

namespace outrigger::model {
namespace {

constexpr std::array<std::string_view, 5> kNames = {"auto", "http", "http2", "grpc", "tcp"};  // by Protocol

constexpr std::pair<std::string_view, Protocol> kAppProtocols[] = {
    {"http", Protocol::http},
    {"grpc-web", Protocol::http},
    {"kubernetes.io/ws", Protocol::http},
    {"http2", Protocol::http2},
    {"h2c", Protocol::http2},
    {"kubernetes.io/h2c", Protocol::http2},
    {"grpc", Protocol::grpc},
    {"kubernetes.io/grpc", Protocol::grpc},
    {"tcp", Protocol::tcp},
    {"tls", Protocol::tcp},
    {"https", Protocol::tcp},
    {"kubernetes.io/wss", Protocol::tcp},
    {"linkerd.io/opaque", Protocol::tcp},
    {"amqp", Protocol::tcp},
    {"amqps", Protocol::tcp},
    {"ftp", Protocol::tcp},
    {"imap", Protocol::tcp},
    {"imaps", Protocol::tcp},
    {"kafka", Protocol::tcp},
    {"ldap", Protocol::tcp},
    {"ldaps", Protocol::tcp},
    {"memcache", Protocol::tcp},
    {"mongo", Protocol::tcp},
    {"mongodb", Protocol::tcp},
    {"mqtt", Protocol::tcp},
    {"mysql", Protocol::tcp},
    {"postgres", Protocol::tcp},
    {"postgresql", Protocol::tcp},
    {"redis", Protocol::tcp},
    {"smtp", Protocol::tcp},
    {"ssh", Protocol::tcp},
};

bool same_but_for_case(std::string_view text, std::string_view lower) {
  const auto lowered = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                    [&](char a, char b) { return lowered(a) == b; });
}

/// "http:80" into `by_port`; false: not that, or the port has one.
bool add_port(std::string_view text, std::map<std::uint16_t, Protocol>& by_port) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  const auto protocol = protocol_named(text.substr(0, colon));
  const auto port = parse_number(text.substr(colon + 1), 1, 65'535);
  if (!protocol || !port) return false;
  return by_port.emplace(static_cast<std::uint16_t>(*port), *protocol).second;
}

}  // namespace

std::string protocol_text(Protocol protocol) { return std::string(kNames.at(static_cast<std::size_t>(protocol))); }

std::string protocol_names() {
  std::string names;
  for (const std::string_view name : kNames) names.append(names.empty() ? "" : ", ").append(name);
  return names;
}

std::optional<Protocol> protocol_named(std::string_view name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Protocol>(found - kNames.begin());
}

Protocol Protocols::of(std::uint16_t port) const {
  const auto own = by_port.find(port);
  return own == by_port.end() ? others : own->second;
}

Result<Protocols> parse_protocols(std::string_view text) {
  if (const auto protocol = protocol_named(text)) return Protocols{.others = *protocol, .by_port = {}};
  Protocols protocols;
  std::string_view rest = text;
  while (true) {
    const std::size_t comma = rest.find(',');
    if (!add_port(rest.substr(0, comma), protocols.by_port)) {
      return failure("'" + shown_value(text) + "' is not allowed; allowed: " + protocol_names() +
                     ", or some ports' own, as in http:80,tcp:5432, none twice");
    }
    if (comma == std::string_view::npos) return protocols;
    rest.remove_prefix(comma + 1);
  }
}

std::optional<Protocol> protocol_of_app_protocol(std::string_view app_protocol) {
  for (const auto& [name, protocol] : kAppProtocols) {
    if (same_but_for_case(app_protocol, name)) return protocol;
  }
  return std::nullopt;
}

}  // namespace outrigger::model
