/// Which Service is dialled at an address, as subscribers are told.
#include <gtest/gtest.h>

#include "feed/version.h"
#include "operator/feed_reader.h"
#include "operator/objects.h"
#include "operator/publisher.h"

namespace outrigger::op {
namespace {

const auto kWeb = port_of("web");
const auto kApi = port_of("api");
const std::string kAddress = "10.96.0.7:80";

class Resolution : public testing::Test {
 protected:
  Resolution() { publisher_.add(one_); }
  ~Resolution() override { publisher_.remove(one_); }

  void put(const model::ServicePort& service, std::vector<std::string> addresses) {
    feed::FullSet full;
    full.set.service = service;
    full.set.rules = model::own_cluster_rule(service);
    full.set.addresses = std::move(addresses);
    full.version = feed::version_of(full.set);
    publisher_.publish({{{service, std::make_shared<const feed::FullSet>(full), at(0)}}, true});
  }
  void withdraw(const model::ServicePort& service) { publisher_.publish({{{service, nullptr, at(0)}}, true}); }

  Result<void> say(const feed::ToOperator& message) {
    std::string line = feed::encode(message);
    line.pop_back();
    return publisher_.receive(one_, line);
  }
  void resolve(const std::string& address) { ASSERT_TRUE(say(feed::Resolve{{address}})); }
  /// The address and its Service ("-": none), in the order in which they were told.
  std::vector<std::string> told() {
    one_.drain();
    publisher_.drained(one_);
    std::vector<std::string> all;
    for (const auto& [address, service] : std::exchange(one_.reader.destinations, {})) {
      all.push_back(address + " " + (service ? service->text() : "-"));
    }
    return all;
  }

  MemoryStream one_;
  Publisher publisher_{[](std::string_view line) { return std::make_shared<const std::string>(line); },
                       [] { return at(0); }};
};
using Told = std::vector<std::string>;

TEST_F(Resolution, NamesTheServiceOfAnAddress) {
  put(kWeb, {kAddress, "[fd00::7]:80"});
  resolve("[fd00::7]:80");
  EXPECT_EQ(told(), Told{"[fd00::7]:80 shop/web:80"});
}

TEST_F(Resolution, KnowsAServiceByItsNameWhereverItIsDialled) {
  put(kWeb, {});
  resolve("shop/web:80");
  EXPECT_EQ(told(), Told{"shop/web:80 shop/web:80"});
  ASSERT_TRUE(say(feed::Resolve{{"shop/web:81", "shop/api:80"}}));
  EXPECT_EQ(told(), (Told{"shop/api:80 -", "shop/web:81 -"}));
  put(kApi, {kAddress});
  EXPECT_EQ(told(), Told{"shop/api:80 shop/api:80"});
  withdraw(kApi);
  resolve("shop/api:80");
  EXPECT_EQ(told(), Told{"shop/api:80 -"});
}

TEST_F(Resolution, SaysNothingBeforeItKnowsEverything) {
  resolve(kAddress);
  EXPECT_EQ(told(), Told{});
  put(kWeb, {kAddress});
  EXPECT_EQ(told(), Told{kAddress + " shop/web:80"});
}

TEST_F(Resolution, FollowsAnAddressUntilItIsAServices) {
  put(kWeb, {});
  resolve(kAddress);
  EXPECT_EQ(told(), Told{kAddress + " -"});
  put(kWeb, {"10.96.0.8:80"});
  EXPECT_EQ(told(), Told{});
  put(kWeb, {kAddress});
  EXPECT_EQ(told(), Told{kAddress + " shop/web:80"});
  // From here on the Service's own set says where it is dialled.
  put(kWeb, {});
  put(kApi, {kAddress});
  EXPECT_EQ(told(), Told{});
  resolve(kAddress);
  EXPECT_EQ(told(), Told{kAddress + " shop/api:80"});
}

TEST_F(Resolution, ForgetsWhatIsNotAskedForAnyMore) {
  put(kWeb, {});
  resolve(kAddress);
  EXPECT_EQ(told(), Told{kAddress + " -"});
  ASSERT_TRUE(say(feed::Unresolve{{kAddress, "10.96.0.9:80"}}));
  put(kWeb, {kAddress});
  EXPECT_EQ(told(), Told{});
}

TEST_F(Resolution, AnAddressThatMovesIsItsNewServicesWhicheverChangeComesFirst) {
  put(kWeb, {kAddress});
  put(kApi, {kAddress});
  resolve(kAddress);
  EXPECT_EQ(told(), Told{kAddress + " shop/api:80"});
  withdraw(kApi);
  resolve(kAddress);
  EXPECT_EQ(told(), Told{kAddress + " shop/web:80"});
  withdraw(kWeb);
  resolve(kAddress);
  EXPECT_EQ(told(), Told{kAddress + " -"});
}

TEST_F(Resolution, IsBoundedForAStream) {
  put(kWeb, {kAddress});
  const auto address = [](std::size_t i) {
    return "10.1." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ":80";
  };
  for (std::size_t i = 0; i < feed::kMaxResolutions; ++i) resolve(address(i));
  resolve(address(0));
  const auto refused = say(feed::Resolve{{address(feed::kMaxResolutions)}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().text, "resolve: " + address(feed::kMaxResolutions) +
                                      " is one too many; allowed: 4096 addresses a stream that are no Service's");
  // Those that are a Service's do not count.
  ASSERT_TRUE(say(feed::Unresolve{{address(0)}}));
  for (int i = 0; i < 3; ++i) resolve(kAddress);
}

TEST_F(Resolution, AWatcherThatHasGoneIsNotTold) {
  MemoryStream other;
  publisher_.add(other);
  put(kWeb, {});
  ASSERT_TRUE(publisher_.receive(other, R"({"resolve":["10.96.0.7:80"]})"));
  publisher_.remove(other);
  put(kWeb, {kAddress});
  EXPECT_EQ(other.reader.destinations.size(), 0u);
  EXPECT_EQ(told(), Told{});
}

}  // namespace
}  // namespace outrigger::op
