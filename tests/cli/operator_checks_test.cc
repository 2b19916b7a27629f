#include "cli/operator_checks.h"

#include <gtest/gtest.h>

#include "cli/install_checks.h"
#include "fakes/certificates.h"
#include "kube/base64.h"
#include "kube/lease.h"

namespace outrigger::cli {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

const WallTime kNow = std::chrono::system_clock::now();
const Installation kHere{.ns = "ns"};
const Answer<json> kAbsent = tl::unexpected(Denial{Denial::Why::absent, "not found"});
const Answer<json> kForbidden = tl::unexpected(Denial{Denial::Why::forbidden, "may not"});

double seconds(WallTime time) { return std::chrono::duration<double>(time.time_since_epoch()).count(); }

TEST(OperatorChecks, TheClusterMustHaveNativeSidecars) {
  const auto check = [](const char* major, const char* minor) {
    return check_api_server({{"major", major}, {"minor", minor}, {"gitVersion", "v"}}).verdict;
  };
  EXPECT_EQ(check("1", "29"), Verdict::ok);
  EXPECT_EQ(check("1", "31+"), Verdict::ok);
  EXPECT_EQ(check("2", "0"), Verdict::ok);
  EXPECT_EQ(check("1", "28"), Verdict::failed);
  EXPECT_EQ(check("", "99999999999999999999"), Verdict::failed);
  EXPECT_EQ(check_api_server({{"major", 1}, {"minor", json::array()}}).verdict, Verdict::failed);
}

TEST(OperatorChecks, TheDeploymentMustBeReady) {
  const auto check = [](int wanted, int ready) {
    return check_deployment(json{{"spec", {{"replicas", wanted}}},
                                 {"status",
                                  {{"readyReplicas", ready},
                                   {"conditions", {{{"type", "Available"}, {"message", "does not have minimum"}}}}}}},
                            kHere);
  };
  EXPECT_EQ(check(2, 2).verdict, Verdict::ok);
  EXPECT_EQ(check(2, 1).verdict, Verdict::warning);
  EXPECT_EQ(check(2, 0).verdict, Verdict::failed);
  EXPECT_EQ(check(2, 0).detail, "0 of 2 replicas ready; does not have minimum");
  EXPECT_EQ(check(0, 0).verdict, Verdict::failed);
  EXPECT_EQ(check_deployment(kAbsent, kHere).detail, "there is no Deployment outrigger-operator in the namespace ns");
  EXPECT_EQ(check_deployment(kForbidden, kHere).verdict, Verdict::skipped);
  EXPECT_EQ(check_deployment(json{{"spec", "odd"}, {"status", {{"conditions", 3}}}}, kHere).verdict, Verdict::failed);
}

TEST(OperatorChecks, ALeaderMustHaveRenewedItsLease) {
  const auto lease = [](WallTime renewed) {
    return json{
        {"spec", {{"holderIdentity", "one"}, {"leaseDurationSeconds", 15}, {"renewTime", kube::micro_time(renewed)}}}};
  };
  EXPECT_EQ(check_leader(lease(kNow), kHere, kNow).verdict, Verdict::ok);
  EXPECT_EQ(check_leader(lease(kNow - 40s), kHere, kNow).verdict, Verdict::ok);
  EXPECT_EQ(check_leader(lease(kNow - 50s), kHere, kNow).verdict, Verdict::failed);
  EXPECT_EQ(check_leader(json{{"spec", json::object()}}, kHere, kNow).detail, "nobody holds the Lease");
  EXPECT_EQ(check_leader(kAbsent, kHere, kNow).verdict, Verdict::failed);
  EXPECT_EQ(check_leader(kForbidden, kHere, kNow).verdict, Verdict::skipped);
}

TEST(OperatorChecks, TheSecretMustBeFilled) {
  const json full{{"data", {{"tls.crt", "YQ=="}, {"tls.key", "YQ=="}, {"ca.crt", "YQ=="}}}};
  EXPECT_EQ(check_secret(full, kHere).verdict, Verdict::ok);
  EXPECT_EQ(check_secret(json::object(), kHere).detail,
            "outrigger-identity has no tls.crt: the operator has not filled it");
  EXPECT_EQ(check_secret(kAbsent, kHere).verdict, Verdict::failed);
  EXPECT_EQ(check_secret(kForbidden, kHere).verdict, Verdict::skipped);
}

OperatorReading operator_of(const std::string& version, double root_end, double serving_end) {
  return {.version = version, .expiry = {{"root", root_end}, {"serving", serving_end}}};
}

TEST(OperatorChecks, ReadsAnOperatorsMetrics) {
  const auto reading = read_operator(
      "outrigger_build_info{version=\"1.2\"} 1\noutrigger_certificate_expiry_timestamp_seconds{of=\"root\"} 1.8e9\n");
  ASSERT_TRUE(reading);
  EXPECT_EQ(reading->version, "1.2");
  EXPECT_EQ(reading->expiry, (std::map<std::string, double>{{"root", 1.8e9}}));
  EXPECT_EQ(read_operator("a 1\n").error().text,
            "/metrics: there is no outrigger_build_info: no operator answers there");
}

TEST(OperatorChecks, VersionsShouldBeEqual) {
  const double later = seconds(kNow + 24h * 365);
  const OperatorReadings one{{"ns/a", operator_of("1.0", later, later)}};
  EXPECT_EQ(check_versions(one, "1.0").verdict, Verdict::ok);
  EXPECT_EQ(check_versions(one, "1.1").detail, "1.0, this program 1.1");
  OperatorReadings two = one;
  two.emplace("ns/b", operator_of("1.1", later, later));
  EXPECT_EQ(check_versions(two, "1.0").verdict, Verdict::warning);
  OperatorReadings silent = one;
  silent.emplace("ns/b", tl::unexpected(Denial{Denial::Why::failed, "silence"}));
  EXPECT_EQ(check_versions(silent, "1.0").verdict, Verdict::warning);
  EXPECT_EQ(check_versions(silent, "1.0").findings.at(0).detail, "silence");
  EXPECT_EQ(check_versions({}, "1.0").detail, "not known: no operator runs");
  EXPECT_EQ(check_versions({{"ns/a", tl::unexpected(kForbidden.error())}}, "1.0").detail, "forbidden: may not");
}

TEST(OperatorChecks, CertificatesShouldNotEndSoon) {
  const auto check = [](WallTime root, WallTime serving) {
    return check_certificates({{"ns/a", operator_of("1.0", seconds(root), seconds(serving))}}, kNow).verdict;
  };
  const WallTime later = kNow + 24h * 365;
  EXPECT_EQ(check(later, kNow + 8h), Verdict::ok);
  EXPECT_EQ(check(later, kNow + 30min), Verdict::warning);
  EXPECT_EQ(check(kNow + 24h * 7, kNow + 8h), Verdict::warning);
  EXPECT_EQ(check(kNow - 1h, kNow + 8h), Verdict::failed);
  EXPECT_EQ(check_certificates({{"ns/a", operator_of("1.0", 1e300, 1e300)}}, kNow).verdict, Verdict::ok);
  EXPECT_EQ(check_certificates({{"ns/a", OperatorReading{.version = "1.0", .expiry = {}}}}, kNow).verdict, Verdict::ok);
}

class WebhookChecks : public testing::Test {
 protected:
  static json webhooks(const std::string& bundle, const char* policy = "Ignore", const char* ns = "ns") {
    json webhook{{"name", "pod.inject.outrigger.dev"},
                 {"clientConfig", {{"service", {{"namespace", ns}, {"name", "outrigger-operator"}}}}},
                 {"failurePolicy", policy}};
    if (!bundle.empty()) webhook["clientConfig"]["caBundle"] = kube::encode_base64(bundle);
    return {{"webhooks", {webhook}}};
  }
  static Answer<json> secret(const std::string& bundle) {
    return json{{"data", {{"ca.crt", kube::encode_base64(bundle)}}}};
  }
  static std::vector<Verdict> verdicts(const std::vector<Check>& checks) {
    std::vector<Verdict> all;
    for (const Check& check : checks) all.push_back(check.verdict);
    return all;
  }
  std::vector<Check> check(const json& configuration, const Answer<json>& from, WallTime now = kNow) const {
    return check_webhooks(configuration, from, kHere, now);
  }

