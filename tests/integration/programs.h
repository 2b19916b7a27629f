#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fakes/certificates.h"
#include "integration/cluster_objects.h"
#include "integration/program.h"

namespace outrigger::integration {

/// The feed's TLS files: ca.crt, operator.crt, operator.key, sidecar.crt, sidecar.key.
void write_certificates(const fakes::TemporaryFolder& folder);

/// outrigger-operator. One owner.
class Operator {
 public:
  /// Watching an API server. `more`: further flags.
  Operator(const std::string& kubeconfig, EndpointsSource source, const fakes::TemporaryFolder& certificates,
           const std::string& feed_address, const std::vector<std::string>& more = {});
  /// Reading a folder of manifests instead.
  Operator(const fakes::TemporaryFolder& manifests, const fakes::TemporaryFolder& certificates,
           const std::string& feed_address);

  std::string feed_address() { return program_.address("feed"); }
  std::string metrics();
  /// kill -9
  void kill() { program_.kill(); }
  Program& program() { return program_; }

 private:
  Program program_;
};

/// outrigger-sidecar, with a configuration file. One owner.
class Sidecar {
 public:
  /// `more`: further flags.
  explicit Sidecar(const std::string& config_path, const std::vector<std::string>& more = {});

  /// Of the listener with that name.
  std::string address(const std::string& listener) { return program_.address("listener", listener); }
  std::string metrics();
  /// What it has for a service of that name; empty when it has nothing.
  nlohmann::json backends(const std::string& service);

  Program& program() { return program_; }

 private:
  Program program_;
};

}  // namespace outrigger::integration
