#pragma once
#include <memory>
#include <vector>

#include "kube/config.h"
#include "kube/reflector.h"
#include "operator/source.h"

namespace outrigger::op {

/// Objects of an API server: one reflector a kind.
class KubeSource final : public Source {
 public:
  /// What it tells, with `endpoints_kind` (EndpointSlice or Endpoints) as the source of endpoints.
  static std::vector<kube::Kind> kinds(kube::Kind endpoints_kind);

  /// `counts` outlives it. `seed`: for the jitter of backoffs and timeouts.
  KubeSource(const kube::Config& config, kube::Kind endpoints_kind, kube::RequestCounts& counts,
             const OnChanges& on_changes, std::uint64_t seed);

  /// outrigger_watch_restarts_total, rest_client_requests_total.
  void add_metrics(metrics::Exposition& exposition) const override;
  std::vector<std::string> stuck() const override;

 private:
  kube::RequestCounts& counts_;
  std::vector<std::unique_ptr<kube::Reflector>> reflectors_;
};

}  // namespace outrigger::op
