#include "inject/manifest.h"

#include <gtest/gtest.h>

namespace outrigger::inject {
namespace {

using nlohmann::json;

const Settings kSettings{.image = "outrigger:1", .operator_address = "https://op.ns.svc:8443"};

json pod_template() {
  return {{"metadata", {{"labels", {{"app", "web"}}}}}, {"spec", {{"containers", {{{"name", "app"}}}}}}};
}
json workload(const std::string& kind, json spec) {
  return {{"kind", kind}, {"metadata", {{"name", "web"}}}, {"spec", std::move(spec)}};
}
InjectedManifest injected(const json& object) {
  auto done = inject_manifest(object, "shop", kSettings, "PEM");
  EXPECT_TRUE(done) << done.error().text;
  return *done;
}
bool has_sidecar(const json& pod) { return pod["spec"].contains("initContainers"); }

TEST(Manifest, WhateverRunsPodsGetsSidecarsInItsTemplate) {
  for (const char* kind : {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job"}) {
    const auto done = injected(workload(kind, {{"replicas", 2}, {"template", pod_template()}}));
    EXPECT_TRUE(has_sidecar(done.object["spec"]["template"])) << kind;
    EXPECT_EQ(done.object["spec"]["replicas"], 2);
    ASSERT_EQ(done.objects.size(), 1u);
    EXPECT_EQ(done.objects[0].name, std::string(kind) + " shop/web");
  }
  const auto cron = injected(workload("CronJob", {{"jobTemplate", {{"spec", {{"template", pod_template()}}}}}}));
  EXPECT_TRUE(has_sidecar(cron.object["spec"]["jobTemplate"]["spec"]["template"]));
  json pod = pod_template();
  pod["kind"] = "Pod";
  EXPECT_TRUE(has_sidecar(injected(pod).object));
}

TEST(Manifest, AListIsInjectedItemByItemAndWhatRunsNoPodsStays) {
  const json service = {{"kind", "Service"}, {"metadata", {{"name", "web"}}}};
  const auto done =
      injected({{"kind", "List"}, {"items", {service, workload("Deployment", {{"template", pod_template()}})}}});
  EXPECT_EQ(done.object["items"][0], service);
  EXPECT_TRUE(has_sidecar(done.object["items"][1]["spec"]["template"]));
  EXPECT_EQ(done.objects.size(), 1u);
  EXPECT_EQ(injected(json("text")).object, json("text"));
}

TEST(Manifest, TheObjectsOwnNamespaceCounts) {
  json deployment = workload("Deployment", {{"template", pod_template()}});
  deployment["metadata"]["namespace"] = "other";
  deployment["spec"]["template"]["metadata"]["annotations"] = {{"outrigger.dev/mode", "explicit"}};
  const json pod = injected(deployment).object["spec"]["template"];
  const std::string config = pod["metadata"]["annotations"]["outrigger.dev/config"];
  EXPECT_NE(config.find("byHost: \"other\""), std::string::npos) << config;
}

TEST(Manifest, WhatIsLeftAloneStaysAsItWas) {
  json deployment = workload("Deployment", {{"template", pod_template()}});
  deployment["spec"]["template"]["spec"]["hostNetwork"] = true;
  const auto done = injected(deployment);
  EXPECT_EQ(done.object, deployment);
  EXPECT_TRUE(done.objects[0].left_alone.has_value());
}

TEST(Manifest, NamesTheObjectThatIsNotAsKubernetesHasIt) {
  const auto problem = [](const json& object) {
    return inject_manifest(object, "shop", kSettings, "PEM").error().text;
  };
  EXPECT_EQ(problem(workload("Deployment", json::object())), "Deployment shop/web: /spec/template: missing");
  EXPECT_EQ(problem(workload("Job", {{"template", {{"spec", 1}}}})),
            "Job shop/web: the pod: spec: number is not allowed; allowed: object");
}

}  // namespace
}  // namespace outrigger::inject
