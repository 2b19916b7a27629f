/// What FeedClient's own tests leave: streams of two operators that do not know the same.
#include "uplink/feed_subscriptions.h"

#include <gtest/gtest.h>

#include "feed/version.h"

namespace outrigger::uplink {
namespace {

const model::ServicePort kWeb{{"shop", "web"}, 80};

feed::FullSet web_of(const std::string& address) {
  model::EndpointSet set{.service = kWeb, .options = {}, .rules = model::own_cluster_rule(kWeb), .endpoints = {}};
  set.endpoints.push_back({.address = address, .weight = 1, .tier = 0, .zone = "", .pod = "", .draining = false});
  return {feed::version_of(set), set};
}
const feed::FullSet kOne = web_of("10.0.0.1:80");
const feed::FullSet kTwo = web_of("10.0.0.2:80");

class FeedSubscriptionsTest : public testing::Test {
 protected:
  FeedSubscriptionsTest() {
    subscriptions_.want({kWeb});
    subscriptions_.take(feed::FullSet(kOne));
    // What the other stream begins with: it has kOne.
    EXPECT_EQ(subscriptions_.beginning(), Messages{(feed::Subscribe{{{kWeb, kOne.version}}})});
  }
  using Messages = FeedSubscriptions::Messages;

  std::shared_ptr<const feed::FullSet> shown_;
  FeedSubscriptions subscriptions_{{.on_set = [this](auto set) { shown_ = std::move(set); },
                                    .on_absent = [this](const auto&) { shown_ = nullptr; },
                                    .on_destination = {},
                                    .on_zone = {},
                                    .on_word = [] {}}};
};

TEST_F(FeedSubscriptionsTest, SaysWhatItHasWhenWhatWasConfirmedIsSomethingElse) {
  // The first operator, which is behind, tells of what the second has seen come and go.
  subscriptions_.take(feed::FullSet(kTwo));
  const auto answer = subscriptions_.take(feed::Current{kWeb, kOne.version});
  EXPECT_EQ(answer, feed::ToOperator(feed::Subscribe{{{kWeb, kTwo.version}}}));
  EXPECT_EQ(subscriptions_.take(*feed::difference(kTwo, kOne)), feed::ToOperator(feed::Ack{kWeb, kOne.version}));
  EXPECT_EQ(*shown_, kOne);
}

TEST_F(FeedSubscriptionsTest, AsksForAllWhenWhatWasConfirmedIsGone) {
  subscriptions_.take(feed::Absent{kWeb});
  EXPECT_EQ(subscriptions_.take(feed::Current{kWeb, kOne.version}), feed::ToOperator(feed::Subscribe{{{kWeb, ""}}}));
}

TEST_F(FeedSubscriptionsTest, HasNothingToSayToAConfirmation) {
  EXPECT_EQ(subscriptions_.take(feed::Current{kWeb, kOne.version}), std::nullopt);
  subscriptions_.want({});
  EXPECT_EQ(subscriptions_.take(feed::Current{kWeb, kTwo.version}), std::nullopt);
}

TEST_F(FeedSubscriptionsTest, PassesByAStepThatTheOtherStreamHasTakenIt) {
  subscriptions_.take(feed::FullSet(kTwo));
  EXPECT_EQ(subscriptions_.take(*feed::difference(kOne, kTwo)), std::nullopt);
  EXPECT_EQ(*shown_, kTwo);
}

}  // namespace
}  // namespace outrigger::uplink
