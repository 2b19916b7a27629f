#include "operator/publisher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "feed/version.h"
#include "operator/feed_reader.h"
#include "operator/objects.h"

namespace outrigger::op {
namespace {

using Kinds = std::vector<std::string>;

std::shared_ptr<const feed::FullSet> set_of(const model::ServicePort& service, std::vector<std::uint32_t> weights) {
  feed::FullSet full;
  full.set.service = service;
  full.set.rules = model::own_cluster_rule(service);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    model::Endpoint& endpoint = full.set.endpoints.emplace_back();
    endpoint.address = "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1) + ":80";
    endpoint.weight = weights[i];
  }
  std::ranges::sort(full.set.endpoints, {}, &model::Endpoint::address);
  full.version = feed::version_of(full.set);
  return std::make_shared<const feed::FullSet>(full);
}

const auto kWeb = port_of("web");
const auto kApi = port_of("api");

class PublisherTest : public testing::Test {
 protected:
  void publish(std::vector<ServiceUpdate> updates) { publisher_.publish({std::move(updates), true}); }
  void set_web(const std::vector<std::uint32_t>& weights, int read_at = 0) {
    publish({{kWeb, set_of(kWeb, weights), at(read_at)}});
  }
  void tell_zones(std::map<std::string, std::string> zones) {
    publisher_.publish({.updates = {}, .complete = true, .zones = std::move(zones)});
  }
  void withdraw(const model::ServicePort& service) { publish({{service, nullptr, at(0)}}); }
  void say(MemoryStream& stream, const feed::ToOperator& message) {
    std::string line = feed::encode(message);
    line.pop_back();
    const auto done = publisher_.receive(stream, line);
    EXPECT_TRUE(done) << done.error().text;
  }
  void subscribe(MemoryStream& stream, const model::ServicePort& service = kWeb, const std::string& version = "") {
    say(stream, feed::Subscribe{{{service, version}}});
  }
  /// Everything that waits reaches the reader.
  void drain(MemoryStream& stream) {
    do {
      stream.drain();
      publisher_.drained(stream);
    } while (stream.unsent() > 0);
  }
  Kinds kinds_of(MemoryStream& stream) {
    drain(stream);
    return std::exchange(stream.reader.kinds, {});
  }
  std::uint64_t propagations() const {
    const auto reading = publisher_.propagation().read();
    return std::accumulate(reading.buckets.begin(), reading.buckets.end(), std::uint64_t{0});
  }

