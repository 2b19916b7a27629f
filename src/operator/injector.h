#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "inject/pod_injection.h"
#include "metrics/exposition.h"
#include "net/http_server.h"
#include "operator/repeat_limit.h"

namespace outrigger::op {

struct InjectorLimits {
  std::size_t max_body = std::size_t{4} << 20;     ///< the API server takes no object above 3 MiB
  std::size_t max_bodies = std::size_t{32} << 20;  ///< of all requests whose bodies come
  /// From a request's head to the end of its body; whoever takes longer is cut off. The API server itself gives up
  /// after the 5 s of the webhook's configuration.
  net::Clock::duration body_timeout = std::chrono::seconds(5);
  /// The API server needs a few; nobody else has any business here.
  net::HttpServerLimits server{.max_connections = 64, .head_timeout = std::chrono::seconds(5)};
};

/// The mutating webhook: POST /inject, an AdmissionReview of a pod, answered with what gives it a sidecar; POST
/// /inject/pod-security-enforced for namespaces that do not allow NET_ADMIN. Whatever it does not understand it refuses
/// with a status, upon which the API server makes the pod as it was (failurePolicy Ignore). Loop's thread only.
class Injector {
 public:
  /// The roots of the operator's certificate, PEM; empty: none yet.
  using TrustBundle = std::function<std::string()>;

  /// `loop` outlives it. `trust_bundle` is called by requests alone.
  Injector(net::EventLoop& loop, net::FileDescriptor listener, net::SslContext context, inject::Settings settings,
           TrustBundle trust_bundle, const InjectorLimits& limits = {});

  /// For the connections accepted from now on.
  void set_context(net::SslContext context) { server_.set_context(std::move(context)); }
  /// For who is about to leave: connections end with their next answer, so that the API server goes elsewhere.
  void close_after_answers() { server_.close_after_answers(); }
  net::SocketAddress address() const { return server_.address(); }
  std::size_t connections() const { return server_.connections(); }
  /// outrigger_injections_total.
  void add_metrics(metrics::Exposition& exposition) const;

 private:
  enum class Outcome : std::uint8_t { injected, skipped, failed };
  struct Pending;

  void handle(net::HttpExchange& exchange);
  void review(Pending& pending);
  /// Its body is of no use any more.
  void let_go(Pending& pending);
  void give_up(Pending& pending, std::uint16_t status, const std::string& reason);
  void refuse(net::HttpExchange& exchange, std::uint16_t status, const std::string& reason);
  /// Once a minute a key.
  void log_some(const std::string& key, const char* what, const std::string& who, const std::string& reason);
  std::uint64_t& count_of(Outcome outcome) { return counts_[static_cast<std::size_t>(outcome)]; }

  net::EventLoop& loop_;
  const inject::Settings settings_;
  const TrustBundle trust_bundle_;
  const InjectorLimits limits_;
  std::array<std::uint64_t, 3> counts_{};  ///< by Outcome
  std::size_t bodies_ = 0;                 ///< bytes of all requests under way
  RepeatLimit log_limit_;
  net::HttpServer server_;  ///< last: its exchanges end before what they use
};

}  // namespace outrigger::op
