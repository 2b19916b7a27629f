#include "operator/certificate_endpoint.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>
#include <utility>

#include "identity/keys.h"
#include "log/log.h"

namespace outrigger::op {
namespace {

constexpr std::string_view kText = "text/plain; charset=utf-8";
constexpr std::string_view kBearer = "Bearer ";
constexpr std::array kRefusalNames{"method", "size", "token", "request", "busy", "unavailable"};

/// So that those who were turned away together do not come back together.
std::chrono::seconds some_seconds() {
  thread_local std::minstd_rand random{std::random_device{}()};
  return std::chrono::seconds(std::uniform_int_distribution<int>(1, 10)(random));
}

/// Of an Authorization field; empty when it holds none.
std::string_view bearer_token(std::string_view field) {
  if (!field.starts_with(kBearer)) return {};
  const std::string_view token = field.substr(kBearer.size());
  const bool printable = std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c <= '~'; });
  return printable && token.size() <= CertificateEndpoint::kMaxToken ? token : std::string_view();
}

}  // namespace

/// One exchange while it waits. The loop's thread's alone but for `gone`.
struct CertificateEndpoint::Pending {
  net::HttpExchange* exchange;  ///< null: it has ended
  std::string token;
  std::string signing_request{};
  bool answered = false;
  std::atomic<bool> gone{false};
};

struct CertificateEndpoint::Answer {
  std::uint16_t status = 200;
  std::string body{};
  Refusal refusal{};     ///< counts where the status is not 200
  std::string who{};     ///< for the log
  std::string reason{};  ///< for the log; empty: what the client is told
  std::chrono::seconds retry_after{0};
};

CertificateEndpoint::CertificateEndpoint(net::EventLoop& loop, const kube::Config& config, kube::RequestCounts& counts,
                                         const std::string& audience, Now now)
    : loop_(loop), now_(std::move(now)), reviewer_(config, counts, audience) {}

CertificateEndpoint::~CertificateEndpoint() { *alive_ = false; }

void CertificateEndpoint::set_authority(std::shared_ptr<const Authority> authority) {
  const std::lock_guard lock(mutex_);
  authority_ = std::move(authority);
}

void CertificateEndpoint::handle(net::HttpExchange& exchange) {
  if (exchange.method() != "POST") {
    return give(exchange, {.status = 405, .body = "not allowed; allowed: POST", .refusal = Refusal::method});
  }
  const std::string_view token = bearer_token(exchange.authorization());
  if (token.empty()) {
    return give(exchange, {.status = 401,
                           .body = "no token; allowed: Authorization: Bearer TOKEN, at most 16 KiB",
                           .refusal = Refusal::token});
  }
  auto pending = std::make_shared<Pending>();
  pending->exchange = &exchange;
  pending->token = token;
  exchange.on_end = [pending] {
    pending->exchange = nullptr;
    pending->gone = true;
  };
  exchange.on_body = [this, pending = pending.get()](std::string_view bytes) {
    if (pending->answered) return;
    pending->signing_request += bytes;
    if (pending->signing_request.size() <= identity::kMaxSigningRequestBytes) return;
    pending->answered = true;
    give(*pending->exchange, {.status = 413, .body = "too large; allowed: 16 KiB", .refusal = Refusal::size});
  };
  exchange.on_body_end = [this, weak = std::weak_ptr(pending)] {
    if (const auto whole = weak.lock(); whole && !whole->answered) submit(whole);
  };
}

void CertificateEndpoint::submit(const std::shared_ptr<Pending>& pending) {
  const auto answer = [this, pending](const TokenVerdict& verdict) {
    loop_.post([this, alive = alive_, pending, answer = decide(pending->signing_request, verdict)] {
      if (*alive && pending->exchange != nullptr) give(*pending->exchange, answer);
    });
  };
  const bool taken = reviewer_.ask(
      {.token = std::move(pending->token), .wanted = [pending] { return !pending->gone; }, .answer = answer});
  if (taken) return;
  give(*pending->exchange,
       {.status = 503, .body = "too many wait", .refusal = Refusal::busy, .retry_after = some_seconds()});
}

/// Any thread.
CertificateEndpoint::Answer CertificateEndpoint::decide(const std::string& signing_request,
                                                        const TokenVerdict& verdict) const {
  if (verdict.kind == TokenVerdict::Kind::refused) {
    return {.status = 401, .body = verdict.reason, .refusal = Refusal::token};
  }
  if (verdict.kind == TokenVerdict::Kind::unavailable) {
    return {.status = 503,
            .body = "the API server does not say whose the token is",
            .refusal = Refusal::unavailable,
            .reason = verdict.reason,
            .retry_after = std::max(verdict.retry_after, some_seconds())};
  }
  const std::string who = verdict.account.text();
  const auto key = identity::read_signing_request(signing_request);
  if (!key) return {.status = 400, .body = key.error().text, .refusal = Refusal::request, .who = who};
  std::shared_ptr<const Authority> authority;
  {
    const std::lock_guard lock(mutex_);
    authority = authority_;
  }
  const auto chain = authority ? authority->issue_client(*key, verdict.account.ns, verdict.account.name, now_())
                               : Result<std::string>(failure("there is no root yet"));
  if (!chain) {
    return {.status = 503,
            .body = "no certificate can be issued now",
            .refusal = Refusal::unavailable,
            .who = who,
            .reason = chain.error().text,
            .retry_after = some_seconds()};
  }
  return {.body = nlohmann::json{{"certificate", *chain}, {"bundle", authority->bundle_pem()}}.dump(), .who = who};
}

void CertificateEndpoint::give(net::HttpExchange& exchange, const Answer& answer) {
  if (answer.status == 200) {
    ++issued_;
    return exchange.respond(200, "application/json", answer.body);
  }
  const auto refusal = static_cast<std::size_t>(answer.refusal);
  ++refusals_[refusal];
  const std::string who = answer.who.empty() ? host_of(exchange.peer()) : answer.who;
  const std::string& reason = answer.reason.empty() ? answer.body : answer.reason;
  if (const auto held_back = complaints_.pass(who + " " + kRefusalNames[refusal], std::chrono::steady_clock::now())) {
    log::warn("a certificate is refused", {{"who", who}, {"reason", reason}, {"repeated", std::to_string(*held_back)}});
  }
  exchange.respond(answer.status, kText, answer.body + "\n", answer.retry_after);
}

void CertificateEndpoint::add_metrics(metrics::Exposition& exposition) const {
  exposition.counter("outrigger_certificates_issued_total", "Certificates issued to sidecars.", {},
                     static_cast<double>(issued_));
  for (std::size_t i = 0; i < kRefusals; ++i) {
    exposition.counter("outrigger_certificate_refusals_total", "Requests for a certificate that were refused.",
                       {{"reason", kRefusalNames[i]}}, static_cast<double>(refusals_[i]));
  }
}

}  // namespace outrigger::op