  fakes::CertificateAuthority root_;
  fakes::CertificateAuthority other_{"other root"};
};

TEST_F(WebhookChecks, AllIsWell) {
  const auto checks = check(webhooks(root_.certificate()), secret(root_.certificate()));
  EXPECT_EQ(verdicts(checks), (std::vector{Verdict::ok, Verdict::ok, Verdict::ok}));
  EXPECT_TRUE(checks[1].detail.ends_with(", as in the Secret")) << checks[1].detail;
  EXPECT_EQ(verdicts(check(webhooks(root_.certificate() + other_.certificate()),
                           secret(other_.certificate() + root_.certificate()))),
            (std::vector{Verdict::ok, Verdict::ok, Verdict::ok}));
}

TEST_F(WebhookChecks, WithoutTheSecretTheBundleIsStillRead) {
  EXPECT_EQ(check(webhooks(root_.certificate()), kForbidden)[1].verdict, Verdict::ok);
  EXPECT_EQ(check(webhooks("no PEM"), kForbidden)[1].verdict, Verdict::failed);
}

TEST_F(WebhookChecks, ABundleMustBeThereValidAndTheOperators) {
  const auto detail = [](const std::vector<Check>& checks) { return checks[1].findings.at(0).detail; };
  EXPECT_EQ(detail(check(webhooks(""), secret(root_.certificate()))), "caBundle: is not set");
  EXPECT_EQ(detail(check(webhooks(other_.certificate()), secret(root_.certificate()))),
            "caBundle: is not what is in the Secret outrigger-identity under ca.crt");
  EXPECT_TRUE(detail(check(webhooks(root_.certificate()), secret(root_.certificate()), kNow + 24h * 36'500))
                  .starts_with("caBundle: its last certificate ended on "));
}

TEST_F(WebhookChecks, PointsAtTheOperatorAndIgnoresItsFailure) {
  const auto elsewhere = check(webhooks(root_.certificate(), "Fail", "other"), kForbidden);
  EXPECT_EQ(verdicts(elsewhere), (std::vector{Verdict::failed, Verdict::ok, Verdict::warning}));
  EXPECT_EQ(elsewhere[0].findings.at(0).detail, "asks the Service other/outrigger-operator, not ns/outrigger-operator");
}

TEST_F(WebhookChecks, MustBeThere) {
  EXPECT_EQ(verdicts(check_webhooks(kAbsent, kForbidden, kHere, kNow)), (std::vector{Verdict::failed}));
  EXPECT_EQ(verdicts(check_webhooks(kForbidden, kForbidden, kHere, kNow)), (std::vector{Verdict::skipped}));
  EXPECT_EQ(verdicts(check(json{{"webhooks", json::array()}}, kForbidden)), (std::vector{Verdict::failed}));
  EXPECT_EQ(check(json{{"webhooks", {3}}}, kForbidden)[0].verdict, Verdict::failed);
}

TEST(InstallChecks, NamesWhatMayNotBeCreated) {
  std::vector<Answer<json>> answers(creations().size(), json{{"status", {{"allowed", true}}}});
  EXPECT_EQ(check_permissions(answers, "ns").verdict, Verdict::ok);
  answers[0] = json{{"status", {{"allowed", false}}}};
  answers.back() = json{{"status", {{"allowed", false}}}};
  const Check check = check_permissions(answers, "ns");
  EXPECT_EQ(check.verdict, Verdict::failed);
  ASSERT_EQ(check.findings.size(), 2u);
  EXPECT_EQ(check.findings[0].object, "clusterroles.rbac.authorization.k8s.io");
  EXPECT_EQ(check.findings[1].object, "secrets");
  EXPECT_EQ(check.findings[1].detail, "may not be created in ns");
  answers[0] = tl::unexpected(kForbidden.error());
  EXPECT_EQ(check_permissions(answers, "ns").verdict, Verdict::skipped);
}

TEST(InstallChecks, AsksForWhatIsInANamespaceThere) {
  for (const Creation& creation : creations()) {
    const json review = access_review(creation, "ns").at("spec").at("resourceAttributes");
    EXPECT_EQ(review.contains("namespace"), creation.namespaced);
    EXPECT_EQ(review.at("verb"), "create");
  }
}

TEST(InstallChecks, ThereIsOneInstallationInACluster) {
  EXPECT_EQ(check_other_installation(kAbsent, kAbsent, kHere).verdict, Verdict::ok);
  EXPECT_EQ(check_other_installation(kAbsent, json::object(), kHere).verdict, Verdict::failed);
  EXPECT_EQ(check_other_installation(kForbidden, kAbsent, kHere).verdict, Verdict::skipped);
  const json configuration{{"webhooks", {{{"clientConfig", {{"service", {{"namespace", "other"}}}}}}}}};
  const Check check = check_other_installation(configuration, kAbsent, kHere);
  EXPECT_EQ(check.verdict, Verdict::failed);
  EXPECT_TRUE(check.detail.ends_with("of the namespace other")) << check.detail;
}

TEST(InstallChecks, ANamespaceThatIsNotThereIsMade) {
  EXPECT_EQ(check_namespace_exists(kAbsent, "ns").verdict, Verdict::ok);
  EXPECT_EQ(check_namespace_exists(json::object(), "ns").detail, "ns is there");
  EXPECT_EQ(check_namespace_exists(json{{"status", {{"phase", "Terminating"}}}}, "ns").verdict, Verdict::failed);
}

}  // namespace
}  // namespace outrigger::cli
