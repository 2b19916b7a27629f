#include "integration/cli_cluster.h"

#include <fmt/format.h>

#include <stdexcept>

namespace outrigger::integration {
namespace {

using nlohmann::json;

constexpr const char* kOperatorAddress = "10.77.2.1";

json parsed(const std::string& what, const Result<kube::Response>& answer) {
  if (!answer) throw std::runtime_error(what + ": " + answer.error().text);
  if (answer->status != 200 && answer->status != 201) throw std::runtime_error(what + ": " + answer->body);
  return json::parse(answer->body);
}

json running(const std::string& ip) {
  json status{{"phase", "Running"}};
  if (!ip.empty()) {
    status["podIP"] = ip;
    status["podIPs"] = {{{"ip", ip}}};
  }
  return status;
}

}  // namespace

CliCluster::CliCluster() : client_(kube::load_kubeconfig(server_.kubeconfig()).value(), counts_) {}

json CliCluster::create(const std::string& path, const json& object) {
  return parsed(path, client_.post(path, object.dump()));
}

void CliCluster::patch(const std::string& path, const json& change) {
  parsed(path, client_.merge_patch(path, change.dump()));
}

json CliCluster::get(const std::string& path) { return parsed(path, client_.get(path)); }

void CliCluster::create_namespace(const std::string& name, const std::map<std::string, std::string>& labels) {
  create("/api/v1/namespaces", {{"metadata", {{"name", name}, {"labels", labels}}}});
}

void CliCluster::install() {
  create_namespace("outrigger-system");
  const json labels{{"app", "outrigger-operator"}};
  const json spec{{"containers", {{{"name", "operator"}, {"image", "outrigger:" OUTRIGGER_VERSION}}}}};
  const std::string deployments = "/apis/apps/v1/namespaces/outrigger-system/deployments";
  create(deployments, {{"metadata", {{"name", "outrigger-operator"}}},
                       {"spec",
                        {{"replicas", 1},
                         {"selector", {{"matchLabels", labels}}},
                         {"template", {{"metadata", {{"labels", labels}}}, {"spec", spec}}}}}});
  patch(deployments + "/outrigger-operator/status", {{"status", {{"replicas", 1}, {"readyReplicas", 1}}}});
  const std::string pods = "/api/v1/namespaces/outrigger-system/pods";
  create(pods, {{"metadata", {{"name", "outrigger-operator-1"}, {"labels", labels}}}, {"spec", spec}});
  patch(pods + "/outrigger-operator-1/status", {{"status", running(kOperatorAddress)}});
  create("/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
         {{"metadata", {{"name", "outrigger-injector"}}},
          {"webhooks",
           {{{"name", "namespace.inject.outrigger.dev"},
             {"admissionReviewVersions", {"v1"}},
             {"sideEffects", "None"},
             {"failurePolicy", "Ignore"},
             {"clientConfig", {{"service", {{"namespace", "outrigger-system"}, {"name", "outrigger-operator"}}}}}}}}});
  operator_ = std::make_unique<Program>(std::vector<std::string>{
      OUTRIGGER_OPERATOR, "--kubeconfig", server_.operator_kubeconfig(), "--feed-address", "127.0.0.1:0",
      "--admin-address", fmt::format("{}:9090", kOperatorAddress), "--identity-secret", "outrigger-identity",
      "--namespace", "outrigger-system", "--lease", "outrigger-system/outrigger-operator", "--serving-name",
      "outrigger-operator.outrigger-system.svc", "--webhook-configuration", "outrigger-injector"});
  const bool filled = eventually([this] {
    const json webhooks =
        get("/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/outrigger-injector").at("webhooks");
    return webhooks.at(0).at("clientConfig").contains("caBundle");
  });
  if (!filled) throw std::runtime_error("the operator does not fill in the webhook's caBundle");
}

void CliCluster::create_pod(const std::string& name, bool with_sidecar, const std::string& ip) {
  const std::string path = "/api/v1/namespaces/shop/pods";
  json labels{{"pod-template-hash", "5d"}};
  json spec{{"containers", {{{"name", "web"}, {"image", "web:1"}}}}};
  json status = running(ip);
  if (with_sidecar) {
    const std::string image = "outrigger:" OUTRIGGER_VERSION;
    labels["outrigger.dev/injected"] = "true";
    spec["initContainers"] = {{{"name", "outrigger-init"}, {"image", image}},
                              {{"name", "outrigger-sidecar"}, {"image", image}, {"restartPolicy", "Always"}}};
    const auto container = [&](const char* container_name, const json& state) {
      return json{{"name", container_name}, {"image", image},    {"imageID", ""},
                  {"ready", true},          {"restartCount", 0}, {"state", state}};
    };
    status["initContainerStatuses"] = {container("outrigger-init", {{"terminated", {{"exitCode", 0}}}}),
                                       container("outrigger-sidecar", {{"running", json::object()}})};
  }
  create(path, {{"metadata",
                 {{"name", name},
                  {"labels", labels},
                  {"ownerReferences",
                   {{{"apiVersion", "apps/v1"},
                     {"kind", "ReplicaSet"},
                     {"name", "web-5d"},
                     {"uid", "00000000-0000-0000-0000-000000000001"},
                     {"controller", true}}}}}},
                {"spec", spec}});
  patch(path + "/" + name + "/status", {{"status", status}});
}

CliOutput CliCluster::run(std::vector<std::string> arguments, const std::string& kubeconfig) const {
  arguments.insert(arguments.begin(), OUTRIGGER_CLI);
  arguments.insert(arguments.end(), {"--kubeconfig", kubeconfig, "-o", "json"});
  Process process(arguments);
  CliOutput output{.status = process.wait_for_end(std::chrono::seconds(60)).value_or(-1), .printed = {}};
  // What is complained of stands on lines of its own.
  std::string text;
  for (const std::string& line : process.lines()) {
    if (!line.starts_with("outrigger: ")) text += line + "\n";
  }
  output.printed = json::parse(text, nullptr, false);
  return output;
}

}  // namespace outrigger::integration
