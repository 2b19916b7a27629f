/// Cluster: which endpoints carry the load as they fail, recover, come and go.
#include "availability.h"

namespace outrigger::balance {
namespace {

TEST_F(AvailabilityTest, WhatHealthChecksFindUnwellIsNotUsed) {
  update({at("a"), at("b"), at("c")});
  cluster.set_probed(backend("a"), false);
  EXPECT_EQ(send(100)["a"], 0);
  EXPECT_EQ(standing("a"), Standing::unhealthy);
  cluster.set_probed(backend("a"), true);
  EXPECT_NEAR(send(99)["a"], 33, 1);
}

TEST_F(AvailabilityTest, ATierSpillsWhatItCannotCarry) {
  update({at("a"), at("b"), at("s", 1), at("t", 1)});
  EXPECT_EQ(send(100), (Shares{{"a", 50}, {"b", 50}}));
  cluster.set_probed(backend("a"), false);  // half of the tier carries 0.7
  const Shares counts = send(10'000);
  EXPECT_NEAR(counts.at("b"), 7'000, 250);
  EXPECT_NEAR(counts.at("s"), 1'500, 200);
  EXPECT_NEAR(counts.at("t"), 1'500, 200);
}

TEST_F(AvailabilityTest, StrictlyTheNextTierIsUsedWhenNothingBeforeIsLeft) {
  options.failover_mode = model::FailoverMode::strict;
  update({at("a"), at("b"), at("s", 1)});
  cluster.set_probed(backend("a"), false);
  EXPECT_EQ(send(100), (Shares{{"b", 100}}));
  cluster.set_probed(backend("b"), false);
  EXPECT_EQ(send(100), (Shares{{"s", 100}}));
}

TEST_F(AvailabilityTest, ATierThatIsLostIsLeftWithinOneFailedTryAndComesBackAfterTheDelay) {
  options.failback_delay = 30s;
  update({at("a"), at("s", 1), at("t", 1)});
  verdicts["a"] = Verdict::not_connected;
  EXPECT_EQ(send(101), (Shares{{"a", 1}, {"s", 50}, {"t", 50}}));
  verdicts.clear();
  now += 1s;
  EXPECT_EQ(send(101)["a"], 1) << "the trial";
  EXPECT_EQ(standing("a"), Standing::ready);
  EXPECT_EQ(backend("a").counts_for, 0);
  now += 29'999ms;
  EXPECT_EQ(send(100)["a"], 0);
  now += 1ms;
  EXPECT_EQ(send(100), (Shares{{"a", 100}}));
  EXPECT_EQ(backend("a").counts_for, 1);
  EXPECT_EQ(backend("s").counts_for, 0);
}

TEST_F(AvailabilityTest, DuringTheFailbackDelayFurtherTriesStayWhereTheLoadIs) {
  options.failback_delay = 30s;
  update({at("a"), at("s", 1), at("t", 1)});
  cluster.set_probed(backend("a"), false);
  send(1);
  cluster.set_probed(backend("a"), true);
  Backend* const s = &backend("s");
  Backend* const t = &backend("t");
  EXPECT_EQ(pick(std::array{s}).backend, t);
  EXPECT_EQ(pick(std::array{s, t}).backend, &backend("a")) << "rather than none";
}

TEST_F(AvailabilityTest, AStandbyIsNotTriedWhileItStandsBy) {
  options.failback_delay = 0s;
  update({at("a"), at("s", 1), at("t", 1)});
  cluster.set_probed(backend("a"), false);
  verdicts["s"] = Verdict::not_connected;
  EXPECT_EQ(send(100)["s"], 1);
  cluster.set_probed(backend("a"), true);
  now += 10s;
  EXPECT_EQ(send(100), (Shares{{"a", 100}}));
  EXPECT_EQ(standing("s"), Standing::unreachable);
  cluster.set_probed(backend("a"), false);
  verdicts.clear();
  EXPECT_EQ(send(101), (Shares{{"s", 51}, {"t", 50}})) << "the trial, and then its turns";
}

TEST_F(AvailabilityTest, AStandbyIsTriedWhereItIsNeeded) {
  options.failback_delay = 0s;
  update({at("a"), at("b"), at("s", 1)});
  cluster.set_probed(backend("a"), false);
  verdicts["s"] = Verdict::not_connected;
  EXPECT_EQ(send(100)["s"], 1);
  verdicts.clear();
  now += 10s;
  EXPECT_NEAR(send(1'000)["s"], 300, 60);
}

TEST_F(AvailabilityTest, WhereNothingIsWellEveryTierIsTried) {
  options.failback_delay = 0s;
  update({at("a"), at("s", 1)});
  verdicts["a"] = verdicts["s"] = Verdict::not_connected;
  send(100);
  verdicts.erase("s");
  now += 40s;
  EXPECT_GE(send(100)["s"], 90);
}

TEST_F(AvailabilityTest, AFailureDuringTheFailbackDelayBeginsItAnew) {
  options.failback_delay = 30s;
  update({at("a"), at("s", 1)});
  cluster.set_probed(backend("a"), false);
  send(1);
  cluster.set_probed(backend("a"), true);
  send(1);
  now += 20s;
  cluster.set_probed(backend("a"), false);
  send(1);
  cluster.set_probed(backend("a"), true);
  EXPECT_EQ(send(10), (Shares{{"s", 10}}));
  now += 29s;
  EXPECT_EQ(send(10), (Shares{{"s", 10}}));
  now += 1s;
  EXPECT_EQ(send(10), (Shares{{"a", 10}}));
}

TEST_F(AvailabilityTest, TheFailbackDelayGivesWayWhereNothingElseCarriesTheLoad) {
  options.failback_delay = 30s;
  update({at("a"), at("s", 1)});
  cluster.set_probed(backend("a"), false);
  EXPECT_EQ(send(10), (Shares{{"s", 10}}));
  cluster.set_probed(backend("a"), true);
  cluster.set_probed(backend("s"), false);
  EXPECT_EQ(send(10), (Shares{{"a", 10}}));
}

TEST_F(AvailabilityTest, ATierThatAppearsBehindAnotherThatServesWaitsToo) {
  update({at("s", 1)});
  EXPECT_EQ(send(10), (Shares{{"s", 10}}));
  update({at("a"), at("s", 1)});
  EXPECT_EQ(send(10), (Shares{{"s", 10}}));
  now += 30s;
  EXPECT_EQ(send(10), (Shares{{"a", 10}}));
}

TEST_F(AvailabilityTest, WhereNothingIsWellDrainingOnesServeAndElseAllAreTried) {
  Endpoint leaving = at("d");
  leaving.draining = true;
  update({at("a"), at("b"), leaving});
  cluster.set_probed(backend("a"), false);
  cluster.set_probed(backend("b"), false);
  EXPECT_EQ(send(10), (Shares{{"d", 10}}));
  update({at("a"), at("b")});
  EXPECT_EQ(send(10), (Shares{{"a", 5}, {"b", 5}}));
  EXPECT_TRUE(cluster.in_panic());
}

TEST_F(AvailabilityTest, TheOwnZoneIsPreferredWhileItHasItsPartOfTheEndpoints) {
  options.zone_aware = model::ZoneAware::prefer;
  cluster.set_zone("x");
  update({at("x1", 0, "x"), at("x2", 0, "x"), at("y1", 0, "y"), at("y2", 0, "y")});
  EXPECT_EQ(send(100), (Shares{{"x1", 50}, {"x2", 50}}));
  cluster.set_probed(backend("x1"), false);  // a quarter of the endpoints where half is due: 1.4 · ¼ · 2
  const Shares counts = send(10'000);
  EXPECT_NEAR(counts.at("x2"), 7'000, 250);
  EXPECT_NEAR(counts.at("y1"), 1'500, 200);
  cluster.set_probed(backend("x2"), false);
  EXPECT_EQ(send(100), (Shares{{"y1", 50}, {"y2", 50}}));
}

TEST_F(AvailabilityTest, AZoneWithFewEndpointsDoesNotCarryItsWholeLoad) {
  options.zone_aware = model::ZoneAware::prefer;
  cluster.set_zone("x");
  std::vector<Endpoint> endpoints = {at("x1", 0, "x")};
  for (int i = 0; i < 9; ++i) endpoints.push_back(at("y" + std::to_string(i), 0, "y"));
  update(endpoints);
  EXPECT_NEAR(send(10'000)["x1"], 2'800, 250);
}

TEST_F(AvailabilityTest, StrictlyOnlyTheOwnZoneIsUsed) {
  options.zone_aware = model::ZoneAware::strict;
  cluster.set_zone("x");
  update({at("x1", 0, "x"), at("y1", 0, "y"), at("s", 1, "y")});
  EXPECT_EQ(send(10), (Shares{{"x1", 10}}));
  Backend* const tried[] = {&backend("x1")};
  EXPECT_EQ(pick(tried).backend, &backend("x1"));
  update({at("y1", 0, "y")});
  EXPECT_EQ(send(10), (Shares{{"none", 10}}));
  Endpoint leaving = at("y2", 0, "y");
  leaving.draining = true;
  update({at("y1", 0, "y"), leaving});
  EXPECT_EQ(send(10), (Shares{{"none", 10}})) << "nor one that is about to go";
}

TEST_F(AvailabilityTest, WithoutAZoneOfItsOwnOrPreferenceZonesDoNotCount) {
  update({at("x1", 0, "x"), at("y1", 0, "y")});
  cluster.set_zone("x");
  EXPECT_EQ(send(10), (Shares{{"x1", 5}, {"y1", 5}}));
  options.zone_aware = model::ZoneAware::prefer;
  cluster.set_zone("");
  update({at("x1", 0, "x"), at("y1", 0, "y")});
  EXPECT_EQ(send(10), (Shares{{"x1", 5}, {"y1", 5}}));
}

TEST_F(AvailabilityTest, HintsHoldIfAllEndpointsHaveOneAndOneIsForThisZone) {
  Endpoint x = at("x1", 0, "x"), y = at("y1", 0, "y");
  x.for_zones = {"y"};
  y.for_zones = {"x"};
  cluster.set_zone("x");
  update({x, y});
  EXPECT_EQ(send(10), (Shares{{"y1", 10}}));
  cluster.set_zone("z");
  EXPECT_EQ(send(10), (Shares{{"x1", 5}, {"y1", 5}}));
  cluster.set_zone("x");
  x.for_zones = {};
  update({x, y});
  EXPECT_EQ(send(10), (Shares{{"x1", 5}, {"y1", 5}}));
}

TEST_F(AvailabilityTest, NewEndpointsComeToTheirWeightInTheirSlowStartAndOldOnesHaveIt) {
  options.policy = PolicyKind::weighted_round_robin;
  options.slow_start = 20s;
  update({at("a"), at("b")});
  EXPECT_EQ(send(100), (Shares{{"a", 50}, {"b", 50}})) << "those of the first set have been there before";
  update({at("a"), at("b"), at("n")});
  EXPECT_EQ(standing("n"), Standing::warming);
  EXPECT_NEAR(send(2'100)["n"], 100, 2);
  now += 10s;
  EXPECT_NEAR(send(2'550)["n"], 550, 2);
  now += 10s;
  EXPECT_NEAR(send(3'000)["n"], 1'000, 2);
  EXPECT_EQ(standing("n"), Standing::ready);
}

TEST_F(AvailabilityTest, ATimeBeforeTheLastOneCountsAsThat) {
  options.slow_start = 20s;
  update({at("a")});
  now += 1s;
  update({at("a"), at("b")});
  now -= 1s;
  options.slow_start = 0s;
  update({at("a"), at("b")});
  EXPECT_EQ(standing("b"), Standing::ready);
  EXPECT_EQ(send(10), (Shares{{"a", 5}, {"b", 5}}));
}

TEST_F(AvailabilityTest, FromNoneToThreeEachWarmsUpByItself) {
  options.policy = PolicyKind::weighted_round_robin;
  options.slow_start = 20s;
  update({});
  update({at("a")});
  EXPECT_EQ(send(10), (Shares{{"a", 10}}));
  now += 20s;
  update({at("a"), at("b")});
  EXPECT_NEAR(send(1'100)["b"], 100, 2);
  now += 5s;
  update({at("a"), at("b"), at("c")});
  const Shares counts = send(1'420);
  EXPECT_NEAR(counts.at("a"), 1'000, 5);
  EXPECT_NEAR(counts.at("b"), 320, 5);
  EXPECT_NEAR(counts.at("c"), 100, 5);
}

TEST_F(AvailabilityTest, AnEndpointAskedForIsTakenIfItIsAvailable) {
  update({at("a"), at("b"), at("c")});
  Backend& wanted = backend("b");
  EXPECT_EQ(cluster.find(hash_of("b")), &wanted);
  EXPECT_EQ(cluster.find(hash_of("x")), nullptr);
  const auto pick_wanted = [&] {
    Call call = cluster.pick({.now = now, .tried = {}, .wanted = &wanted});
    Backend* const picked = call.backend;
    cluster.finish(call, Verdict::good, now);
    return picked;
  };
  for (int i = 0; i < 10; ++i) EXPECT_EQ(pick_wanted(), &wanted);
  cluster.set_probed(wanted, false);
  for (int i = 0; i < 10; ++i) EXPECT_NE(pick_wanted(), &wanted);
  Call leaving = pick(std::array{&backend("a"), &backend("c")});
  ASSERT_EQ(leaving.backend, &wanted);
  update({at("a"), at("c")});
  EXPECT_EQ(cluster.find(hash_of("b")), nullptr) << "though it is not over yet";
  EXPECT_EQ(cluster.finish(leaving, Verdict::good, now), nullptr);
  EXPECT_EQ(cluster.find(hash_of("b")), nullptr);
  update({at("b")});
  EXPECT_EQ(cluster.find(hash_of("b")), &backend("b"));
}

TEST_F(AvailabilityTest, SaysWhatPartOfTheLoadItCanCarryForOthersToTakeOver) {
  options.failback_delay = 30s;
  update({at("a"), at("b")});
  cluster.set_relieved(true);
  EXPECT_EQ(cluster.capacity(now), 1);
  cluster.set_probed(backend("a"), false);
  EXPECT_DOUBLE_EQ(cluster.capacity(now), 0.7);
  verdicts["b"] = Verdict::not_connected;
  EXPECT_EQ(send(1), (Shares{{"b", 1}}));
  EXPECT_EQ(cluster.capacity(now), 0) << "the last one too, where there is somewhere else to go";
  EXPECT_FALSE(cluster.wants_trial(now));
  now += 1s;
  EXPECT_TRUE(cluster.wants_trial(now));
  verdicts.clear();
  send(1);
  EXPECT_EQ(cluster.capacity(now), 0);
  now += 30s;
  EXPECT_DOUBLE_EQ(cluster.capacity(now), 0.7);
}

TEST_F(AvailabilityTest, WhatOtherServicesCarryDoesNotCountForItsEndpoints) {
  update({at("a"), at("b")});
  cluster.set_relieved(true);
  cluster.set_probed(backend("a"), false);
  cluster.refresh(now);
  EXPECT_DOUBLE_EQ(backend("b").counts_for, 0.7);
  cluster.set_probed(backend("b"), false);
  cluster.refresh(now);
  EXPECT_EQ(backend("b").counts_for, 0);
  EXPECT_FALSE(cluster.in_panic()) << "it does not balance at all";
}

TEST_F(AvailabilityTest, TellsTheTimeOfItsNextChange) {
  update({at("a"), at("b")});
  EXPECT_EQ(cluster.next_change(), std::nullopt);
  verdicts["a"] = Verdict::not_connected;
  send(2);
  cluster.refresh(now);
  ASSERT_TRUE(cluster.next_change());
  EXPECT_EQ(*cluster.next_change(), backend("a").passive.until());
}

}  // namespace
}  // namespace outrigger::balance
