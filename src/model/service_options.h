#pragma once
/// What a user may set for a Service, under the same names in annotations (`outrigger.dev/connect-timeout`) and in a
/// sidecar's file (`connectTimeout`). One table in the .cc serves both. Plain values; any thread.
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "model/protocol.h"
#include "model/value_text.h"
#include "result/result.h"

namespace outrigger::model {

enum class PolicyKind {
  round_robin,
  weighted_round_robin,
  least_connections,
  weighted_least_connections,
  response_time,
  random,
  consistent_hash,
};

/// What consistent-hash keeps together: "source-ip", "header:NAME", "cookie:NAME", "path". A request without such a
/// header or cookie goes anywhere.
struct HashOn {
  enum class Kind { source_ip, header, cookie, path };
  Kind kind = Kind::source_ip;
  std::string name;  ///< of a header, in lower case, or of a cookie
  bool operator==(const HashOn&) const = default;
};

/// "cookie:NAME" or "cookie:NAME;ttl=1h": a client's requests go to the endpoint that answered its first one, whatever
/// the policy.
struct Affinity {
  std::string cookie;           ///< its name; empty: off, "off"
  std::chrono::seconds ttl{0};  ///< the cookie's Max-Age; 0: while the browser runs
  bool operator==(const Affinity&) const = default;
};

/// When lower tiers and the Services of `failover` are used.
enum class FailoverMode {
  spill,   ///< "spill": for the part of the load that what comes before cannot carry
  strict,  ///< "strict": when nothing before is available
};

/// "off", "prefer", "strict"; automatic, "auto": as the endpoints' hints say, if all have some, else off.
enum class ZoneAware { automatic, off, prefer, strict };

/// What endpoints are asked whether they are well: "off", "http:PATH", "grpc", "grpc:SERVICE", "tcp".
struct HealthCheck {
  enum class Kind { off, http, grpc, tcp };
  Kind kind = Kind::off;
  std::string target;  ///< http: the path, with its '/'; grpc: the service, may be empty
  bool operator==(const HealthCheck&) const = default;
};

/// What a request is tried again on, at another endpoint. At least one is set: who wants none sets a budget of 0 %.
struct RetryOn {
  /// The connection was not made, so nothing was sent. Offered to up to 3 endpoints; neither `retries` nor the budget
  /// counts it.
  bool connect_failure = true;
  /// The endpoint ended the connection before the first byte of its answer, for idempotent methods alone (RFC 9110
  /// section 9.2.2), or refused the HTTP/2 stream, for any: REFUSED_STREAM, or a GOAWAY that leaves it out, says that
  /// nothing was done (RFC 9113 section 8.7). Like the following only with a body that is held whole (64 KiB).
  bool refused = true;
  /// Such an answer, for idempotent methods alone.
  bool bad_gateway = false;          ///< 502
  bool service_unavailable = false;  ///< 503
  bool gateway_timeout = false;      ///< 504

  bool operator==(const RetryOn&) const = default;
};

struct ServiceOptions {
  PolicyKind policy = PolicyKind::response_time;
  Protocol protocol = Protocol::automatic;
  /// Bounds one attempt to connect to one endpoint.
  std::chrono::milliseconds connect_timeout{1'000};
  /// From the request's head to the response's head; 0: none.
  std::chrono::milliseconds timeout{0};
  /// A connection with no bytes either way for this long is closed.
  std::chrono::milliseconds idle_timeout{3'600'000};

  /// Bounds the further tries of one request after something of it was sent. 0–10.
  std::uint32_t retries = 2;
  RetryOn retry_on = {};
  /// Bounds the further tries of all requests after something was sent to this share of the requests
  /// (balance::RetryBudget). 0–100; 0: none of those.
  std::uint32_t retry_budget_percent = 20;

  /// These three bound one sidecar, which divides them over its workers, at least one each. 0–100,000.
  /// Connections to the endpoints together; 0: no limit.
  std::uint32_t max_connections = 0;
  /// Requests that wait for a place, each for connect_timeout at most and then 503; 0: none waits.
  std::uint32_t max_pending = 1'024;
  /// Requests under way at the endpoints together; 0: no limit.
  std::uint32_t max_in_flight = 0;
  /// An upstream connection older than this, give or take 10 % of it, takes no new requests; 0: none is too old.
  std::chrono::milliseconds max_connection_age{0};

  HashOn hash_on = {};
  Affinity affinity = {};

  FailoverMode failover_mode = FailoverMode::spill;
  /// How long what comes first must be able to carry more before it is given more again. 0–24 h.
  std::chrono::milliseconds failback_delay{30'000};
  ZoneAware zone_aware = ZoneAware::automatic;

  HealthCheck health_check = {};
  std::chrono::milliseconds health_check_interval{10'000};  ///< 100 ms–1 h
  std::chrono::milliseconds health_check_timeout{1'000};    ///< of one check; 10 ms–1 min
  std::uint32_t health_check_unhealthy_threshold = 3;       ///< failures in a row; 1–100
  std::uint32_t health_check_healthy_threshold = 2;         ///< successes in a row; 1–100

  /// Failures in a row after which an endpoint is ejected; 0: endpoints are not judged by their answers. 0–1,000.
  std::uint32_t outlier_failures = 5;
  /// Over which success rates are compared. 1 s–1 h.
  std::chrono::milliseconds outlier_window{10'000};
  /// How long an endpoint is ejected for the first time; longer each time soon after. 100 ms–1 h.
  std::chrono::milliseconds outlier_ejection{30'000};
  /// Of the endpoints, how many may be ejected at a time; 0: none. 0–100.
  std::uint32_t outlier_max_percent = 50;

  /// Over which an endpoint that is new comes to its whole weight; 0: it has it at once. 0–1 h.
  std::chrono::milliseconds slow_start{0};

  bool operator==(const ServiceOptions&) const = default;
};

/// The option names in annotation spelling, without the prefix ("policy", "connect-timeout", ...).
std::vector<std::string_view> option_names();
bool is_option(std::string_view name);
/// "connect-timeout" → "connectTimeout"
std::string camel_case(std::string_view option);

/// Sets one option from its annotation spelling and text. On failure `options` is unchanged and the error is
/// "'VALUE' is not allowed; allowed: ...", or "unknown; known: ..." for an unknown name.
Result<void> set_option(ServiceOptions& options, std::string_view option, std::string_view value);
/// An option's value as set_option() reads it, e.g. "weighted-round-robin", "1s", "0".
std::string option_text(const ServiceOptions& options, std::string_view option);

inline constexpr std::uint32_t kMaxWeight = 1'000;
inline constexpr std::uint32_t kMaxTier = 255;
inline constexpr std::uint32_t kMaxRetries = 10;
/// Of max-connections, max-pending and max-in-flight.
inline constexpr std::uint32_t kMaxConcurrency = 100'000;

}  // namespace outrigger::model
