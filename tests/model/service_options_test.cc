#include "model/service_options.h"

#include <gtest/gtest.h>

#include <random>

namespace outrigger::model {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr const char* kUnknown =
    "unknown; known: policy, protocol, connect-timeout, timeout, idle-timeout, retries, retry-on, retry-budget, "
    "max-connections, max-pending, max-in-flight, max-connection-age, hash-on, affinity, failover-mode, "
    "failback-delay, "
    "zone-aware, health-check, health-check-interval, health-check-timeout, health-check-unhealthy-threshold, "
    "health-check-healthy-threshold, outlier-failures, outlier-window, outlier-ejection, outlier-max-percent, "
    "slow-start";

TEST(CamelCase, WritesOptionsAsTheFileDoes) {
  EXPECT_EQ(camel_case("policy"), "policy");
  EXPECT_EQ(camel_case("connect-timeout"), "connectTimeout");
  EXPECT_EQ(camel_case("a-b-c"), "aBC");
}

TEST(SetOption, TakesEveryOptionsWholeRange) {
  const std::tuple<const char*, const char*, ServiceOptions> cases[] = {
      {"policy", "round-robin", {.policy = PolicyKind::round_robin}},
      {"policy", "weighted-round-robin", {.policy = PolicyKind::weighted_round_robin}},
      {"connect-timeout", "1ms", {.connect_timeout = 1ms}},
      {"connect-timeout", "60s", {.connect_timeout = 60s}},
      {"timeout", "0", {.timeout = 0ms}},
      {"timeout", "24h", {.timeout = 24h}},
      {"idle-timeout", "1s", {.idle_timeout = 1s}},
      {"idle-timeout", "24h", {.idle_timeout = 24h}},
      {"protocol", "auto", {.protocol = Protocol::automatic}},
      {"protocol", "grpc", {.protocol = Protocol::grpc}},
      {"retries", "0", {.retries = 0}},
      {"retries", "10", {.retries = 10}},
      {"retry-on", "connect-failure", {.retry_on = {.refused = false}}},
      {"retry-on", "504,refused", {.retry_on = {.connect_failure = false, .gateway_timeout = true}}},
      {"retry-on",
       "connect-failure,refused,502,503,504",
       {.retry_on = {.bad_gateway = true, .service_unavailable = true, .gateway_timeout = true}}},
      {"retry-budget", "0%", {.retry_budget_percent = 0}},
      {"retry-budget", "100%", {.retry_budget_percent = 100}},
      {"max-connections", "1", {.max_connections = 1}},
      {"max-connections", "100000", {.max_connections = 100'000}},
      {"max-pending", "0", {.max_pending = 0}},
      {"max-pending", "100000", {.max_pending = 100'000}},
      {"max-in-flight", "100000", {.max_in_flight = 100'000}},
      {"max-connection-age", "0", {.max_connection_age = 0ms}},
      {"max-connection-age", "1s", {.max_connection_age = 1s}},
      {"max-connection-age", "24h", {.max_connection_age = 24h}},
      {"policy", "least-connections", {.policy = PolicyKind::least_connections}},
      {"policy", "weighted-least-connections", {.policy = PolicyKind::weighted_least_connections}},
      {"policy", "response-time", {.policy = PolicyKind::response_time}},
      {"policy", "random", {.policy = PolicyKind::random}},
      {"policy", "consistent-hash", {.policy = PolicyKind::consistent_hash}},
      {"hash-on", "source-ip", {.hash_on = {}}},
      {"hash-on", "path", {.hash_on = {HashOn::Kind::path, ""}}},
      {"hash-on", "header:X-User", {.hash_on = {HashOn::Kind::header, "x-user"}}},
      {"hash-on", "cookie:Sid", {.hash_on = {HashOn::Kind::cookie, "Sid"}}},
      {"affinity", "off", {.affinity = {}}},
      {"affinity", "cookie:Sid", {.affinity = {"Sid", 0s}}},
      {"affinity", "cookie:Sid;ttl=1s", {.affinity = {"Sid", 1s}}},
      {"affinity", "cookie:Sid;ttl=2000ms", {.affinity = {"Sid", 2s}}},
      {"affinity", "cookie:!#$%&'*+-.^_`|~;ttl=24h", {.affinity = {"!#$%&'*+-.^_`|~", 24h}}},
      {"failover-mode", "spill", {.failover_mode = FailoverMode::spill}},
      {"failover-mode", "strict", {.failover_mode = FailoverMode::strict}},
      {"failback-delay", "0", {.failback_delay = 0ms}},
      {"failback-delay", "24h", {.failback_delay = 24h}},
      {"zone-aware", "auto", {.zone_aware = ZoneAware::automatic}},
      {"zone-aware", "off", {.zone_aware = ZoneAware::off}},
      {"zone-aware", "prefer", {.zone_aware = ZoneAware::prefer}},
      {"zone-aware", "strict", {.zone_aware = ZoneAware::strict}},
      {"health-check", "off", {.health_check = {}}},
      {"health-check", "tcp", {.health_check = {HealthCheck::Kind::tcp, ""}}},
      {"health-check", "grpc", {.health_check = {HealthCheck::Kind::grpc, ""}}},
      {"health-check", "grpc:shop.Cart", {.health_check = {HealthCheck::Kind::grpc, "shop.Cart"}}},
      {"health-check", "http:/", {.health_check = {HealthCheck::Kind::http, "/"}}},
      {"health-check", "http:/healthz?full=1", {.health_check = {HealthCheck::Kind::http, "/healthz?full=1"}}},
      {"health-check-interval", "100ms", {.health_check_interval = 100ms}},
      {"health-check-interval", "1h", {.health_check_interval = 1h}},
      {"health-check-timeout", "10ms", {.health_check_timeout = 10ms}},
      {"health-check-timeout", "1m", {.health_check_timeout = 1min}},
      {"health-check-unhealthy-threshold", "1", {.health_check_unhealthy_threshold = 1}},
      {"health-check-unhealthy-threshold", "100", {.health_check_unhealthy_threshold = 100}},
      {"health-check-healthy-threshold", "1", {.health_check_healthy_threshold = 1}},
      {"health-check-healthy-threshold", "100", {.health_check_healthy_threshold = 100}},
      {"outlier-failures", "0", {.outlier_failures = 0}},
      {"outlier-failures", "1000", {.outlier_failures = 1'000}},
      {"outlier-window", "1s", {.outlier_window = 1s}},
      {"outlier-window", "1h", {.outlier_window = 1h}},
      {"outlier-ejection", "100ms", {.outlier_ejection = 100ms}},
      {"outlier-ejection", "1h", {.outlier_ejection = 1h}},
      {"outlier-max-percent", "0", {.outlier_max_percent = 0}},
      {"outlier-max-percent", "100", {.outlier_max_percent = 100}},
      {"slow-start", "0", {.slow_start = 0ms}},
      {"slow-start", "1h", {.slow_start = 1h}},
  };
  for (const auto& [option, value, expected] : cases) {
    ServiceOptions options;
    ASSERT_TRUE(set_option(options, option, value)) << option << " " << value;
    EXPECT_EQ(options, expected) << option << " " << value;
  }
}

TEST(SetOption, RefusesABadValueAndChangesNothing) {
  const std::string long_name(129, 'x');
  const std::string long_path = "/" + std::string(1'024, 'x');
  const std::pair<const char*, std::string> cases[] = {{"policy", ""},
                                                       {"policy", "fastest"},
                                                       {"policy", "Round-Robin"},
                                                       {"policy", "round-robin "},
                                                       {"policy", "round_robin"},
                                                       {"policy", "0"},
                                                       {"connect-timeout", "0"},
                                                       {"connect-timeout", "61s"},
                                                       {"connect-timeout", ""},
                                                       {"timeout", "-1s"},
                                                       {"timeout", "25h"},
                                                       {"timeout", "none"},
                                                       {"idle-timeout", "0"},
                                                       {"idle-timeout", "999ms"},
                                                       {"idle-timeout", "25h"},
                                                       {"protocol", ""},
                                                       {"protocol", "ftp"},
                                                       {"protocol", "http:80"},
                                                       {"retries", "11"},
                                                       {"retries", "-1"},
                                                       {"retry-on", ""},
                                                       {"retry-on", "500"},
                                                       {"retry-on", "none"},
                                                       {"retry-on", "refused,"},
                                                       {"retry-on", ",refused"},
                                                       {"retry-on", "502, 503"},
                                                       {"retry-on", "refused,503,refused"},
                                                       {"retry-budget", "20"},
                                                       {"retry-budget", "%"},
                                                       {"retry-budget", "101%"},
                                                       {"retry-budget", "-1%"},
                                                       {"retry-budget", "20%%"},
                                                       {"retry-budget", "0.5%"},
                                                       {"retry-budget", "20 %"},
                                                       {"max-connections", "100001"},
                                                       {"max-connections", "none"},
                                                       {"max-pending", "100001"},
                                                       {"max-in-flight", "1e3"},
                                                       {"max-connection-age", "999ms"},
                                                       {"max-connection-age", "25h"},
                                                       {"hash-on", ""},
                                                       {"hash-on", "source"},
                                                       {"hash-on", "header"},
                                                       {"hash-on", "header:"},
                                                       {"hash-on", "header:a b"},
                                                       {"hash-on", "header::path"},
                                                       {"hash-on", "header:\xc3\xa4"},
                                                       {"hash-on", "header:" + long_name},
                                                       {"hash-on", "cookie:"},
                                                       {"hash-on", "cookie:a=b"},
                                                       {"hash-on", "cookie:a;b"},
                                                       {"hash-on", "cookie:" + long_name},
                                                       {"hash-on", "path:/"},
                                                       {"affinity", ""},
                                                       {"affinity", "sid"},
                                                       {"affinity", "cookie:"},
                                                       {"affinity", "cookie:;ttl=1h"},
                                                       {"affinity", "cookie:a;"},
                                                       {"affinity", "cookie:a;ttl="},
                                                       {"affinity", "cookie:a;ttl=0"},
                                                       {"affinity", "cookie:a;ttl=1500ms"},
                                                       {"affinity", "cookie:a;ttl=25h"},
                                                       {"affinity", "cookie:a; ttl=1h"},
                                                       {"affinity", "cookie:a;ttl=1h;ttl=1h"},
                                                       {"affinity", "cookie:" + long_name},
                                                       {"failover-mode", ""},
                                                       {"failover-mode", "Spill"},
                                                       {"failback-delay", "25h"},
                                                       {"failback-delay", "30"},
                                                       {"zone-aware", "on"},
                                                       {"zone-aware", ""},
                                                       {"health-check", ""},
                                                       {"health-check", "http"},
                                                       {"health-check", "http:"},
                                                       {"health-check", "http:healthz"},
                                                       {"health-check", "http:/a b"},
                                                       {"health-check", "http:/a\r\nHost: x"},
                                                       {"health-check", "http:/\xc3\xa4"},
                                                       {"health-check", "http:" + long_path},
                                                       {"health-check", "grpc:"},
                                                       {"health-check", "grpc:a b"},
                                                       {"health-check", "tcp:1"},
                                                       {"health-check-interval", "99ms"},
                                                       {"health-check-interval", "61m"},
                                                       {"health-check-timeout", "9ms"},
                                                       {"health-check-timeout", "61s"},
                                                       {"health-check-unhealthy-threshold", "0"},
                                                       {"health-check-unhealthy-threshold", "101"},
                                                       {"health-check-healthy-threshold", "0"},
                                                       {"health-check-healthy-threshold", "101"},
                                                       {"outlier-failures", "1001"},
                                                       {"outlier-window", "999ms"},
                                                       {"outlier-window", "61m"},
                                                       {"outlier-ejection", "99ms"},
                                                       {"outlier-ejection", "61m"},
                                                       {"outlier-max-percent", "101"},
                                                       {"outlier-max-percent", "50%"},
                                                       {"slow-start", "61m"},
                                                       {"slow-start", "1"}};
  for (const auto& [option, value] : cases) {
    ServiceOptions options{.connect_timeout = 7s,
                           .timeout = 8s,
                           .idle_timeout = 9s,
                           .retries = 4,
                           .retry_on = {.refused = false},
                           .retry_budget_percent = 7,
                           .max_connections = 8,
                           .max_pending = 9,
                           .max_in_flight = 10,
                           .max_connection_age = 11s,
                           .hash_on = {HashOn::Kind::cookie, "sid"},
                           .affinity = {"sid", 1h},
                           .failover_mode = FailoverMode::strict,
                           .failback_delay = 12s,
                           .zone_aware = ZoneAware::strict,
                           .health_check = {HealthCheck::Kind::http, "/healthz"},
                           .health_check_interval = 13s,
                           .health_check_timeout = 14s,
                           .health_check_unhealthy_threshold = 15,
                           .health_check_healthy_threshold = 16,
                           .outlier_failures = 17,
                           .outlier_window = 18s,
                           .outlier_ejection = 19s,
                           .outlier_max_percent = 20,
                           .slow_start = 21s};
    const ServiceOptions before = options;
    EXPECT_FALSE(set_option(options, option, value)) << option << " " << value;
    EXPECT_EQ(options, before);
  }
}

TEST(SetOption, ErrorsSayWhatIsAllowed) {
  ServiceOptions options;
  EXPECT_EQ(set_option(options, "policy", "fastest").error().text,
            "'fastest' is not allowed; allowed: round-robin, weighted-round-robin, least-connections, "
            "weighted-least-connections, response-time, random, consistent-hash");
  EXPECT_EQ(set_option(options, "connect-timeout", "2m").error().text,
            "'2m' is not allowed; allowed: durations from 1ms to 1m, a whole number with a unit of ms, s, m or h");
  EXPECT_EQ(set_option(options, "timeout", "1").error().text,
            "'1' is not allowed; allowed: durations from 0 to 24h, a whole number with a unit of ms, s, m or h");
  EXPECT_EQ(set_option(options, "polcy", "round-robin").error().text, kUnknown);
  EXPECT_EQ(set_option(options, "protocol", "ftp").error().text,
            "'ftp' is not allowed; allowed: auto, http, http2, grpc, tcp");
  EXPECT_EQ(set_option(options, "retries", "11").error().text,
            "'11' is not allowed; allowed: whole numbers from 0 to 10");
  EXPECT_EQ(
      set_option(options, "retry-on", "500").error().text,
      "'500' is not allowed; allowed: one or more of connect-failure, refused, 502, 503, 504, separated by commas "
      "alone, none twice");
  EXPECT_EQ(set_option(options, "retry-budget", "0.2").error().text,
            "'0.2' is not allowed; allowed: whole percentages from 0% to 100%");
  EXPECT_EQ(set_option(options, "max-connections", "many").error().text,
            "'many' is not allowed; allowed: whole numbers from 0 to 100000");
  EXPECT_EQ(set_option(options, "max-connection-age", "5ms").error().text,
            "'5ms' is not allowed; allowed: 0, durations from 1s to 24h, a whole number with a unit of ms, s, m or h");
  EXPECT_EQ(
      set_option(options, "hash-on", "header:").error().text,
      "'header:' is not allowed; allowed: source-ip, header:NAME, cookie:NAME, path; a NAME is an RFC 9110 token of "
      "at most 128 bytes");
  EXPECT_EQ(
      set_option(options, "affinity", "sid").error().text,
      "'sid' is not allowed; allowed: off, cookie:NAME, cookie:NAME;ttl=DURATION of whole seconds from 1s to 24h; a "
      "NAME is an RFC 9110 token of at most 128 bytes");
  EXPECT_EQ(set_option(options, "zone-aware", "on").error().text,
            "'on' is not allowed; allowed: auto, off, prefer, strict");
  EXPECT_EQ(
      set_option(options, "health-check", "http").error().text,
      "'http' is not allowed; allowed: off, http:PATH, grpc, grpc:SERVICE, tcp; a PATH begins with '/', and both are "
      "at most 1024 bytes of printable ASCII without spaces");
}

/// Any values that the options may have.
class RandomOptions {
 public:
  explicit RandomOptions(unsigned seed) : random_(seed) {}

  ServiceOptions next() {
    const std::uint32_t on = below(31) + 1;
    return {.policy = static_cast<PolicyKind>(below(7)),
            .protocol = static_cast<Protocol>(below(5)),
            .connect_timeout = between(1, 60'000),
            .timeout = between(0, 86'400'000),
            .idle_timeout = between(1'000, 86'400'000),
            .retries = below(11),
            .retry_on = {.connect_failure = (on & 1) != 0,
                         .refused = (on & 2) != 0,
                         .bad_gateway = (on & 4) != 0,
                         .service_unavailable = (on & 8) != 0,
                         .gateway_timeout = (on & 16) != 0},
            .retry_budget_percent = below(101),
            .max_connections = below(100'001),
            .max_pending = below(100'001),
            .max_in_flight = below(100'001),
            .max_connection_age = below(2) ? 0ms : between(1'000, 86'400'000),
            .hash_on = hash_on(),
            .affinity = affinity(),
            .failover_mode = static_cast<FailoverMode>(below(2)),
            .failback_delay = between(0, 86'400'000),
            .zone_aware = static_cast<ZoneAware>(below(4)),
            .health_check = health_check(),
            .health_check_interval = between(100, 3'600'000),
            .health_check_timeout = between(10, 60'000),
            .health_check_unhealthy_threshold = below(100) + 1,
            .health_check_healthy_threshold = below(100) + 1,
            .outlier_failures = below(1'001),
            .outlier_window = between(1'000, 3'600'000),
            .outlier_ejection = between(100, 3'600'000),
            .outlier_max_percent = below(101),
            .slow_start = between(0, 3'600'000)};
  }

 private:
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(random_()) % bound; }
  milliseconds between(milliseconds::rep low, milliseconds::rep high) {
    return milliseconds(std::uniform_int_distribution<milliseconds::rep>(low, high)(random_));
  }
  std::string text_of(std::string_view alphabet, std::uint32_t longest) {
    std::string text;
    for (std::uint32_t left = below(longest) + 1; left > 0; --left) {
      text += alphabet[below(static_cast<std::uint32_t>(alphabet.size()))];
    }
    return text;
  }
  std::string name() { return text_of("!#$%&'*+-.^_`|~09azAZ", 128); }
  std::string target(std::uint32_t longest) {
    std::string printable;
    for (char c = '!'; c <= '~'; ++c) printable += c;
    return text_of(printable, longest);
  }
  HashOn hash_on() {
    HashOn hash_on{.kind = static_cast<HashOn::Kind>(below(4)), .name = {}};
    if (hash_on.kind == HashOn::Kind::cookie) hash_on.name = name();
    if (hash_on.kind == HashOn::Kind::header) hash_on.name = text_of("!#$%&'*+-.^_`|~09az", 128);
    return hash_on;
  }
  Affinity affinity() {
    if (below(3) == 0) return {};
    return {.cookie = name(), .ttl = std::chrono::seconds(below(2) == 0 ? 0 : below(86'400) + 1)};
  }
  HealthCheck health_check() {
    HealthCheck check{.kind = static_cast<HealthCheck::Kind>(below(4)), .target = {}};
    if (check.kind == HealthCheck::Kind::http) check.target = "/" + target(1'023);
    if (check.kind == HealthCheck::Kind::grpc && below(2) == 0) check.target = target(1'024);
    return check;
  }

  std::mt19937 random_;
};

TEST(OptionText, IsReadBackAsTheSameOptions) {
  for (const unsigned seed : {1u, 2u, 3u}) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomOptions random(seed);
    for (int i = 0; i < 1'000; ++i) {
      const ServiceOptions options = random.next();
      ServiceOptions read;
      for (const std::string_view name : option_names()) {
        const std::string text = option_text(options, name);
        ASSERT_TRUE(set_option(read, name, text)) << name << " " << text;
        ASSERT_EQ(option_text(read, name), text) << name;
      }
      ASSERT_EQ(read, options);
    }
  }
}

}  // namespace
}  // namespace outrigger::model
