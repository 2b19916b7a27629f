#include "operator/issued_identity.h"

#include <algorithm>
#include <utility>

#include "identity/renewal.h"
#include "log/log.h"

namespace outrigger::op {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kMinWait{1};
constexpr std::chrono::minutes kRetry{1};

}  // namespace

IssuedIdentity::IssuedIdentity(net::EventLoop& loop, const kube::Config& config, kube::RequestCounts& counts,
                               const IssuedIdentityOptions& options, std::function<bool()> leading,
                               SecretKeeper::Now now, OnContext on_context)
    : clock_interval_(options.clock_interval),
      leading_(std::move(leading)),
      now_(std::move(now)),
      on_context_(std::move(on_context)),
      timer_(loop, [this] { now_() < renew_at_ ? wait() : renew(); }),
      endpoint_(loop, config, counts, options.token_audience, now_),
      keeper_(config, counts, options.keeper, leading_, now_,
              [this, &loop, names = options.names,
               life = options.keeper.timing.leaf_life](const identity::RootState& state) {
                auto authority = std::make_shared<const Authority>(state, names, life);
                endpoint_.set_authority(authority);
                loop.post([this, alive = alive_, authority = std::move(authority)] {
                  if (*alive) take(authority);
                });
              }) {}

IssuedIdentity::~IssuedIdentity() { *alive_ = false; }

void IssuedIdentity::take(std::shared_ptr<const Authority> authority) {
  authority_ = std::move(authority);
  renew();
}

void IssuedIdentity::renew() {
  const identity::TimePoint now = now_();
  renew_at_ = now + kRetry;
  const auto serving = authority_->issue_serving(now);
  auto context = serving ? net::server_context_from_pem(serving->pem, net::ClientCertificate::optional)
                         : Result<net::SslContext>(tl::unexpected(serving.error()));
  if (!context) {
    log::error("the feed's certificate cannot be renewed", {{"reason", context.error().text}});
    return wait();
  }
  serving_end_ = serving->not_after;
  renew_at_ = identity::renewal_time(serving->not_before, serving->not_after, random_());
  ready_ = true;
  on_context_(std::move(*context));
  wait();
}

void IssuedIdentity::wait() {
  const auto left = std::chrono::duration_cast<milliseconds>(renew_at_ - now_());
  timer_.set(std::clamp(left, kMinWait, clock_interval_));
}

void IssuedIdentity::add_metrics(metrics::Exposition& exposition) const {
  endpoint_.add_metrics(exposition);
  if (!ready_) return;
  add_expiry(exposition, "serving", serving_end_);
  add_expiry(exposition, "root", authority_->root_end());
}

}  // namespace outrigger::op
