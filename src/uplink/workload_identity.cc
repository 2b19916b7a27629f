#include "uplink/workload_identity.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "identity/renewal.h"
#include "log/log.h"
#include "uplink/retry_after.h"
#include "uplink/whole_file.h"

namespace outrigger::uplink {
namespace {

using std::chrono::system_clock;

constexpr std::chrono::milliseconds kMostBackoff{30'000};
/// A wall clock may be set: it is looked at again.
constexpr std::chrono::milliseconds kMaxSleep = std::chrono::minutes(10);
constexpr std::size_t kMaxTokenBytes = 16 << 10;
constexpr std::size_t kMaxAnswerBytes = 1 << 20;

std::string bundle_path(const OperatorConfig& config) {
  return config.snapshot.empty() ? std::string() : config.snapshot + ".ca";
}

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
  return text;
}

Result<std::string> read_token(const std::string& path) {
  auto text = read_whole_file(path, kMaxTokenBytes);
  if (!text) return text;
  std::string token = trimmed(std::move(*text));
  const bool plain = std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (token.empty() || !plain) return failure(path + ": not a token; allowed: one line");
  return token;
}

Result<std::string> text_of(const nlohmann::json& answer, const char* key) {
  const auto found = answer.is_object() ? answer.find(key) : answer.end();
  if (found == answer.end() || !found->is_string()) return failure(fmt::format("the answer has no {}", key));
  return found->get<std::string>();
}

}  // namespace

WorkloadIdentity::WorkloadIdentity(net::EventLoop& loop, OperatorConfig config, std::uint64_t seed, Callbacks callbacks)
    : loop_(loop),
      config_(std::move(config)),
      random_(seed),
      callbacks_(std::move(callbacks)),
      address_(loop, config_.host, config_.port, random_.below(UINT32_MAX)),
      backoff_(random_.below(UINT32_MAX), kMostBackoff),
      timer_(loop, [this] { look(); }) {
  const std::string path = bundle_path(config_);
  if (const auto kept = path.empty() ? failure("") : read_whole_file(path, identity::kMaxPemBytes)) {
    if (auto bundle = identity::TrustBundle::from_pem(*kept)) learnt_ = std::move(*bundle);
  }
  timer_.set({});
}

std::optional<identity::TimePoint> WorkloadIdentity::not_after() const {
  if (!certificate_) return std::nullopt;
  return certificate_->not_after();
}

void WorkloadIdentity::look() {
  const auto now = system_clock::now();
  if (!certificate_ || now >= renewal_) return ask();
  timer_.set(std::min<net::Clock::duration>(renewal_ - now, kMaxSleep));
}

Result<std::string> WorkloadIdentity::trusted() const {
  auto given = read_whole_file(config_.ca, identity::kMaxPemBytes);
  if (!given) return given;
  auto bundle = identity::TrustBundle::from_pem(*given);
  if (!bundle) return failure(config_.ca + ": " + bundle.error().text);
  if (learnt_) bundle->add(*learnt_);
  return bundle->pem();
}

void WorkloadIdentity::ask() {
  auto token = read_token(config_.token);
  if (!token) return fail(token.error().text);
  address_.find([this, token = std::move(*token)](const Result<net::SocketAddress>& address) {
    if (!address) return fail(address.error().text);
    open(*address, token);
  });
}

void WorkloadIdentity::open(const net::SocketAddress& address, const std::string& token) {
  const auto roots = trusted();
  if (!roots) return fail(roots.error().text);
  const auto context = net::client_context_from_pem({.peer_ca = *roots});
  if (!context) return fail(context.error().text);
  key_ = identity::PrivateKey::generate();
  answer_.clear();
  status_ = 0;
  exchange_ = std::make_unique<OperatorExchange>(
      loop_, address, *context, config_.host, backoff_.patience(),
      OperatorExchange::Callbacks{
          .on_open =
              [this, token] {
                const std::string request = identity::make_signing_request(*key_);
                exchange_->write(std::make_shared<const std::string>(
                    fmt::format("POST /v1/certificate HTTP/1.1\r\nHost: {}:{}\r\nAuthorization: Bearer {}\r\n"
                                "Content-Type: application/pkcs10\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
                                config_.host, config_.port, token, request.size(), request)));
              },
          .on_head = [this](const http::ResponseHead& head) { return on_head(head); },
          .on_body = [this](std::string_view bytes) -> Result<void> {
            answer_ += bytes;
            if (answer_.size() > kMaxAnswerBytes) return failure("the answer is too long");
            return {};
          },
          .on_end = [this](const std::string& reason) { on_end(reason); }});
}

Result<void> WorkloadIdentity::on_head(const http::ResponseHead& head) {
  status_ = head.status;
  retry_after_ = retry_after(head);
  return {};
}

void WorkloadIdentity::on_end(const std::string& reason) {
  // It is one of its callbacks that is under way.
  loop_.defer([ended = std::shared_ptr<OperatorExchange>(std::move(exchange_))] {});
  if (!reason.empty()) return fail(reason);
  if (status_ != 200) {
    return fail(fmt::format("the operator answers {}: {}", status_, trimmed(answer_.substr(0, 200))));
  }
  if (auto taken = take_answer(); !taken) return fail(taken.error().text);
  backoff_.begin_anew();
  look();
}

Result<void> WorkloadIdentity::take_answer() {
  const auto answer = nlohmann::json::parse(answer_, nullptr, /*allow_exceptions=*/false);
  const auto chain_pem = text_of(answer, "certificate");
  if (!chain_pem) return failure(chain_pem.error().text);
  const auto bundle_pem = text_of(answer, "bundle");
  if (!bundle_pem) return failure(bundle_pem.error().text);
  const auto chain = identity::certificates_from_pem(*chain_pem);
  if (!chain) return failure("certificate: " + chain.error().text);
  const identity::Certificate& own = chain->front();
  if (!own.belongs_to(*key_)) return failure("the certificate is of another key");
  if (own.expired(system_clock::now())) return failure("the certificate has expired");
  auto bundle = identity::TrustBundle::from_pem(*bundle_pem);
  if (!bundle) return failure("bundle: " + bundle.error().text);
  remember(*bundle);

  const auto roots = trusted();
  if (!roots) return failure(roots.error().text);
  auto context = net::client_context_from_pem({.certificate = *chain_pem, .key = key_->pem(), .peer_ca = *roots});
  if (!context) return failure(context.error().text);
  certificate_ = own;
  renewal_ = identity::renewal_time(own.not_before(), own.not_after(), random_.below(UINT32_MAX));
  const auto id = own.spiffe_id();
  log::info("certificate obtained", {{"identity", id ? id->text() : "unnamed"}, {"operator", config_.host}});
  callbacks_.on_context(std::move(*context));
  return {};
}

void WorkloadIdentity::remember(const identity::TrustBundle& learnt) {
  if (learnt_ == learnt) return;
  learnt_ = learnt;
  const std::string path = bundle_path(config_);
  if (path.empty()) return;
  if (auto done = replace_file(path, learnt.pem()); !done) {
    log::error("the trust bundle is not kept", {{"reason", done.error().text}});
  }
}

void WorkloadIdentity::fail(const std::string& reason) {
  const auto delay = backoff_.next({}, std::exchange(retry_after_, {}));
  log::warn("no certificate",
            {{"operator", config_.host}, {"reason", reason}, {"retry_ms", std::to_string(delay.count())}});
  timer_.set(delay);
  if (!certificate_) callbacks_.on_failure();
}

}  // namespace outrigger::uplink
