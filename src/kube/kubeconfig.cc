#include <yaml-cpp/yaml.h>

#include <array>
#include <filesystem>

#include "kube/config.h"
#include "kube/kubeconfig_exec.h"
#include "kube/kubeconfig_section.h"
#include "kube/server_address.h"
#include "kube/small_file.h"
#include "kube/tls_context.h"

namespace outrigger::kube {
namespace {

constexpr const char* kCredentials = "client-certificate, client-key, token, tokenFile or exec";
constexpr std::array kUnsupportedInUser{
    Unsupported{"auth-provider", kCredentials},
    Unsupported{"username", kCredentials},
    Unsupported{"password", kCredentials},
    Unsupported{"as", "the account itself (no impersonation)"},
    Unsupported{"as-uid", "the account itself (no impersonation)"},
    Unsupported{"as-groups", "the account itself (no impersonation)"},
    Unsupported{"as-user-extra", "the account itself (no impersonation)"},
};
constexpr std::array kUnsupportedInCluster{
    Unsupported{"proxy-url", "a direct connection"},
};

/// The entry of `list` ("clusters") named `name`, its inside under `inside` ("cluster").
Result<Section> find(const YAML::Node& file, const std::string& path, const std::string& list,
                     const std::string& inside, const std::string& name) {
  const YAML::Node entries = file[list];
  if (entries.IsDefined() && entries.IsSequence()) {
    for (const YAML::Node& entry : entries) {
      if (!entry.IsMap() || !entry["name"].IsDefined() || !entry["name"].IsScalar()) continue;
      if (entry["name"].Scalar() != name) continue;
      const std::string place = list + "[" + name + "]." + inside;
      if (!entry[inside].IsDefined() || !entry[inside].IsMap()) return failure(path + ": " + place + ": is missing");
      return Section(entry[inside], path + ": " + place);
    }
  }
  return failure(path + ": " + list + ": none is named '" + name + "'");
}

Result<void> read_cluster(const Section& cluster, const std::filesystem::path& directory, Config& config) {
  if (auto refused = cluster.refuse(kUnsupportedInCluster); !refused) return refused;
  const auto insecure = cluster.text("insecure-skip-tls-verify");
  if (!insecure) return tl::unexpected(insecure.error());
  if (!insecure->empty() && *insecure != "false") {
    return cluster.problem("insecure-skip-tls-verify",
                           "is not supported; allowed: certificate-authority or certificate-authority-data");
  }

  auto server = cluster.required("server");
  if (!server) return tl::unexpected(server.error());
  if (const auto address = ServerAddress::parse(*server); !address) {
    return cluster.problem("server", address.error().text);
  }
  config.server = std::move(*server);
  auto ca = cluster.content("certificate-authority", directory);
  if (!ca) return tl::unexpected(ca.error());
  config.ca_pem = std::move(*ca);
  auto name = cluster.text("tls-server-name");
  if (!name) return tl::unexpected(name.error());
  config.tls_server_name = std::move(*name);
  return {};
}

Result<void> read_user(const Section& user, const Section& cluster, const std::filesystem::path& directory,
                       Config& config) {
  if (auto refused = user.refuse(kUnsupportedInUser); !refused) return refused;
  auto certificate = user.content("client-certificate", directory);
  if (!certificate) return tl::unexpected(certificate.error());
  config.client_certificate_pem = std::move(*certificate);
  auto key = user.content("client-key", directory);
  if (!key) return tl::unexpected(key.error());
  config.client_key_pem = std::move(*key);
  auto token = user.text("token");
  if (!token) return tl::unexpected(token.error());
  config.token = std::move(*token);
  const auto token_file = user.text("tokenFile");
  if (!token_file) return tl::unexpected(token_file.error());
  if (!token_file->empty()) {
    config.token_file = directory / *token_file;
    if (const auto content = read_small_file(config.token_file); !content) {
      return user.problem("tokenFile", content.error().text);
    }
  }
  if (user.has("exec")) {
    const auto exec = user.inside("exec");
    if (!exec) return tl::unexpected(exec.error());
    auto plugin = read_exec(*exec, cluster, directory, config);
    if (!plugin) return tl::unexpected(plugin.error());
    config.exec = std::make_shared<ExecCredential>(std::move(*plugin));
  }
  return {};
}

Result<Config> read(const YAML::Node& file, const std::string& path, const std::string& context_name) {
  if (!file.IsMap()) return failure(path + ": not allowed; allowed: a kubeconfig");
  const auto current = context_name.empty() ? Section(file, path).required("current-context") : context_name;
  if (!current) return failure(path + ": current-context: not allowed; allowed: the name of one of contexts");
  const auto context = find(file, path, "contexts", "context", *current);
  if (!context) return tl::unexpected(context.error());
  auto context_namespace = context->text("namespace");
  if (!context_namespace) return tl::unexpected(context_namespace.error());
  const auto cluster_name = context->required("cluster");
  if (!cluster_name) return tl::unexpected(cluster_name.error());
  const auto user_name = context->required("user");
  if (!user_name) return tl::unexpected(user_name.error());
  const auto cluster = find(file, path, "clusters", "cluster", *cluster_name);
  if (!cluster) return tl::unexpected(cluster.error());
  const auto user = find(file, path, "users", "user", *user_name);
  if (!user) return tl::unexpected(user.error());

  Config config;
  config.context_namespace = std::move(*context_namespace);
  const auto directory = std::filesystem::path(path).parent_path();
  if (const auto done = read_cluster(*cluster, directory, config); !done) return tl::unexpected(done.error());
  if (const auto done = read_user(*user, *cluster, directory, config); !done) return tl::unexpected(done.error());
  if (const auto checked = check_certificates(config); !checked) return failure(path + ": " + checked.error().text);
  return config;
}

}  // namespace

Result<Config> load_kubeconfig(const std::string& path, const std::string& context) {
  const auto content = read_small_file(path);
  if (!content) return tl::unexpected(content.error());
  try {
    return read(YAML::Load(*content), path, context);
  } catch (const YAML::Exception& problem) {
    const std::string line = problem.mark.is_null() ? "" : ": line " + std::to_string(problem.mark.line + 1);
    return failure(path + line + ": " + problem.msg);
  }
}

}  // namespace outrigger::kube
