#pragma once
/// What the endpoints of a Service's port speak. Plain values; any thread.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "result/result.h"

namespace outrigger::model {

enum class Protocol {
  automatic,  ///< "auto": what the client speaks, which the sidecar finds out
  http,       ///< HTTP/1.1; clients of HTTP/2 are translated
  http2,      ///< HTTP/2 without TLS, with prior knowledge (RFC 9113 section 3.3)
  grpc,       ///< HTTP/2 whose requests are gRPC: the sidecar's own errors are gRPC statuses
  tcp,        ///< bytes: balanced by connection, never looked into
};

/// "auto", "http", "http2", "grpc" or "tcp"
std::string protocol_text(Protocol protocol);
/// "auto, http, http2, grpc, tcp"
std::string protocol_names();
/// Reads one of these names; null: it is none.
std::optional<Protocol> protocol_named(std::string_view name);

/// What an annotation may say: one protocol for all ports, or some ports' own.
struct Protocols {
  Protocol others = Protocol::automatic;  ///< of ports that have none of their own
  std::map<std::uint16_t, Protocol> by_port;

  Protocol of(std::uint16_t port) const;
  bool operator==(const Protocols&) const = default;
};
/// Reads "grpc", or "http:80,tcp:5432" with ports of the Service (not target ports), none twice; ports that are not
/// named are automatic. The error names the value and what is allowed.
Result<Protocols> parse_protocols(std::string_view text);

/// The protocol that an appProtocol stands for, whatever its case: Kubernetes' own names (kubernetes.io/h2c,
/// kubernetes.io/ws, kubernetes.io/wss; KEP-3726), those that Istio (http, http2, https, grpc, grpc-web, tcp, tls,
/// mongo, mysql, redis) and Linkerd (linkerd.io/opaque) read, and the usual names of other protocols that are common in
/// clusters. What is under TLS is tcp, for a sidecar cannot look into it. Null: not known, which says nothing.
std::optional<Protocol> protocol_of_app_protocol(std::string_view app_protocol);

}  // namespace outrigger::model
