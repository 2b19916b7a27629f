#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "integration/api_server.h"
#include "integration/backend.h"
#include "integration/cluster_objects.h"
#include "integration/programs.h"

namespace outrigger::integration {

/// The whole way: a Service of a namespace of its own on an API server, an operator that watches it, a sidecar that is
/// fed by the operator and listens for the Service, and backends "a" to "d". The policy is weighted-round-robin, whose
/// turns can be counted. One owner.
class Spine {
 public:
  /// `server` outlives it. The Service has no endpoints yet. `operator_kubeconfig`: empty, and it is the
  /// server's.
  Spine(const ApiServer& server, EndpointsSource source, int workers = 1, const std::string& operator_kubeconfig = "");

  const model::ObjectKey& service() const { return service_; }
  ClusterObjects& objects() { return objects_; }
  Operator& feeder() { return *feeder_; }
  Sidecar& sidecar() { return *sidecar_; }
  Backend& backend(const std::string& name) { return *backends_.at(name); }
  std::string address() { return sidecar_->address("web"); }

  /// Stops the sidecar, and starts it again with the same configuration and snapshot file.
  void stop_sidecar() { sidecar_.reset(); }
  void start_sidecar();
  /// Stops the operator, and starts it again on the same addresses.
  void stop_operator() { feeder_.reset(); }
  void kill_operator() { feeder_->kill(); }
  void start_operator();

  /// The annotation of the backend's pod.
  void set_weight(const std::string& backend, const std::string& weight);
  /// Makes these the Service's endpoints.
  void set_members(const std::vector<std::string>& backends, const std::string& draining = "");
  /// Waits until the sidecar has exactly these, with these weights; those that drain are not counted.
  bool sidecar_has(const std::map<std::string, int>& weights);
  /// Waits until the sidecar has exactly the endpoints that the API server has.
  bool sidecar_has_what_the_api_has();

 private:
  fakes::TemporaryFolder folder_;
  std::string kubeconfig_;
  EndpointsSource source_;
  int workers_;
  model::ObjectKey service_;
  ClusterObjects objects_;
  std::map<std::string, std::unique_ptr<Backend>> backends_;
  std::string feed_address_ = "127.0.0.1:0";
  std::unique_ptr<Operator> feeder_;
  std::unique_ptr<Sidecar> sidecar_;
};

}  // namespace outrigger::integration
