#include "net/original_destination.h"

#include <ifaddrs.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <system_error>

namespace outrigger::net {
namespace {

/// SO_ORIGINAL_DST of <linux/netfilter_ipv4.h>, and IP6T_SO_ORIGINAL_DST of <linux/netfilter_ipv6/ip6_tables.h>, which
/// is not C++.
constexpr int kOriginalDestination = 80;

constexpr std::size_t kMappedPrefixBytes = 12;

/// IPv4 in IPv6 (RFC 4291 section 2.5.5.2) as the IPv4 that it is.
SocketAddress unmapped(const SocketAddress& address) {
  if (address.storage.ss_family != AF_INET6) return address;
  sockaddr_in6 mapped{};
  std::memcpy(&mapped, &address.storage, sizeof(mapped));
  if (!IN6_IS_ADDR_V4MAPPED(&mapped.sin6_addr)) return address;
  sockaddr_in plain{};
  plain.sin_family = AF_INET;
  plain.sin_port = mapped.sin6_port;
  std::memcpy(&plain.sin_addr, &mapped.sin6_addr.s6_addr[kMappedPrefixBytes], sizeof(plain.sin_addr));
  SocketAddress unmapped_address;
  std::memcpy(&unmapped_address.storage, &plain, sizeof(plain));
  unmapped_address.length = sizeof(plain);
  return unmapped_address;
}

std::optional<SocketAddress> before_redirection(int fd, int family) {
  const bool ipv6 = family == AF_INET6;
  SocketAddress address;
  address.length = ipv6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  socklen_t length = address.length;
  const int level = ipv6 ? IPPROTO_IPV6 : IPPROTO_IP;
  if (::getsockopt(fd, level, kOriginalDestination, &address.storage, &length) != 0) return std::nullopt;
  return address;
}

/// The IP alone.
bool same_ip(const SocketAddress& a, const SocketAddress& b) {
  if (a.storage.ss_family != b.storage.ss_family) return false;
  if (a.storage.ss_family == AF_INET) {
    sockaddr_in one{}, other{};
    std::memcpy(&one, &a.storage, sizeof(one));
    std::memcpy(&other, &b.storage, sizeof(other));
    return one.sin_addr.s_addr == other.sin_addr.s_addr;
  }
  sockaddr_in6 one{}, other{};
  std::memcpy(&one, &a.storage, sizeof(one));
  std::memcpy(&other, &b.storage, sizeof(other));
  return IN6_ARE_ADDR_EQUAL(&one.sin6_addr, &other.sin6_addr);
}

bool is_unspecified(const SocketAddress& address) {
  SocketAddress zero;
  zero.storage.ss_family = address.storage.ss_family;
  return same_ip(address, zero);
}

bool is_accepted_by(const SocketAddress& listening, const SocketAddress& destination,
                    std::span<const SocketAddress> machine) {
  if (listening.port() != destination.port()) return false;
  const bool to_loopback = destination.is_loopback() || is_unspecified(destination);
  if (is_unspecified(listening)) {
    // [::] takes IPv4, too.
    if (listening.storage.ss_family == AF_INET && destination.storage.ss_family != AF_INET) return false;
    return to_loopback ||
           std::any_of(machine.begin(), machine.end(), [&](const auto& own) { return same_ip(own, destination); });
  }
  if (is_unspecified(destination)) {
    return listening.is_loopback() && listening.storage.ss_family == destination.storage.ss_family;
  }
  return same_ip(unmapped(listening), destination);
}

}  // namespace

Result<SocketAddress> original_destination(int fd) {
  auto local = local_address(fd);
  if (!local) return local;
  const SocketAddress here = unmapped(*local);
  // It fails where there is no connection tracking, and for a connection that is not tracked: then nothing changed it.
  return before_redirection(fd, here.storage.ss_family).value_or(here);
}

Result<std::vector<SocketAddress>> machine_addresses() {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) {
    return failure("the machine's addresses: " + std::system_category().message(errno));
  }
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(first, ::freeifaddrs);
  std::vector<SocketAddress> addresses;
  for (const ifaddrs* at = first; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr) continue;
    SocketAddress address;
    if (at->ifa_addr->sa_family == AF_INET) address.length = sizeof(sockaddr_in);
    if (at->ifa_addr->sa_family == AF_INET6) address.length = sizeof(sockaddr_in6);
    if (address.length == 0) continue;
    std::memcpy(&address.storage, at->ifa_addr, address.length);
    addresses.push_back(address);
  }
  return addresses;
}

bool is_of_machine(const SocketAddress& address) {
  const auto all = machine_addresses();
  return !all || std::any_of(all->begin(), all->end(), [&](const auto& own) { return own.host() == address.host(); });
}

bool leads_back(const SocketAddress& destination, std::span<const SocketAddress> listening,
                std::span<const SocketAddress> machine) {
  const SocketAddress plain = unmapped(destination);
  return std::any_of(listening.begin(), listening.end(),
                     [&](const auto& own) { return is_accepted_by(own, plain, machine); });
}

}  // namespace outrigger::net
