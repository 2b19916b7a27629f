#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "integration/cluster_objects.h"
#include "integration/program.h"
#include "integration/temporary_directory.h"

namespace outrigger::integration {

/// PEM files for the feed's TLS: one certificate that both sides show and both trust.
struct Identity {
  std::string certificate;
  std::string key;
};
Identity make_identity(const TemporaryDirectory& directory);

/// outrigger-operator, watching an API server. One owner.
class Operator {
 public:
  Operator(const std::string& kubeconfig, EndpointsSource source, const Identity& identity,
           const std::string& feed_address);

  std::string feed_address() { return program_.address("feed"); }
  std::string metrics();
  /// kill -9
  void kill() { program_.kill(); }

 private:
  Program program_;
};

/// outrigger-sidecar, with a configuration file. One owner.
class Sidecar {
 public:
  explicit Sidecar(const std::string& config_path);

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
