#include "operator/secret_keeper.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "kube/webhook_configuration.h"
#include "log/log.h"

namespace outrigger::op {
namespace {

constexpr int kOk = 200;
constexpr int kCreated = 201;
constexpr int kNotFound = 404;
constexpr int kConflict = 409;
constexpr std::chrono::seconds kMaxBackoff{60};
constexpr std::chrono::seconds kMaxRetryAfter{300};

bool same(const identity::RootState& one, const identity::RootState& other) {
  return one.issuer().certificate() == other.issuer().certificate() && one.bundle() == other.bundle();
}

}  // namespace

SecretKeeper::SecretKeeper(const kube::Config& config, kube::RequestCounts& counts, SecretKeeperOptions options,
                           std::function<bool()> leading, Now now, OnRoots on_roots)
    : options_(std::move(options)),
      leading_(std::move(leading)),
      now_(std::move(now)),
      on_roots_(std::move(on_roots)),
      client_(config, counts),
      webhooks_kept_(options_.webhook_configuration.empty()),
      backoff_(options_.first_backoff, std::max<std::chrono::milliseconds>(options_.first_backoff, kMaxBackoff),
               options_.seed),
      thread_([this] { run(); }) {}

SecretKeeper::~SecretKeeper() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  client_.stop();
  thread_.join();
}

void SecretKeeper::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  wake_.notify_one();
}

void SecretKeeper::run() {
  while (true) {
    Outcome outcome = look();
    if (outcome.kind == Outcome::Kind::well) outcome = keep_webhooks();
    std::chrono::milliseconds wait = options_.interval;
    if (outcome.kind == Outcome::Kind::well) {
      backoff_.reset();
    } else {
      wait = backoff_.next(std::min(outcome.retry_after, kMaxRetryAfter));
    }
    if (!sleep(wait)) return;
  }
}

bool SecretKeeper::sleep(std::chrono::milliseconds duration) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, duration, [this] { return stopping_ || woken_; });
  woken_ = false;
  return !stopping_;
}

SecretKeeper::Outcome SecretKeeper::look() {
  const auto answer = client_.get(kube::secret_path(options_.secret));
  if (answer && answer->status == kNotFound) return put(nullptr);
  if (!answer || answer->status != kOk) return refused("the identity's Secret cannot be read", answer);
  const auto secret = kube::read_secret(answer->body);
  if (secret) return take(*secret);
  complain("the identity's Secret cannot be used", secret.error().text);
  return {};
}

SecretKeeper::Outcome SecretKeeper::put(const kube::Secret* empty) {
  if (state_ && !(ours_ && leading_())) {
    complain(empty == nullptr ? "the identity's Secret is gone" : "the identity's Secret is empty",
             "what it held goes on");
    return {};
  }
  auto state = state_ ? *state_ : identity::RootState::create(now_(), options_.timing);
  const auto answer =
      empty == nullptr
          ? client_.post(kube::secret_path({options_.secret.ns, ""}), kube::new_secret(options_.secret, state.data()))
          : client_.merge_patch(kube::secret_path(options_.secret), kube::secret_patch(*empty, state.data()));
  // Another replica was faster: its root is the one.
  if (answer && answer->status == kConflict) return {Outcome::Kind::again};
  if (!answer || (answer->status != kCreated && answer->status != kOk)) {
    return refused("the identity's Secret cannot be written", answer);
  }
  log::info(state_ ? "the identity's Secret is put back" : "a root is made", {{"secret", options_.secret.text()}});
  adopt(std::move(state));
  return {};
}

SecretKeeper::Outcome SecretKeeper::take(const kube::Secret& secret) {
  if (secret.ours && secret.data.empty()) return put(&secret);
  auto seen = identity::RootState::read(secret.data);
  if (!seen) {
    complain("the identity's Secret cannot be used", seen.error().text);
    return {};
  }
  ours_ = secret.ours;
  if (ours_) return advance(secret, std::move(*seen));
  if (!state_) {
    log::info("following a root that others keep", {{"secret", options_.secret.text()}});
    adopt(std::move(*seen));
    return {};
  }
  identity::RootState followed = *state_;
  const std::string done = followed.follow(*seen, now_(), options_.timing);
  if (!done.empty()) log::info("the root changes", {{"secret", options_.secret.text()}, {"step", done}});
  adopt(std::move(followed));
  return {};
}

SecretKeeper::Outcome SecretKeeper::advance(const kube::Secret& secret, identity::RootState state) {
  identity::RootState next = state;
  const std::string done = leading_() ? next.advance(now_(), options_.timing) : "";
  if (done.empty()) {
    adopt(std::move(state));
    return {};
  }
  const auto answer = client_.merge_patch(kube::secret_path(options_.secret), kube::secret_patch(secret, next.data()));
  if (answer && answer->status == kOk) {
    log::info("the root changes", {{"secret", options_.secret.text()}, {"step", done}});
    adopt(std::move(next));
    return {};
  }
  // Nobody may sign by what is not written: others would not trust it.
  adopt(std::move(state));
  if (answer && answer->status == kConflict) return {Outcome::Kind::again};
  return refused("the identity's Secret cannot be written", answer);
}

void SecretKeeper::adopt(identity::RootState state) {
  const bool news = !state_ || !same(*state_, state);
  state_ = std::move(state);
  if (news) on_roots_(*state_);
}

SecretKeeper::Outcome SecretKeeper::keep_webhooks() {
  if (options_.webhook_configuration.empty() || !state_ || !leading_()) return {};
  const std::string bundle = state_->bundle().pem();
  const bool due = ++looks_ % 2 == 1;
  if (bundle == webhook_bundle_ && !due) return {};
  constexpr const char* kWhat = "the webhook's CA bundle cannot be kept";
  const std::string path = kube::webhook_configuration_path(options_.webhook_configuration);
  const auto answer = client_.get(path);
  if (answer && answer->status == kNotFound) {
    // Whoever installs both may make it last; whoever has taken it away wants no injection, but still an operator.
    webhooks_kept_ = true;
    complain(kWhat, "there is no such configuration");
    return {Outcome::Kind::failed};
  }
  if (!answer || answer->status != kOk) return refused(kWhat, answer);
  const auto wanted = kube::with_ca_bundle(answer->body, bundle);
  if (!wanted) {
    complain(kWhat, wanted.error().text);
    return {};
  }
  if (*wanted) {
    const auto written = client_.put(path, **wanted);
    if (written && written->status == kConflict) return {Outcome::Kind::again};
    if (!written || written->status != kOk) return refused(kWhat, written);
    log::info("the webhook's CA bundle is renewed", {{"configuration", options_.webhook_configuration}});
  }
  webhook_bundle_ = bundle;
  webhooks_kept_ = true;
  return {};
}

SecretKeeper::Outcome SecretKeeper::refused(const char* what, const Result<kube::Response>& answer) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return {};
  }
  complain(what, answer ? fmt::format("status {}", answer->status) : answer.error().text);
  return {Outcome::Kind::failed, answer ? answer->retry_after : std::chrono::seconds(0)};
}

void SecretKeeper::complain(const char* what, const std::string& reason) {
  const auto held_back = complaints_.pass(what + reason, std::chrono::steady_clock::now());
  if (!held_back) return;
  log::warn(what, {{"secret", options_.secret.text()}, {"reason", reason}, {"repeated", std::to_string(*held_back)}});
}

}  // namespace outrigger::op
