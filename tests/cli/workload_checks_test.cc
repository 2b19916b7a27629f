#include "cli/workload_checks.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace outrigger::cli {
namespace {

using nlohmann::json;

/// A running pod of a Deployment web, without a sidecar.
json pod(const std::string& name = "web-5d-1") {
  return {{"metadata",
           {{"namespace", "shop"},
            {"name", name},
            {"labels", {{"pod-template-hash", "5d"}}},
            {"ownerReferences", {{{"kind", "ReplicaSet"}, {"name", "web-5d"}, {"controller", true}}}}}},
          {"spec", {{"containers", {{{"name", "app"}}}}}},
          {"status", {{"phase", "Running"}}}};
}

json injected(bool ready = true, int restarts = 0) {
  json object = pod();
  object["metadata"]["labels"]["outrigger.dev/injected"] = "true";
  object["spec"]["initContainers"] = {{{"name", "outrigger-init"}},
                                      {{"name", "outrigger-sidecar"}, {"image", "r.test:5000/outrigger:1.2@sha256:0"}}};
  object["status"]["initContainerStatuses"] = {
      {{"name", "outrigger-init"}, {"state", {{"terminated", {{"exitCode", 0}}}}}},
      {{"name", "outrigger-sidecar"}, {"ready", ready}, {"restartCount", restarts}}};
  return object;
}

Check named(const std::vector<Check>& checks, const std::string& name) {
  for (const Check& check : checks) {
    if (check.name == name) return check;
  }
  ADD_FAILURE() << "no check " << name;
  return {};
}

TEST(PodFacts, FindsTheDeploymentBehindAReplicaSet) {
  const PodFacts facts = read_pod(pod());
  EXPECT_EQ(owner_text(facts), "Deployment shop/web");
  EXPECT_EQ(restart_remedy(facts), "kubectl rollout restart deployment/web -n shop");
  json bare = pod();
  bare["metadata"]["labels"] = json::object();
  EXPECT_EQ(owner_text(read_pod(bare)), "ReplicaSet shop/web-5d");
  EXPECT_EQ(restart_remedy(read_pod(bare)), "kubectl delete pod web-5d-1 -n shop: its ReplicaSet makes it anew");
  bare["metadata"]["ownerReferences"] = {{{"kind", "StatefulSet"}, {"name", "db"}, {"controller", true}}};
  EXPECT_EQ(restart_remedy(read_pod(bare)), "kubectl rollout restart statefulset/db -n shop");
  bare["metadata"].erase("ownerReferences");
  EXPECT_EQ(owner_text(read_pod(bare)), "Pod shop/web-5d-1");
}

TEST(PodFacts, ReadsWhatItCanOfAMalformedPod) {
  EXPECT_EQ(read_pod(json::array()).key.name, "");
  EXPECT_EQ(read_pod({{"metadata", 3}, {"spec", {{"containers", "x"}}}, {"status", nullptr}}).running, false);
  EXPECT_EQ(read_pod({{"metadata", {{"labels", {{"outrigger.dev/inject", 3}}}}}}).inject, "");
}

TEST(PodFacts, ReadsAnImagesTag) {
  EXPECT_EQ(image_tag("outrigger:1.2"), "1.2");
  EXPECT_EQ(image_tag("r.test:5000/outrigger"), "");
  EXPECT_EQ(image_tag("r.test:5000/outrigger:1.2@sha256:0"), "1.2");
  EXPECT_EQ(image_tag("outrigger@sha256:0"), "");
}

TEST(PodFacts, KnowsWhomTheWebhookWouldInject) {
  const auto wanted = [](const char* inject, bool namespace_labelled) {
    json object = pod();
    if (*inject != '\0') object["metadata"]["labels"]["outrigger.dev/inject"] = inject;
    return injection_is_wanted(read_pod(object), namespace_labelled);
  };
  EXPECT_TRUE(wanted("", true));
  EXPECT_FALSE(wanted("", false));
  EXPECT_FALSE(wanted("disabled", true));
  EXPECT_TRUE(wanted("enabled", true));
  EXPECT_TRUE(wanted("enabled", false));
  json object = pod();
  object["spec"]["hostNetwork"] = true;
  EXPECT_FALSE(injection_is_wanted(read_pod(object), true));
  object = pod();
  object["spec"]["os"] = {{"name", "windows"}};
  EXPECT_FALSE(injection_is_wanted(read_pod(object), true));
}

TEST(PodChecks, CountsThePodsThatWereMissedByTheirOwner) {
  PodChecks pods;
  pods.add(read_pod(pod("web-5d-1")), true);
  pods.add(read_pod(pod("web-5d-2")), true);
  pods.add(read_pod(pod("web-5d-3")), false);
  json going = pod("web-5d-4");
  going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
  pods.add(read_pod(going), true);
  json done = pod("web-5d-5");
  done["status"]["phase"] = "Succeeded";
  pods.add(read_pod(done), true);
  pods.add(read_pod(injected()), true);
  const Check missed = named(pods.checks(), "missed-pods");
  EXPECT_EQ(missed.verdict, Verdict::failed);
  ASSERT_EQ(missed.findings.size(), 1u);
  EXPECT_EQ(missed.findings[0].object, "Deployment shop/web");
  EXPECT_EQ(missed.findings[0].detail, "2 pods without a sidecar");
  EXPECT_EQ(missed.findings[0].remedy, "kubectl rollout restart deployment/web -n shop");
  EXPECT_EQ(pods.injected().size(), 1u);
}

TEST(PodChecks, AllIsWellWithASidecar) {
  PodChecks pods;
  pods.add(read_pod(injected()), true);
  for (const Check& check : pods.checks()) EXPECT_EQ(check.verdict, Verdict::ok) << check.name;
}

TEST(PodChecks, SeesWhoIsNotReadyOrRestarts) {
  PodChecks pods;
  pods.add(read_pod(injected(true, 4)), true);
  EXPECT_EQ(named(pods.checks(), "sidecars-ready").verdict, Verdict::ok);
  pods.add(read_pod(injected(true, 5)), true);
  EXPECT_EQ(named(pods.checks(), "sidecars-ready").verdict, Verdict::warning);
  pods.add(read_pod(injected(false, 1)), true);
  pods.add(read_pod(injected(true, 5)), true);
  const Check ready = named(pods.checks(), "sidecars-ready");
  EXPECT_EQ(ready.verdict, Verdict::failed);
  EXPECT_EQ(ready.findings.at(1).detail, "not ready, 1 restart");
}

TEST(PodChecks, SeesAPodThatDoesNotStartForItsSidecar) {
  json object = injected(false, 2);
  object["status"]["phase"] = "Pending";
  PodChecks pods;
  pods.add(read_pod(object), true);
  EXPECT_EQ(named(pods.checks(), "sidecars-ready").verdict, Verdict::ok);
  object = injected(false, 6);
  object["status"]["phase"] = "Pending";
  pods.add(read_pod(object), true);
  const Check ready = named(pods.checks(), "sidecars-ready");
  EXPECT_EQ(ready.verdict, Verdict::failed);
  EXPECT_EQ(ready.findings.at(0).detail, "not ready, 6 restarts");
  EXPECT_TRUE(pods.injected().empty());
}

TEST(PodChecks, SeesWhoseTrafficIsNotRedirected) {
  json object = injected();
  object["status"]["initContainerStatuses"][0]["state"]["terminated"]["message"] = "not redirected: no nf_tables\n";
  PodChecks pods;
  pods.add(read_pod(object), true);
  const Check redirection = named(pods.checks(), "redirection");
  EXPECT_EQ(redirection.verdict, Verdict::failed);
  EXPECT_EQ(redirection.findings.at(0).detail, "not redirected: no nf_tables\n");
}

TEST(PodChecks, ReadsAnnotationsAsTheOperatorDoes) {
  json object = injected();
  object["metadata"]["annotations"] = {{"outrigger.dev/weight", "0"}, {"outrigger.dev/tier", "1"}};
  PodChecks pods;
  pods.add(read_pod(object), true);
  const Check annotations = named(pods.checks(), "pod-annotations");
  EXPECT_EQ(annotations.verdict, Verdict::failed);
  ASSERT_EQ(annotations.findings.size(), 1u);
  EXPECT_EQ(annotations.findings[0].detail,
            "outrigger.dev/weight: '0' is not allowed; allowed: whole numbers from 1 to 1000");
}

TEST(PodChecks, WhatMayNotBeReadIsSkippedNotFailed) {
  PodChecks none;
  none.add(Denial{Denial::Why::forbidden, "no pods for you"});
  for (const Check& check : none.checks()) {
    EXPECT_EQ(check.verdict, Verdict::skipped);
    EXPECT_EQ(check.detail, "forbidden: no pods for you");
  }
  none.add(read_pod(injected()), true);
  EXPECT_EQ(named(none.checks(), "missed-pods").verdict, Verdict::ok);
  EXPECT_TRUE(named(none.checks(), "missed-pods").detail.ends_with("could not be looked at: no pods for you"));
}

TEST(PodChecks, HasABoundWhateverTheClusterHas) {
  PodChecks pods;
  for (int i = 0; i < 3'000; ++i) {
    PodFacts facts = read_pod(pod());
    facts.owner_name = "web" + std::to_string(i);
    pods.add(facts, true);
  }
  const Check missed = named(pods.checks(), "missed-pods");
  EXPECT_EQ(missed.findings.size(), kMaxFindings);
  EXPECT_TRUE(missed.detail.starts_with("3000 running pods ")) << missed.detail;
}

TEST(Namespaces, ThoseOfTheSystemAreLeftOut) {
  const auto labelled = [](const char* name) {
    return read_namespace({{"metadata", {{"name", name}, {"labels", {{"outrigger.dev/inject", "enabled"}}}}}}, "ops")
        .labelled;
  };
  EXPECT_TRUE(labelled("shop"));
  EXPECT_FALSE(labelled("kube-system"));
  EXPECT_FALSE(labelled("ops"));
  EXPECT_EQ(check_pod_security({{"a", true, ""}, {"b", true, "privileged"}}).verdict, Verdict::ok);
  const Check refused = check_pod_security({{"a", true, "baseline"}, {"b", true, "restricted"}});
  EXPECT_EQ(refused.verdict, Verdict::warning);
  EXPECT_EQ(refused.findings.size(), 2u);
}

TEST(ServiceChecks, NamesObjectKeyValueAndWhatIsAllowed) {
  ServiceChecks services;
  services.add({{"metadata",
                 {{"namespace", "shop"}, {"name", "web"}, {"annotations", {{"outrigger.dev/connect-timeout", "x"}}}}}});
  services.add({{"metadata", {{"namespace", "shop"}, {"name", "well"}}}});
  services.add(json("odd"));
  const Check check = services.check(std::nullopt);
  EXPECT_EQ(check.verdict, Verdict::failed);
  ASSERT_EQ(check.findings.size(), 1u);
  EXPECT_EQ(check.findings[0].object, "Service shop/web");
  EXPECT_TRUE(check.findings[0].detail.starts_with("outrigger.dev/connect-timeout: 'x' is not allowed; allowed: "));
  EXPECT_EQ(ServiceChecks().check(Denial{Denial::Why::forbidden, "no"}).verdict, Verdict::skipped);
}

TEST(Sidecars, ASampleIsOfAllOverTheList) {
  std::vector<model::ObjectKey> pods;
  for (int i = 0; i < 1'000; ++i) pods.push_back({"a", std::to_string(i)});
  const auto sample = sample_of(pods, 4);
  ASSERT_EQ(sample.size(), 4u);
  EXPECT_EQ(sample[0].name, "0");
  EXPECT_EQ(sample[3].name, "750");
  EXPECT_EQ(sample_of(pods, 2'000).size(), 1'000u);
}

TEST(Sidecars, ShouldBeConnectedAndOfTheOperatorsVersion) {
  const auto sidecar = [](const char* version, std::optional<bool> connected) {
    return SidecarReading{.version = version, .feed_connected = connected, .services = {}};
  };
  const SidecarReadings well{{"a/1", sidecar("1.0", true)}, {"a/2", sidecar("1.0", std::nullopt)}};
  auto checks = check_sidecars(well, 10, {"1.0"});
  EXPECT_EQ(named(checks, "feed").verdict, Verdict::ok);
  EXPECT_EQ(named(checks, "feed").detail, "2 of 2 asked answer; 2 of 10 sidecars looked at");
  EXPECT_EQ(named(checks, "sidecar-versions").verdict, Verdict::ok);

  const Denial gone{Denial::Why::failed, "no route"};
  const SidecarReadings ill{
      {"a/1", sidecar("0.9", true)}, {"a/2", sidecar("1.0", false)}, {"a/3", tl::unexpected(gone)}};
  checks = check_sidecars(ill, 3, {"1.0"});
  EXPECT_EQ(named(checks, "feed").verdict, Verdict::failed);
  ASSERT_EQ(named(checks, "feed").findings.size(), 2u);
  EXPECT_EQ(named(checks, "feed").findings[1].detail, "cannot be asked: no route");
  EXPECT_EQ(named(checks, "sidecar-versions").verdict, Verdict::warning);
  EXPECT_EQ(named(checks, "sidecar-versions").findings.at(0).detail, "is of version 0.9");

  checks = check_sidecars({{"a/1", tl::unexpected(Denial{Denial::Why::forbidden, "may not"})}}, 1, {});
  EXPECT_EQ(named(checks, "feed").verdict, Verdict::skipped);
}

}  // namespace
}  // namespace outrigger::cli
