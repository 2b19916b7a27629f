#pragma once
/// Names of what is balanced. Plain values; any thread.
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "result/result.h"

namespace outrigger::model {

/// A namespaced object's name.
struct ObjectKey {
  std::string ns;
  std::string name;

  /// "shop/web"
  std::string text() const { return ns + "/" + name; }
  auto operator<=>(const ObjectKey&) const = default;
};

/// One port of a Service: what a sidecar subscribes to, and what a listener or a rule points at.
struct ServicePort {
  ObjectKey service;
  std::uint16_t port = 0;

  /// "shop/web:80"
  std::string text() const { return service.text() + ":" + std::to_string(port); }
  /// Reads "namespace/name:port", DNS labels and a port of 1–65535; the error names the value and what is allowed.
  static Result<ServicePort> parse(std::string_view text);
  auto operator<=>(const ServicePort&) const = default;
};

}  // namespace outrigger::model

template <>
struct std::hash<outrigger::model::ObjectKey> {
  std::size_t operator()(const outrigger::model::ObjectKey& key) const {
    return std::hash<std::string>{}(key.name) * 31 + std::hash<std::string>{}(key.ns);
  }
};
template <>
struct std::hash<outrigger::model::ServicePort> {
  std::size_t operator()(const outrigger::model::ServicePort& key) const {
    return std::hash<outrigger::model::ObjectKey>{}(key.service) * 65'537 + key.port;
  }
};