  int encoded_ = 0;
  TimePoint now_ = at(0);
  Publisher publisher_{[this](std::string_view line) {
                         ++encoded_;
                         return std::make_shared<const std::string>(line);
                       },
                       [this] { return now_; }};
};

/// A subscriber that lives as long as its test's publisher.
class PublisherOfOne : public PublisherTest {
 protected:
  PublisherOfOne() { publisher_.add(one_); }
  MemoryStream one_;
};

TEST_F(PublisherOfOne, GivesTheFullSetFirstAndThenDeltas) {
  set_web({1, 1});
  subscribe(one_);
  set_web({1, 5, 1});
  set_web({1, 5});
  EXPECT_EQ(kinds_of(one_), (Kinds{"set", "delta", "delta"}));
  EXPECT_EQ(one_.reader.sets.at(kWeb), *set_of(kWeb, {1, 5}));
}

TEST_F(PublisherOfOne, GivesTheSetWholeWhenItsOptionsHaveChanged) {
  set_web({1});
  subscribe(one_);
  feed::FullSet next = *set_of(kWeb, {1});
  next.set.options.policy = model::PolicyKind::round_robin;
  next.version = feed::version_of(next.set);
  publish({{kWeb, std::make_shared<const feed::FullSet>(next), at(0)}});
  EXPECT_EQ(kinds_of(one_), (Kinds{"set", "set"}));
}

TEST_F(PublisherOfOne, SaysNothingBeforeItKnowsEverything) {
  subscribe(one_);
  subscribe(one_, kApi);
  publisher_.publish({{{kWeb, set_of(kWeb, {1}), at(0)}}, false});
  EXPECT_EQ(kinds_of(one_), Kinds{});
  EXPECT_FALSE(publisher_.complete());
  publish({});
  EXPECT_EQ(kinds_of(one_), (Kinds{"set", "absent"}));
  EXPECT_EQ(propagations(), 0u) << "an answer to a subscription is no change";
}

TEST_F(PublisherOfOne, ResumesFromTheCurrentVersion) {
  set_web({1, 2});
  one_.reader.sets[kWeb] = *set_of(kWeb, {1, 2});
  subscribe(one_, kWeb, set_of(kWeb, {1, 2})->version);
  EXPECT_EQ(kinds_of(one_), Kinds{"current"});
  set_web({1, 3});
  EXPECT_EQ(kinds_of(one_), Kinds{"delta"});
}

TEST_F(PublisherOfOne, ResumesFromTheVersionBeforeTheLastStep) {
  set_web({1, 1});
  set_web({1, 2});
  one_.reader.sets[kWeb] = *set_of(kWeb, {1, 1});
  subscribe(one_, kWeb, set_of(kWeb, {1, 1})->version);
  EXPECT_EQ(kinds_of(one_), Kinds{"delta"});
  EXPECT_EQ(one_.reader.sets.at(kWeb), *set_of(kWeb, {1, 2}));
}

TEST_F(PublisherOfOne, GivesTheFullSetForAVersionItDoesNotKnow) {
  set_web({1, 1});
  set_web({1, 2});
  set_web({1, 3});
  subscribe(one_, kWeb, set_of(kWeb, {1, 1})->version);
  EXPECT_EQ(kinds_of(one_), Kinds{"set"});
}

TEST_F(PublisherOfOne, SaysThatAServiceIsAbsentAndTellsItOnceItIsThere) {
  publish({});
  subscribe(one_);
  EXPECT_EQ(kinds_of(one_), Kinds{"absent"});
  set_web({1});
  EXPECT_EQ(kinds_of(one_), Kinds{"set"});
  withdraw(kWeb);
  EXPECT_EQ(kinds_of(one_), Kinds{"absent"});
  set_web({1});
  EXPECT_EQ(kinds_of(one_), Kinds{"set"});
}

TEST_F(PublisherOfOne, StopsTellingWhatIsUnsubscribed) {
  set_web({1});
  subscribe(one_);
  subscribe(one_, kApi);
  say(one_, feed::Unsubscribe{{kWeb, port_of("never-asked-for")}});
  set_web({2});
  publish({{kApi, set_of(kApi, {1}), at(0)}});
  EXPECT_EQ(kinds_of(one_), (Kinds{"set", "absent", "set"}));
  subscribe(one_);
  EXPECT_EQ(kinds_of(one_), Kinds{"set"});
}

TEST_F(PublisherOfOne, AnswersASecondSubscriptionToTheSameServiceAnew) {
  set_web({1});
  subscribe(one_);
  subscribe(one_);
  EXPECT_EQ(kinds_of(one_), (Kinds{"set", "set"}));
  set_web({2});
  EXPECT_EQ(kinds_of(one_), Kinds{"delta"});
}

TEST_F(PublisherOfOne, SkipsAChangeThatWasTakenBackBeforeItCouldBeSent) {
  set_web({1});
  subscribe(one_);
  EXPECT_EQ(kinds_of(one_), Kinds{"set"});
  const auto filler = std::make_shared<const std::string>(std::string(Subscriber::kMaxUnsent, ' ') +
                                                          feed::encode(feed::ToSidecar(feed::Heartbeat{})));
  one_.send(filler);
  set_web({2});
  set_web({1});
  EXPECT_EQ(kinds_of(one_), Kinds{"heartbeat"});
}

TEST_F(PublisherOfOne, BoundsTheSubscriptionsOfAStream) {
  publish({});
  feed::Subscribe many;
  for (std::size_t i = 0; i < feed::kMaxSubscriptions; ++i) many.services[port_of("s" + std::to_string(i))] = "";
  say(one_, many);
  subscribe(one_, port_of("s0"));
  const auto done = publisher_.receive(one_, R"({"subscribe":{"shop/web:80":""}})");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().text, "subscribe: shop/web:80 is one too many; allowed: 4096 services a stream");
}

TEST_F(PublisherOfOne, RefusesWhatIsNoMessage) {
  for (const char* line : {"", "x", "{}", R"({"set":{}})", R"({"subscribe":{"web":""}})", R"({"subscribe":[]})",
                           R"({"ack":{"service":"shop/web:80"}})", R"({"unsubscribe":"shop/web:80"})"}) {
    EXPECT_FALSE(publisher_.receive(one_, line)) << line;
  }
  EXPECT_FALSE(
      publisher_.receive(one_, R"({"ack":{"service":"shop/web:80","version":")" + std::string(65, 'x') + "\"}}"));
}

TEST_F(PublisherOfOne, ShowsWhatWasAcknowledged) {
  set_web({1});
  subscribe(one_);
  const std::string version = set_of(kWeb, {1})->version;
  say(one_, feed::Ack{kWeb, version});
  say(one_, feed::Ack{kApi, version});
  const auto shown = nlohmann::json::parse(publisher_.describe());
  ASSERT_EQ(shown.size(), 1u);
  EXPECT_EQ(shown[0]["peer"], "memory");
  EXPECT_EQ(shown[0]["services"], (nlohmann::json{{"shop/web:80", {{"sent", version}, {"acknowledged", version}}}}));
}

