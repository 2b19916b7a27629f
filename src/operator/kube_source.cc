#include "operator/kube_source.h"

#include <map>
#include <string>
#include <utility>

namespace outrigger::op {

std::vector<kube::Kind> KubeSource::kinds(kube::Kind endpoints_kind) {
  return {kube::Kind::service, endpoints_kind, kube::Kind::pod, kube::Kind::node};
}

KubeSource::KubeSource(const kube::Config& config, kube::Kind endpoints_kind, kube::RequestCounts& counts,
                       const OnChanges& on_changes, std::uint64_t seed)
    : counts_(counts) {
  for (const kube::Kind kind : kinds(endpoints_kind)) {
    const auto on_change = [on_changes](kube::Change change) {
      std::vector<kube::Change> changes;
      changes.push_back(std::move(change));
      on_changes(std::move(changes));
    };
    reflectors_.push_back(std::make_unique<kube::Reflector>(kind, config, counts, on_change, seed++));
  }
}

void KubeSource::add_metrics(metrics::Exposition& exposition) const {
  for (const auto& reflector : reflectors_) {
    // A series that begins with its first event hides that event from rate().
    std::map<std::string, std::uint64_t> restarts{{"expired", 0}, {"timeout", 0}, {"idle", 0}, {"error", 0}};
    for (const auto& [reason, count] : reflector->restarts()) restarts[reason] = count;
    for (const auto& [reason, count] : restarts) {
      exposition.counter("outrigger_watch_restarts_total", "Watches that ended and were begun anew.",
                         {{"kind", kube::kind_name(reflector->kind())}, {"reason", reason}},
                         static_cast<double>(count));
    }
  }
  for (const auto& [request, count] : counts_.read()) {
    exposition.counter("rest_client_requests_total", "Requests to the API server by status code and method.",
                       {{"code", request.first}, {"method", request.second}}, static_cast<double>(count));
  }
}

std::vector<std::string> KubeSource::stuck() const {
  std::vector<std::string> stuck;
  for (const auto& reflector : reflectors_) {
    if (!reflector->alive()) stuck.push_back(std::string("the watch of ") + kube::kind_name(reflector->kind()));
  }
  return stuck;
}

}  // namespace outrigger::op
