#pragma once
/// The feed's messages: one JSON object a line, both ways, over one HTTPS request whose body and answer both stream
/// (POST /v1/feed). Pure: text in, values out.
///
///   sidecar → operator   {"subscribe":{"shop/web:80":"VERSION or empty", ...}}, also with "node":"NAME" beside it
///                        {"unsubscribe":["shop/web:80", ...]}
///                        {"resolve":["10.96.0.7:80", "shop/web:80", ...]}
///                        {"unresolve":["10.96.0.7:80", ...]}
///                        {"ack":{"service":"shop/web:80","version":"..."}}
///   operator → sidecar
///   {"set":{"service":"shop/web:80","version":"...","options":{...},"rules":[...],"endpoints":[...],"addresses":[...],
///           "failover":["shop/standby:80"]}}
///                        {"delta":{"service":"...","from":"...","version":"...","endpoints":[...],"removed":["ADDRESS"]}}
///                        {"current":{"service":"...","version":"..."}}
///                        {"absent":{"service":"..."}}
///                        {"destination":{"address":"10.96.0.7:80","service":"shop/web:80"}}, or without "service"
///                        {"place":{"zone":"b"}}
///                        {"heartbeat":{}}
///
/// A version is a digest of the set's content: the same in every operator that sees the same objects, so a sidecar may
/// resume with any of them. Unknown keys are ignored: an older side understands a newer one.
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "model/endpoint_set.h"
#include "result/result.h"

namespace outrigger::feed {

/// Bounds of what one line may be.
inline constexpr std::size_t kMaxLineToOperator = 1 << 20;
inline constexpr std::size_t kMaxLineToSidecar = 16 << 20;
inline constexpr std::size_t kMaxSubscriptions = 4'096;
inline constexpr std::size_t kMaxResolutions = 4'096;
inline constexpr std::size_t kMaxEndpoints = 65'536;

struct Subscribe {
  std::map<model::ServicePort, std::string> services;  ///< to the version the sidecar has, empty for none
  /// Where the sidecar runs, if it wants to be told its zone; empty: it does not, or has said so before.
  std::string node = {};
  bool operator==(const Subscribe&) const = default;
};
struct Unsubscribe {
  std::vector<model::ServicePort> services;
  bool operator==(const Unsubscribe&) const = default;
};
/// Which Services are dialled at these addresses, as EndpointSet::addresses spells them, or have these names? Each is
/// answered with a Destination, and while that is no Service with another once it is one.
struct Resolve {
  std::vector<std::string> addresses;
  bool operator==(const Resolve&) const = default;
};
/// What these addresses come to be need not be told any more.
struct Unresolve {
  std::vector<std::string> addresses;
  bool operator==(const Unresolve&) const = default;
};
/// Applied, or (after "absent") an empty version.
struct Ack {
  model::ServicePort service;
  std::string version;
  bool operator==(const Ack&) const = default;
};
using ToOperator = std::variant<Subscribe, Unsubscribe, Resolve, Unresolve, Ack>;

struct FullSet {
  std::string version;
  model::EndpointSet set;
  bool operator==(const FullSet&) const = default;
};
/// Only endpoints differ; a change of anything else is sent as a full set.
struct Delta {
  model::ServicePort service;
  std::string from;
  std::string version;
  std::vector<model::Endpoint> changed;  ///< new ones too
  std::vector<std::string> removed;      ///< addresses
  bool operator==(const Delta&) const = default;
};
/// The version asked for is the newest.
struct Current {
  model::ServicePort service;
  std::string version;
  bool operator==(const Current&) const = default;
};
/// No such Service, or no such TCP port of it, now.
struct Absent {
  model::ServicePort service;
  bool operator==(const Absent&) const = default;
};
/// What is dialled at that address.
struct Destination {
  std::string address;
  std::optional<model::ServicePort> service;  ///< none: no Service, now
  bool operator==(const Destination&) const = default;
};
/// The zone of the node that the sidecar has named. Said once to each who has, and whenever it has changed.
struct Place {
  std::string zone;  ///< empty: not known any more
  bool operator==(const Place&) const = default;
};
struct Heartbeat {
  bool operator==(const Heartbeat&) const = default;
};
using ToSidecar = std::variant<FullSet, Delta, Current, Absent, Destination, Place, Heartbeat>;

/// One line, its '\n' included.
std::string encode(const ToOperator& message);
std::string encode(const ToSidecar& message);

/// A line without its '\n'. The error says which key is wrong, its value (cut) and what is allowed.
Result<ToOperator> decode_to_operator(std::string_view line);
Result<ToSidecar> decode_to_sidecar(std::string_view line);

}  // namespace outrigger::feed
