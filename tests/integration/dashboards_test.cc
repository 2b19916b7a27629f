/// Every query of the chart's dashboards and alerts, asked of a real Prometheus that scrapes the real programs: two
/// operators on an API server, and two sidecars whose requests fail, are tried again and find endpoints away.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <list>
#include <memory>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "integration/api_server.h"
#include "integration/backend.h"
#include "integration/cluster_objects.h"
#include "integration/eventually.h"
#include "integration/load.h"
#include "integration/programs.h"
#include "integration/prometheus.h"
#include "kube/client.h"
#include "kube/secret.h"
#include "net/socket.h"

namespace outrigger::integration {
namespace {

using nlohmann::json;

constexpr std::size_t kOperators = 2;
constexpr std::size_t kSidecars = 2;
const model::ObjectKey kRoot{"outrigger-system", "outrigger-identity"};
const model::ObjectKey kWeb{"shop", "web"};      ///< of its three endpoints one fails, and one is away
const model::ObjectKey kWorse{"shop", "worse"};  ///< of its three endpoints two are away
const model::ObjectKey kGone{"shop", "gone"};    ///< has no endpoint

/// What Grafana would put in the place of a dashboard's variables.
std::string with_values(std::string text) {
  for (const auto& [variable, value] :
       std::initializer_list<std::pair<const char*, const char*>>{{"$__rate_interval", "10s"},
                                                                  {"$operator_namespace", "outrigger-system"},
                                                                  {"$namespace", "shop"},
                                                                  {"$service", "shop/web:80"},
                                                                  {"$pod", "client-0|client-1"}}) {
    for (std::size_t at; (at = text.find(variable)) != std::string::npos;) {
      text.replace(at, std::string_view(variable).size(), value);
    }
  }
  return text;
}

/// The selectors of an expression: names of metrics with their matchers.
std::set<std::string> selectors(const std::string& expression) {
  static const std::regex kSelector(R"re(\b(outrigger|leader_election|workqueue|rest_client)_\w+(\{[^}]*\})?)re");
  std::set<std::string> found;
  for (auto match = std::sregex_iterator(expression.begin(), expression.end(), kSelector);
       match != std::sregex_iterator(); ++match) {
    found.insert(match->str());
  }
  return found;
}

class Dashboards : public ::testing::Test {
 protected:
  Dashboards() {
    for (const char* ns : {"outrigger-system", "shop"}) objects_.create_namespace(ns);
    post("/api/v1/namespaces/shop/serviceaccounts", {{"metadata", {{"name", "client"}}}});
    objects_.create_service(
        kWeb, {{"outrigger.dev/retry-on", "connect-failure,refused,503"}, {"outrigger.dev/outlier-ejection", "1s"}});
    objects_.create_service(kWorse, {{"outrigger.dev/policy", "fastest"}});
    objects_.create_service(kGone);
    objects_.set_members(kWeb, {{.ip = "10.77.1.1", .pod = "web-1"}, {.ip = "10.77.1.2"}, {.ip = "10.77.1.3"}});
    objects_.set_members(kWorse, {{.ip = "10.77.1.1"}, {.ip = "10.77.1.3"}, {.ip = "10.77.1.4"}});
    often_well_.answer(503, 100);
    never_well_.answer(503);

    std::vector<ScrapeTarget> targets;
    for (std::size_t i = 0; i < kOperators; ++i) {
      start_operator();
      targets.push_back(
          {"operators", operators_[i]->address("admin"), "outrigger-system", fmt::format("operator-{}", i)});
    }
    for (std::size_t i = 0; i < kSidecars; ++i) {
      start_sidecar(operators_[i % kOperators]->address("feed"));
      targets.push_back({"sidecars", sidecars_[i]->program().address("admin"), "shop", fmt::format("client-{}", i)});
    }
    prometheus_ = std::make_unique<Prometheus>(targets, OUTRIGGER_CHART "/rules/alerts.yaml");
    for (const auto& service : {kWeb, kWorse, kGone}) loads_.emplace_back(sidecars_[0]->address(service.name), 1);
    loads_.emplace_back(sidecars_[1]->address(kWeb.name), 1);
  }

