#include "operator/admin_server.h"

#include <chrono>
#include <string_view>
#include <utility>

namespace outrigger::op {
namespace {

constexpr std::string_view kText = "text/plain; charset=utf-8";

}  // namespace

AdminServer::AdminServer(net::EventLoop& loop, net::FileDescriptor listener, const View& view)
    : view_(view),
      server_(loop, std::move(listener), nullptr, [this](net::HttpExchange& exchange) { handle(exchange); }) {}

void AdminServer::handle(net::HttpExchange& exchange) const {
  const std::string_view path = exchange.path();
  const bool known = path == "/metrics" || path == "/readyz" || path == "/livez" || path == "/subscribers";
  if (!known) return exchange.respond(404, kText, "not found; there are /metrics, /readyz, /livez, /subscribers\n");
  if (exchange.method() != "GET" && exchange.method() != "HEAD") {
    return exchange.respond(405, kText, "not allowed; allowed: GET\n");
  }
  if (path == "/metrics") return exchange.respond(200, metrics::Exposition::kContentType, metrics());
  if (path == "/readyz") return answer_ready(exchange);
  if (path == "/livez") return answer_live(exchange);
  if (!exchange.from_loopback()) return exchange.respond(403, kText, "forbidden; allowed: from loopback\n");
  exchange.respond(200, "application/json", view_.publisher.describe());
}

std::string AdminServer::metrics() const {
  const ReconcileThread::Readings readings = view_.reconciler.read();
  const auto count = [](std::size_t value) { return static_cast<double>(value); };
  metrics::Exposition all;
  all.gauge("outrigger_build_info", "The program's version; always 1.", {{"version", OUTRIGGER_VERSION}}, 1);
  all.gauge("outrigger_subscribers", "Sidecars connected to the feed.", {}, count(view_.publisher.subscribers()));
  all.histogram("outrigger_propagation_seconds",
                "From reading a change to the last byte of its line being taken by the kernel, for each subscriber.",
                {}, view_.publisher.propagation().read());
  all.gauge("outrigger_services", "Services known.", {}, count(readings.services));
  all.gauge("outrigger_endpoints", "Endpoints in the sets of all Service ports.", {}, count(readings.endpoints));
  all.gauge("outrigger_invalid_annotations", "Annotations of Services and Pods that are bad now.", {},
            count(readings.invalid_annotations));
  for (const auto& [kind, repairs] : readings.repairs) {
    all.counter("outrigger_comparison_repairs_total",
                "Objects that a comparison found to differ from what the watches had told; 0 while nothing is lost.",
                {{"kind", kube::kind_name(kind)}}, static_cast<double>(repairs));
  }
  all.gauge("workqueue_depth", "Services that wait to be looked at.", {{"name", "services"}},
            count(readings.queue_depth));
  all.counter("outrigger_feed_out_of_scope_total", "Subscriptions to Services outside the subscriber's scope.", {},
              static_cast<double>(view_.publisher.out_of_scope()));
  view_.add_metrics(all);
  view_.identity.add_metrics(all);
  if (view_.elector != nullptr) {
    all.gauge("leader_election_master_status", "1 while this replica leads by this Lease, 0 while another may.",
              {{"name", view_.elector->lease().name}}, view_.elector->leading() ? 1 : 0);
  }
  view_.source.add_metrics(all);
  return all.text();
}

void AdminServer::answer_ready(net::HttpExchange& exchange) const {
  const bool published = view_.publisher.complete();
  if (published && view_.identity.ready()) return exchange.respond(200, kText, "ready\n");
  if (published) return exchange.respond(503, kText, "not ready; not yet a certificate for the feed\n");
  std::string missing;
  for (const kube::Kind kind : view_.reconciler.read().missing) {
    missing += (missing.empty() ? "" : ", ") + std::string(kube::kind_name(kind));
  }
  exchange.respond(503, kText, "not ready; not yet " + (missing.empty() ? "published" : "listed: " + missing) + "\n");
}

void AdminServer::answer_live(net::HttpExchange& exchange) const {
  // The event loop is alive: it answers.
  std::vector<std::string> stuck = view_.source.stuck();
  if (std::chrono::steady_clock::now() - view_.reconciler.read().last_round >= kMaxRound)
    stuck.push_back("reconciling");
  if (view_.elector != nullptr && !view_.elector->alive()) stuck.push_back("the election of a leader");
  std::string text;
  for (const std::string& what : stuck) text += (text.empty() ? "" : ", ") + what;
  if (stuck.empty()) return exchange.respond(200, kText, "alive\n");
  exchange.respond(503, kText, "not alive; does not come round: " + text + "\n");
}

}  // namespace outrigger::op
