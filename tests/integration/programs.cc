#include "integration/programs.h"

#include <stdexcept>

#include "integration/http_connection.h"

namespace outrigger::integration {

Identity make_identity(const TemporaryDirectory& directory) {
  Identity identity{directory.file("feed.crt"), directory.file("feed.key")};
  Process openssl({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                   "/CN=outrigger", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2", "-out",
                   identity.certificate, "-keyout", identity.key});
  if (openssl.wait_for_end() != 0) throw std::runtime_error("openssl makes no certificate");
  return identity;
}

Operator::Operator(const std::string& kubeconfig, EndpointsSource source, const Identity& identity,
                   const std::string& feed_address)
    : program_({OUTRIGGER_OPERATOR, "--source", "kube", "--kubeconfig", kubeconfig, "--endpoints-source",
                name_of(source), "--feed-address", feed_address, "--admin-address", "127.0.0.1:0", "--tls-cert",
                identity.certificate, "--tls-key", identity.key, "--client-ca", identity.certificate}) {}

std::string Operator::metrics() { return http_get(program_.address("admin"), "/metrics"); }

Sidecar::Sidecar(const std::string& config_path) : program_({OUTRIGGER_SIDECAR, "--config", config_path}) {}

std::string Sidecar::metrics() { return http_get(program_.address("admin"), "/metrics"); }

nlohmann::json Sidecar::backends(const std::string& service) {
  const auto all = nlohmann::json::parse(http_get(program_.address("admin"), "/backends"));
  for (const auto& entry : all.at("services")) {
    if (entry.at("service") == service) return entry.at("backends");
  }
  return nlohmann::json::array();
}

}  // namespace outrigger::integration
