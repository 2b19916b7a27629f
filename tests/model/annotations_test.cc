#include "model/annotations.h"

#include <gtest/gtest.h>

namespace outrigger::model {
namespace {

using namespace std::chrono_literals;

const ObjectKey kWeb{"shop", "web"};

constexpr const char* kUnknown =
    "unknown; known: policy, protocol, connect-timeout, timeout, idle-timeout, retries, retry-on, retry-budget, "
    "max-connections, max-pending, max-in-flight, max-connection-age, hash-on, affinity, failover-mode, "
    "failback-delay, "
    "zone-aware, health-check, health-check-interval, health-check-timeout, health-check-unhealthy-threshold, "
    "health-check-healthy-threshold, outlier-failures, outlier-window, outlier-ejection, outlier-max-percent, "
    "slow-start, weights, failover";

TEST(ServiceAnnotations, AreReadAndOthersIgnored) {
  const auto parsed = parse_service_annotations(kWeb, {{"outrigger.dev/policy", "round-robin"},
                                                       {"outrigger.dev/timeout", "5s"},
                                                       {"kubectl.kubernetes.io/last-applied-configuration", "{}"},
                                                       {"outrigger.development/policy", "fastest"},
                                                       {"policy", "fastest"}});
  EXPECT_TRUE(parsed.errors.empty());
  EXPECT_EQ(parsed.options, (ServiceOptions{.policy = PolicyKind::round_robin, .timeout = 5s}));
}

TEST(ServiceAnnotations, MayNameAProtocolForEachPort) {
  const auto parsed = parse_service_annotations(kWeb, {{"outrigger.dev/protocol", "http:80,tcp:5432"}});
  EXPECT_TRUE(parsed.errors.empty());
  EXPECT_EQ(parsed.protocols, parse_protocols("http:80,tcp:5432").value());
  EXPECT_EQ(parsed.options, ServiceOptions{});
}

TEST(ServiceAnnotations, ABadProtocolIsOneErrorAndLeavesEveryPortAutomatic) {
  const auto parsed = parse_service_annotations(kWeb, {{"outrigger.dev/protocol", "http:80,ftp:81,ftp:82"}});
  ASSERT_EQ(parsed.errors.size(), 1u);
  EXPECT_EQ(parsed.errors[0].text(),
            "outrigger.dev/protocol: 'http:80,ftp:81,ftp:82' is not allowed; allowed: auto, http, http2, grpc, tcp, or "
            "some ports' own, as in http:80,tcp:5432, none twice");
  EXPECT_EQ(parsed.protocols, Protocols{});
}

TEST(ServiceAnnotations, ABadOneLeavesItsDefaultAndTheOthersTheirValues) {
  const auto parsed = parse_service_annotations(
      kWeb, {{"outrigger.dev/policy", "fastest\n"}, {"outrigger.dev/timeout", "5s"}, {"outrigger.dev/", "x"}});
  EXPECT_EQ(parsed.options, ServiceOptions{.timeout = 5s});
  const std::vector<AnnotationError> expected = {
      {"outrigger.dev/", "x", kUnknown},
      {"outrigger.dev/policy", "fastest?",
       "'fastest?' is not allowed; allowed: round-robin, weighted-round-robin, least-connections, "
       "weighted-least-connections, response-time, random, consistent-hash"}};
  EXPECT_EQ(parsed.errors, expected);
  EXPECT_EQ(parsed.errors[1].text(), "outrigger.dev/policy: " + expected[1].problem);
}

TEST(ServiceAnnotations, NameOtherServices) {
  const auto parsed = parse_service_annotations(
      kWeb, {{"outrigger.dev/weights", "web-v1=90,web-v2=10"}, {"outrigger.dev/failover", "standby,other/web"}});
  EXPECT_TRUE(parsed.errors.empty());
  EXPECT_EQ(parsed.weights, (std::vector<ServiceShare>{{"web-v1", 90}, {"web-v2", 10}}));
  EXPECT_EQ(parsed.failover, (std::vector<ObjectKey>{{"shop", "standby"}, {"other", "web"}}));
  EXPECT_EQ(parsed.options, ServiceOptions{});
}

TEST(ServiceAnnotations, BadOtherServicesAreAnErrorEachAndNoneIsTaken) {
  const auto parsed = parse_service_annotations(
      kWeb, {{"outrigger.dev/weights", "web-v1=90,web-v2"}, {"outrigger.dev/failover", "standby,web"}});
  ASSERT_EQ(parsed.errors.size(), 2u);
  EXPECT_EQ(parsed.errors[0].text(),
            "outrigger.dev/failover: 'standby,web' is not allowed; allowed: 1 to 8 other Services in order, NAME or "
            "NAMESPACE/NAME, as in web-standby,other-ns/web, none twice");
  EXPECT_EQ(parsed.errors[1].key, "outrigger.dev/weights");
  EXPECT_TRUE(parsed.weights.empty());
  EXPECT_TRUE(parsed.failover.empty());
}

TEST(ServiceAnnotations, SayThatAPodsKeysBelongOnPods) {
  for (const char* name : {"weight", "tier", "inject", "proxy-cpu", "proxy-memory", "skip-outbound-ports"}) {
    const std::string key = std::string(kAnnotationPrefix) + name;
    const auto parsed = parse_service_annotations(kWeb, {{key, "5"}});
    ASSERT_EQ(parsed.errors.size(), 1u) << key;
    EXPECT_EQ(parsed.errors[0].text(), key + ": belongs on Pods, not on a Service");
  }
}

TEST(ServiceAnnotations, ErrorsStayShortWhateverTheValue) {
  const std::string huge(64 << 20, 'x');
  const auto parsed =
      parse_service_annotations(kWeb, {{"outrigger.dev/policy", huge}, {"outrigger.dev/" + huge, huge}});
  ASSERT_EQ(parsed.errors.size(), 2u);
  for (const AnnotationError& error : parsed.errors) {
    EXPECT_LE(error.key.size(), 128u);
    EXPECT_EQ(error.value, std::string(128, 'x'));
    EXPECT_LT(error.text().size(), 700u);
  }
}

TEST(PodAnnotations, GiveWeightAndTier) {
  EXPECT_EQ(parse_pod_annotations({}).traits, (PodTraits{1, 0}));
  const auto parsed = parse_pod_annotations({{"outrigger.dev/weight", "1000"}, {"outrigger.dev/tier", "255"}});
  EXPECT_TRUE(parsed.errors.empty());
  EXPECT_EQ(parsed.traits, (PodTraits{1'000, 255}));
}

TEST(PodAnnotations, ABadOneLeavesItsDefault) {
  for (const char* weight : {"0", "-1", "1001", "abc", "", " 5", "5 ", "1e3", "99999999999999999999"}) {
    const auto parsed = parse_pod_annotations({{"outrigger.dev/weight", weight}, {"outrigger.dev/tier", "2"}});
    EXPECT_EQ(parsed.traits, (PodTraits{1, 2})) << weight;
    ASSERT_EQ(parsed.errors.size(), 1u) << weight;
    EXPECT_EQ(parsed.errors[0].text(), "outrigger.dev/weight: '" + std::string(weight) +
                                           "' is not allowed; allowed: whole numbers from 1 to 1000");
  }
  for (const char* tier : {"-1", "256", "first", ""}) {
    const auto parsed = parse_pod_annotations({{"outrigger.dev/weight", "7"}, {"outrigger.dev/tier", tier}});
    EXPECT_EQ(parsed.traits, (PodTraits{7, 0})) << tier;
    ASSERT_EQ(parsed.errors.size(), 1u) << tier;
  }
}

TEST(PodAnnotations, LeaveInjectionsKeysToInjection) {
  const auto parsed = parse_pod_annotations({{"outrigger.dev/inject", "?"},
                                             {"outrigger.dev/proxy-cpu", "?"},
                                             {"outrigger.dev/proxy-memory", "?"},
                                             {"outrigger.dev/skip-outbound-ports", "?"}});
  EXPECT_TRUE(parsed.errors.empty());
}

TEST(PodAnnotations, SayThatAServicesKeysBelongOnServices) {
  for (const char* name :
       {"policy", "hash-on", "zone-aware", "health-check-interval", "slow-start", "weights", "failover"}) {
    const std::string key = std::string(kAnnotationPrefix) + name;
    const auto parsed = parse_pod_annotations({{key, "off"}});
    ASSERT_EQ(parsed.errors.size(), 1u) << key;
    EXPECT_EQ(parsed.errors[0].text(), key + ": belongs on a Service, not on a Pod");
  }
}

TEST(PodAnnotations, RefuseOtherKeysOfOurs) {
  const auto parsed = parse_pod_annotations({{"outrigger.dev/wieght", "3"}});
  ASSERT_EQ(parsed.errors.size(), 1u);
  EXPECT_EQ(
      parsed.errors[0].text(),
      "outrigger.dev/wieght: unknown; known: weight, tier, inject, mode, proxy-cpu, proxy-memory, skip-outbound-ports");
}

}  // namespace
}  // namespace outrigger::model
