/// `outrigger check` in real clusters, well and broken.
#include <gtest/gtest.h>

#include "integration/cli_cluster.h"
#include "integration/programs.h"
#include "kube/base64.h"

namespace outrigger::integration {
namespace {

using nlohmann::json;

const std::string kWebhooks = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/outrigger-injector";

json check_of(const CliOutput& output, const std::string& name) {
  for (const json& check : output.printed.at("checks")) {
    if (check.at("name") == name) return check;
  }
  ADD_FAILURE() << "no check " << name << " in " << output.printed;
  return {{"result", ""}, {"findings", json::array()}};
}

std::string result_of(const CliOutput& output, const std::string& name) { return check_of(output, name).at("result"); }

TEST(CliCheck, SaysWhetherItCanBeInstalled) {
  CliCluster cluster;
  const CliOutput admin = cluster.run({"check", "--pre"});
  EXPECT_EQ(admin.status, 0) << admin.printed;
  EXPECT_EQ(admin.printed.at("summary").at("ok"), 4) << admin.printed;
  const CliOutput limited = cluster.run({"check", "--pre"}, cluster.server().operator_kubeconfig());
  EXPECT_EQ(limited.status, 2);
  EXPECT_EQ(result_of(limited, "permissions"), "failed");
  EXPECT_EQ(result_of(limited, "namespace"), "skipped");
  EXPECT_EQ(result_of(cluster.run({"check"}), "deployment"), "failed");
  cluster.install();
  EXPECT_EQ(result_of(cluster.run({"check", "--pre"}), "other-installation"), "failed");
}

TEST(CliCheck, SeesThatAllIsWellAndThenWhatIsNot) {
  CliCluster cluster;
  cluster.install();
  cluster.create_namespace("shop", {{"outrigger.dev/inject", "enabled"}});
  cluster.create_pod("web-5d-1", true, "10.77.1.1");
  const fakes::TemporaryFolder folder;
  Sidecar sidecar(folder.write("sidecar.yaml",
                               "admin: 10.77.1.1:4191\n"
                               "listeners: [{name: web, address: '127.0.0.1:0', service: 'shop/web:80'}]\n"
                               "services: [{name: 'shop/web:80', endpoints: []}]\n"));
  sidecar.address("web");
  const CliOutput well = cluster.run({"check"});
  EXPECT_EQ(well.status, 0) << well.printed.dump(2);
  for (const json& check : well.printed.at("checks")) EXPECT_EQ(check.at("result"), "ok") << check;
  EXPECT_EQ(well.printed.at("checks").size(), 17u);

  // What may not be looked at is skipped, and nothing fails for it.
  const CliOutput limited = cluster.run({"check"}, cluster.server().operator_kubeconfig());
  EXPECT_EQ(limited.status, 0) << limited.printed.dump(2);
  for (const char* const name : {"deployment", "versions", "certificates", "feed"}) {
    EXPECT_EQ(result_of(limited, name), "skipped") << name;
    EXPECT_TRUE(check_of(limited, name).at("detail").get<std::string>().starts_with("forbidden: ")) << name;
  }
  EXPECT_EQ(result_of(limited, "service-annotations"), "ok");

  // Everything at once.
  const fakes::CertificateAuthority other;
  json webhooks = cluster.get(kWebhooks).at("webhooks");
  webhooks[0]["clientConfig"]["caBundle"] = kube::encode_base64(other.certificate());
  webhooks[0]["failurePolicy"] = "Fail";
  cluster.patch(kWebhooks, {{"webhooks", webhooks}});
  cluster.patch("/apis/apps/v1/namespaces/outrigger-system/deployments/outrigger-operator/status",
                {{"status", {{"readyReplicas", 0}}}});
  cluster.create_namespace("strict",
                           {{"outrigger.dev/inject", "enabled"}, {"pod-security.kubernetes.io/enforce", "restricted"}});
  cluster.create("/api/v1/namespaces/shop/services",
                 {{"metadata", {{"name", "web"}, {"annotations", {{"outrigger.dev/policy", "fastest"}}}}},
                  {"spec", {{"ports", {{{"port", 80}}}}}}});
  cluster.create_pod("web-5d-3", true);
  json status{{"initContainerStatuses",
               cluster.get("/api/v1/namespaces/shop/pods/web-5d-3").at("status").at("initContainerStatuses")}};
  status["initContainerStatuses"][0]["state"]["terminated"]["message"] = "not redirected: no nf_tables";
  status["initContainerStatuses"][1]["ready"] = false;
  cluster.patch("/api/v1/namespaces/shop/pods/web-5d-3/status", {{"status", status}});

  const CliOutput ill = cluster.run({"check"});
  EXPECT_EQ(ill.status, 2);
  const std::map<std::string, std::string> expected = {{"api-server", "ok"},
                                                       {"deployment", "failed"},
                                                       {"leader", "ok"},
                                                       {"webhook", "ok"},
                                                       {"webhook-ca", "failed"},
                                                       {"failure-policy", "warning"},
                                                       {"redirection", "failed"},
                                                       {"pod-security", "warning"},
                                                       {"sidecars-ready", "failed"},
                                                       {"feed", "failed"},
                                                       {"service-annotations", "failed"},
                                                       {"pod-annotations", "ok"},
                                                       {"sidecar-versions", "ok"},
                                                       {"certificates", "ok"},
                                                       {"secret", "ok"}};
  for (const auto& [name, result] : expected) EXPECT_EQ(result_of(ill, name), result) << name;
  EXPECT_EQ(check_of(ill, "webhook-ca").at("findings").at(0).at("detail"),
            "caBundle: is not what is in the Secret outrigger-identity under ca.crt");
  EXPECT_EQ(check_of(ill, "redirection").at("findings").at(0).at("object"), "Pod shop/web-5d-3");
}

TEST(CliCheck, SeesThePodsThatWereCreatedTooEarly) {
  CliCluster cluster;
  cluster.create_namespace("shop", {{"outrigger.dev/inject", "enabled"}});
  for (const char* const name : {"web-5d-1", "web-5d-2"}) cluster.create_pod(name, false);
  const json missed = check_of(cluster.run({"check"}), "missed-pods");
  ASSERT_EQ(missed.at("findings").size(), 1u) << missed;
  EXPECT_EQ(missed.at("findings").at(0).at("detail"), "2 pods without a sidecar");
  EXPECT_EQ(missed.at("findings").at(0).at("remedy"), "kubectl rollout restart deployment/web -n shop");
}

}  // namespace
}  // namespace outrigger::integration
