#include "cli/installation.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace outrigger::cli {
namespace {

using nlohmann::json;

json deployment(const std::string& name, const json& arguments = json::array()) {
  return {{"metadata", {{"name", name}}},
          {"spec", {{"template", {{"spec", {{"containers", {{{"name", "operator"}, {"args", arguments}}}}}}}}}}};
}

TEST(Installation, IsCalledAsItsReleaseIs) {
  const Installation found = installation_of(deployment("lb-outrigger-operator"), "mesh");
  EXPECT_EQ(found.ns, "mesh");
  EXPECT_EQ(found.operators, "lb-outrigger-operator");
  EXPECT_EQ(found.identity_secret, "lb-outrigger-identity");
  EXPECT_EQ(found.webhooks, "lb-outrigger-injector");
  EXPECT_EQ(found.injection, "lb-outrigger-injection");
}

TEST(Installation, MayHaveASecretOfAnotherName) {
  const json object = deployment("a-operator", {"--lease=ns/a-operator", 7, "--identity-secret=ours"});
  EXPECT_EQ(installation_of(object, "ns").identity_secret, "ours");
}

TEST(Installation, HasTheUsualNamesWhereItsDeploymentIsNotTheCharts) {
  for (const json& object : {deployment("operator"), json::object(), json{{"metadata", 3}}}) {
    EXPECT_EQ(installation_of(object, "ns").operators, "outrigger-operator");
    EXPECT_EQ(installation_of(object, "ns").webhooks, "outrigger-injector");
  }
}

}  // namespace
}  // namespace outrigger::cli
