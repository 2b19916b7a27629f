#pragma once
/// A sidecar's configuration file. Any thread.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "http/forwarded_fields.h"
#include "model/endpoint_set.h"
#include "result/result.h"
#include "uplink/operator_config.h"

namespace outrigger::sidecar {

/// What the clients of a listener speak.
enum class ListenerProtocol {
  automatic,  ///< "auto": each connection's first bytes tell
  http,       ///< HTTP/1.1 alone
  http2,      ///< HTTP/2 alone, with prior knowledge (RFC 9113 section 3.3)
  tcp,        ///< bytes that are not looked into
};
/// "auto", "http", "http2" or "tcp"
std::string listener_protocol_text(ListenerProtocol protocol);

struct ListenerConfig {
  std::string name;
  std::string address;         ///< "127.0.0.1:8080"; port 0: any
  model::ServicePort service;  ///< unset, where each connection or request has its own
  ListenerProtocol protocol = ListenerProtocol::automatic;
  /// Traffic is redirected to it: a connection's Service is the one with its original destination among its addresses
  /// (EndpointSet::addresses); to any other destination it is passed on as it is.
  bool transparent = false;
  /// A namespace: each request goes to the Service that its host names (service_host.h), a name alone to that of this
  /// namespace. Empty: not so.
  std::string by_host = {};
  bool if_there = false;  ///< not listened on where the machine has no such address

  bool has_service() const { return !transparent && by_host.empty(); }
  bool operator==(const ListenerConfig&) const = default;
};

/// "off", "forwarded" or "x-forwarded"
std::string forwarded_text(http::Forwarded forwarded);

/// How HTTP is spoken, HTTP/1.1 and HTTP/2 alike; for all listeners and Services.
struct HttpSettings {
  bool via = true;  ///< adds itself to Via (RFC 9110 section 7.6.3)
  http::Forwarded forwarded = http::Forwarded::off;
  std::size_t max_head_bytes = 64 << 10;    ///< of a request: 431, of an answer: 502; 1 KiB–1 MiB
  std::size_t max_target_bytes = 16 << 10;  ///< 414; 1 KiB–1 MiB
  std::size_t max_fields = 256;             ///< of a head: 431 or 502; also of HTTP/2's trailers; 16–4,096
  std::uint64_t max_body_bytes = 0;         ///< of a request: 413; 0: no limit, at most 1 TiB
  /// From a connection's, or a request's, first byte until its head is whole: 408; 100 ms–1 h.
  std::chrono::milliseconds head_timeout{30'000};
  bool operator==(const HttpSettings&) const = default;
};

struct Limits {
  /// Clients' connections at a time; no more are accepted. 0–1,000,000; 0: as many as descriptors allow.
  std::uint32_t connections = 0;
  /// What one worker holds for clients and endpoints that do not take it, altogether; 1 MiB–64 GiB.
  std::uint64_t buffered_bytes = 64 << 20;
  /// From SIGTERM until what is still open is cut off; 0–1 h.
  std::chrono::milliseconds grace{30'000};
  bool operator==(const Limits&) const = default;
};

struct Config {
  std::string admin = "127.0.0.1:4191";
  std::uint32_t workers = 0;  ///< 0: not given, worker_count()
  std::string zone;           ///< where this sidecar runs; empty: not said
  std::string node;           ///< the Kubernetes Node it runs on, of which an operator knows the zone; empty: not said
  std::vector<ListenerConfig> listeners;
  std::vector<model::EndpointSet> services;
  HttpSettings http;
  Limits limits;
  std::optional<uplink::OperatorConfig> feed;
  bool operator==(const Config&) const = default;
};

inline constexpr std::uint32_t kMaxWorkers = 64;
inline constexpr std::size_t kMaxListeners = 1'024;

/// Reads a file's text. `path` is for messages and for relative paths. A listener at "localhost:PORT" becomes two, at
/// 127.0.0.1 and, if it is there, at [::1]. The error is one line, "PATH:LINE: KEY: 'VALUE' is not allowed; allowed:
/// ...".
Result<Config> parse_config(const std::string& text, const std::string& path);
Result<std::string> read_config(const std::string& path);

}  // namespace outrigger::sidecar
