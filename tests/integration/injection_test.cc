#include <gtest/gtest.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "integration/api_server.h"
#include "integration/cluster_objects.h"
#include "integration/eventually.h"
#include "integration/http_connection.h"
#include "integration/metrics_text.h"
#include "integration/program.h"
#include "kube/client.h"
#include "kube/secret.h"
#include "net/socket.h"

namespace outrigger::integration {
namespace {

using nlohmann::json;

constexpr const char* kSystem = "outrigger-system";
constexpr const char* kSecretsPath = "/api/v1/namespaces/outrigger-system/secrets";
constexpr const char* kLeasesPath = "/apis/coordination.k8s.io/v1/namespaces/outrigger-system/leases";
constexpr const char* kWebhooksPath = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";

/// An operator whose webhook a real API server asks. Secret and Lease are there and empty, as the chart makes them.
class Injection : public testing::Test {
 protected:
  Injection() {
    for (const char* ns : {kSystem, "shop"}) objects_.create_namespace(ns);
    post(kSecretsPath, {{"metadata", {{"name", "root"}, {"labels", {{"outrigger.dev/kept-by", "operator"}}}}}});
    post(kLeasesPath, {{"metadata", {{"name", "leader"}}}});
    folder_.write("injection.yaml", "image: outrigger:1\noperator: https://localhost:8443\n");
    start();
    post(kWebhooksPath, {{"metadata", {{"name", "outrigger"}}}, {"webhooks", {webhook()}}});
    CHECK(eventually([this] { return injected(make_pod("first")); }));
  }

  void start() {
    operator_ = std::make_unique<Program>(std::vector<std::string>{OUTRIGGER_OPERATOR,
                                                                   "--kubeconfig",
                                                                   server_.operator_kubeconfig(),
                                                                   "--feed-address",
                                                                   "[::]:0",
                                                                   "--admin-address",
                                                                   "127.0.0.1:0",
                                                                   "--webhook-address",
                                                                   webhook_.port() == 0 ? "[::]:0" : webhook_.text(),
                                                                   "--injection",
                                                                   folder_.path() / "injection.yaml",
                                                                   "--identity-secret",
                                                                   "root",
                                                                   "--namespace",
                                                                   kSystem,
                                                                   "--lease",
                                                                   "outrigger-system/leader",
                                                                   "--serving-name",
                                                                   "localhost",
                                                                   "--webhook-configuration",
                                                                   "outrigger"});
    webhook_ = net::SocketAddress::parse(operator_->address("webhook")).value();
  }
  json webhook() const {
    return {{"name", "inject.outrigger.dev"},
            {"admissionReviewVersions", {"v1"}},
            {"sideEffects", "None"},
            {"failurePolicy", "Ignore"},
            {"timeoutSeconds", 5},
            {"reinvocationPolicy", "IfNeeded"},
            {"namespaceSelector", {{"matchLabels", {{"kubernetes.io/metadata.name", "shop"}}}}},
            {"clientConfig", {{"url", "https://localhost:" + std::to_string(webhook_.port()) + "/inject"}}},
            {"rules",
             {{{"apiGroups", {""}}, {"apiVersions", {"v1"}}, {"operations", {"CREATE"}}, {"resources", {"pods"}}}}}};
  }
  json post(const std::string& path, const json& object) {
    const auto answer = client_.post(path, object.dump());
    if (!answer || answer->status != 201) throw std::runtime_error(path + ": " + (answer ? answer->body : "no answer"));
    return json::parse(answer->body);
  }
  /// As the API server has taken it; nothing is kept, or counted, unless `query` is empty.
  json make_pod(const std::string& name, json spec = json::object(), json labels = json::object(),
                const char* query = "?dryRun=All") {
    spec["containers"] = {{{"name", "app"}, {"image", "app:1"}}};
    spec["serviceAccountName"] = "default";  // as an admission plugin does that this server goes without
    return post(std::string("/api/v1/namespaces/shop/pods") + query,
                {{"metadata", {{"name", name}, {"labels", std::move(labels)}}}, {"spec", std::move(spec)}});
  }
  static bool injected(const json& pod) {
    const json list = pod["spec"].value("initContainers", json::array());
    return list.size() > 1 && list[0]["name"] == "outrigger-init" && list[1]["name"] == "outrigger-sidecar";
  }
  std::string metrics() { return http_get(operator_->address("admin"), "/metrics"); }
  std::string bundle() {
    return kube::read_secret(client_.get(kube::secret_path({kSystem, "root"}))->body).value().data["ca.crt"];
  }

  ApiServer server_;
  ClusterObjects objects_{server_.kubeconfig(), EndpointsSource::slices};
  kube::RequestCounts counts_;
  kube::Client client_{kube::load_kubeconfig(server_.kubeconfig()).value(), counts_};
  fakes::TemporaryFolder folder_;
  net::SocketAddress webhook_ = *net::SocketAddress::parse("[::]:0");  ///< the same again after a restart
  std::unique_ptr<Program> operator_;
};

TEST_F(Injection, GivesAPodASidecarThatTheApiServerTakes) {
  const json pod = make_pod("web", {{"initContainers", {{{"name", "migrate"}, {"image", "app:1"}}}}});
  ASSERT_TRUE(injected(pod)) << pod;
  EXPECT_EQ(pod["spec"]["initContainers"][2]["name"], "migrate");
  // What the API server does not know it drops: nothing of ours is.
  const json sidecar = pod["spec"]["initContainers"][1];
  EXPECT_EQ(sidecar["restartPolicy"], "Always");
  for (const char* probe : {"startupProbe", "readinessProbe", "livenessProbe"}) EXPECT_TRUE(sidecar.contains(probe));
  EXPECT_EQ(sidecar["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
  EXPECT_EQ(pod["metadata"]["annotations"]["outrigger.dev/trust-bundle"], bundle());
}

TEST_F(Injection, LeavesAloneWhatHasNoNetworkOfItsOwnOrSaysSo) {
  EXPECT_FALSE(injected(make_pod("node", {{"hostNetwork", true}}, {}, "")));
  EXPECT_FALSE(injected(make_pod("windows", {{"os", {{"name", "windows"}}}}, {}, "")));
  EXPECT_FALSE(injected(make_pod("plain", {}, {{"outrigger.dev/inject", "disabled"}}, "")));
  EXPECT_TRUE(injected(make_pod("web", {}, {}, "")));
  EXPECT_EQ(metric(metrics(), "outrigger_injections_total", {{"result", "injected"}}), 1);
  EXPECT_EQ(metric(metrics(), "outrigger_injections_total", {{"result", "skipped"}}), 3);
}

TEST_F(Injection, APodStartsPlainWhileNobodyAnswersAndInjectedAfterwards) {
  operator_->kill();
  EXPECT_FALSE(injected(make_pod("plain")));
  start();
  EXPECT_TRUE(eventually([this] { return injected(make_pod("web")); }));
}

TEST_F(Injection, AnOperatorThatEndsInOrderGivesSidecarsForSomeSecondsMore) {
  operator_->signal(SIGTERM);
  ASSERT_TRUE(operator_->logged("stopping"));
  EXPECT_TRUE(injected(make_pod("web")));
  EXPECT_EQ(operator_->wait_for_end(), 0);
}

}  // namespace
}  // namespace outrigger::integration
