#include "inject/pod_injection.h"

#include <gtest/gtest.h>

#include <array>
#include <random>

#include "inject/containers.h"

namespace outrigger::inject {
namespace {

using nlohmann::json;

const Settings kSettings{.image = "outrigger:1",
                         .operator_address = "https://outrigger-operator.outrigger-system.svc:8443"};
constexpr const char* kBundle = "-----BEGIN CERTIFICATE-----\n";

json pod(json spec = json::object(), json metadata = json::object()) {
  spec["containers"] = {{{"name", "app"}, {"image", "app:1"}}};
  metadata["name"] = "web";
  return {{"metadata", std::move(metadata)}, {"spec", std::move(spec)}};
}

Injection injected(const json& before, PodSecurity security = PodSecurity::open) {
  auto done = inject(before, "shop", kSettings, kBundle, security);
  EXPECT_TRUE(done) << done.error().text;
  return done ? *done : Injection{};
}

std::vector<std::string> names(const json& list) {
  std::vector<std::string> all;
  for (const json& item : list) all.push_back(item["name"]);
  return all;
}

/// The reason why it stays as it was.
std::string reason(const json& before, PodSecurity security = PodSecurity::open) {
  const Injection done = injected(before, security);
  EXPECT_EQ(done.pod, before);
  return done.left_alone ? done.left_alone->reason : "";
}

using Names = std::vector<std::string>;

TEST(PodInjection, PutsTheSidecarBeforeEverythingThatThePodStarts) {
  const json before = pod({{"initContainers", {{{"name", "migrate"}}, {{"name", "fetch"}}}},
                           {"volumes", {{{"name", "data"}, {"emptyDir", json::object()}}}}},
                          {{"labels", {{"app", "web"}}}, {"annotations", {{"owner", "me"}}}});
  const json after = injected(before).pod;
  EXPECT_EQ(names(after["spec"]["initContainers"]), (Names{"outrigger-init", "outrigger-sidecar", "migrate", "fetch"}));
  EXPECT_EQ(names(after["spec"]["volumes"]), (Names{"outrigger-config", "outrigger-state", "data"}));
  EXPECT_EQ(after["spec"]["containers"], before["spec"]["containers"]);
  EXPECT_EQ(after["metadata"]["labels"], (json{{"app", "web"}, {"outrigger.dev/injected", "true"}}));
  EXPECT_EQ(after["metadata"]["annotations"]["owner"], "me");
  EXPECT_EQ(after["metadata"]["annotations"]["outrigger.dev/trust-bundle"], kBundle);
}

TEST(PodInjection, MakesANativeSidecarThatNeedsNoPrivilege) {
  const json sidecar = injected(pod()).pod["spec"]["initContainers"][1];
  EXPECT_EQ(sidecar["restartPolicy"], "Always");
  EXPECT_EQ(sidecar["securityContext"], (json{{"runAsUser", 64190},
                                              {"runAsGroup", 64190},
                                              {"runAsNonRoot", true},
                                              {"privileged", false},
                                              {"allowPrivilegeEscalation", false},
                                              {"readOnlyRootFilesystem", true},
                                              {"capabilities", {{"drop", {"ALL"}}}},
                                              {"seccompProfile", {{"type", "RuntimeDefault"}}}}));
  EXPECT_EQ(sidecar["resources"],
            (json{{"requests", {{"cpu", "10m"}, {"memory", "16Mi"}}}, {"limits", {{"memory", "128Mi"}}}}));
  for (const char* name : {"startupProbe", "readinessProbe", "livenessProbe"}) {
    EXPECT_EQ(sidecar[name]["httpGet"]["port"], kAdminPort) << name;
  }
  EXPECT_EQ(sidecar["startupProbe"]["periodSeconds"], 1);
  EXPECT_EQ(sidecar["ports"][0]["name"], "outrigger-admin");
  EXPECT_EQ(sidecar["args"], (json{"--config=/etc/outrigger/config.yaml", "--node=$(NODE_NAME)",
                                   "--redirection=/var/lib/outrigger/redirection"}));
}

TEST(PodInjection, GivesTheInitContainerNothingButNetAdmin) {
  const json init = injected(pod()).pod["spec"]["initContainers"][0];
  EXPECT_FALSE(init.contains("restartPolicy"));
  EXPECT_EQ(init["securityContext"]["capabilities"], (json{{"drop", {"ALL"}}, {"add", {"NET_ADMIN"}}}));
  EXPECT_EQ(init["securityContext"]["runAsUser"], 0);
  // A pod that says so of all its containers means its own.
  EXPECT_EQ(init["securityContext"]["runAsNonRoot"], false);
  EXPECT_EQ(init["securityContext"]["allowPrivilegeEscalation"], false);
  EXPECT_EQ(init["args"], (json{"--redirect-to=15001", "--proxy-uid=64190", "--skip-ports=53,10250",
                                "--report=/var/lib/outrigger/redirection"}));
  EXPECT_EQ(init["volumeMounts"], (json{{{"name", "outrigger-state"}, {"mountPath", "/var/lib/outrigger"}}}));
}

TEST(PodInjection, GivesATokenForTheOperatorAloneAndWhatTheAnnotationsHold) {
  const json volume = injected(pod()).pod["spec"]["volumes"][0]["projected"]["sources"];
  EXPECT_EQ(volume[1]["serviceAccountToken"],
            (json{{"audience", "outrigger"}, {"path", "token"}, {"expirationSeconds", 3600}}));
  EXPECT_EQ(volume[0]["downwardAPI"]["items"][0]["fieldRef"]["fieldPath"],
            "metadata.annotations['outrigger.dev/config']");
}

TEST(PodInjection, NeedsNoCapabilityWhereTheApplicationDialsTheSidecar) {
  const json after = injected(pod({}, {{"annotations", {{"outrigger.dev/mode", "explicit"}}}})).pod;
  EXPECT_EQ(names(after["spec"]["initContainers"]), Names{"outrigger-sidecar"});
  EXPECT_EQ(after["spec"]["initContainers"][0]["args"],
            (json{"--config=/etc/outrigger/config.yaml", "--node=$(NODE_NAME)"}));
  const std::string config = after["metadata"]["annotations"]["outrigger.dev/config"];
  EXPECT_NE(config.find("byHost: \"shop\""), std::string::npos) << config;
}

TEST(PodInjection, OfAnInjectedPodMakesTheSame) {
  const json once = injected(pod({{"initContainers", {{{"name", "migrate"}}}}})).pod;
  EXPECT_EQ(injected(once).pod, once);
  EXPECT_EQ(patch_between(once, injected(once).pod), json::array());
}

TEST(PodInjection, StaysFirstWhenAnotherWebhookPutsSomethingInFront) {
  json other = injected(pod({{"initContainers", {{{"name", "migrate"}}}}})).pod;
  auto& list = other["spec"]["initContainers"];
  list.insert(list.begin(), json{{"name", "vault"}});
  EXPECT_EQ(names(injected(other).pod["spec"]["initContainers"]),
            (Names{"outrigger-init", "outrigger-sidecar", "vault", "migrate"}));
}

TEST(PodInjection, TakesTheInitContainerOutOfAPodThatIsExplicitNow) {
  json once = injected(pod()).pod;
  once["metadata"]["annotations"]["outrigger.dev/mode"] = "explicit";
  EXPECT_EQ(names(injected(once).pod["spec"]["initContainers"]), Names{"outrigger-sidecar"});
}

TEST(PodInjection, LeavesAloneWhatIsNoPodOfThePodNetwork) {
  EXPECT_NE(reason(pod({{"hostNetwork", true}})), "");
  EXPECT_NE(reason(pod({{"os", {{"name", "windows"}}}})), "");
  EXPECT_NE(reason(pod({{"nodeSelector", {{"kubernetes.io/os", "windows"}}}})), "");
  EXPECT_NE(reason(pod({}, {{"annotations", {{"kubernetes.io/config.mirror", "abc"}}}})), "");
  EXPECT_NE(reason(pod({}, {{"labels", {{"outrigger.dev/inject", "disabled"}}}})), "");
  EXPECT_EQ(injected(pod({{"os", {{"name", "linux"}}}})).left_alone, std::nullopt);
}

TEST(PodInjection, SaysWhenAPodCannotHaveTheSidecarThatItsOwnerWants) {
  const json as_sidecar = pod({{"securityContext", {{"runAsUser", 64190}}}});
  EXPECT_NE(reason(as_sidecar), "");
  EXPECT_EQ(injected(as_sidecar).warnings.size(), 1u);
  json one = pod();
  one["spec"]["containers"][0]["securityContext"] = {{"runAsUser", 64190}};
  EXPECT_NE(reason(one), "");

  EXPECT_NE(reason(pod(), PodSecurity::enforced), "");
  EXPECT_EQ(injected(pod(), PodSecurity::enforced).warnings.size(), 1u);
  EXPECT_FALSE(injected(pod(), PodSecurity::enforced).left_alone->meant);
  const json with_explicit = pod({}, {{"annotations", {{"outrigger.dev/mode", "explicit"}}}});
  EXPECT_EQ(injected(with_explicit, PodSecurity::enforced).left_alone, std::nullopt);
}

TEST(PodInjection, LeavesAPodAloneWhereSomethingIsInTheWay) {
  const auto left = [](json spec, json metadata = json::object()) {
    const json before = pod(std::move(spec), std::move(metadata));
    const Injection done = injected(before);
    EXPECT_EQ(done.pod, before);
    EXPECT_TRUE(done.left_alone && !done.left_alone->meant && done.warnings.size() == 1) << before;
  };
  left({{"volumes", {{{"name", "outrigger-state"}, {"emptyDir", json::object()}}}}});
  left({{"initContainers", {{{"name", "outrigger-init"}}}}});
  left({{"initContainers", {{{"name", "linkerd-proxy"}}}}});
  left({{"initContainers", {{{"name", "web"}, {"ports", {{{"containerPort", 15001}}}}}}}});
  left({{"dnsPolicy", "Default"}});
  left({}, {{"annotations", {{"much", std::string(256 << 10, 'x')}}}});
  json same_name = pod();
  same_name["spec"]["containers"][0]["name"] = "outrigger-sidecar";
  EXPECT_TRUE(injected(same_name).left_alone.has_value());
  json by_host_port = pod({}, {{"annotations", {{"outrigger.dev/mode", "explicit"}}}});
  by_host_port["spec"]["containers"][0]["ports"] = {{{"containerPort", 15001}}};
  EXPECT_FALSE(injected(by_host_port).left_alone.has_value());
}

TEST(PodInjection, KeepsWhatOthersHaveAddedToItsContainers) {
  json once = injected(pod()).pod;
  // As a LimitRange's defaults, and a ServiceAccount's token, come before it is asked again.
  json& sidecar = once["spec"]["initContainers"][1];
  sidecar["resources"]["limits"]["cpu"] = "1";
  const json mounts = sidecar["volumeMounts"];
  sidecar["volumeMounts"].push_back({{"name", "kube-api-access"}, {"mountPath", "/var/run/secrets"}});
  const json again = injected(once).pod["spec"]["initContainers"][1];
  EXPECT_EQ(again["resources"]["limits"], (json{{"cpu", "1"}, {"memory", "128Mi"}}));
  EXPECT_EQ(again["volumeMounts"], mounts) << "the API server's token is not the sidecar's";
}

TEST(PodInjection, TellsOfABadAnnotationAndInjectsAsIfItWereNotThere) {
  const Injection done = injected(pod({}, {{"annotations", {{"outrigger.dev/proxy-cpu", "lots"}}}}));
  ASSERT_EQ(done.warnings.size(), 1u);
  EXPECT_EQ(done.warnings[0],
            "outrigger.dev/proxy-cpu: 'lots' is not allowed; allowed: cores from 1m to 256, as in 100m or 0.5");
  EXPECT_EQ(done.left_alone, std::nullopt);
}

TEST(PodInjection, NamesTheFieldThatIsNotAsKubernetesHasIt) {
  const std::array<std::pair<json, const char*>, 7> cases{
      {{json::array(), "the pod: not an object"},
       {json{{"metadata", json::object()}}, "the pod: spec: missing"},
       {json{{"metadata", nullptr}, {"spec", json::object()}}, "the pod: metadata: missing"},
       {json{{"metadata", 1}, {"spec", json::object()}}, "the pod: metadata: number is not allowed; allowed: object"},
       {pod({{"initContainers", json::object()}}), "the pod: initContainers: object is not allowed; allowed: array"},
       {pod({{"volumes", {1}}}), "the pod: a number is not allowed; allowed: object"},
       {pod({{"hostNetwork", "yes"}}), "the pod: hostNetwork: string is not allowed; allowed: boolean"}}};
  for (const auto& [broken, message] : cases) {
    const auto done = inject(broken, "shop", kSettings, kBundle, PodSecurity::open);
    ASSERT_FALSE(done) << message;
    EXPECT_EQ(done.error().text, message);
  }
}

TEST(PodInjection, ItsPatchMakesTheInjectedPodOfAnyPod) {
  std::mt19937 random{7};
  const auto maybe = [&random] { return random() % 2 == 0; };
  for (int i = 0; i < 200; ++i) {
    json before = pod();
    if (maybe()) before["metadata"]["labels"] = {{"a/b~c", "x"}};
    if (maybe()) before["metadata"]["annotations"] = {{"outrigger.dev/proxy-memory", "64Mi"}};
    if (maybe()) before["spec"]["initContainers"] = {{{"name", "one"}}, {{"name", "two"}}};
    if (maybe()) before["spec"]["volumes"] = {{{"name", "v"}}};
    if (maybe()) before["spec"]["initContainers"] = nullptr;
    const json after = injected(before).pod;
    EXPECT_EQ(before.patch(patch_between(before, after)), after) << before;
  }
}

}  // namespace
}  // namespace outrigger::inject
