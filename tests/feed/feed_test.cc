#include <gtest/gtest.h>

#include <random>

#include "feed/message.h"
#include "feed/version.h"

namespace outrigger::feed {
namespace {

const model::ServicePort kWeb{{"shop", "web"}, 80};

model::EndpointSet web(std::vector<model::Endpoint> endpoints) {
  return {.service = kWeb, .options = {}, .rules = model::own_cluster_rule(kWeb), .endpoints = std::move(endpoints)};
}

model::Endpoint endpoint(const std::string& address, std::uint32_t weight = 1) {
  return {.address = address, .weight = weight, .tier = 0, .zone = "", .pod = "", .draining = false};
}

FullSet versioned(model::EndpointSet set) {
  std::string version = version_of(set);
  return {.version = std::move(version), .set = std::move(set)};
}

template <class Message>
void expect_round_trip_to_sidecar(const Message& message) {
  std::string line = encode(ToSidecar(message));
  ASSERT_EQ(line.back(), '\n');
  line.pop_back();
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto back = decode_to_sidecar(line);
  ASSERT_TRUE(back) << back.error().text;
  EXPECT_EQ(std::get<Message>(*back), message);
}

template <class Message>
void expect_round_trip_to_operator(const Message& message) {
  std::string line = encode(ToOperator(message));
  line.pop_back();
  const auto back = decode_to_operator(line);
  ASSERT_TRUE(back) << back.error().text;
  EXPECT_EQ(std::get<Message>(*back), message);
}

TEST(FeedMessage, EveryKindComesBackAsItWas) {
  model::EndpointSet set = web({endpoint("10.0.0.1:8080"), endpoint("10.0.0.2:8080", 5)});
  set.endpoints[1].tier = 2;
  set.endpoints[1].zone = "b";
  set.endpoints[1].for_zones = {"a", "b"};
  set.endpoints[1].pod = "web-2";
  set.endpoints[1].draining = true;
  set.options.policy = model::PolicyKind::round_robin;
  set.options.timeout = std::chrono::seconds(3);
  set.options.protocol = model::Protocol::grpc;
  set.options.retries = 3;
  set.options.retry_on = {.refused = false, .service_unavailable = true};
  set.options.retry_budget_percent = 100;
  set.options.max_connections = 7;
  set.options.max_pending = 0;
  set.options.max_in_flight = 100'000;
  set.options.max_connection_age = std::chrono::minutes(5);
  set.options.hash_on = {model::HashOn::Kind::header, "x-user"};
  set.options.affinity = {"sid", std::chrono::hours(1)};
  set.options.failover_mode = model::FailoverMode::strict;
  set.options.failback_delay = std::chrono::minutes(1);
  set.options.zone_aware = model::ZoneAware::prefer;
  set.options.health_check = {model::HealthCheck::Kind::http, "/healthz"};
  set.options.health_check_interval = std::chrono::seconds(5);
  set.options.outlier_failures = 3;
  set.options.outlier_max_percent = 100;
  set.options.slow_start = std::chrono::seconds(20);
  set.addresses = {"10.96.0.7:80", "[fd00::7]:80"};
  set.failover = {{{"shop", "standby"}, 80}, {{"other", "web"}, 80}};
  set.rules = {{"/api", {{kWeb, 90}, {{{"shop", "web-v2"}, 80}, 10}}}, {"/", {{kWeb, 1}}}};

  expect_round_trip_to_sidecar(versioned(set));
  expect_round_trip_to_sidecar(Delta{kWeb, "aa", "bb", set.endpoints, {"10.0.0.3:8080"}});
  expect_round_trip_to_sidecar(Delta{kWeb, "aa", "bb", {}, {}});
  expect_round_trip_to_sidecar(Current{kWeb, "aa"});
  expect_round_trip_to_sidecar(Absent{kWeb});
  expect_round_trip_to_sidecar(Destination{"10.96.0.7:80", kWeb});
  expect_round_trip_to_sidecar(Destination{"shop/web:80", kWeb});
  expect_round_trip_to_sidecar(Destination{"[fd00::7]:80", std::nullopt});
  expect_round_trip_to_sidecar(Place{"b"});
  expect_round_trip_to_sidecar(Place{""});
  expect_round_trip_to_sidecar(Heartbeat{});
  expect_round_trip_to_operator(Subscribe{{{kWeb, ""}, {{{"shop", "db"}, 5432}, "0123456789abcdef"}}});
  expect_round_trip_to_operator(Subscribe{{{kWeb, ""}}, "node-1.example"});
  expect_round_trip_to_operator(Subscribe{{}, "node-1"});
  expect_round_trip_to_operator(Unsubscribe{{kWeb}});
  expect_round_trip_to_operator(Resolve{{"10.96.0.7:80", "[fd00::7]:80", "shop/web:80"}});
  expect_round_trip_to_operator(Unresolve{{"10.96.0.7:80"}});
  expect_round_trip_to_operator(Ack{kWeb, "aa"});
}

TEST(FeedMessage, IsReadableAsTheHeaderShowsIt) {
  EXPECT_EQ(encode(ToOperator(Subscribe{{{kWeb, ""}}})), "{\"subscribe\":{\"shop/web:80\":\"\"}}\n");
  EXPECT_EQ(encode(ToOperator(Subscribe{{{kWeb, ""}}, "n1"})),
            "{\"node\":\"n1\",\"subscribe\":{\"shop/web:80\":\"\"}}\n");
  EXPECT_EQ(encode(ToSidecar(Place{"b"})), "{\"place\":{\"zone\":\"b\"}}\n");
  EXPECT_EQ(encode(ToSidecar(Heartbeat{})), "{\"heartbeat\":{}}\n");
  EXPECT_EQ(encode(ToSidecar(Delta{kWeb, "a", "b", {endpoint("10.0.0.1:80", 3)}, {}})),
            "{\"delta\":{\"endpoints\":[{\"address\":\"10.0.0.1:80\",\"weight\":3}],\"from\":\"a\","
            "\"service\":\"shop/web:80\",\"version\":\"b\"}}\n");
}

TEST(FeedMessage, OptionsAndAddressesThatAreNotThereHaveTheirDefaults) {
  const auto message = decode_to_sidecar(
      R"({"set":{"service":"shop/web:80","version":"a","rules":[{"clusters":[{"service":"shop/web:80"}]}]}})");
  ASSERT_TRUE(message) << message.error().text;
  EXPECT_EQ(std::get<FullSet>(*message).set, web({}));
}

TEST(FeedMessage, KeysOfANewerOperatorAreIgnored) {
  const auto message = decode_to_sidecar(
      R"({"set":{"service":"shop/web:80","version":"a","new":1,"options":{"new-option":"x","policy":"round-robin"},)"
      R"("rules":[{"pathPrefix":"/","clusters":[{"service":"shop/web:80","weight":1,"new":2}]}],)"
      R"("endpoints":[{"address":"10.0.0.1:80","new":3}]}})");
  ASSERT_TRUE(message) << message.error().text;
  EXPECT_EQ(std::get<FullSet>(*message).set.options.policy, model::PolicyKind::round_robin);
}

TEST(FeedMessage, WhatIsWrongIsRefusedAndNamed) {
  const std::string rules = R"("rules":[{"clusters":[{"service":"shop/web:80"}]}])";
  const auto set_with = [&](const std::string& more) {
    return R"({"set":{"service":"shop/web:80","version":"a",)" + rules + "," + more + "}}";
  };
  const std::pair<std::string, std::string> cases[] = {
      {"", "not a message"},
      {"[]", "not a message"},
      {"{}", "not a message"},
      {R"({"set":1)", "not a message"},
      {R"({"a":1,"b":2})", "not a message"},
      {R"({"surprise":{}})", "surprise"},
      {R"({"set":7})", "version is missing"},
      {R"({"set":{"service":"shop/web:80","version":"a"}})", "rules"},
      {R"({"set":{"service":"shop/web:80","version":7}})", "version"},
      {R"({"set":{"service":"web","version":"a",)" + rules + "}}", "service"},
      {set_with(R"("endpoints":{})"), "endpoints"},
      {set_with(R"("endpoints":[{"address":"web:80"}])"), "address"},
      {set_with(R"("endpoints":[{"weight":1}])"), "address is missing"},
      {set_with(R"("endpoints":[{"address":"10.0.0.1:80","weight":0}])"), "weight"},
      {set_with(R"("endpoints":[{"address":"10.0.0.1:80","weight":1001}])"), "weight"},
      {set_with(R"("endpoints":[{"address":"10.0.0.1:80","weight":-1}])"), "weight"},
      {set_with(R"("endpoints":[{"address":"10.0.0.1:80","weight":1.5}])"), "weight"},
      {set_with(R"("endpoints":[{"address":"10.0.0.1:80","draining":"yes"}])"), "draining"},
      {set_with(R"("endpoints":[{"address":"10.0.0.1:80"},{"address":"10.0.0.1:80"}])"), "twice"},
      {set_with(R"("options":{"policy":"fastest"})"), "policy"},
      {set_with(R"("options":{"policy":1})"), "policy"},
      {set_with(R"("options":{"protocol":"ftp"})"), "protocol"},
      {set_with(R"("options":{"retry-on":""})"), "retry-on"},
      {set_with(R"("addresses":"10.96.0.7:80")"), "addresses"},
      {set_with(R"("addresses":[1])"), "addresses"},
      {set_with(R"("addresses":["10.96.0.7"])"), "addresses: '10.96.0.7'"},
      {set_with(R"("addresses":["[fd00::7]:80","[fd00:0::7]:80"])"), "[fd00::7]:80 is there twice"},
      {set_with(R"("addresses":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17])"), "at most 16"},
      {set_with(R"("failover":"shop/standby:80")"), "failover"},
      {set_with(R"("failover":[1])"), "failover"},
      {set_with(R"("failover":["standby"])"), "failover: 'standby'"},
      {set_with(R"("failover":["shop/web:80"])"), "shop/web:80 is the service itself"},
      {set_with(R"("failover":["shop/a:80","shop/a:80"])"), "shop/a:80 is there twice"},
      {set_with(R"("failover":[1,2,3,4,5,6,7,8,9])"), "at most 8"},
      {set_with(R"("endpoints":[{"address":"10.0.0.1:80","forZones":"a"}])"), "forZones"},
      {set_with(R"("endpoints":[{"address":"10.0.0.1:80","forZones":[1]}])"), "forZones"},
      {set_with(R"("endpoints":[{"address":"10.0.0.1:80","forZones":[""]}])"), "forZones"},
      {set_with(R"("endpoints":[{"address":"10.0.0.1:80","forZones":["a b"]}])"), "forZones"},
      {set_with(R"("endpoints":[{"address":"10.0.0.1:80","forZones":["b","a","b"]}])"), "b is there twice"},
      {set_with(R"("endpoints":[{"address":"10.0.0.1:80","forZones":[1,2,3,4,5,6,7,8,9]}])"), "at most 8"},
      {set_with(R"("options":{"hash-on":"header:"})"), "hash-on"},
      {set_with(R"("options":{"zone-aware":""})"), "zone-aware"},
      {R"({"destination":{}})", "address"},
      {R"({"destination":[]})", "address"},
      {R"({"destination":{"address":1}})", "address"},
      {R"({"destination":{"address":"web:80"}})", "address: 'web:80'"},
      {R"({"destination":{"address":"10.96.0.7:80","service":"web"}})", "service"},
      {R"({"destination":{"address":"10.96.0.7:80","service":1}})", "service"},
      {R"({"place":{}})", "zone is missing"},
      {R"({"place":"b"})", "zone is missing"},
      {R"({"place":{"zone":"a b"}})", "zone: 'a b'"},
      {R"({"place":{"zone":"a"},"node":"n1"})", "not a message"},
      {R"({"delta":{"service":"shop/web:80","from":"a","version":"b","removed":[1]}})", "removed"},
      {R"({"current":{"service":"shop/web:80"}})", "version is missing"},
      {R"({"absent":"shop/web:80"})", "service is missing"},
  };
  for (const auto& [line, named] : cases) {
    const auto message = decode_to_sidecar(line);
    ASSERT_FALSE(message) << line;
    EXPECT_NE(message.error().text.find(named), std::string::npos) << line << " gave: " << message.error().text;
    EXPECT_EQ(message.error().text.find('\n'), std::string::npos) << line;
  }
  const std::pair<std::string, std::string> to_operator[] = {
      {R"({"subscribe":["shop/web:80"]})", "subscribe"},
      {R"({"subscribe":{"shop/web":""}})", "shop/web"},
      {R"({"subscribe":{"shop/web:70000":""}})", "70000"},
      {R"({"subscribe":{"shop/web:80":1}})", "version"},
      {R"({"unsubscribe":{}})", "unsubscribe"},
      {R"({"unsubscribe":[1]})", "unsubscribe"},
      {R"({"resolve":{}})", "resolve"},
      {R"({"resolve":[1]})", "resolve"},
      {R"({"resolve":["10.96.0.7"]})", "resolve: '10.96.0.7'"},
      {R"({"resolve":["[fd00:0::7]:80"]})", "allowed: [fd00::7]:80"},
      {R"({"resolve":["shop/web"]})", "resolve: 'shop/web'"},
      {R"({"resolve":["shop/web:080"]})", "resolve: 'shop/web:080'"},
      {R"({"unresolve":"10.96.0.7:80"})", "unresolve"},
      {R"({"subscribe":{},"node":""})", "node"},
      {R"({"subscribe":{},"node":1})", "node"},
      {R"({"subscribe":{},"node":"Node_1"})", "node"},
      {R"({"subscribe":{},"other":"n1"})", "not a message"},
      {R"({"node":"n1"})", "'node' is not a message"},
      {R"({"ack":{"service":"shop/web:80","version":""},"node":"n1"})", "not a message"},
      {R"({"ack":{}})", "service is missing"},
  };
  for (const auto& [line, named] : to_operator) {
    const auto message = decode_to_operator(line);
    ASSERT_FALSE(message) << line;
    EXPECT_NE(message.error().text.find(named), std::string::npos) << line << " gave: " << message.error().text;
  }
}

TEST(FeedMessage, AnErrorIsOneShortLineWhateverThePeerSent) {
  const std::string junk = "\n\x1b[2J\x7f" + std::string(1'000, 'x');
  const std::string cut = "\xe2\x82";  // half a character
  const std::string lines[] = {junk, cut, "{\"" + std::string(1'000, 'x') + "\":{}}", R"({"\u001b[2J\n":{}})",
                               R"({"set":{"service":["\u007f)" + std::string(1'000, 'x') + R"("],"version":""}})"};
  for (const std::string& line : lines) {
    for (const std::string& error : {decode_to_sidecar(line).error().text, decode_to_operator(line).error().text}) {
      EXPECT_LT(error.size(), 300u) << error;
      for (const char c : error) EXPECT_TRUE(c >= 0x20 && c < 0x7f) << error;
    }
  }
}

TEST(FeedMessage, MoreSubscriptionsThanTheBoundAreRefused) {
  Subscribe subscribe;
  for (std::size_t i = 0; i < kMaxSubscriptions; ++i) {
    subscribe.services[{{"shop", "web" + std::to_string(i)}, 80}] = "";
  }
  EXPECT_TRUE(decode_to_operator(encode(ToOperator(subscribe))));
  subscribe.services[kWeb] = "";
  EXPECT_FALSE(decode_to_operator(encode(ToOperator(subscribe))));
}

TEST(FeedVersion, IsAPropertyOfTheContentAlone) {
  const auto set = web({endpoint("10.0.0.1:80"), endpoint("10.0.0.2:80")});
  EXPECT_EQ(version_of(set), version_of(set));
  EXPECT_EQ(version_of(set).size(), 16u);
  EXPECT_NE(version_of(set), version_of(web({endpoint("10.0.0.1:80")})));
  EXPECT_NE(version_of(set), version_of(web({endpoint("10.0.0.1:80", 2), endpoint("10.0.0.2:80")})));
  auto other_options = set;
  other_options.options.timeout = std::chrono::seconds(1);
  EXPECT_NE(version_of(set), version_of(other_options));
  auto dialled = set;
  dialled.addresses = {"10.96.0.7:80"};
  EXPECT_NE(version_of(set), version_of(dialled));
  auto failing_over = set;
  failing_over.failover = {{{"shop", "standby"}, 80}};
  EXPECT_NE(version_of(set), version_of(failing_over));
  auto hinted = set;
  hinted.endpoints[0].for_zones = {"a"};
  EXPECT_NE(version_of(set), version_of(hinted));
}

TEST(FeedVersion, ADeltaFitsOnlyTheVersionItStartsFrom) {
  const FullSet one = versioned(web({endpoint("10.0.0.1:80")}));
  const FullSet two = versioned(web({endpoint("10.0.0.2:80")}));
  const FullSet three = versioned(web({endpoint("10.0.0.3:80")}));
  const auto delta = difference(one, two);
  ASSERT_TRUE(delta);
  EXPECT_FALSE(apply(three, *delta));
  Delta wrong = *delta;
  wrong.changed[0].weight = 9;
  EXPECT_FALSE(apply(one, wrong)) << "what comes out is not the version that was said";
}

TEST(FeedVersion, WhatDiffersInMoreThanEndpointsIsNoDelta) {
  const FullSet one = versioned(web({endpoint("10.0.0.1:80")}));
  auto set = one.set;
  set.options.policy = model::PolicyKind::round_robin;
  EXPECT_FALSE(difference(one, versioned(set)));
  set = one.set;
  set.rules[0].path_prefix = "/api";
  EXPECT_FALSE(difference(one, versioned(set)));
  set = one.set;
  set.addresses = {"10.96.0.7:80"};
  EXPECT_FALSE(difference(one, versioned(set)));
  set = one.set;
  set.failover = {{{"shop", "standby"}, 80}};
  EXPECT_FALSE(difference(one, versioned(set)));
}

model::EndpointSet random_set(std::mt19937& random) {
  std::vector<model::Endpoint> endpoints;
  for (int i = 0; i < 30; ++i) {
    if (random() % 2 != 0) continue;
    endpoints.push_back(
        endpoint("10.0.0." + std::to_string(100 + i) + ":80", static_cast<std::uint32_t>(1 + random() % 3)));
    endpoints.back().draining = random() % 4 == 0;
    if (random() % 2 == 0) endpoints.back().for_zones = {random() % 2 == 0 ? "a" : "b"};
  }
  model::EndpointSet set = web(std::move(endpoints));
  set.failover = {{{"shop", "standby"}, 80}};
  return set;
}

TEST(FeedVersion, AnyTwoSetsAreJoinedByTheirDifferenceSentOverTheWire) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const FullSet from = versioned(random_set(random));
    const FullSet to = versioned(random_set(random));
    const auto delta = difference(from, to);
    ASSERT_TRUE(delta);
    std::string line = encode(ToSidecar(*delta));
    line.pop_back();
    const auto message = decode_to_sidecar(line);
    ASSERT_TRUE(message) << message.error().text;
    const auto arrived = apply(from, std::get<Delta>(*message));
    ASSERT_TRUE(arrived) << arrived.error().text;
    EXPECT_EQ(*arrived, to);
    for (const auto& changed : delta->changed) {
      EXPECT_EQ(std::count(from.set.endpoints.begin(), from.set.endpoints.end(), changed), 0) << "sent for nothing";
    }
  }
}

}  // namespace
}  // namespace outrigger::feed
