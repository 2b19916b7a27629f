#pragma once
#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "metrics/exposition.h"
#include "net/http_server.h"
#include "operator/authority.h"
#include "operator/repeat_limit.h"
#include "operator/token_reviewer.h"

namespace outrigger::op {

/// POST /v1/certificate: a sidecar's certificate for a signing request (PEM) and its pod's token (Authorization:
/// Bearer), as {"certificate": a PEM chain, "bundle": PEM roots}. 400 bad request, 401 token refused, 413 too large,
/// 503 with Retry-After while it cannot be told. Whom the certificate is for comes from the token alone. Loop's thread
/// only, but for what is said otherwise.
class CertificateEndpoint {
 public:
  static constexpr std::size_t kMaxToken = std::size_t{16} * 1024;
  using Now = std::function<identity::TimePoint()>;

  /// `loop` and `counts` outlive it; the server of its exchanges ends before it. `now` is called from any thread.
  CertificateEndpoint(net::EventLoop& loop, const kube::Config& config, kube::RequestCounts& counts,
                      const std::string& audience, Now now);
  ~CertificateEndpoint();

  /// Who signs from now on. Any thread.
  void set_authority(std::shared_ptr<const Authority> authority);
  /// Answers, at once or later.
  void handle(net::HttpExchange& exchange);

  /// outrigger_certificates_issued_total, outrigger_certificate_refusals_total. Any thread.
  void add_metrics(metrics::Exposition& exposition) const;

 private:
  enum class Refusal : std::uint8_t { method, size, token, request, busy, unavailable };
  static constexpr std::size_t kRefusals = 6;
  struct Pending;
  struct Answer;

  void submit(const std::shared_ptr<Pending>& pending);
  Answer decide(const std::string& signing_request, const TokenVerdict& verdict) const;
  void give(net::HttpExchange& exchange, const Answer& answer);

  net::EventLoop& loop_;
  Now now_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Authority> authority_;  ///< guarded by mutex_
  std::atomic<std::uint64_t> issued_{0};
  std::array<std::atomic<std::uint64_t>, kRefusals> refusals_{};
  RepeatLimit complaints_;
  /// Last, so that its threads end before what they use. What they have posted by then holds `alive_`.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  TokenReviewer reviewer_;
};

}  // namespace outrigger::op
