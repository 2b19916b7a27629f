#include "kube/server_address.h"

#include <charconv>

#include "model/shown_value.h"

namespace outrigger::kube {
namespace {

constexpr std::string_view kScheme = "https://";

bool is_plain(std::string_view text) {
  return text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:%/[]") ==
         std::string_view::npos;
}

}  // namespace

Result<ServerAddress> ServerAddress::parse(std::string_view url) {
  const auto refused = [&] {
    return failure("'" + model::shown_value(url) + "' is not allowed; allowed: https://HOST[:PORT][/PREFIX]");
  };
  if (!url.starts_with(kScheme) || !is_plain(url)) return refused();
  std::string_view rest = url.substr(kScheme.size());

  ServerAddress address;
  const std::size_t slash = rest.find('/');
  if (slash != std::string_view::npos) {
    address.prefix = rest.substr(slash);
    while (address.prefix.ends_with('/')) address.prefix.pop_back();
    rest = rest.substr(0, slash);
  }

  std::string_view port;
  if (rest.starts_with('[')) {
    const std::size_t end = rest.find(']');
    if (end == std::string_view::npos) return refused();
    address.host = rest.substr(1, end - 1);
    port = rest.substr(end + 1);
  } else {
    const std::size_t colon = rest.find(':');
    address.host = rest.substr(0, colon);
    if (colon != std::string_view::npos) port = rest.substr(colon);
  }
  if (address.host.empty() || address.host.find_first_of("[]%") != std::string::npos) return refused();
  if (port.empty()) return address;

  const char* const end = port.data() + port.size();
  const auto [stop, problem] = std::from_chars(port.data() + 1, end, address.port);
  if (port.front() != ':' || problem != std::errc{} || stop != end || address.port == 0) return refused();
  return address;
}

}  // namespace outrigger::kube
