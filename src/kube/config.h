#pragma once
/// Where the API server is and who we are. Any thread.
#include <memory>
#include <string>

#include "kube/exec_credential.h"
#include "result/result.h"

namespace outrigger::kube {

struct Config {
  std::string server;  ///< "https://HOST[:PORT][/PREFIX]"
  std::string ca_pem;  ///< empty: the system's
  std::string client_certificate_pem;
  std::string client_key_pem;
  std::string token;
  /// Read again before each request (the projected token rotates); wins over `token`.
  std::string token_file;
  /// Asked before each request where there is neither of the two. Null: nobody.
  std::shared_ptr<ExecCredential> exec;
  /// Not "": the name to verify the server's certificate against, instead of the host.
  std::string tls_server_name;
  /// The namespace that a kubeconfig's context names, empty without.
  std::string context_namespace;
  /// What the API server's audit log shows of us.
  std::string user_agent = "outrigger-operator";
};

/// From the files and variables Kubernetes gives a pod. `directory` is a parameter for tests.
Result<Config> in_cluster_config(const std::string& directory = "/var/run/secrets/kubernetes.io/serviceaccount");

/// The namespace of the pod this runs in, from the files Kubernetes gives it.
Result<std::string> in_cluster_namespace(
    const std::string& directory = "/var/run/secrets/kubernetes.io/serviceaccount");

/// A kubeconfig's context `context`, the current one if that is empty: its namespace, cluster (server,
/// certificate-authority[-data], tls-server-name) and user (client-certificate[-data], client-key[-data], token,
/// tokenFile, exec). Relative paths are relative to the file; where several are given, data wins over its file,
/// tokenFile over token, and token over exec. What is not supported (auth-provider, username/password,
/// insecure-skip-tls-verify, proxy-url, impersonation) is an error that says so.
Result<Config> load_kubeconfig(const std::string& path, const std::string& context = "");

}  // namespace outrigger::kube
