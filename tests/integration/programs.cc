#include "integration/programs.h"

#include "integration/http_connection.h"

namespace outrigger::integration {
void write_certificates(const fakes::TemporaryFolder& folder) {
  const fakes::CertificateAuthority authority;
  folder.write("ca.crt", authority.certificate());
  for (const char* name : {"operator", "sidecar"}) {
    const fakes::Identity identity = authority.issue({.common_name = name});
    folder.write(std::string(name) + ".crt", identity.certificate);
    folder.write(std::string(name) + ".key", identity.key);
  }
}

namespace {

std::vector<std::string> operator_command(std::vector<std::string> source, const fakes::TemporaryFolder& certificates,
                                          const std::string& feed_address) {
  std::vector<std::string> command{OUTRIGGER_OPERATOR};
  command.insert(command.end(), source.begin(), source.end());
  for (const auto& [flag, value] :
       std::initializer_list<std::pair<const char*, std::string>>{{"--feed-address", feed_address},
                                                                  {"--admin-address", "127.0.0.1:0"},
                                                                  {"--tls-cert", certificates.path() / "operator.crt"},
                                                                  {"--tls-key", certificates.path() / "operator.key"},
                                                                  {"--client-ca", certificates.path() / "ca.crt"}}) {
    command.insert(command.end(), {flag, value});
  }
  return command;
}

}  // namespace

Operator::Operator(const std::string& kubeconfig, EndpointsSource source, const fakes::TemporaryFolder& certificates,
                   const std::string& feed_address, const std::vector<std::string>& more)
    : program_([&] {
        std::vector<std::string> flags{"--source",           "kube",         "--kubeconfig", kubeconfig,
                                       "--endpoints-source", name_of(source)};
        flags.insert(flags.end(), more.begin(), more.end());
        return operator_command(std::move(flags), certificates, feed_address);
      }()) {}

Operator::Operator(const fakes::TemporaryFolder& manifests, const fakes::TemporaryFolder& certificates,
                   const std::string& feed_address)
    : program_(operator_command({"--source", "dir:" + manifests.path().string()}, certificates, feed_address)) {}

std::string Operator::metrics() { return http_get(program_.address("admin"), "/metrics"); }

Sidecar::Sidecar(const std::string& config_path, const std::vector<std::string>& more)
    : program_([&] {
        std::vector<std::string> command{OUTRIGGER_SIDECAR, "--config", config_path};
        command.insert(command.end(), more.begin(), more.end());
        return command;
      }()) {}

std::string Sidecar::metrics() { return http_get(program_.address("admin"), "/metrics"); }

nlohmann::json Sidecar::backends(const std::string& service) {
  const auto all = nlohmann::json::parse(http_get(program_.address("admin"), "/backends"));
  for (const auto& entry : all.at("services")) {
    if (entry.at("service") == service) return entry.at("backends");
  }
  return nlohmann::json::array();
}

}  // namespace outrigger::integration
