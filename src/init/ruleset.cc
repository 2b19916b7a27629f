#include "init/ruleset.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <string_view>

#include "model/value_text.h"

namespace outrigger::init {
namespace {

/// What inet_ntop() makes of the text if it is an IP of that family.
std::optional<std::string> canonical_ip(int family, const char* text) {
  in6_addr ip{};
  char canonical[INET6_ADDRSTRLEN];
  if (::inet_pton(family, text, &ip) != 1 || ::inet_ntop(family, &ip, canonical, sizeof(canonical)) == nullptr) {
    return std::nullopt;
  }
  return canonical;
}

std::string port_set(const model::PortRanges& ports) {
  std::string set;
  for (const model::PortRange& range : ports) {
    if (!set.empty()) set += ", ";
    set += range.first == range.last ? fmt::to_string(range.first) : fmt::format("{}-{}", range.first, range.last);
  }
  return set;
}

constexpr std::string_view kStart = R"(table inet outrigger
delete table inet outrigger
table inet outrigger {
  chain output {
    type nat hook output priority -100; policy accept;
    oifname "lo" accept
    ip daddr 169.254.0.0/16 accept
    ip6 daddr fe80::/10 accept
)";

}  // namespace

std::string IpPort::text() const { return (ipv6 ? "[" + ip + "]" : ip) + ":" + std::to_string(port); }

std::optional<IpPort> api_server(const char* host, const char* port) {
  constexpr std::uint32_t kMaxPort = 65'535;
  if (host == nullptr || port == nullptr) return std::nullopt;
  const auto number = model::parse_number(port, 1, kMaxPort);
  if (!number) return std::nullopt;
  for (const int family : {AF_INET, AF_INET6}) {
    if (auto ip = canonical_ip(family, host)) {
      return IpPort{std::move(*ip), family == AF_INET6, static_cast<std::uint16_t>(*number)};
    }
  }
  return std::nullopt;
}

std::string ruleset(const Redirection& redirection) {
  std::string text(kStart);
  text += fmt::format("    meta skuid {} accept\n", redirection.proxy_uid);
  if (const auto& server = redirection.api_server) {
    text += fmt::format("    {} daddr {} tcp dport {} accept\n", server->ipv6 ? "ip6" : "ip", server->ip, server->port);
  }
  if (!redirection.skip_ports.empty()) {
    text += fmt::format("    tcp dport {{ {} }} accept\n", port_set(redirection.skip_ports));
  }
  // Connections that were there before are not begun by the packets that connection tracking first sees of them.
  text += fmt::format("    tcp flags & (fin | syn | rst | ack) == syn redirect to :{}\n  }}\n}}\n", redirection.port);
  return text;
}

}  // namespace outrigger::init
