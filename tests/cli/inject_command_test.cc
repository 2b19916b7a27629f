#include "cli/inject_command.h"

#include <gtest/gtest.h>

#include "fakes/certificates.h"
#include "yaml/json.h"

namespace outrigger::cli {
namespace {

constexpr const char* kManifest = R"(apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: app, image: "app:1"}]}
)";

class Inject : public testing::Test {
 protected:
  InjectCommand command(const std::string& manifest) {
    return {.file = folder_.write("manifest.yaml", manifest),
            .ns = "shop",
            .settings = folder_.write("settings.yaml", "image: outrigger:1\noperator: https://op:8443\n"),
            .trust_bundle = folder_.write("ca.crt", "PEM\n")};
  }
  fakes::TemporaryFolder folder_;
};

TEST_F(Inject, GivesSidecarsToWhatRunsPodsAndLetsTheRestBe) {
  const auto output = run(command(kManifest));
  ASSERT_TRUE(output) << output.error().text;
  const auto documents = yaml::read_yaml(output->text);
  ASSERT_EQ(documents->size(), 2u);
  EXPECT_EQ((*documents)[0].value, (*yaml::read_yaml(kManifest))[0].value);
  const auto& pod = (*documents)[1].value["spec"]["template"];
  EXPECT_EQ(pod["spec"]["initContainers"][1]["name"], "outrigger-sidecar");
  EXPECT_EQ(pod["metadata"]["annotations"]["outrigger.dev/trust-bundle"], "PEM\n");
  EXPECT_EQ(output->complaints, "Deployment shop/web: has a sidecar\n");
  EXPECT_EQ(output->status, 0);
}

TEST_F(Inject, OfItsOwnOutputMakesTheSame) {
  const auto once = run(command(kManifest));
  ASSERT_TRUE(once);
  const auto twice = run(command(once->text));
  ASSERT_TRUE(twice);
  EXPECT_EQ(twice->text, once->text);
}

TEST_F(Inject, SaysWhatCannotBeRead) {
  const auto problem = [this](const std::string& manifest) { return run(command(manifest)).error().text; };
  EXPECT_NE(problem("a: [").find("manifest.yaml:"), std::string::npos);
  EXPECT_NE(problem("kind: Pod\nmetadata: {name: a}\n").find("manifest.yaml:1: Pod shop/a: the pod: spec: missing"),
            std::string::npos)
      << problem("kind: Pod\nmetadata: {name: a}\n");
  InjectCommand half = command(kManifest);
  half.trust_bundle.clear();
  EXPECT_EQ(run(half).error().text, "--settings, --trust-bundle: one of them is missing; allowed: both or none");
  InjectCommand absent = command(kManifest);
  absent.file = "/nowhere";
  EXPECT_NE(run(absent).error().text.find("/nowhere: cannot be read"), std::string::npos);
}

}  // namespace
}  // namespace outrigger::cli
