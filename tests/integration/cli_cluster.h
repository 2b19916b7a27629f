#pragma once
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "integration/api_server.h"
#include "integration/program.h"
#include "kube/client.h"

namespace outrigger::integration {

/// What a command of `outrigger` has printed with `-o json`, and how it ended.
struct CliOutput {
  int status = -1;
  nlohmann::json printed;
};

/// An API server with an installation: the operator itself and the objects that the chart and the controllers would
/// make around it, so that the API server's proxy reaches the programs as if they were in pods. One owner.
class CliCluster {
 public:
  CliCluster();

  const ApiServer& server() const { return server_; }

  /// Throws what the API server says against it. `path`: of the collection.
  nlohmann::json create(const std::string& path, const nlohmann::json& object);
  void patch(const std::string& path, const nlohmann::json& change);
  nlohmann::json get(const std::string& path);

  /// The Deployment with its pod, the Lease, Secret and webhooks, and the operator, until it has filled them.
  void install();
  /// `labels`: of the namespace.
  void create_namespace(const std::string& name, const std::map<std::string, std::string>& labels = {});
  /// A running pod "shop/NAME" of a Deployment web. `ip`: empty: none, so nobody can reach it.
  void create_pod(const std::string& name, bool with_sidecar, const std::string& ip = "");

  /// `outrigger ARGUMENTS -o json`, as who may do everything or as the operator's account.
  CliOutput run(std::vector<std::string> arguments) const { return run(std::move(arguments), server_.kubeconfig()); }
  CliOutput run(std::vector<std::string> arguments, const std::string& kubeconfig) const;

 private:
  ApiServer server_;
  kube::RequestCounts counts_;
  kube::Client client_;
  std::unique_ptr<Program> operator_;
};

}  // namespace outrigger::integration
