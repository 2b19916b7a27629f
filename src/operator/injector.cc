#include "operator/injector.h"

#include <utility>

#include "kube/admission_review.h"
#include "log/log.h"
#include "model/shown_value.h"

namespace outrigger::op {
namespace {

constexpr std::string_view kPath = "/inject";
constexpr std::string_view kEnforcedPath = "/inject/pod-security-enforced";
constexpr std::string_view kText = "text/plain; charset=utf-8";
constexpr std::array kOutcomeNames{"injected", "skipped", "failed"};

/// A pod of a controller has no name yet.
std::string shown_name(const std::string& ns, const nlohmann::json& pod) {
  const auto metadata = pod.find("metadata");
  if (metadata == pod.end() || !metadata->is_object()) return ns;
  for (const char* key : {"name", "generateName"}) {
    const auto name = metadata->find(key);
    if (name != metadata->end() && name->is_string() && !name->empty()) {
      return ns + "/" + model::shown_value(name->get_ref<const std::string&>());
    }
  }
  return ns;
}

}  // namespace

/// One request while its body comes.
struct Injector::Pending {
  Pending(net::EventLoop& loop, Injector& of, net::HttpExchange& to)
      : injector(of), exchange(to), late(loop, [this] { injector.give_up(*this, 408, "the body takes too long"); }) {}

  Injector& injector;
  net::HttpExchange& exchange;
  std::string body;
  bool answered = false;
  net::Timer late;
};

Injector::Injector(net::EventLoop& loop, net::FileDescriptor listener, net::SslContext context,
                   inject::Settings settings, TrustBundle trust_bundle, const InjectorLimits& limits)
    : loop_(loop),
      settings_(std::move(settings)),
      trust_bundle_(std::move(trust_bundle)),
      limits_(limits),
      server_(
          loop, std::move(listener), std::move(context), [this](net::HttpExchange& exchange) { handle(exchange); },
          limits.server) {
  server_.set_on_handshake_failure([this](const net::SocketAddress& peer, const std::string& reason) {
    log_some(host_of(peer) + " handshake", "a connection is refused", host_of(peer), reason);
  });
}

void Injector::handle(net::HttpExchange& exchange) {
  if (exchange.path() != kPath && exchange.path() != kEnforcedPath) {
    return exchange.respond(404, kText, "not found; there are /inject, /inject/pod-security-enforced\n");
  }
  if (exchange.method() != "POST") return exchange.respond(405, kText, "not allowed; allowed: POST\n");
  auto pending = std::make_shared<Pending>(loop_, *this, exchange);
  pending->late.set(limits_.body_timeout);
  exchange.on_body = [this, pending = pending.get()](std::string_view bytes) {
    if (pending->answered) return;
    pending->body += bytes;
    bodies_ += bytes.size();
    if (pending->body.size() > limits_.max_body) return give_up(*pending, 413, "too large; allowed: 4 MiB");
    if (bodies_ > limits_.max_bodies) give_up(*pending, 503, "too much at a time");
  };
  exchange.on_body_end = [this, pending = pending.get()] {
    if (!pending->answered) review(*pending);
  };
  exchange.on_end = [this, pending = std::move(pending)] { let_go(*pending); };
}

void Injector::review(Pending& pending) {
  const auto security =
      pending.exchange.path() == kEnforcedPath ? inject::PodSecurity::enforced : inject::PodSecurity::open;
  const auto request = kube::read_admission_review(pending.body);
  if (!request) return give_up(pending, 400, request.error().text);
  const std::string trust_bundle = trust_bundle_();
  if (trust_bundle.empty()) return give_up(pending, 503, "there is no root yet");
  const auto injection = inject::inject(request->object, request->ns, settings_, trust_bundle, security);
  if (!injection) return give_up(pending, 400, injection.error().text);

  let_go(pending);
  // The API server asks again when others have changed the pod since.
  if (!request->dry_run && !inject::has_sidecar(request->object)) {
    ++count_of(injection->left_alone ? Outcome::skipped : Outcome::injected);
  }
  const std::string ns = model::shown_value(request->ns);
  if (injection->left_alone) {
    log_some(ns + " skipped", "a pod is left without a sidecar", shown_name(ns, request->object),
             injection->left_alone->reason);
  } else {
    log_some(ns + " injected", "a pod gets a sidecar", shown_name(ns, request->object), "");
  }
  pending.exchange.respond(200, "application/json",
                           kube::admission_answer(request->uid, inject::patch_between(request->object, injection->pod),
                                                  injection->warnings));
}

void Injector::let_go(Pending& pending) {
  pending.answered = true;
  pending.late.cancel();
  bodies_ -= pending.body.size();
  pending.body = {};
}

void Injector::give_up(Pending& pending, std::uint16_t status, const std::string& reason) {
  let_go(pending);
  refuse(pending.exchange, status, reason);
}

void Injector::refuse(net::HttpExchange& exchange, std::uint16_t status, const std::string& reason) {
  ++count_of(Outcome::failed);
  const std::string peer = host_of(exchange.peer());
  log_some(peer + " refused " + std::to_string(status), "a request to inject is refused", peer, reason);
  exchange.respond(status, kText, reason + "\n");
}

void Injector::log_some(const std::string& key, const char* what, const std::string& who, const std::string& reason) {
  const auto held_back = log_limit_.pass(key, net::Clock::now());
  if (!held_back) return;
  log::info(what, {{"who", who}, {"reason", reason}, {"repeated", std::to_string(*held_back)}});
}

void Injector::add_metrics(metrics::Exposition& exposition) const {
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    exposition.counter("outrigger_injections_total",
                       "Pods that the webhook was asked about: given a sidecar, left alone, or not understood.",
                       {{"result", kOutcomeNames[i]}}, static_cast<double>(counts_[i]));
  }
}

}  // namespace outrigger::op
