#include "sidecar/service_host.h"

#include <algorithm>
#include <string>

namespace outrigger::sidecar {
namespace {

constexpr std::string_view kDefaultPort = "80";

/// Takes the first label and the '.' behind it off `name`.
std::string_view take_label(std::string_view& name) {
  const std::size_t dot = name.find('.');
  const std::string_view label = name.substr(0, dot);
  name.remove_prefix(dot == std::string_view::npos ? name.size() : dot + 1);
  return label;
}

}  // namespace

std::optional<model::ServicePort> service_of_host(std::string_view authority, std::string_view ns) {
  std::string lower(authority);
  std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  std::string_view host = lower;
  std::string_view port = kDefaultPort;
  if (const std::size_t colon = host.find(':'); colon != std::string_view::npos) {
    port = host.substr(colon + 1);
    host = host.substr(0, colon);
  }
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.ends_with('.')) return std::nullopt;

  const std::string_view name = take_label(host);
  if (!host.empty()) ns = take_label(host);
  if (!host.empty() && take_label(host) != "svc") return std::nullopt;
  auto service = model::ServicePort::parse(std::string(ns) + "/" + std::string(name) + ":" + std::string(port));
  return service ? std::optional(std::move(*service)) : std::nullopt;
}

}  // namespace outrigger::sidecar
