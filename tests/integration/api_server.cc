#include "integration/api_server.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "integration/http_connection.h"
#include "integration/network.h"
#include "kube/client.h"

namespace outrigger::integration {
namespace {

constexpr const char* kEtcd = "127.0.0.1:2379";
constexpr const char* kEtcdPeer = "127.0.0.1:2380";
constexpr const char* kPort = "6443";
constexpr const char* kAdminToken = "administrators";
constexpr const char* kOperatorUser = "outrigger-operator";

std::string assets() {
  const char* directory = std::getenv("OUTRIGGER_APISERVER_ASSETS");
  if (directory == nullptr) {
    throw std::runtime_error(
        "OUTRIGGER_APISERVER_ASSETS is not set: it names the directory of etcd and kube-apiserver; `./dev test` builds "
        "them and sets it");
  }
  return directory;
}

}  // namespace

ApiServer::ApiServer() : programs_(assets()) {
  const std::string peer = fmt::format("http://{}", kEtcdPeer);
  const std::string client = fmt::format("http://{}", kEtcd);
  etcd_ = std::make_unique<Process>(std::vector<std::string>{
      programs_ + "/etcd", "--data-dir", file("etcd"), "--unsafe-no-fsync", "--log-level", "warn",
      "--listen-client-urls", client, "--advertise-client-urls", client, "--listen-peer-urls", peer,
      "--initial-advertise-peer-urls", peer, "--initial-cluster", "default=" + peer});
  folder_.write("tokens.csv", fmt::format("{},admin,admin,system:masters\n{},{},{}\n", kAdminToken, kOperatorToken,
                                          kOperatorUser, kOperatorUser));
  Process key({"openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", file("service-accounts.key")});
  if (key.wait_for_end() != 0) throw std::runtime_error("openssl makes no key");
  write_kubeconfig("kubeconfig", kAdminToken);
  write_kubeconfig("operator.kubeconfig", kOperatorToken);
  start();
  let_operator_do_its_work();
}

void ApiServer::write_kubeconfig(const char* name, const char* token) const {
  folder_.write(name, fmt::format(R"(apiVersion: v1
kind: Config
clusters: [{{name: test, cluster: {{server: "https://127.0.0.1:{}", certificate-authority: pki/apiserver.crt}}}}]
users: [{{name: user, user: {{token: {}}}}}]
contexts: [{{name: test, context: {{cluster: test, user: user}}}}]
current-context: test
)",
                                  kPort, token));
}

void ApiServer::let_operator_do_its_work() const {
  const auto rule = [](const char* group, std::vector<std::string> resources, std::vector<std::string> verbs) {
    return nlohmann::json{{"apiGroups", {group}}, {"resources", resources}, {"verbs", verbs}};
  };
  const nlohmann::json role{
      {"metadata", {{"name", "outrigger-operator"}}},
      {"rules",
       {rule("", {"services", "endpoints", "pods", "nodes"}, {"list", "watch"}), rule("", {"namespaces"}, {"list"}),
        rule("discovery.k8s.io", {"endpointslices"}, {"list", "watch"}), rule("", {"events"}, {"create"}),
        rule("", {"secrets"}, {"get", "create", "patch"}),
        rule("coordination.k8s.io", {"leases"}, {"get", "create", "patch"}),
        rule("authentication.k8s.io", {"tokenreviews"}, {"create"}),
        rule("admissionregistration.k8s.io", {"mutatingwebhookconfigurations"}, {"get", "update"})}}};
  const nlohmann::json binding{
      {"metadata", {{"name", "outrigger-operator"}}},
      {"roleRef", {{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", "ClusterRole"}, {"name", "outrigger-operator"}}},
      {"subjects", {{{"kind", "User"}, {"apiGroup", "rbac.authorization.k8s.io"}, {"name", kOperatorUser}}}}};
  kube::RequestCounts counts;
  kube::Client client(*kube::load_kubeconfig(kubeconfig()), counts);
  for (const auto& [collection, object] : {std::pair("clusterroles", role), {"clusterrolebindings", binding}}) {
    const auto made = client.post(std::string("/apis/rbac.authorization.k8s.io/v1/") + collection, object.dump());
    if (!made || made->status != 201) throw std::runtime_error("the operator's rights: " + made->body);
  }
}

void ApiServer::start() {
  server_ = std::make_unique<Process>(std::vector<std::string>{programs_ + "/kube-apiserver",
                                                               "--etcd-servers",
                                                               fmt::format("http://{}", kEtcd),
                                                               "--secure-port",
                                                               kPort,
                                                               "--bind-address",
                                                               "127.0.0.1",
                                                               "--advertise-address",
                                                               kHostAddress,
                                                               "--cert-dir",
                                                               file("pki"),
                                                               "--token-auth-file",
                                                               file("tokens.csv"),
                                                               "--authorization-mode",
                                                               "RBAC",
                                                               "--service-cluster-ip-range",
                                                               "10.96.0.0/16",
                                                               "--disable-admission-plugins",
                                                               "ServiceAccount",
                                                               "--service-account-issuer",
                                                               "https://kubernetes.default.svc",
                                                               "--service-account-key-file",
                                                               file("service-accounts.key"),
                                                               "--service-account-signing-key-file",
                                                               file("service-accounts.key")});
  const bool ready = eventually([this] {
    if (etcd_->wait_for_end(std::chrono::seconds(0)) || server_->wait_for_end(std::chrono::seconds(0))) {
      throw std::runtime_error("etcd or kube-apiserver has ended at its start");
    }
    const auto config = kube::load_kubeconfig(kubeconfig());
    if (!config) return false;  // The certificate is not written yet.
    kube::RequestCounts counts;
    const auto answer = kube::Client(*config, counts).get("/readyz");
    return answer && answer->status == 200;
  });
  if (!ready) throw std::runtime_error("kube-apiserver does not become ready");
}

void ApiServer::kill() { server_->kill(); }

void ApiServer::stop(bool stopped) { server_->signal(stopped ? SIGSTOP : SIGCONT); }

void ApiServer::compact() {
  HttpConnection etcd(kEtcd);
  const auto call = [&etcd](const char* path, const nlohmann::json& body) {
    const auto answer = etcd.post(path, body.dump());
    if (!answer) throw std::runtime_error(fmt::format("etcd {}: {}", path, answer.error().text));
    if (answer->status != 200) throw std::runtime_error(fmt::format("etcd {}: {}", path, answer->body));
    return nlohmann::json::parse(answer->body).at("header").at("revision").get<std::string>();
  };
  // The API server's watch cache begins at the revision it starts with: what it has not seen must be past.
  std::string revision;
  for (int i = 0; i < 10; ++i) revision = call("/v3/kv/put", {{"key", "b3V0cmlnZ2Vy"}, {"value", ""}});
  call("/v3/kv/compaction", {{"revision", revision}, {"physical", true}});
}

}  // namespace outrigger::integration
