#include "operator/injector.h"

#include <utility>

#include "kube/admission_review.h"
#include "log/log.h"

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
    if (name != metadata->end() && name->is_string() && !name->empty()) return ns + "/" + name->get<std::string>();
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
    complain(host_of(peer), "handshake: " + reason);
  });
}

void Injector::handle(net::HttpExchange& exchange) {
  if (exchange.path() != kPath && exchange.path() != kEnforcedPath) {
    return refuse(exchange, 404, "not found; there are /inject, /inject/pod-security-enforced");
  }
  if (exchange.method() != "POST") return refuse(exchange, 405, "not allowed; allowed: POST");
  auto pending = std::make_shared<Pending>(loop_, *this, exchange);
  pending->late.set(limits_.body_timeout);
  exchange.on_body = [this, pending = pending.get()](std::string_view bytes) {
    if (pending->answered) return;
    pending->body += bytes;
    if (pending->body.size() > limits_.max_body) give_up(*pending, 413, "too large; allowed: 4 MiB");
  };
  exchange.on_body_end = [this, pending = pending.get()] {
    if (!pending->answered) review(*pending);
  };
  exchange.on_end = [pending = std::move(pending)] { pending->answered = true; };
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

  pending.answered = true;
  pending.late.cancel();
  ++count_of(injection->left_alone ? Outcome::skipped : Outcome::injected);
  const std::string pod = shown_name(request->ns, request->object);
  if (injection->left_alone) {
    log::info("a pod is left without a sidecar", {{"pod", pod}, {"reason", injection->left_alone->reason}});
  } else {
    log::info("a pod gets a sidecar", {{"pod", pod}});
  }
  pending.exchange.respond(200, "application/json",
                           kube::admission_answer(request->uid, inject::patch_between(request->object, injection->pod),
                                                  injection->warnings));
}

void Injector::give_up(Pending& pending, std::uint16_t status, const std::string& reason) {
  pending.answered = true;
  pending.late.cancel();
  pending.body = {};
  refuse(pending.exchange, status, reason);
}

void Injector::refuse(net::HttpExchange& exchange, std::uint16_t status, const std::string& reason) {
  ++count_of(Outcome::failed);
  complain(host_of(exchange.peer()), reason);
  exchange.respond(status, kText, reason + "\n");
}

void Injector::complain(const std::string& who, const std::string& reason) {
  const auto held_back = complaints_.pass(who + " " + reason, net::Clock::now());
  if (!held_back) return;
  log::warn("a request to inject is refused",
            {{"peer", who}, {"reason", reason}, {"repeated", std::to_string(*held_back)}});
}

void Injector::add_metrics(metrics::Exposition& exposition) const {
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    exposition.counter("outrigger_injections_total",
                       "Pods that the webhook was asked about: given a sidecar, left alone, or not understood.",
                       {{"result", kOutcomeNames[i]}}, static_cast<double>(counts_[i]));
  }
}

}  // namespace outrigger::op
