#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <regex>

#include "integration/backend.h"
#include "integration/eventually.h"
#include "integration/load.h"
#include "integration/programs.h"

namespace outrigger::integration {
namespace {

/// A configuration that is wrong in one place, and what its error must name.
struct Mistake {
  const char* name;
  const char* from;  ///< text of kGood
  const char* to;
  std::vector<std::string> named;
};

const std::string kGood = R"(admin: 127.0.0.1:0
workers: 1
listeners:
  - {name: web, address: 127.0.0.1:0, protocol: http, service: shop/web:80}
services:
  - name: shop/web:80
    policy: weighted-round-robin
    endpoints:
      - {address: 127.0.0.1:9001, weight: 3}
)";

const std::vector<Mistake> kMistakes = {
    {"BrokenYaml", "services:", "services: [", {"YAML"}},
    {"UnknownKey", "policy:", "polcy:", {"polcy", "allowed", "policy"}},
    {"WeightZero", "weight: 3", "weight: 0", {"weight", "'0'", "allowed", "1 to 1000"}},
    {"WeightNegative", "weight: 3", "weight: -1", {"weight", "'-1'", "allowed", "1 to 1000"}},
    {"WeightTooLarge", "weight: 3", "weight: 1001", {"weight", "'1001'", "allowed", "1 to 1000"}},
    {"WeightNotANumber", "weight: 3", "weight: abc", {"weight", "'abc'", "allowed", "1 to 1000"}},
    {"PortTooLarge", "127.0.0.1:9001", "127.0.0.1:70000", {"address", "70000", "allowed", "65535"}},
    {"UnknownPolicy", "weighted-round-robin", "fastest", {"policy", "'fastest'", "allowed", "round-robin"}},
};

/// Puts a whole new file in the old one's place, so that nobody reads half of it.
std::string replace_file(const fakes::TemporaryFolder& folder, const std::string& text) {
  const std::string place = folder.path() / "sidecar.yaml";
  std::filesystem::rename(folder.write("next.yaml", text), place);
  return place;
}

std::string with(const Mistake& mistake, std::string text) {
  return text.replace(text.find(mistake.from), std::string_view(mistake.from).size(), mistake.to);
}

bool names_all(const std::string& line, const std::vector<std::string>& parts) {
  return std::all_of(parts.begin(), parts.end(),
                     [&](const std::string& part) { return line.find(part) != std::string::npos; });
}

TEST(FileConfiguration, IsRefusedAtTheStartWithOneLineThatNamesTheMistake) {
  const fakes::TemporaryFolder folder;
  std::vector<Mistake> mistakes = kMistakes;
  // On reload the operator may not change at all.
  mistakes.push_back({"UnreadableCertificate",
                      "services:",
                      "operator: {address: https://127.0.0.1:1, ca: ca.crt, cert: nowhere.crt, key: k}\nservices:",
                      {"operator", "nowhere.crt", "No such file"}});
  for (const Mistake& mistake : mistakes) {
    SCOPED_TRACE(mistake.name);
    const std::string path = replace_file(folder, with(mistake, kGood));
    Process sidecar({OUTRIGGER_SIDECAR, "--config", path});
    EXPECT_EQ(sidecar.wait_for_end(), 1);
    const auto lines = sidecar.lines();
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_TRUE(names_all(lines[0], mistake.named)) << lines[0];
    EXPECT_NE(lines[0].find("sidecar.yaml"), std::string::npos) << lines[0];
  }
}

TEST(FileConfiguration, ThatIsBadIsRefusedOnReloadAndTheOldOneStays) {
  const fakes::TemporaryFolder folder;
  Backend backend("a", "127.0.0.1:9001");
  Sidecar sidecar(replace_file(folder, kGood));
  Load load(sidecar.address("web"), 2);
  ASSERT_TRUE(load.goes_on());
  for (const Mistake& mistake : kMistakes) {
    SCOPED_TRACE(mistake.name);
    replace_file(folder, with(mistake, kGood));
    sidecar.program().signal(SIGHUP);
    EXPECT_TRUE(eventually([&] {
      const auto lines = sidecar.program().lines();
      return std::any_of(lines.begin(), lines.end(),
                         [&](const std::string& line) { return names_all(line, mistake.named); });
    }));
    EXPECT_TRUE(load.goes_on());
    EXPECT_EQ(sidecar.backends("shop/web:80").at(0).at("weight"), 3);
  }
  EXPECT_EQ(load.stop().failures, std::vector<std::string>{});
}

class Reload : public ::testing::TestWithParam<bool> {};

TEST_P(Reload, AHundredTimesUnderLoadFailsNoRequest) {
  const bool by_signal = GetParam();
  const fakes::TemporaryFolder folder;
  Backend a("a", "127.0.0.1:9001");
  Backend b("b", "127.0.0.1:9002");
  Sidecar sidecar(replace_file(folder, kGood));
  Load load(sidecar.address("web"), 4);
  ASSERT_TRUE(load.goes_on());

  for (int i = 1; i <= 100; ++i) {
    // Every reload has another weight, every other one an endpoint more, every third one another name for the service.
    const std::string service = i % 3 == 0 ? "shop/other:80" : "shop/web:80";
    std::string text = std::regex_replace(kGood, std::regex("shop/web:80"), service);
    text = std::regex_replace(text, std::regex("weight: 3"), fmt::format("weight: {}", 3 + i));
    if (i % 2 == 1) text += "      - {address: 127.0.0.1:9002, weight: 50}\n";
    replace_file(folder, text);
    if (by_signal) sidecar.program().signal(SIGHUP);
    ASSERT_TRUE(eventually([&] {
      const auto backends = sidecar.backends(service);
      return backends.size() == (i % 2 == 1 ? 2u : 1u) && backends[0].at("weight") == 3 + i;
    })) << i;
    if (i % 10 == 0) {
      ASSERT_TRUE(load.goes_on(20));
    }
  }
  EXPECT_TRUE(load.goes_on());
  EXPECT_GT(load.read().by_backend["b"], 0u);
  EXPECT_EQ(load.stop().failures, std::vector<std::string>{});
}

INSTANTIATE_TEST_SUITE_P(After, Reload, ::testing::Bool(),
                         [](const auto& after) { return after.param ? "Sighup" : "AChangedFile"; });

TEST(OperatorFlags, AreRefusedWithOneLineThatNamesTheMistake) {
  const fakes::TemporaryFolder folder;
  write_certificates(folder);
  const auto file = [&](const char* name) { return (folder.path() / name).string(); };
  struct Case {
    std::string flag;
    std::string value;
    std::vector<std::string> named;
  };
  for (const Case& wrong : {Case{"--tls-cert", "/nowhere.crt", {"/nowhere.crt", "No such file"}},
                            Case{"--client-ca", file("operator.key"), {file("operator.key")}},
                            Case{"--feed-address", "127.0.0.1:70000", {"70000", "65535"}},
                            Case{"--kubeconfig", "/nowhere.kubeconfig", {"/nowhere.kubeconfig", "No such file"}},
                            Case{"--endpoints-source", "both", {"endpoints-source", "both", "slices", "endpoints"}},
                            Case{"--source", "etcd", {"source", "etcd", "kube", "dir:"}}}) {
    SCOPED_TRACE(wrong.flag);
    std::map<std::string, std::string> flags{{"--source", "kube"},
                                             {"--kubeconfig", "/nowhere.kubeconfig"},
                                             {"--endpoints-source", "slices"},
                                             {"--feed-address", "127.0.0.1:0"},
                                             {"--admin-address", "127.0.0.1:0"},
                                             {"--tls-cert", file("operator.crt")},
                                             {"--tls-key", file("operator.key")},
                                             {"--client-ca", file("ca.crt")}};
    if (wrong.flag != "--kubeconfig") flags["--kubeconfig"] = folder.write("kubeconfig", "apiVersion: v1\n");
    flags[wrong.flag] = wrong.value;
    std::vector<std::string> command{OUTRIGGER_OPERATOR};
    for (const auto& [flag, value] : flags) command.insert(command.end(), {flag, value});
    Process program(command);
    EXPECT_EQ(program.wait_for_end(), 1);
    const auto lines = program.lines();
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_TRUE(names_all(lines[0], wrong.named)) << lines[0];
  }
}

}  // namespace
}  // namespace outrigger::integration
