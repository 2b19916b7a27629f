#include "inject/settings.h"

#include <gtest/gtest.h>

namespace outrigger::inject {
namespace {

constexpr const char* kLeast = "image: outrigger:1\noperator: https://op:8443\n";

std::string problem(const std::string& line) {
  const auto settings = parse_settings(kLeast + line, "injection.yaml");
  return settings ? "" : settings.error().text;
}

TEST(Settings, NeedAnImageAndAnOperator) {
  const auto settings = parse_settings(kLeast, "injection.yaml");
  ASSERT_TRUE(settings) << settings.error().text;
  EXPECT_EQ(settings->image, "outrigger:1");
  EXPECT_EQ(settings->image_pull_policy, "IfNotPresent");
  EXPECT_EQ(settings->proxy_uid, kProxyUid);
  EXPECT_EQ(settings->resources, Resources{});
  EXPECT_EQ(parse_settings("image: a\n", "f").error().text, "f:1: file: 'operator' is missing");
}

TEST(Settings, AreReadWhole) {
  const auto settings = parse_settings(std::string(kLeast) + R"(
imagePullPolicy: Never
tokenAudience: balance
mode: explicit
proxyUid: 1234
resources: {requests: {cpu: 20m, memory: 32Mi}, limits: {cpu: "1"}}
skipOutboundPorts: [53, 9000-9100]
)",
                                       "injection.yaml");
  ASSERT_TRUE(settings) << settings.error().text;
  EXPECT_EQ(settings->image_pull_policy, "Never");
  EXPECT_EQ(settings->token_audience, "balance");
  EXPECT_EQ(settings->mode, Mode::by_host);
  EXPECT_EQ(settings->proxy_uid, 1234u);
  EXPECT_EQ(settings->resources, (Resources{"20m", "32Mi", "1", ""}));
  EXPECT_EQ(model::ports_text(settings->skip_ports), "53,9000-9100");
}

TEST(Settings, ABadOneIsNamedWithItsPlaceAndWhatIsAllowed) {
  EXPECT_EQ(problem("mode: on\n"), "injection.yaml:3: file.mode: 'on' is not allowed; allowed: transparent, explicit");
  EXPECT_EQ(problem("proxyUid: 0\n"),
            "injection.yaml:3: file.proxyUid: '0' is not allowed; allowed: whole numbers from 1 to 2147483647");
  EXPECT_EQ(problem("imagePullPolicy: Sometimes\n"),
            "injection.yaml:3: file.imagePullPolicy: 'Sometimes' is not allowed; allowed: IfNotPresent, Always, Never");
  EXPECT_EQ(
      problem("resources: {limits: {cpu: much}}\n"),
      "injection.yaml:3: resources.limits.cpu: 'much' is not allowed; allowed: cores from 1m to 256, as in 100m or "
      "0.5");
  EXPECT_EQ(
      problem("skipOutboundPorts: [53, 70000]\n"),
      "injection.yaml:3: skipOutboundPorts[1]: '70000' is not allowed; allowed: a port from 1 to 65535, or a range "
      "as in 9000-9100");
  EXPECT_EQ(problem("resources: {requests: {memory: 256Mi}, limits: {memory: 128Mi}}\n"),
            "injection.yaml:3: resources.requests.memory: '256Mi' is not allowed; allowed: at most the limit, 128Mi");
  EXPECT_EQ(problem("colour: red\n"),
            "injection.yaml:3: file: unknown key 'colour'; allowed: image, imagePullPolicy, operator, tokenAudience, "
            "mode, proxyUid, resources, skipOutboundPorts");
  EXPECT_NE(problem("operator: http://op\n"), "");
}

}  // namespace
}  // namespace outrigger::inject
