/// The commands that ask a cluster, against one that is scripted.
#include <gtest/gtest.h>

#include <set>

#include "cli/check_command.h"
#include "cli/pod_metrics.h"
#include "cli/scripted_cluster.h"
#include "cli/status_command.h"
#include "cli/version_command.h"
#include "kube/lease.h"

namespace outrigger::cli {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

const std::string kDeployment = "/apis/apps/v1/namespaces/outrigger-system/deployments/outrigger-operator";
const std::string kSidecarMetrics =
    "outrigger_build_info{version=\"" OUTRIGGER_VERSION
    "\"} 1\noutrigger_feed_connected 1\n"
    "outrigger_backend_state{service=\"shop/web:80\",backend=\"10.0.0.1:80\",state=\"ready\"} 1\n";

json pod(const std::string& ns, const std::string& name, bool sidecar = true) {
  json object{
      {"metadata", {{"namespace", ns}, {"name", name}}}, {"spec", json::object()}, {"status", {{"phase", "Running"}}}};
  if (!sidecar) return object;
  object["metadata"]["labels"] = {{"outrigger.dev/injected", "true"}};
  object["spec"]["initContainers"] = {{{"name", "outrigger-sidecar"}, {"image", "outrigger:1.2"}}};
  object["status"]["initContainerStatuses"] = {{{"name", "outrigger-sidecar"}, {"ready", true}}};
  return object;
}

std::string metrics_path(const std::string& ns, const std::string& name, const char* port = "4191") {
  return "/api/v1/namespaces/" + ns + "/pods/" + name + ":" + port + "/proxy/metrics";
}

/// A cluster in which all is well, with one injected pod shop/web-1.
void make_well(ScriptedCluster& cluster) {
  cluster.answer("/version", json{{"major", "1"}, {"minor", "31"}, {"gitVersion", "v1.31.0"}});
  cluster.answer(kDeployment, json{{"spec", {{"replicas", 1}, {"selector", {{"matchLabels", {{"app", "o"}}}}}}},
                                   {"status", {{"readyReplicas", 1}}}});
  cluster.list("/api/v1/namespaces/outrigger-system/pods", {pod("outrigger-system", "operator-1", false)});
  cluster.answer(metrics_path("outrigger-system", "operator-1", "9090"),
                 std::string("outrigger_build_info{version=\"" OUTRIGGER_VERSION "\"} 1\n"));
  cluster.answer("/apis/coordination.k8s.io/v1/namespaces/outrigger-system/leases/outrigger-operator",
                 json{{"spec",
                       {{"holderIdentity", "operator-1"},
                        {"leaseDurationSeconds", 15},
                        {"renewTime", kube::micro_time(std::chrono::system_clock::now())}}}});
  cluster.forbid("/api/v1/namespaces/outrigger-system/secrets/outrigger-identity");
  cluster.forbid("/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/outrigger-injector");
  cluster.list("/api/v1/namespaces",
               {{{"metadata", {{"name", "shop"}, {"labels", {{"outrigger.dev/inject", "enabled"}}}}}}});
  cluster.list("/api/v1/namespaces/shop/pods", {pod("shop", "web-1")});
  cluster.list("/api/v1/pods", {pod("shop", "web-1")});
  cluster.list("/api/v1/services", {});
  cluster.answer(metrics_path("shop", "web-1"), kSidecarMetrics);
}

json checked(const ScriptedCluster& cluster, int status, bool before_install = false) {
  const auto output = run(CheckCommand{
      .cluster = {.kubeconfig = cluster.kubeconfig()}, .before_install = before_install, .output = "json"});
  EXPECT_TRUE(output) << output.error().text;
  if (!output) return {};
  EXPECT_EQ(output->status, status) << output->text;
  return json::parse(output->text);
}

std::string result_of(const json& printed, const std::string& name) {
  for (const json& check : printed.at("checks")) {
    if (check.at("name") == name) return check.at("result");
  }
  return "not there";
}

TEST(Check, GoesThroughTheClusterAndSkipsWhatItMayNotSee) {
  ScriptedCluster cluster;
  make_well(cluster);
  const json printed = checked(cluster, 0);
  for (const char* const name :
       {"api-server", "deployment", "versions", "leader", "certificates", "missed-pods", "pod-security", "redirection",
        "sidecars-ready", "feed", "sidecar-versions", "service-annotations", "pod-annotations"}) {
    EXPECT_EQ(result_of(printed, name), "ok") << name;
  }
  EXPECT_EQ(result_of(printed, "secret"), "skipped");
  EXPECT_EQ(result_of(printed, "webhook"), "skipped");
  EXPECT_EQ(cluster.server().requests(1).at(0).headers.at("user-agent"), "outrigger/" OUTRIGGER_VERSION);
}

TEST(Check, FindsWhatAReleaseOfAnotherNameHasMade) {
  ScriptedCluster cluster;
  make_well(cluster);
  const std::string deployments = "/apis/apps/v1/namespaces/outrigger-system/deployments";
  const json deployment{{"metadata", {{"name", "lb-operator"}}},
                        {"spec", {{"replicas", 1}, {"selector", {{"matchLabels", {{"app", "o"}}}}}}},
                        {"status", {{"readyReplicas", 1}}}};
  cluster.list(deployments, {deployment});
  cluster.answer(deployments + "/lb-operator", deployment);
  cluster.answer("/apis/coordination.k8s.io/v1/namespaces/outrigger-system/leases/lb-operator",
                 json{{"spec", {{"holderIdentity", "other"}, {"renewTime", "9"}}}});
  cluster.answer("/api/v1/namespaces/outrigger-system/secrets/lb-identity", json::object());
  cluster.answer("/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/lb-injector", json::object());
  const json printed = checked(cluster, kProblems);
  const auto detail = [&](const char* name) {
    for (const json& check : printed.at("checks")) {
      if (check.at("name") == name) return check.at("detail").get<std::string>();
    }
    return std::string("not there");
  };
  EXPECT_EQ(result_of(printed, "deployment"), "ok");
  EXPECT_EQ(detail("leader"), "other");
  EXPECT_EQ(detail("secret"), "lb-identity has no tls.crt: the operator has not filled it");
  EXPECT_EQ(detail("webhook"), "lb-injector has no webhooks: no pod gets a sidecar");
}

TEST(Check, ReadsListsPageByPage) {
  ScriptedCluster cluster;
  make_well(cluster);
  const auto service = [](const char* name) {
    return json{
        {"metadata", {{"namespace", "shop"}, {"name", name}, {"annotations", {{"outrigger.dev/policy", "x"}}}}}};
  };
  cluster.list("/api/v1/services?limit=250", {service("a")}, "more/2");
  cluster.list("/api/v1/services?limit=250&continue=more%2F2", {service("b")}, "more/3");
  // The list's version has gone in between.
  cluster.answer("/api/v1/services?limit=250&continue=more%2F3",
                 json{{"kind", "Status"}, {"metadata", {{"continue", "anew"}}}}, 410);
  cluster.list("/api/v1/services?limit=250&continue=anew", {service("c")});
  const json printed = checked(cluster, kProblems);
  std::set<std::string> objects;
  for (const json& check : printed.at("checks")) {
    if (check.at("name") != "service-annotations") continue;
    for (const json& finding : check.at("findings")) objects.insert(finding.at("object"));
  }
  EXPECT_EQ(objects, (std::set<std::string>{"Service shop/a", "Service shop/b", "Service shop/c"}));
}

TEST(Check, SeesAPodThatWasMissedOnce) {
  ScriptedCluster cluster;
  make_well(cluster);
  json labelled = pod("lab", "x", false);
  labelled["metadata"]["labels"] = {{"outrigger.dev/inject", "enabled"}};
  cluster.list("/api/v1/pods?limit=250&labelSelector=outrigger.dev%2Finject%3Denabled",
               {labelled, pod("shop", "web-1"), pod("kube-system", "y", false)});
  const json printed = checked(cluster, kProblems);
  for (const json& check : printed.at("checks")) {
    if (check.at("name") != "missed-pods") continue;
    ASSERT_EQ(check.at("findings").size(), 1u);
    EXPECT_EQ(check.at("findings").at(0).at("object"), "Pod lab/x");
  }
}

TEST(Check, GarbageIsNoCrash) {
  ScriptedCluster cluster;
  for (const std::string garbage : {"", "[]", "{\"items\":3}", "{\"items\":[3,null,{}]}", "<html>"}) {
    make_well(cluster);
    for (const char* const path : {"/version", "/api/v1/namespaces", "/api/v1/pods", "/api/v1/services"}) {
      cluster.answer(path, garbage);
    }
    cluster.answer(kDeployment, garbage);
    cluster.answer(metrics_path("shop", "web-1"), garbage);
    const auto output = run(CheckCommand{.cluster = {.kubeconfig = cluster.kubeconfig()}});
    if (output) {
      EXPECT_NE(output->status, 0) << output->text;
    }
  }
}

TEST(Check, WithoutAnInstallationSaysSo) {
  ScriptedCluster cluster;
  cluster.answer("/version", json{{"major", "1"}, {"minor", "31"}});
  for (const char* const list : {"/api/v1/namespaces", "/api/v1/pods", "/api/v1/services"}) cluster.list(list, {});
  const json printed = checked(cluster, kProblems);
  EXPECT_EQ(result_of(printed, "deployment"), "failed");
}

TEST(Check, BeforeInstallationAsksWhatMayBeCreated) {
  ScriptedCluster cluster;
  cluster.answer("/version", json{{"major", "1"}, {"minor", "28"}});
  cluster.answer("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", json{{"status", {{"allowed", true}}}}, 201);
  const json printed = checked(cluster, kProblems, true);
  EXPECT_EQ(result_of(printed, "api-server"), "failed");
  EXPECT_EQ(result_of(printed, "permissions"), "ok");
  EXPECT_EQ(result_of(printed, "namespace"), "ok");
  EXPECT_EQ(result_of(printed, "other-installation"), "ok");
}

TEST(Check, FailsAltogetherWhereNobodyAnswers) {
  fakes::TemporaryFolder folder;
  const std::string config = folder.write(
      "config",
      "current-context: a\ncontexts: [{name: a, context: {cluster: a, user: a}}]\n"
      "clusters: [{name: a, cluster: {server: 'https://127.0.0.1:1'}}]\nusers: [{name: a, user: {token: a}}]\n");
  EXPECT_EQ(run(CheckCommand{.cluster = {.kubeconfig = config}}).error().text, "https://127.0.0.1:1: cannot connect");
  EXPECT_EQ(run(StatusCommand{.cluster = {.kubeconfig = config}}).error().text, "https://127.0.0.1:1: cannot connect");
  const auto version = run(VersionCommand{.cluster = {.kubeconfig = config}});
  EXPECT_EQ(version->status, kUnable);
  EXPECT_EQ(version->text, "client  " OUTRIGGER_VERSION "\n");
  EXPECT_EQ(version->complaints, "outrigger: operator: https://127.0.0.1:1: cannot connect\n");
}

Output status_output(const ScriptedCluster& cluster, const std::string& service, const std::string& output = "table") {
  auto printed =
      run(StatusCommand{.cluster = {.kubeconfig = cluster.kubeconfig()}, .service = service, .output = output});
  EXPECT_TRUE(printed) << printed.error().text;
  return printed ? *std::move(printed) : Output{};
}

TEST(Status, AsksEverySidecarAndNamesThoseThatDoNotAnswer) {
  ScriptedCluster cluster;
  std::vector<json> pods;
  for (int i = 0; i < 30; ++i) {
    pods.push_back(pod("shop", "web-" + std::to_string(i)));
    cluster.answer(metrics_path("shop", "web-" + std::to_string(i)), kSidecarMetrics);
  }
  cluster.answer(metrics_path("shop", "web-3"),
                 json{{"kind", "Status"}, {"message", "error trying to reach service: \x1b no route"}}, 503);
  cluster.answer(metrics_path("shop", "web-4"), std::string("<html>"));
  cluster.list("/api/v1/pods", pods);
  const Output printed = status_output(cluster, "web", "json");
  EXPECT_EQ(printed.status, 0);
  const json report = json::parse(printed.text);
  EXPECT_EQ(report.at("sidecars").at("injected"), 30);
  EXPECT_EQ(report.at("sidecars").at("read"), 28);
  EXPECT_EQ(report.at("services").at(0).at("backends").at(0).at("states").at("ready"), 28);
  EXPECT_EQ(printed.complaints,
            "outrigger: not read: shop/web-3: error trying to reach service: ? no route\n"
            "outrigger: not read: shop/web-4: /metrics: line 1 is not of the Prometheus format\n");
  // The context's namespace is the Service's.
  EXPECT_EQ(status_output(cluster, "other/web").status, kProblems);
  EXPECT_EQ(status_output(cluster, "shop/web:80").status, 0);
  EXPECT_EQ(status_output(cluster, "").status, 0);
}

TEST(Status, SaysWhatIsWrongWithItsArguments) {
  ScriptedCluster cluster;
  const ClusterOptions options{.kubeconfig = cluster.kubeconfig()};
  EXPECT_EQ(run(StatusCommand{.cluster = options, .service = "a/b/c"}).error().text,
            "SERVICE: 'a/b/c' is not allowed; allowed: NAME, NAMESPACE/NAME, NAME:PORT or NAMESPACE/NAME:PORT");
  EXPECT_TRUE(
      run(StatusCommand{.cluster = options, .pod_namespace = "../x"}).error().text.starts_with("--pod-namespace"));
  EXPECT_TRUE(run(CheckCommand{.cluster = options, .ns = "a/b"}).error().text.starts_with("--namespace: 'a/b'"));
}

TEST(PodMetrics, AreBoundedInTimeAndSize) {
  // Neither of the first two ends by itself.
  const auto hold = [](kube::Exchange& exchange) { exchange.hold(); };
  const auto endless = [](kube::Exchange& exchange) {
    exchange.begin();
    for (int i = 0; i < 64; ++i) exchange.chunk(std::string(1 << 15, '\n'));
    exchange.hold();
  };
  kube::FakeApiServer server({hold, endless, [](kube::Exchange& exchange) { exchange.reply(200, "a 1\n"); }});
  std::vector<std::string> texts;
  fetch_pod_metrics(server.config(), {{"a", "1"}, {"a", "2"}, {"a", "3"}}, kSidecarAdminPort,
                    [&](const model::ObjectKey&, const Answer<std::string>& metrics) {
                      texts.push_back(metrics ? *metrics : metrics.error().text);
                    },
                    {.at_a_time = 1, .of_one = 300ms, .bytes = 1 << 20});
  const std::string server_name = server.config().server;
  ASSERT_EQ(texts.size(), 3u);
  EXPECT_EQ(texts[0], server_name + ": no answer within 300 ms");
  EXPECT_EQ(texts[1], server_name + ": the answer is longer than 1 MiB");
  EXPECT_EQ(texts[2], "a 1\n");
}

TEST(PodMetrics, AreAskedForNoLongerThanAllMayTake) {
  ScriptedCluster cluster;
  std::vector<std::string> texts;
  fetch_pod_metrics(
      cluster.server().config(), {{"a", "1"}}, kSidecarAdminPort,
      [&](const model::ObjectKey&, const Answer<std::string>& metrics) { texts.push_back(metrics.error().text); },
      {.of_all = 0ms});
  EXPECT_EQ(texts, (std::vector<std::string>{"not asked: it took too long to ask the others"}));
}

TEST(Version, CountsSidecarsByTheirImages) {
  ScriptedCluster cluster;
  cluster.answer(kDeployment,
                 json{{"spec", {{"template", {{"spec", {{"containers", {{{"image", "r.test/outrigger:1.3"}}}}}}}}}}});
  cluster.list("/api/v1/pods", {pod("a", "1"), pod("a", "2")});
  const VersionCommand command{.cluster = {.kubeconfig = cluster.kubeconfig()}};
  EXPECT_EQ(run(command)->text, "client    " OUTRIGGER_VERSION "\noperator  1.3\nsidecars  2 of 1.2\n");
  EXPECT_EQ(run(command)->status, 0);
  VersionCommand json_command = command;
  json_command.output = "json";
  EXPECT_EQ(json::parse(run(json_command)->text),
            (json{{"client", OUTRIGGER_VERSION}, {"operator", "1.3"}, {"sidecars", {{"1.2", 2}}}}));
}

TEST(Version, WithoutAnInstallationThatIsNoFailure) {
  ScriptedCluster cluster;
  cluster.list("/api/v1/pods", {});
  const auto printed = run(VersionCommand{.cluster = {.kubeconfig = cluster.kubeconfig()}});
  EXPECT_EQ(printed->text, "client    " OUTRIGGER_VERSION "\noperator  none\nsidecars  none\n");
  EXPECT_EQ(printed->status, 0);
}

}  // namespace
}  // namespace outrigger::cli
