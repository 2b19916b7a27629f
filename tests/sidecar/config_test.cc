#include "sidecar/config.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "fakes/certificates.h"
#include "sidecar/admin_pages.h"

namespace outrigger::sidecar {
namespace {

using namespace std::chrono_literals;

constexpr const char* kGood = R"(admin: 127.0.0.1:4191
workers: 2
zone: eu-west-1b
node: node-1.example
listeners:
  - {name: web, address: 127.0.0.1:8080, protocol: auto, service: shop/web:80}
  - {name: api, address: "[::1]:8081", service: shop/api:8080}
  - {name: out, address: 0.0.0.0:15001, protocol: tcp, transparent: true}
services:
  - name: shop/web:80
    policy: weighted-round-robin
    protocol: grpc
    connectTimeout: 250ms
    timeout: 3s
    idleTimeout: 20m
    retries: 3
    retryOn: refused,503
    retryBudget: 5%
    maxConnections: 100
    maxPending: 0
    maxInFlight: 200
    maxConnectionAge: 10m
    hashOn: header:X-User
    affinity: cookie:sid;ttl=1h
    failoverMode: strict
    failbackDelay: 1m
    zoneAware: prefer
    healthCheck: http:/healthz
    healthCheckInterval: 5s
    healthCheckTimeout: 500ms
    healthCheckUnhealthyThreshold: 4
    healthCheckHealthyThreshold: 1
    outlierFailures: 3
    outlierWindow: 20s
    outlierEjection: 10s
    outlierMaxPercent: 100
    slowStart: 15s
    weights: web=90,web-v2=10
    failover: standby,other/web
    clusterAddresses: [10.96.0.7:80, "[FD00:0::7]:80"]
    endpoints:
      - {address: 127.0.0.1:9002, weight: 1, tier: 1, zone: b}
      - {address: 127.0.0.1:9001, weight: 3}
http:
  via: false
  forwarded: x-forwarded
  maxHeadBytes: 1MiB
  maxTargetBytes: 8192
  maxFields: 100
  maxBodyBytes: 2GiB
  headTimeout: 5s
limits:
  connections: 1000
  bufferedBytes: 16MiB
  grace: 0
operator: {address: "https://operator.example:8443", ca: ca.pem, cert: tls.crt, key: /abs/tls.key, snapshot: last.json,
           unusedAfter: 90s, lookupTimeout: 1s}
)";

TEST(Config, ReadsEverythingAFileMaySay) {
  const auto config = parse_config(kGood, "/etc/outrigger/config.yaml");
  ASSERT_TRUE(config.has_value()) << config.error().text;
  EXPECT_EQ(config->admin, "127.0.0.1:4191");
  EXPECT_EQ(config->workers, 2u);
  EXPECT_EQ(config->zone, "eu-west-1b");
  EXPECT_EQ(config->node, "node-1.example");
  ASSERT_EQ(config->listeners.size(), 3u);
  EXPECT_EQ(config->listeners[0], (ListenerConfig{"web", "127.0.0.1:8080", {{"shop", "web"}, 80}}));
  EXPECT_EQ(config->listeners[1], (ListenerConfig{"api", "[::1]:8081", {{"shop", "api"}, 8080}}));
  EXPECT_EQ(config->listeners[2], (ListenerConfig{"out", "0.0.0.0:15001", {}, ListenerProtocol::tcp, true}));
  ASSERT_EQ(config->services.size(), 1u);
  const model::EndpointSet& set = config->services[0];
  EXPECT_EQ(set.options, (model::ServiceOptions{
                             .policy = model::PolicyKind::weighted_round_robin,
                             .protocol = model::Protocol::grpc,
                             .connect_timeout = 250ms,
                             .timeout = 3s,
                             .idle_timeout = 20min,
                             .retries = 3,
                             .retry_on = {.connect_failure = false, .service_unavailable = true},
                             .retry_budget_percent = 5,
                             .max_connections = 100,
                             .max_pending = 0,
                             .max_in_flight = 200,
                             .max_connection_age = 10min,
                             .hash_on = {model::HashOn::Kind::header, "x-user"},
                             .affinity = {"sid", 1h},
                             .failover_mode = model::FailoverMode::strict,
                             .failback_delay = 1min,
                             .zone_aware = model::ZoneAware::prefer,
                             .health_check = {model::HealthCheck::Kind::http, "/healthz"},
                             .health_check_interval = 5s,
                             .health_check_timeout = 500ms,
                             .health_check_unhealthy_threshold = 4,
                             .health_check_healthy_threshold = 1,
                             .outlier_failures = 3,
                             .outlier_window = 20s,
                             .outlier_ejection = 10s,
                             .outlier_max_percent = 100,
                             .slow_start = 15s,
                         }));
  EXPECT_EQ(set.addresses, (std::vector<std::string>{"10.96.0.7:80", "[fd00::7]:80"}));
  const std::vector<model::Rule> split = {{"/", {{set.service, 90}, {{{"shop", "web-v2"}, 80}, 10}}}};
  EXPECT_EQ(set.rules, split);
  EXPECT_EQ(set.failover, (std::vector<model::ServicePort>{{{"shop", "standby"}, 80}, {{"other", "web"}, 80}}));
  ASSERT_EQ(set.endpoints.size(), 2u);
  EXPECT_EQ(set.endpoints[0].address, "127.0.0.1:9001") << "ordered by address";
  EXPECT_EQ(set.endpoints[0].weight, 3u);
  EXPECT_EQ(set.endpoints[1].tier, 1u);
  EXPECT_EQ(set.endpoints[1].zone, "b");
  EXPECT_EQ(config->http, (HttpSettings{.via = false,
                                        .forwarded = http::Forwarded::x_forwarded,
                                        .max_head_bytes = 1 << 20,
                                        .max_target_bytes = 8'192,
                                        .max_fields = 100,
                                        .max_body_bytes = std::uint64_t{2} << 30,
                                        .head_timeout = 5s}));
  EXPECT_EQ(config->limits, (Limits{.connections = 1'000, .buffered_bytes = 16 << 20, .grace = 0ms}));
  ASSERT_TRUE(config->feed.has_value());
  EXPECT_EQ(*config->feed,
            (uplink::OperatorConfig{"operator.example", 8443, "/etc/outrigger/ca.pem", "/etc/outrigger/tls.crt",
                                    "/abs/tls.key", "", "/etc/outrigger/last.json", 90s, 1s}));
}

TEST(Config, LocalhostIsBothLoopbacksTheSecondIfItIsThere) {
  const auto config = parse_config(R"(
listeners: [{name: out, address: "localhost:15001", transparent: true}]
operator: {address: "https://op:8443", ca: ca, token: token}
)",
                                   "f");
  ASSERT_TRUE(config) << config.error().text;
  ASSERT_EQ(config->listeners.size(), 2u);
  EXPECT_EQ(config->listeners[0].address, "127.0.0.1:15001");
  EXPECT_FALSE(config->listeners[0].if_there);
  EXPECT_EQ(config->listeners[1].name, "out (IPv6)");
  EXPECT_EQ(config->listeners[1].address, "[::1]:15001");
  EXPECT_TRUE(config->listeners[1].if_there);
  EXPECT_TRUE(config->listeners[1].transparent);
  const auto twice = parse_config(R"(
listeners:
  - {name: a, address: "localhost:15001", transparent: true}
  - {name: b, address: "127.0.0.1:15001", transparent: true}
operator: {address: "https://op:8443", ca: ca, token: token}
)",
                                  "f");
  EXPECT_FALSE(twice);
  for (const char* other : {"{name: b, address: \"[::1]:15001\"", "{name: \"out (IPv6)\", address: \"127.0.0.1:1\""}) {
    const auto clash = parse_config(
        "listeners:\n  - {name: out, address: \"localhost:15001\", transparent: true}\n  - " + std::string(other) +
            ", transparent: true}\n"
            "operator: {address: \"https://op:8443\", ca: ca, token: t}\n",
        "f");
    ASSERT_FALSE(clash) << other;
    EXPECT_NE(clash.error().text.find("is there twice"), std::string::npos) << clash.error().text;
  }
}

TEST(Config, HasDefaultsForWhatIsNotSaid) {
  const auto config = parse_config("services: []\nlisteners:\n", "c.yaml");
  ASSERT_TRUE(config.has_value()) << config.error().text;
  EXPECT_EQ(config->admin, "127.0.0.1:4191");
  EXPECT_EQ(config->workers, 0u);
  EXPECT_EQ(config->zone, "");
  EXPECT_EQ(config->node, "");
  EXPECT_TRUE(config->listeners.empty());
  EXPECT_EQ(config->http, HttpSettings{});
  EXPECT_EQ(config->limits, Limits{});
  EXPECT_FALSE(config->feed.has_value());
}

TEST(Config, WithoutWeightsAServicesRequestsGoToItsOwnEndpoints) {
  const auto config = parse_config("services: [{name: a/b:80}]\n", "c.yaml");
  ASSERT_TRUE(config.has_value()) << config.error().text;
  EXPECT_EQ(config->services.at(0).rules, model::own_cluster_rule({{"a", "b"}, 80}));
  EXPECT_TRUE(config->services[0].failover.empty());
}

TEST(Config, OtherServicesMayBeTheFilesOwn) {
  const auto config = parse_config(
      "services: [{name: a/b:80, weights: 'b=1,c=2', failover: 'c,x/b'}, {name: a/c:80}, {name: x/b:80}]\n", "c.yaml");
  EXPECT_TRUE(config.has_value()) << config.error().text;
}

TEST(Config, IsShownAsItWouldBeReadAgain) {
  for (const char* text : {kGood, "{}", "operator: {address: 'https://[fd00::1]:1', ca: a, cert: b, key: c}"}) {
    const auto config = parse_config(text, "/etc/outrigger/config.yaml");
    ASSERT_TRUE(config.has_value()) << config.error().text;
    const std::string shown = config_json(*config);
    const auto again = parse_config(shown, "/etc/outrigger/config.yaml");
    ASSERT_TRUE(again.has_value()) << again.error().text << "\n" << shown;
    EXPECT_EQ(*again, *config) << shown;
  }
}

TEST(Config, ShowsWhatHasItsDefaultToo) {
  const std::string shown = config_json(*parse_config("services: [{name: a/b:80}]\n", "c.yaml"));
  for (const char* part : {R"("policy": "response-time")",
                           R"("connectTimeout": "1s")",
                           R"("timeout": "0")",
                           R"("idleTimeout": "1h")",
                           R"("protocol": "auto")",
                           R"("retries": "2")",
                           R"("retryOn": "connect-failure,refused")",
                           R"("retryBudget": "20%")",
                           R"("maxConnections": "0")",
                           R"("maxPending": "1024")",
                           R"("maxInFlight": "0")",
                           R"("maxConnectionAge": "0")",
                           R"("hashOn": "source-ip")",
                           R"("affinity": "off")",
                           R"("failoverMode": "spill")",
                           R"("failbackDelay": "30s")",
                           R"("zoneAware": "auto")",
                           R"("healthCheck": "off")",
                           R"("outlierMaxPercent": "50")",
                           R"("slowStart": "0")",
                           R"("via": true)",
                           R"("forwarded": "off")",
                           R"("maxHeadBytes": "64KiB")",
                           R"("maxTargetBytes": "16KiB")",
                           R"("maxFields": 256)",
                           R"("maxBodyBytes": "0")",
                           R"("headTimeout": "30s")",
                           R"("connections": 0)",
                           R"("bufferedBytes": "64MiB")",
                           R"("grace": "30s")"}) {
    EXPECT_NE(shown.find(part), std::string::npos) << part << "\n" << shown;
  }
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
std::string with_service(const std::string& option) { return "services:\n  - name: a/b:80\n    " + option + "\n"; }
std::string with_http(const std::string& setting) { return "http:\n  " + setting + "\n"; }
std::string with_limit(const std::string& limit) { return "limits:\n  " + limit + "\n"; }
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
        Refusal{"AControlCharacterInBrokenYaml", "admin: \"\\\x01\"\n", 1, {"not YAML", "escape"}},
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
                {"listeners[0].protocol", "'ftp'", "allowed: auto, http, http2, tcp"}},
        Refusal{"AListenersProtocolThatServicesHave",
                with_listener("{name: x, address: 127.0.0.1:1, service: a/b:80, protocol: grpc}"),
                4,
                {"listeners[0].protocol", "'grpc'", "allowed: auto, http, http2, tcp"}},
        Refusal{"AListenerWithoutAService",
                with_listener("{name: x, address: 127.0.0.1:1}"),
                4,
                {"listeners[0]", "'service' is missing"}},
        Refusal{"AListenerThatIsNotTransparentAndHasNoService",
                with_listener("{name: x, address: 127.0.0.1:1, transparent: false}"),
                4,
                {"listeners[0]", "'service' is missing"}},
        Refusal{"ATransparentListenerWithAService",
                with_listener("{name: x, address: 127.0.0.1:1, transparent: true, service: a/b:80}"),
                4,
                {"listeners[0].service", "'a/b:80'", "allowed: none where transparent is true"}},
        Refusal{"AListenerByHostWithAService",
                with_listener("{name: x, address: 127.0.0.1:1, byHost: shop, service: a/b:80}"),
                4,
                {"listeners[0].service", "'a/b:80'", "allowed: none where byHost is given"}},
        Refusal{"AListenerByHostThatIsTransparent",
                with_listener("{name: x, address: 127.0.0.1:1, byHost: shop, transparent: true}"),
                4,
                {"listeners[0].byHost", "'shop'", "allowed: none where transparent is true"}},
        Refusal{"AListenerByHostThatLooksIntoNoRequest",
                with_listener("{name: x, address: 127.0.0.1:1, byHost: shop, protocol: tcp}"),
                4,
                {"listeners[0].protocol", "'tcp'", "allowed: auto, http, http2 where byHost is given"}},
        Refusal{"AListenerByHostOfNoNamespace",
                with_listener("{name: x, address: 127.0.0.1:1, byHost: a.b}"),
                4,
                {"listeners[0].byHost", "'a.b'", "allowed: 1 to 63 of a-z"}},
        Refusal{"AFlagThatIsANumber",
                with_listener("{name: x, address: 127.0.0.1:1, transparent: 1}"),
                4,
                {"listeners[0].transparent", "'1'", "allowed: false, true"}},
        Refusal{"AServicesProtocol", with_service("protocol: ftp"), 3, {"services[0].protocol", "'ftp'", "grpc"}},
        Refusal{"AServicesProtocolByPort", with_service("protocol: http:80"), 3, {"protocol", "'http:80'", "allowed"}},
        Refusal{"Retries", with_service("retries: 11"), 3, {"services[0].retries", "'11'", "0 to 10"}},
        Refusal{"RetryOn", with_service("retryOn: 500"), 3, {"services[0].retryOn", "'500'", "refused, 502, 503"}},
        Refusal{"RetryOnAList", with_service("retryOn: [refused]"), 3, {"services[0].retryOn", "a list"}},
        Refusal{"ARetryBudget", with_service("retryBudget: 20"), 3, {"retryBudget", "'20'", "0% to 100%"}},
        Refusal{"MaxConnections", with_service("maxConnections: 1000000"), 3, {"'1000000'", "0 to 100000"}},
        Refusal{
            "MaxConnectionAge", with_service("maxConnectionAge: 1ms"), 3, {"maxConnectionAge", "'1ms'", "1s to 24h"}},
        Refusal{"AClusterAddressWithoutAPort",
                with_service("clusterAddresses: [10.96.0.7]"),
                3,
                {"services[0].clusterAddresses", "'10.96.0.7'", "allowed: IP:PORT"}},
        Refusal{"AClusterAddressThatIsAMap", with_service("clusterAddresses: [{a: b}]"), 3, {"clusterAddresses"}},
        Refusal{"AClusterAddressTwice",
                with_service("clusterAddresses: [\"[::7]:80\", \"[0::7]:80\"]"),
                3,
                {"services[0].clusterAddresses", "[::7]:80", "twice"}},
        Refusal{
            "AClusterAddressOfTwoServices",
            with_service("clusterAddresses: [10.96.0.7:80]") + "  - {name: a/c:80, clusterAddresses: [10.96.0.7:80]}\n",
            4,
            {"services[1].clusterAddresses", "10.96.0.7:80", "twice"}},
        Refusal{"SeventeenClusterAddresses",
                with_service("clusterAddresses: [1.1.1.1:1, 1.1.1.1:2, 1.1.1.1:3, 1.1.1.1:4, 1.1.1.1:5, 1.1.1.1:6, "
                             "1.1.1.1:7, 1.1.1.1:8, 1.1.1.1:9, 1.1.1.1:10, 1.1.1.1:11, 1.1.1.1:12, 1.1.1.1:13, "
                             "1.1.1.1:14, 1.1.1.1:15, 1.1.1.1:16, 1.1.1.1:17]"),
                3,
                {"clusterAddresses", "at most 16"}},
        Refusal{"AHash", with_service("hashOn: user"), 3, {"services[0].hashOn", "'user'", "header:NAME"}},
        Refusal{"AnAffinity", with_service("affinity: cookie:a b"), 3, {"affinity", "'cookie:a b'", "cookie:NAME"}},
        Refusal{"ZoneAware", with_service("zoneAware: yes"), 3, {"zoneAware", "'yes'", "prefer, strict"}},
        Refusal{"AHealthCheck", with_service("healthCheck: http:x"), 3, {"healthCheck", "'http:x'", "http:PATH"}},
        Refusal{"AnOutlierPercentage", with_service("outlierMaxPercent: 50%"), 3, {"'50%'", "0 to 100"}},
        Refusal{"Weights", with_service("weights: b"), 3, {"services[0].weights", "'b'", "web-v1=90"}},
        Refusal{"WeightsThatAreAMap", with_service("weights: {b: 1}"), 3, {"services[0].weights", "allowed"}},
        Refusal{"WeightsOfAnUnknownService",
                with_service("weights: b=1,c=2"),
                3,
                {"services[0].weights", "'a/c:80'", "allowed: a name under services, or any with an operator"}},
        Refusal{"Failover", with_service("failover: b"), 3, {"services[0].failover", "'b'", "other-ns/web"}},
        Refusal{"FailoverToAnUnknownService",
                with_service("failover: x/b"),
                3,
                {"services[0].failover", "'x/b:80'", "allowed: a name under services, or any with an operator"}},
        Refusal{"AZone", "zone: a b\n", 1, {"zone", "'a b'", "1 to 63"}},
        Refusal{"AZoneThatIsAList", "zone: [a]\n", 1, {"zone", "1 to 63"}},
        Refusal{"ANode", "node: Node_1\n", 1, {"node", "'Node_1'", "1 to 253"}},
        Refusal{"AnHttpKey", with_http("vai: true"), 2, {"http", "'vai'", "allowed: via, forwarded"}},
        Refusal{"HttpThatIsAList", "http: [via]\n", 1, {"http", "a list", "allowed: a map"}},
        Refusal{"Via", with_http("via: yes"), 2, {"http.via", "'yes'", "allowed: false, true"}},
        Refusal{"AForwardedField",
                with_http("forwarded: on"),
                2,
                {"http.forwarded", "'on'", "allowed: off, forwarded, x-forwarded"}},
        Refusal{"AHeadOf1023", with_http("maxHeadBytes: 1023"), 2, {"http.maxHeadBytes", "'1023'", "1KiB to 1MiB"}},
        Refusal{"AHeadOf2MiB", with_http("maxHeadBytes: 2MiB"), 2, {"http.maxHeadBytes", "'2MiB'", "1KiB to 1MiB"}},
        Refusal{"ATargetOf2MiB", with_http("maxTargetBytes: 2MiB"), 2, {"maxTargetBytes", "'2MiB'", "1KiB to 1MiB"}},
        Refusal{"FifteenFields", with_http("maxFields: 15"), 2, {"http.maxFields", "'15'", "16 to 4096"}},
        Refusal{"ABodyOf1025GiB", with_http("maxBodyBytes: 1025GiB"), 2, {"maxBodyBytes", "'1025GiB'", "0 to 1024GiB"}},
        Refusal{"AHeadTimeoutOfNothing", with_http("headTimeout: 0"), 2, {"http.headTimeout", "'0'", "100ms to 1h"}},
        Refusal{"ALimitsKey", with_limit("conections: 1"), 2, {"limits", "'conections'", "allowed: connections"}},
        Refusal{"LimitsConnections", with_limit("connections: -1"), 2, {"limits.connections", "'-1'", "0 to 1000000"}},
        Refusal{"LimitsBuffers", with_limit("bufferedBytes: 1KiB"), 2, {"bufferedBytes", "'1KiB'", "1MiB to 64GiB"}},
        Refusal{"LimitsGrace", with_limit("grace: 61m"), 2, {"limits.grace", "'61m'", "0 to 1h"}},
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
        Refusal{"AnOperatorWithoutAHost",
                with_operator("https://[]:1"),
                2,
                {"operator.address", "'https://[]:1'", "https://HOST:PORT"}},
        Refusal{"AnOperatorsIpv6AddressWithoutBrackets",
                with_operator("https://::1:1"),
                2,
                {"operator.address", "'https://::1:1'", "in brackets"}},
        Refusal{"AnOperatorsHost",
                with_operator("https://user@a b:1"),
                2,
                {"operator.address", "'https://user@a b:1'", "a name"}},
        Refusal{"AnOperatorsLongName",
                with_operator("https://" + std::string(254, 'a') + ":1"),
                2,
                {"operator.address", "'https://aaa", "a name"}},
        Refusal{"ALookupThatTakesForEver",
                "operator: {address: \"https://a:1\", ca: a, cert: b, key: c, lookupTimeout: 11s}\n",
                1,
                {"operator.lookupTimeout", "'11s'", "10s"}},
        Refusal{"ATokenBesideACertificate",
                "operator: {address: \"https://a:1\", ca: a, cert: b, token: c}\n",
                1,
                {"operator.cert", "allowed: none where there is a token"}},
        Refusal{"AServiceThatIsUnusedAtOnce",
                "operator: {address: \"https://a:1\", ca: a, cert: b, key: c, unusedAfter: 999ms}\n",
                1,
                {"operator.unusedAfter", "'999ms'", "1s"}},
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

TEST(Config, TakesATokenInsteadOfACertificate) {
  const auto config =
      parse_config("operator: {address: \"https://a:1\", ca: ca, token: tokens/outrigger}\n", "/etc/o/c.yaml");
  ASSERT_TRUE(config.has_value()) << config.error().text;
  EXPECT_EQ(config->feed->token, "/etc/o/tokens/outrigger");
  EXPECT_EQ(config->feed->certificate, "");
}

TEST(Config, AllowsATransparentListenerWithoutAnyService) {
  const auto config = parse_config("listeners: [{name: x, address: 127.0.0.1:0, transparent: true}]\n", "c.yaml");
  ASSERT_TRUE(config.has_value()) << config.error().text;
  EXPECT_TRUE(config->listeners.at(0).transparent);
}

TEST(Config, AllowsAListenerByHostWithoutAnyService) {
  const auto config = parse_config("listeners: [{name: x, address: 127.0.0.1:0, byHost: shop}]\n", "c.yaml");
  ASSERT_TRUE(config.has_value()) << config.error().text;
  EXPECT_EQ(config->listeners.at(0).by_host, "shop");
  EXPECT_FALSE(config->listeners.at(0).has_service());
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