TEST_F(PublisherOfOne, KeepsOneSlotAServiceForAReaderThatIsStuck) {
  const std::vector<model::ServicePort> services{kWeb, kApi, port_of("db")};
  publish({});
  for (const auto& service : services) subscribe(one_, service);
  std::vector<std::uint32_t> weights(20, 1);
  const std::size_t longest =
      feed::encode(feed::ToSidecar(*set_of(kWeb, std::vector<std::uint32_t>(20, 1'000)))).size();
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    weights[i % weights.size()] = 1 + i % 1'000;
    const auto& service = services[i % services.size()];
    publish({{service, set_of(service, weights), at(0)}});
  }
  EXPECT_LE(one_.largest_unsent, Subscriber::kMaxUnsent + longest);
  const auto shown = nlohmann::json::parse(publisher_.describe());
  EXPECT_EQ(shown[0]["waiting_services"], services.size());
  const Kinds kinds = kinds_of(one_);
  EXPECT_EQ(std::vector(kinds.end() - 3, kinds.end()), (Kinds{"set", "set", "set"}));
  EXPECT_EQ(one_.reader.sets.at(services[9'999 % 3]), *set_of(services[9'999 % 3], weights));
}

TEST_F(PublisherOfOne, ResubscribingWithoutReadingAddsNothingToAStuckReader) {
  publish({{kWeb, set_of(kWeb, std::vector<std::uint32_t>(12'000, 1)), at(0)}});
  subscribe(one_);
  const std::size_t before = one_.unsent();
  ASSERT_GT(before, Subscriber::kMaxUnsent);
  for (int i = 0; i < 100; ++i) {
    subscribe(one_);
    say(one_, feed::Unsubscribe{{kWeb}});
    subscribe(one_);
  }
  EXPECT_EQ(one_.unsent(), before);
  EXPECT_EQ(kinds_of(one_), (Kinds{"set", "set"}));
}

TEST_F(PublisherOfOne, LeavesHeartbeatsOutForAReaderThatIsStuck) {
  publisher_.heartbeat();
  EXPECT_EQ(kinds_of(one_), Kinds{"heartbeat"});
  for (int i = 0; i < 100'000; ++i) publisher_.heartbeat();
  EXPECT_LE(one_.largest_unsent, Subscriber::kMaxUnsent + 64);
}

TEST_F(PublisherOfOne, MeasuresAChangeUntilTheKernelHasItsLastByte) {
  set_web({1});
  subscribe(one_);
  drain(one_);
  now_ = at(30);
  set_web({2}, 10);
  EXPECT_EQ(propagations(), 0u);
  now_ = at(50);
  drain(one_);
  ASSERT_EQ(propagations(), 1u);
  EXPECT_EQ(publisher_.propagation().read().sum_ns, 40'000'000u);
}

TEST_F(PublisherOfOne, MeasuresFromTheEarliestChangeThatASlotHasHeldBack) {
  set_web({1});
  subscribe(one_);
  drain(one_);
  one_.send(std::make_shared<const std::string>(std::string(Subscriber::kMaxUnsent, ' ') +
                                                feed::encode(feed::ToSidecar(feed::Heartbeat{}))));
  set_web({2}, 10);
  set_web({3}, 20);
  now_ = at(100);
  drain(one_);
  ASSERT_EQ(propagations(), 1u);
  EXPECT_EQ(publisher_.propagation().read().sum_ns, 90'000'000u);
}

using Zones = std::vector<std::string>;

TEST_F(PublisherOfOne, TellsWhoHasNamedItsNodeItsZoneFirst) {
  tell_zones({{"n1", "a"}, {"n2", "b"}});
  say(one_, feed::Subscribe{{{kWeb, ""}}, "n2"});
  EXPECT_EQ(kinds_of(one_), (Kinds{"place", "absent"}));
  EXPECT_EQ(one_.reader.zones, Zones{"b"});
  set_web({1});
  say(one_, feed::Subscribe{{{kApi, ""}}});
  EXPECT_EQ(kinds_of(one_), (Kinds{"set", "absent"})) << "once is enough";
}

TEST_F(PublisherOfOne, TellsAZoneOnceItIsKnownAndWhenItChanges) {
  say(one_, feed::Subscribe{{{kWeb, ""}}, "n1"});
  EXPECT_EQ(kinds_of(one_), Kinds{}) << "nothing is known yet";
  tell_zones({{"n2", "b"}});
  EXPECT_EQ(kinds_of(one_), (Kinds{"place", "absent"}));
  tell_zones({{"n1", "a"}});
  tell_zones({{"n1", "a"}});
  tell_zones({{"n2", "c"}});
  tell_zones({{"n1", "b"}});
  tell_zones({{"n1", ""}});
  EXPECT_EQ(kinds_of(one_), (Kinds{"place", "place", "place"}));
  EXPECT_EQ(one_.reader.zones, (Zones{"", "a", "b", ""}));
  EXPECT_EQ(propagations(), 0u);
}

TEST_F(PublisherOfOne, TellsThatAZoneIsNotKnownAsAnotherOperatorMayHaveToldOfOne) {
  tell_zones({{"n1", "a"}});
  tell_zones({{"n1", ""}});
  say(one_, feed::Subscribe{{{kWeb, ""}}, "n1"});
  EXPECT_EQ(kinds_of(one_), (Kinds{"place", "absent"}));
  EXPECT_EQ(one_.reader.zones, Zones{""});
}

TEST_F(PublisherOfOne, TellsZonesToThoseAloneWhoAsk) {
  tell_zones({{"n1", "a"}});
  subscribe(one_);
  tell_zones({{"n1", "b"}});
  EXPECT_EQ(kinds_of(one_), Kinds{"absent"});
}

TEST_F(PublisherOfOne, TellsTheZoneAgainWhenANodeIsNamedAgain) {
  tell_zones({{"n1", "a"}, {"n2", "a"}});
  for (const char* node : {"n1", "n2", "n2", "n3"}) say(one_, feed::Subscribe{{}, node});
  EXPECT_EQ(kinds_of(one_), (Kinds{"place", "place", "place", "place"}));
  EXPECT_EQ(one_.reader.zones, (Zones{"a", "a", "a", ""}));
}

TEST_F(PublisherOfOne, TellsTheNewestZoneToAReaderThatWasStuck) {
  publish({{kWeb, set_of(kWeb, std::vector<std::uint32_t>(12'000, 1)), at(0)}});
  say(one_, feed::Subscribe{{{kWeb, ""}}, "n1"});
  ASSERT_GT(one_.unsent(), Subscriber::kMaxUnsent);
  for (const char* zone : {"a", "b", "c"}) tell_zones({{"n1", zone}});
  EXPECT_EQ(kinds_of(one_), (Kinds{"place", "set", "place"}));
  EXPECT_EQ(one_.reader.zones, (Zones{"", "c"}));
}

TEST_F(PublisherTest, EncodesAChangeOnceForAllSubscribers) {
  std::vector<MemoryStream> streams(100);
  set_web({1, 1});
  for (MemoryStream& stream : streams) {
    publisher_.add(stream);
    subscribe(stream);
  }
  EXPECT_EQ(encoded_, 1);
  set_web({1, 2});
  EXPECT_EQ(encoded_, 2);
  withdraw(kWeb);
  EXPECT_EQ(encoded_, 3);
  publisher_.heartbeat();
  publisher_.heartbeat();
  EXPECT_EQ(encoded_, 4);
  for (MemoryStream& stream : streams) {
    EXPECT_EQ(kinds_of(stream), (Kinds{"set", "delta", "absent", "heartbeat", "heartbeat"}));
  }
  EXPECT_EQ(publisher_.subscribers(), 100u);
}

TEST_F(PublisherTest, SpreadsAHeartbeatOverItsParts) {
  constexpr std::size_t kParts = 4;
  std::vector<MemoryStream> streams(100);
  for (MemoryStream& stream : streams) publisher_.add(stream);
  std::vector<std::size_t> of_stream(streams.size());
  for (std::size_t part = 0; part < kParts; ++part) {
    publisher_.heartbeat(part, kParts);
    std::size_t of_part = 0;
    for (std::size_t i = 0; i < streams.size(); ++i) {
      const std::size_t heartbeats = kinds_of(streams[i]).size();
      of_part += heartbeats;
      of_stream[i] += heartbeats;
    }
    EXPECT_GT(of_part, 5u);
    EXPECT_LT(of_part, 50u);
  }
  EXPECT_EQ(of_stream, std::vector<std::size_t>(streams.size(), 1));
}

TEST_F(PublisherTest, EncodesNothingThatNobodyWants) {
  for (std::uint32_t i = 1; i < 10; ++i) set_web({i});
  EXPECT_EQ(encoded_, 0);
}

TEST_F(PublisherTest, ForgetsASubscriberThatHasLeft) {
  {
    MemoryStream gone;
    publisher_.add(gone);
    subscribe(gone);
    subscribe(gone, kApi);
    publisher_.remove(gone);
  }
  set_web({1});
  publisher_.heartbeat();
  EXPECT_EQ(publisher_.subscribers(), 0u);
  EXPECT_EQ(publisher_.describe(), "[]\n");
}

}  // namespace
}  // namespace outrigger::op
