#include "model/endpoint_set.h"

#include <arpa/inet.h>

#include "model/shown_value.h"

namespace outrigger::model {
namespace {

tl::unexpected<Error> not_an_address(std::string_view text) {
  return failure("'" + shown_value(text) +
                 "' is not allowed; allowed: IP:PORT with a numeric IPv4 address or an IPv6 address in brackets (not "
                 "unspecified, not IPv4-mapped, no zone) and a port from 1 to 65535");
}

/// The one spelling of an address, IPv6 in brackets, by RFC 5952; empty when it is not one to send requests to.
std::string canonical_ip(std::string_view ip) {
  char text[INET6_ADDRSTRLEN] = {};
  if (ip.size() >= sizeof text || ip.find('\0') != std::string_view::npos) return {};
  ip.copy(text, ip.size());
  if (in_addr v4{}; inet_pton(AF_INET, text, &v4) == 1) {
    return v4.s_addr == INADDR_ANY ? std::string() : std::string(ip);
  }
  in6_addr v6{};
  if (inet_pton(AF_INET6, text, &v6) != 1 || IN6_IS_ADDR_UNSPECIFIED(&v6) || IN6_IS_ADDR_V4MAPPED(&v6)) return {};
  inet_ntop(AF_INET6, &v6, text, sizeof text);
  return "[" + std::string(text) + "]";
}

}  // namespace

std::vector<Rule> own_cluster_rule(const ServicePort& service) { return {Rule{"/", {WeightedCluster{service, 1}}}}; }

Result<std::string> canonical_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return not_an_address(text);
  std::string_view ip = text.substr(0, colon);
  const bool brackets = ip.size() > 2 && ip.front() == '[' && ip.back() == ']';
  if (brackets) ip = ip.substr(1, ip.size() - 2);
  const bool is_ipv6 = ip.find(':') != std::string_view::npos;
  const auto port = parse_number(text.substr(colon + 1), 1, 65'535);
  if (brackets != is_ipv6 || !port) return not_an_address(text);
  const std::string canonical = canonical_ip(ip);
  if (canonical.empty()) return not_an_address(text);
  return canonical + ":" + std::to_string(*port);
}

Result<std::string> canonical_address(std::string_view ip, std::uint32_t port) {
  const std::string canonical = canonical_ip(ip);
  if (canonical.empty() || port < 1 || port > 65'535) {
    const bool is_ipv6 = ip.find(':') != std::string_view::npos;
    const std::string shown(ip);
    return not_an_address((is_ipv6 ? "[" + shown + "]" : shown) + ":" + std::to_string(port));
  }
  return canonical + ":" + std::to_string(port);
}

}  // namespace outrigger::model
