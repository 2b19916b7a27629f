#include "sidecar/config.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "fakes/certificates.h"

namespace outrigger::sidecar {
namespace {

constexpr const char* kGood = R"(admin: 127.0.0.1:4191
workers: 2
listeners:
  - {name: web, address: 127.0.0.1:8080, protocol: auto, service: shop/web:80}
  - {name: api, address: "[::1]:8081", service: shop/api:8080}
services:
  - name: shop/web:80
    policy: weighted-round-robin
    connectTimeout: 250ms
    endpoints:
      - {address: 127.0.0.1:9002, weight: 1, tier: 1, zone: b}
      - {address: 127.0.0.1:9001, weight: 3}
operator: {address: "https://operator.example:8443", ca: ca.pem, cert: tls.crt, key: /abs/tls.key, snapshot: last.json}
)";

TEST(Config, ReadsEverythingAFileMaySay) {
  const auto config = parse_config(kGood, "/etc/outrigger/config.yaml");
  ASSERT_TRUE(config.has_value()) << config.error().text;
  EXPECT_EQ(config->admin, "127.0.0.1:4191");
  EXPECT_EQ(config->workers, 2u);
  ASSERT_EQ(config->listeners.size(), 2u);
  EXPECT_EQ(config->listeners[0], (ListenerConfig{"web", "127.0.0.1:8080", {{"shop", "web"}, 80}}));
  EXPECT_EQ(config->listeners[1], (ListenerConfig{"api", "[::1]:8081", {{"shop", "api"}, 8080}}));
  ASSERT_EQ(config->services.size(), 1u);
  const model::EndpointSet& set = config->services[0];
  EXPECT_EQ(set.options.policy, model::PolicyKind::weighted_round_robin);
  EXPECT_EQ(set.options.connect_timeout, std::chrono::milliseconds(250));
  EXPECT_EQ(set.rules, model::own_cluster_rule(set.service));
  ASSERT_EQ(set.endpoints.size(), 2u);
  EXPECT_EQ(set.endpoints[0].address, "127.0.0.1:9001") << "ordered by address";
  EXPECT_EQ(set.endpoints[0].weight, 3u);
  EXPECT_EQ(set.endpoints[1].tier, 1u);
  EXPECT_EQ(set.endpoints[1].zone, "b");
  ASSERT_TRUE(config->feed.has_value());
  EXPECT_EQ(*config->feed, (OperatorConfig{"operator.example", 8443, "/etc/outrigger/ca.pem", "/etc/outrigger/tls.crt",
                                           "/abs/tls.key", "/etc/outrigger/last.json"}));
}

TEST(Config, HasDefaultsForWhatIsNotSaid) {
  const auto config = parse_config("services: []\nlisteners:\n", "c.yaml");
  ASSERT_TRUE(config.has_value()) << config.error().text;
  EXPECT_EQ(config->admin, "127.0.0.1:4191");
  EXPECT_EQ(config->workers, 0u);
  EXPECT_TRUE(config->listeners.empty());
  EXPECT_FALSE(config->feed.has_value());
}

struct Refusal {
  const char* name;
  std::string text;
  int line;
  std::vector<std::string> says;  ///< key, value, what is allowed
};

class ConfigRefusals : public ::testing::TestWithParam<Refusal> {};

TEST_P(ConfigRefusals, AreOneLineForAPerson) {
  const auto config = parse_config(GetParam().text, "dir/c.yaml");
  ASSERT_FALSE(config.has_value());
  const std::string& error = config.error().text;
  EXPECT_TRUE(error.starts_with("dir/c.yaml:" + std::to_string(GetParam().line) + ": ")) << error;
  for (const std::string& part : GetParam().says)
    EXPECT_NE(error.find(part), std::string::npos) << part << "\n" << error;
  for (const char c : error) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << error;
  EXPECT_LT(error.size(), 600u) << error;
}

std::string with_endpoint(const std::string& endpoint) {
  return "services:\n  - name: a/b:80\n    endpoints:\n      - " + endpoint + "\n";
}
std::string with_listener(const std::string& listener) {
  return "services:\n  - {name: a/b:80}\nlisteners:\n  - " + listener + "\n";
}
std::string with_operator(const std::string& address) {
  return "operator:\n  address: " + address + "\n  ca: a\n  cert: b\n  key: c\n";
}

INSTANTIATE_TEST_SUITE_P(
    Of, ConfigRefusals,
    ::testing::Values(
        Refusal{"NothingAtAll", "", 1, {"allowed: a map with admin"}},
        Refusal{"AScalar", "hello\n", 1, {"'hello'", "allowed: a map"}},
        Refusal{"AList", "- admin\n", 1, {"allowed: a map"}},
        Refusal{"AnUnknownKey", "admin: 127.0.0.1:1\nadmim: x\n", 2, {"'admim'", "allowed: admin, workers"}},
        Refusal{"AKeyThatIsAList", "? [a, b]\n: c\n", 1, {"a list", "allowed: admin"}},
        Refusal{"AKeyTwice", "workers: 1\nworkers: 2\n", 2, {"'workers' is there twice"}},
        Refusal{"BrokenYaml", "admin: 127.0.0.1:1\nservices: [a\n", 3, {"not YAML"}},
        Refusal{"ATab", "services:\n\t- name: a\n", 2, {"not YAML"}},
        Refusal{"NoWorkers", "workers: 0\n", 1, {"workers", "'0'", "1 to 64"}},
        Refusal{"TooManyWorkers", "workers: 65\n", 1, {"workers", "'65'", "1 to 64"}},
        Refusal{"WorkersThatAreAMap", "workers: {a: b}\n", 1, {"workers", "1 to 64"}},
        Refusal{"ABadAdminAddress", "admin: localhost\n", 1, {"admin", "'localhost'", "allowed: IP:PORT"}},
        Refusal{"AnAdminPortOf70000", "admin: 127.0.0.1:70000\n", 1, {"admin", "'127.0.0.1:70000'", "allowed"}},
        Refusal{"AWeightOfZero",
                with_endpoint("{address: 127.0.0.1:1, weight: 0}"),
                4,
                {"services[0].endpoints[0].weight", "'0'", "1 to 1000"}},
        Refusal{"AWeightBelowZero",
                with_endpoint("{address: 127.0.0.1:1, weight: -1}"),
                4,
                {"weight", "'-1'", "1 to 1000"}},
        Refusal{"AWeightOf1001",
                with_endpoint("{address: 127.0.0.1:1, weight: 1001}"),
                4,
                {"weight", "'1001'", "1 to 1000"}},
        Refusal{"AWeightOfLetters",
                with_endpoint("{address: 127.0.0.1:1, weight: abc}"),
                4,
                {"weight", "'abc'", "1 to 1000"}},
        Refusal{"AWeightOfNothing", with_endpoint("{address: 127.0.0.1:1, weight: }"), 4, {"weight", "1 to 1000"}},
        Refusal{"ATierOf256", with_endpoint("{address: 127.0.0.1:1, tier: 256}"), 4, {"tier", "'256'", "0 to 255"}},
        Refusal{"APortOf70000",
                with_endpoint("{address: 127.0.0.1:70000}"),
                4,
                {"endpoints[0].address", "'127.0.0.1:70000'", "allowed"}},
        Refusal{"APortOfZero", with_endpoint("{address: 127.0.0.1:0}"), 4, {"address", "'127.0.0.1:0'", "allowed"}},
        Refusal{"AHostName", with_endpoint("{address: web.example:80}"), 4, {"address", "'web.example:80'", "allowed"}},
        Refusal{"AValueOfTwoLines", with_endpoint("{address: \"a\\nb\\x07\"}"), 4, {"address", "allowed"}},
        Refusal{"AKeyOfTwoLines", "\"a\\nb\": 1\n", 1, {"allowed: admin"}},
        Refusal{
            "AValueWithoutEnd", with_endpoint("{address: " + std::string(5'000, 'x') + "}"), 4, {"address", "allowed"}},
        Refusal{"NoAddress", with_endpoint("{weight: 1}"), 4, {"endpoints[0]", "'address' is missing"}},
        Refusal{"AnEndpointKey",
                with_endpoint("{address: 127.0.0.1:1, wieght: 1}"),
                4,
                {"'wieght'", "allowed: address, weight, tier, zone"}},
        Refusal{"AnEndpointTwice",
                with_endpoint("{address: 127.0.0.1:1}") + "      - {address: 127.0.0.1:1}\n",
                5,
                {"127.0.0.1:1", "twice"}},
        Refusal{"AnEndpointTwiceInTwoSpellings",
                with_endpoint("{address: \"[::1]:80\"}") + "      - {address: \"[0:0::1]:80\"}\n",
                5,
                {"[::1]:80", "twice"}},
        Refusal{"EndpointsThatAreAMap",
                "services:\n  - name: a/b:80\n    endpoints: {a: b}\n",
                3,
                {"endpoints", "allowed: a list"}},
        Refusal{"AnUnknownPolicy",
                "services:\n  - name: a/b:80\n    policy: fastest\n",
                3,
                {"services[0].policy", "'fastest'", "round-robin"}},
        Refusal{"AnUnknownOption", "services:\n  - name: a/b:80\n    polcy: x\n", 3, {"'polcy'", "policy"}},
        Refusal{"ABadDuration",
                "services:\n  - name: a/b:80\n    connectTimeout: 1 second\n",
                3,
                {"connectTimeout", "'1 second'", "allowed"}},
        Refusal{"ABadServiceName", "services:\n  - name: web\n", 2, {"services[0].name", "'web'", "allowed"}},
        Refusal{"AServiceTwice",
                "services:\n  - name: a/b:80\n  - name: a/b:80\n",
                3,
                {"services[1]", "'a/b:80'", "twice"}},
        Refusal{"AListenerTwice",
                with_listener("{name: x, address: 127.0.0.1:1, service: a/b:80}") +
                    "  - {name: x, address: 127.0.0.1:2, service: a/b:80}\n",
                5,
                {"listeners[1]", "'x'", "twice"}},
        Refusal{"AListenersAddressTwice",
                with_listener("{name: x, address: 127.0.0.1:1, service: a/b:80}") +
                    "  - {name: y, address: 127.0.0.1:1, service: a/b:80}\n",
                5,
                {"listeners[1]", "'127.0.0.1:1'", "twice"}},
        Refusal{"AListenerToAnUnknownService",
                with_listener("{name: x, address: 127.0.0.1:1, service: a/c:80}"),
                4,
                {"listeners[0].service", "'a/c:80'", "allowed"}},
        Refusal{"AListenersProtocol",
                with_listener("{name: x, address: 127.0.0.1:1, service: a/b:80, protocol: ftp}"),
                4,
                {"listeners[0].protocol", "'ftp'", "allowed: auto, http"}},
        Refusal{"AListenerWithoutAName",
                with_listener("{address: 127.0.0.1:1, service: a/b:80}"),
                4,
                {"listeners[0]", "'name' is missing"}},
        Refusal{"AListenersPort",
                with_listener("{name: x, address: 127.0.0.1:x, service: a/b:80}"),
                4,
                {"listeners[0].address", "'127.0.0.1:x'", "allowed"}},
        Refusal{"AnOperatorWithoutTls",
                with_operator("http://a:1"),
                2,
                {"operator.address", "'http://a:1'", "https://HOST:PORT"}},
        Refusal{"AnOperatorWithoutAPort",
                with_operator("https://a"),
                2,
                {"operator.address", "'https://a'", "https://HOST:PORT"}},
        Refusal{"AnOperatorsPort",
                with_operator("https://a:70000"),
                2,
                {"operator.address", "'https://a:70000'", "1 to 65535"}},
        Refusal{"AnOperatorsPath",
                with_operator("https://a:1/v1"),
                2,
                {"operator.address", "'https://a:1/v1'", "https://HOST:PORT"}},
        Refusal{"AnOperatorWithoutAKey",
                "operator: {address: \"https://a:1\", ca: a, cert: b}\n",
                1,
                {"operator", "'key' is missing"}}),
    [](const auto& example) { return example.param.name; });

TEST(Config, AllowsAListenerToAnyServiceWithAnOperator) {
  const auto config = parse_config(
      "listeners: [{name: x, address: 127.0.0.1:0, service: a/b:80}]\n" + with_operator("\"https://[fd00::1]:8443\""),
      "c.yaml");
  ASSERT_TRUE(config.has_value()) << config.error().text;
  EXPECT_EQ(config->feed->host, "fd00::1");
}

TEST(Config, AllowsAnyNumberOfListenersOnPortsOfTheirOwn) {
  const auto config = parse_config(with_listener("{name: x, address: 127.0.0.1:0, service: a/b:80}") +
                                       "  - {name: y, address: 127.0.0.1:0, service: a/b:80}\n",
                                   "c.yaml");
  EXPECT_TRUE(config.has_value());
}

TEST(ConfigFile, ThatCannotBeReadIsNamedWithTheReason) {
  const fakes::TemporaryFolder folder;
  const auto missing = read_config((folder.path() / "none.yaml").string());
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().text,
            (folder.path() / "none.yaml").string() + ": cannot be read: No such file or directory");
  const auto directory = read_config(folder.path().string());
  ASSERT_FALSE(directory.has_value());
  EXPECT_EQ(directory.error().text, folder.path().string() + ": cannot be read: Is a directory");
}

TEST(ConfigFile, ThatIsEmptyIsSaidToBeEmpty) {
  const fakes::TemporaryFolder folder;
  const auto text = read_config(folder.write("empty.yaml", ""));
  ASSERT_TRUE(text.has_value()) << text.error().text;
  const auto empty = parse_config(*text, "empty.yaml");
  ASSERT_FALSE(empty.has_value());
  EXPECT_NE(empty.error().text.find(":1: the file is empty"), std::string::npos) << empty.error().text;
}

}  // namespace
}  // namespace outrigger::sidecar
