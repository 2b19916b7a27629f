#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "balance/random.h"
#include "identity/certificate.h"
#include "identity/keys.h"
#include "identity/trust_bundle.h"
#include "net/event_loop.h"
#include "net/tls.h"
#include "uplink/operator_address.h"
#include "uplink/operator_backoff.h"
#include "uplink/operator_config.h"
#include "uplink/operator_exchange.h"

namespace outrigger::uplink {

/// This sidecar's certificate: asked of the operator with the pod's ServiceAccount token (POST /v1/certificate),
/// renewed at two thirds of its life, and each time with another key, which never leaves the process. With it comes the
/// bundle of roots that are trusted from then on beside those of the file; it is kept beside the snapshot, since a pod
/// may outlive the roots that were there when it was made. Control thread only.
class WorkloadIdentity {
 public:
  struct Callbacks {
    /// To connect with from now on.
    std::function<void(net::SslContext)> on_context;
    /// The operator has given none so far; it is asked again.
    std::function<void()> on_failure;
  };

  WorkloadIdentity(net::EventLoop& loop, OperatorConfig config, std::uint64_t seed, Callbacks callbacks);

  /// Of the certificate at hand; none yet.
  std::optional<identity::TimePoint> not_after() const;

 private:
  void look();
  void ask();
  void open(const net::SocketAddress& address, const std::string& token);
  Result<void> on_head(const http::ResponseHead& head);
  void on_end(const std::string& reason);
  Result<void> take_answer();
  void fail(const std::string& reason);
  void remember(const identity::TrustBundle& learnt);
  Result<std::string> trusted() const;

  net::EventLoop& loop_;
  OperatorConfig config_;
  balance::Random random_;
  Callbacks callbacks_;
  OperatorAddress address_;
  std::optional<identity::TrustBundle> learnt_;
  std::optional<identity::PrivateKey> key_;  ///< of what is asked for
  std::unique_ptr<OperatorExchange> exchange_;
  std::uint16_t status_ = 0;
  std::chrono::seconds retry_after_{0};
  std::string answer_;
  std::optional<identity::Certificate> certificate_;
  identity::TimePoint renewal_;  ///< counts with certificate_
  OperatorBackoff backoff_;
  net::Timer timer_;
};

}  // namespace outrigger::uplink
