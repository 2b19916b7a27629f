#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "kube/leader_elector.h"
#include "metrics/exposition.h"
#include "net/http_server.h"
#include "operator/feed_identity.h"
#include "operator/publisher.h"
#include "operator/reconcile_thread.h"
#include "operator/source.h"

namespace outrigger::op {

/// What the operator tells of itself, over plain HTTP: /metrics, /readyz and /livez to anyone, /subscribers to loopback
/// alone. Loop's thread only.
class AdminServer {
 public:
  /// What it tells of; all outlive it.
  struct View {
    const ReconcileThread& reconciler;
    const Publisher& publisher;
    const Source& source;
    const FeedIdentity& identity;
    /// Of the servers that only begin with the first certificate.
    std::function<void(metrics::Exposition&)> add_metrics;
    const kube::LeaderElector* elector = nullptr;  ///< null: there is no election
  };
  /// A reconcile thread that has not come round for this long is not alive.
  static constexpr std::chrono::seconds kMaxRound{60};

  AdminServer(net::EventLoop& loop, net::FileDescriptor listener, const View& view);

  net::SocketAddress address() const { return server_.address(); }

 private:
  void handle(net::HttpExchange& exchange) const;
  std::string metrics() const;
  void answer_ready(net::HttpExchange& exchange) const;
  void answer_live(net::HttpExchange& exchange) const;

  View view_;
  net::HttpServer server_;
};

}  // namespace outrigger::op
