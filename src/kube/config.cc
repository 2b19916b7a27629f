#include "kube/config.h"

#include <cstdlib>

#include "kube/server_address.h"
#include "kube/small_file.h"
#include "kube/tls_context.h"
#include "model/names.h"
#include "model/value_text.h"

namespace outrigger::kube {
namespace {

Result<std::string> variable(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr || *value == '\0') {
    return failure(std::string(name) + " is not set: not in a pod; name a kubeconfig instead");
  }
  return value;
}

}  // namespace

Result<Config> in_cluster_config(const std::string& directory) {
  const auto host = variable("KUBERNETES_SERVICE_HOST");
  if (!host) return tl::unexpected(host.error());
  const auto port = variable("KUBERNETES_SERVICE_PORT");
  if (!port) return tl::unexpected(port.error());

  Config config;
  const bool ipv6 = host->find(':') != std::string::npos;
  config.server = "https://" + (ipv6 ? "[" + *host + "]" : *host) + ":" + *port;
  if (const auto address = ServerAddress::parse(config.server); !address) {
    return failure("KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT: " + address.error().text);
  }

  auto ca = read_small_file(directory + "/ca.crt");
  if (!ca) return tl::unexpected(ca.error());
  config.ca_pem = std::move(*ca);
  if (const auto checked = check_certificates(config); !checked) {
    return failure(directory + "/ca.crt: " + checked.error().text);
  }

  config.token_file = directory + "/token";
  if (const auto token = read_small_file(config.token_file); !token) return tl::unexpected(token.error());
  return config;
}

Result<std::string> in_cluster_namespace(const std::string& directory) {
  auto ns = read_small_file(directory + "/namespace");
  if (!ns) return ns;
  while (ns->ends_with('\n')) ns->pop_back();
  if (!model::is_dns_label(*ns)) {
    return failure(directory + "/namespace: " + model::not_allowed(*ns, "a namespace's name"));
  }
  return ns;
}

}  // namespace outrigger::kube
