#pragma once
#include <memory>
#include <random>
#include <string>

#include "net/event_loop.h"
#include "operator/certificate_endpoint.h"
#include "operator/feed_identity.h"
#include "operator/secret_keeper.h"

namespace outrigger::op {

struct IssuedIdentityOptions {
  SecretKeeperOptions keeper;
  AuthorityNames names{};
  std::string token_audience = "outrigger";
  /// How often the clock is looked at: it may be put forward while a timer waits.
  std::chrono::milliseconds clock_interval = std::chrono::minutes(1);
};

/// The operator's own certificates and those it gives to sidecars, by the root in a Secret. The certificate of the
/// feed's server is renewed at two thirds of its life, and at once when who signs or who is trusted changes.
class IssuedIdentity final : public FeedIdentity {
 public:
  /// `loop` and `counts` outlive it. `leading` and `now` are called on other threads too.
  IssuedIdentity(net::EventLoop& loop, const kube::Config& config, kube::RequestCounts& counts,
                 const IssuedIdentityOptions& options, std::function<bool()> leading, SecretKeeper::Now now,
                 OnContext on_context);
  ~IssuedIdentity() override;

  /// Answers POST /v1/certificate. The exchanges' server ends before this.
  void handle(net::HttpExchange& exchange) { endpoint_.handle(exchange); }

  /// It leads, or no longer does: what a leader does is not waited for.
  void wake() { keeper_.wake(); }

  /// Of a replica that leads from its start: also that the API server knows whom to believe, so that pods that are made
  /// once all replicas are ready get their sidecars.
  bool ready() const override { return ready_ && (keeper_.webhooks_kept() || !leading_()); }
  /// The roots that this operator's certificates lead to, PEM; empty: not ready.
  std::string trust_bundle() const { return authority_ ? authority_->bundle_pem() : std::string(); }
  /// What FeedIdentity tells, and CertificateEndpoint.
  void add_metrics(metrics::Exposition& exposition) const override;

 private:
  void take(std::shared_ptr<const Authority> authority);
  void renew();
  void wait();

  const std::chrono::milliseconds clock_interval_;
  const std::function<bool()> leading_;
  const SecretKeeper::Now now_;
  const OnContext on_context_;
  std::minstd_rand random_{std::random_device{}()};
  std::shared_ptr<const Authority> authority_;
  bool ready_ = false;
  identity::TimePoint serving_end_;
  identity::TimePoint renew_at_;
  net::Timer timer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< held by what is posted to the loop
  CertificateEndpoint endpoint_;
  SecretKeeper keeper_;  ///< last, so that its thread ends before what it tells
};

}  // namespace outrigger::op