  json post(const std::string& path, const json& object) {
    const auto answer = client_.post(path, object.dump());
    CHECK(answer && answer->status == 201);
    return json::parse(answer->body);
  }
  void start_operator() {
    operators_.push_back(std::make_unique<Program>(std::vector<std::string>{
        OUTRIGGER_OPERATOR, "--kubeconfig", server_.operator_kubeconfig(), "--feed-address", "127.0.0.1:0",
        "--admin-address", "127.0.0.1:0", "--identity-secret", kRoot.name, "--namespace", kRoot.ns, "--lease",
        "outrigger-system/outrigger-operator", "--serving-name", "localhost", "--webhook-address", "127.0.0.1:0",
        "--injection", folder_.write("injection.yaml", "image: outrigger:1\noperator: https://localhost:8443\n")}));
  }
  /// With a token, as in a pod of the ServiceAccount.
  void start_sidecar(const std::string& feed) {
    const std::string folder = fmt::format("sidecar-{}", sidecars_.size());
    std::filesystem::create_directory(folder_.path() / folder);
    ASSERT_TRUE(eventually([&] {
      const auto answer = client_.get(kube::secret_path(kRoot));
      if (!answer || answer->status != 200) return false;
      const auto secret = kube::read_secret(answer->body);
      if (!secret || !secret->data.contains("ca.crt")) return false;
      folder_.write(folder + "/ca.crt", secret->data.at("ca.crt"));
      return true;
    }));
    folder_.write(folder + "/token", post("/api/v1/namespaces/shop/serviceaccounts/client/token",
                                          {{"spec", {{"audiences", {"outrigger"}}}}})
                                         .at("status")
                                         .at("token"));
    std::string config = "admin: 127.0.0.1:0\nworkers: 2\nlisteners:\n";
    for (const auto& service : {kWeb, kWorse, kGone}) {
      config += fmt::format("  - {{name: {}, address: 127.0.0.1:0, protocol: http, service: {}:80}}\n", service.name,
                            service.text());
    }
    config +=
        fmt::format("operator: {{address: \"https://localhost:{}\", ca: ca.crt, token: token, snapshot: snapshot}}\n",
                    net::SocketAddress::parse(feed)->port());
    const std::vector<std::string> redirection{"--redirection", folder_.write(folder + "/redirection", "redirected\n")};
    sidecars_.push_back(std::make_unique<Sidecar>(folder_.write(folder + "/sidecar.yaml", config), redirection));
  }

  /// Something for the feed to tell.
  void change_a_weight() {
    weight_ = weight_ % 9 + 1;
    objects_.put_pod({"shop", "web-1"}, {{"outrigger.dev/weight", std::to_string(weight_)}});
  }
  /// Waits until the expression has a series whose value is a number.
  void expect_answer(const std::string& expression) {
    int asked = 0;
    EXPECT_TRUE(eventually([&] {
      if (asked++ % 50 == 0) change_a_weight();
      const std::vector<double> values = prometheus_->query(expression);
      return std::any_of(values.begin(), values.end(), [](double value) { return !std::isnan(value); });
    })) << expression;
  }
  void expect_answers_to_all(const std::string& expression) {
    for (const std::string& selector : selectors(expression)) expect_answer(selector);
    expect_answer(expression);
  }
  void expect_values(const std::string& variable_query) {
    std::smatch parts;
    ASSERT_TRUE(std::regex_match(variable_query, parts, std::regex(R"(label_values\((.+), (\w+)\))")))
        << variable_query;
    EXPECT_TRUE(eventually([&] { return !prometheus_->label_values(parts[2], parts[1]).empty(); })) << variable_query;
  }

  ApiServer server_;
  ClusterObjects objects_{server_.kubeconfig(), EndpointsSource::slices};
  kube::RequestCounts counts_;
  kube::Client client_{kube::load_kubeconfig(server_.kubeconfig()).value(), counts_};
  fakes::TemporaryFolder folder_;
  Backend often_well_{"often-well", fmt::format("10.77.1.1:{}", kTargetPort)};
  Backend never_well_{"never-well", fmt::format("10.77.1.2:{}", kTargetPort)};
  std::vector<std::unique_ptr<Program>> operators_;
  std::vector<std::unique_ptr<Sidecar>> sidecars_;
  std::unique_ptr<Prometheus> prometheus_;
  std::list<Load> loads_;
  int weight_ = 1;
};

TEST_F(Dashboards, AndAlertsAskForWhatThereIs) {
  std::size_t dashboards = 0;
  for (const auto& file : std::filesystem::directory_iterator(OUTRIGGER_CHART "/dashboards")) {
    SCOPED_TRACE(file.path().filename().string());
    ++dashboards;
    std::ifstream stream(file.path());
    const json dashboard = json::parse(stream);
    for (const json& variable : dashboard.at("templating").at("list")) {
      if (variable.at("type") == "query") expect_values(with_values(variable.at("query")));
    }
    for (const json& panel : dashboard.at("panels")) {
      if (panel.at("type") == "row") continue;
      SCOPED_TRACE(panel.at("title").get<std::string>());
      for (const json& target : panel.at("targets")) expect_answers_to_all(with_values(target.at("expr")));
    }
  }
  EXPECT_EQ(dashboards, 3u);

  // Only what is wrong here is on its way to fire.
  const std::set<std::string> wrong = {"OutriggerHighErrorRatio", "OutriggerInvalidAnnotations", "OutriggerNoBackends",
                                       "OutriggerPanic"};
  std::set<std::string> active;
  EXPECT_TRUE(eventually([&] {
    active.clear();
    for (const json& rule : prometheus_->rules()) {
      if (rule.at("state") != "inactive") active.insert(rule.at("name"));
    }
    return active == wrong;
  })) << json(active).dump();
  const auto rules = prometheus_->rules();
  EXPECT_GT(rules.size(), wrong.size());
  for (const json& rule : rules) {
    SCOPED_TRACE(rule.at("name").get<std::string>());
    EXPECT_EQ(rule.at("health"), "ok") << rule.value("lastError", "");
    const std::string expression = rule.at("query");
    for (const std::string& selector : selectors(expression)) expect_answer(selector);
  }
}

}  // namespace
}  // namespace outrigger::integration
