#include "model/service_options.h"

#include <gtest/gtest.h>

#include <random>

namespace outrigger::model {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr const char* kUnknown =
    "unknown; known: policy, protocol, connect-timeout, timeout, idle-timeout, retries, retry-on, retry-budget, "
    "max-connections, max-pending, max-in-flight, max-connection-age";

TEST(ParseNumber, TakesWholeNumbersInTheRangeAlone) {
  EXPECT_EQ(*parse_number("1", 1, 1'000), 1u);
  EXPECT_EQ(*parse_number("1000", 1, 1'000), 1'000u);
  EXPECT_EQ(*parse_number("0", 0, 255), 0u);
  EXPECT_EQ(*parse_number("4294967295", 0, 4'294'967'295), 4'294'967'295u);
  for (const char* text : {"", "0", "-1", "1001", "abc", " 5", "5 ", "+5", "05", "1e3", "5.0", "0x5", "5\n", "٥",
                           "4294967297", "18446744073709551617", "99999999999999999999999999"}) {
    EXPECT_FALSE(parse_number(text, 1, 1'000)) << text;
  }
  EXPECT_EQ(parse_number("1001", 1, 1'000).error().text,
            "'1001' is not allowed; allowed: whole numbers from 1 to 1000");
}

TEST(ParseDuration, TakesOneWholeNumberWithOneUnit) {
  const std::pair<const char*, milliseconds> cases[] = {
      {"0", 0ms},   {"0s", 0ms},  {"1ms", 1ms}, {"250ms", 250ms},    {"1s", 1s},
      {"90s", 90s}, {"5m", 5min}, {"24h", 24h}, {"86400000ms", 24h}, {"1440m", 24h}};
  for (const auto& [text, value] : cases) {
    const auto duration = parse_duration(text);
    ASSERT_TRUE(duration) << text;
    EXPECT_EQ(*duration, value) << text;
  }
}

TEST(ParseDuration, RefusesEverythingElse) {
  for (const char* text : {"",
                           "1",
                           "-1s",
                           "+1s",
                           " 1s",
                           "1s ",
                           "1 s",
                           "01s",
                           "00",
                           "1.5s",
                           "1e3ms",
                           "s",
                           "ms",
                           "h",
                           "1S",
                           "1h30m",
                           "1d",
                           "1us",
                           "25h",
                           "1441m",
                           "86401s",
                           "86400001ms",
                           "4294967296ms",
                           "18446744073709551616h",
                           "99999999999999999999999999s"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
  EXPECT_EQ(parse_duration("soon").error().text,
            "'soon' is not allowed; allowed: 0 or a whole number with a unit of ms, s, m or h, at most 24h");
}

TEST(DurationText, IsReadBackAsTheSameValueAndHasNoShorterSpelling) {
  for (const unsigned seed : {1u, 2u, 3u}) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    for (int i = 0; i < 5'000; ++i) {
      const milliseconds::rep unit = std::array{1, 1'000, 60'000, 3'600'000}[random() % 4];
      const milliseconds value(static_cast<milliseconds::rep>(random()) % (86'400'000 / unit + 1) * unit);
      const std::string text = duration_text(value);
      const auto read = parse_duration(text);
      ASSERT_TRUE(read) << text;
      ASSERT_EQ(*read, value) << text;
      for (const auto& [name, ms] : {std::pair{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}) {
        if (value.count() % ms != 0) continue;
        ASSERT_LE(text.size(), (std::to_string(value.count() / ms) + name).size()) << text;
      }
    }
  }
  EXPECT_EQ(duration_text(0ms), "0");
  EXPECT_EQ(duration_text(60s), "1m");
  EXPECT_EQ(duration_text(90s), "90s");
}

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
  };
  for (const auto& [option, value, expected] : cases) {
    ServiceOptions options;
    ASSERT_TRUE(set_option(options, option, value)) << option << " " << value;
    EXPECT_EQ(options, expected) << option << " " << value;
  }
}

TEST(SetOption, RefusesABadValueAndChangesNothing) {
  const std::pair<const char*, const char*> cases[] = {{"policy", ""},
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
                                                       {"max-connection-age", "25h"}};
  for (const auto& [option, value] : cases) {
    ServiceOptions options{.connect_timeout = 7s,
                           .timeout = 8s,
                           .idle_timeout = 9s,
                           .retries = 2,
                           .retry_on = {.refused = false},
                           .retry_budget_percent = 7,
                           .max_connections = 8,
                           .max_pending = 9,
                           .max_in_flight = 10,
                           .max_connection_age = 11s};
    const ServiceOptions before = options;
    EXPECT_FALSE(set_option(options, option, value)) << option << " " << value;
    EXPECT_EQ(options, before);
  }
}

TEST(SetOption, ErrorsSayWhatIsAllowed) {
  ServiceOptions options;
  EXPECT_EQ(set_option(options, "policy", "fastest").error().text,
            "'fastest' is not allowed; allowed: round-robin, weighted-round-robin");
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
}

TEST(OptionText, IsReadBackAsTheSameOptions) {
  for (const unsigned seed : {1u, 2u, 3u}) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const auto between = [&](milliseconds::rep low, milliseconds::rep high) {
      return milliseconds(std::uniform_int_distribution<milliseconds::rep>(low, high)(random));
    };
    const auto below = [&](std::uint32_t bound) { return static_cast<std::uint32_t>(random()) % bound; };
    for (int i = 0; i < 1'000; ++i) {
      const std::uint32_t on = below(31) + 1;
      const ServiceOptions options{.policy = random() % 2 ? PolicyKind::round_robin : PolicyKind::weighted_round_robin,
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
                                   .max_connection_age = below(2) ? 0ms : between(1'000, 86'400'000)};
      ServiceOptions read;
      for (const std::string_view name : option_names()) {
        ASSERT_TRUE(set_option(read, name, option_text(options, name))) << name << " " << option_text(options, name);
      }
      ASSERT_EQ(read, options);
    }
  }
}

TEST(ServiceAnnotations, AreReadAndOthersIgnored) {
  const auto parsed = parse_service_annotations({{"outrigger.dev/policy", "round-robin"},
                                                 {"outrigger.dev/timeout", "5s"},
                                                 {"kubectl.kubernetes.io/last-applied-configuration", "{}"},
                                                 {"outrigger.development/policy", "fastest"},
                                                 {"policy", "fastest"}});
  EXPECT_TRUE(parsed.errors.empty());
  EXPECT_EQ(parsed.options, (ServiceOptions{.policy = PolicyKind::round_robin, .timeout = 5s}));
}

TEST(ServiceAnnotations, MayNameAProtocolForEachPort) {
  const auto parsed = parse_service_annotations({{"outrigger.dev/protocol", "http:80,tcp:5432"}});
  EXPECT_TRUE(parsed.errors.empty());
  EXPECT_EQ(parsed.protocols, parse_protocols("http:80,tcp:5432").value());
  EXPECT_EQ(parsed.options, ServiceOptions{});
}

TEST(ServiceAnnotations, ABadProtocolIsOneErrorAndLeavesEveryPortAutomatic) {
  const auto parsed = parse_service_annotations({{"outrigger.dev/protocol", "http:80,ftp:81,ftp:82"}});
  ASSERT_EQ(parsed.errors.size(), 1u);
  EXPECT_EQ(parsed.errors[0].text(),
            "outrigger.dev/protocol: 'http:80,ftp:81,ftp:82' is not allowed; allowed: auto, http, http2, grpc, tcp, or "
            "some ports' own, as in http:80,tcp:5432, none twice");
  EXPECT_EQ(parsed.protocols, Protocols{});
}

TEST(ServiceAnnotations, ABadOneLeavesItsDefaultAndTheOthersTheirValues) {
  const auto parsed = parse_service_annotations(
      {{"outrigger.dev/policy", "fastest\n"}, {"outrigger.dev/timeout", "5s"}, {"outrigger.dev/", "x"}});
  EXPECT_EQ(parsed.options, ServiceOptions{.timeout = 5s});
  const std::vector<AnnotationError> expected = {
      {"outrigger.dev/", "x", kUnknown},
      {"outrigger.dev/policy", "fastest?", "'fastest?' is not allowed; allowed: round-robin, weighted-round-robin"}};
  EXPECT_EQ(parsed.errors, expected);
  EXPECT_EQ(parsed.errors[1].text(),
            "outrigger.dev/policy: 'fastest?' is not allowed; allowed: round-robin, weighted-round-robin");
}

TEST(ServiceAnnotations, SayThatAPodsKeysBelongOnPods) {
  for (const char* name : {"weight", "tier", "inject", "proxy-cpu", "proxy-memory", "skip-outbound-ports"}) {
    const std::string key = std::string(kAnnotationPrefix) + name;
    const auto parsed = parse_service_annotations({{key, "5"}});
    ASSERT_EQ(parsed.errors.size(), 1u) << key;
    EXPECT_EQ(parsed.errors[0].text(), key + ": belongs on Pods, not on a Service");
  }
}

TEST(ServiceAnnotations, ErrorsStayShortWhateverTheValue) {
  const std::string huge(64 << 20, 'x');
  const auto parsed = parse_service_annotations({{"outrigger.dev/policy", huge}, {"outrigger.dev/" + huge, huge}});
  ASSERT_EQ(parsed.errors.size(), 2u);
  for (const AnnotationError& error : parsed.errors) {
    EXPECT_LE(error.key.size(), 128u);
    EXPECT_EQ(error.value, std::string(128, 'x'));
    EXPECT_LT(error.text().size(), 400u);
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

TEST(PodAnnotations, RefuseOtherKeysOfOurs) {
  const auto parsed = parse_pod_annotations({{"outrigger.dev/policy", "round-robin"}, {"outrigger.dev/wieght", "3"}});
  ASSERT_EQ(parsed.errors.size(), 2u);
  EXPECT_EQ(parsed.errors[0].text(), "outrigger.dev/policy: belongs on a Service, not on a Pod");
  EXPECT_EQ(parsed.errors[1].text(),
            "outrigger.dev/wieght: unknown; known: weight, tier, inject, proxy-cpu, proxy-memory, skip-outbound-ports");
}

}  // namespace
}  // namespace outrigger::model
