/// Cluster: which endpoints it leaves out for how their requests end, for how long, and how they come back.
#include "availability.h"

namespace outrigger::balance {
namespace {

using EjectionTest = AvailabilityTest;

TEST_F(EjectionTest, AnEndpointThatFailsSoOftenInARowIsLeftOutForItsTime) {
  update({at("a"), at("b"), at("c")});
  verdicts["a"] = Verdict::bad;
  EXPECT_EQ(send(300)["a"], 5);
  EXPECT_EQ(standing("a"), Standing::ejected);
  now += 29s;
  EXPECT_EQ(send(300)["a"], 0);
  now += 8s;  // 30 s and a fifth
  EXPECT_EQ(send(300)["a"], 1) << "one request tells whether it comes back";
  EXPECT_EQ(standing("a"), Standing::ejected);
  verdicts.clear();
  now += 59s;
  EXPECT_EQ(send(300)["a"], 0) << "the second time is twice as long";
  now += 14s;
  EXPECT_NEAR(send(300)["a"], 100, 2);
  EXPECT_EQ(standing("a"), Standing::ready);
}

TEST_F(EjectionTest, OneThatTakesNoConnectionIsLeftOutAtOnceAndTriedAgainSoon) {
  update({at("a"), at("b"), at("c")});
  verdicts["a"] = Verdict::not_connected;
  EXPECT_EQ(send(300)["a"], 1);
  EXPECT_EQ(standing("a"), Standing::unreachable);
  now += 601ms;
  EXPECT_EQ(send(300)["a"], 1);
  verdicts.clear();
  now += 1'201ms;
  EXPECT_NEAR(send(300)["a"], 100, 2);
}

TEST_F(EjectionTest, OneThatTakesNoConnectionIsNotJudgedByItsAnswersHoweverOftenItFails) {
  options.outlier_failures = 2;
  options.outlier_max_percent = 0;
  update({at("a"), at("b"), at("c"), at("d"), at("e")});
  verdicts["a"] = verdicts["b"] = verdicts["c"] = Verdict::not_connected;
  for (int i = 0; i < 5; ++i) {
    send(100);
    now += 1h;
  }
  send(10);
  for (const char* address : {"a", "b", "c"}) EXPECT_EQ(standing(address), Standing::unreachable);
  EXPECT_TRUE(cluster.in_panic());
  EXPECT_EQ(send(100), (Shares{{"d", 50}, {"e", 50}})) << "not even in panic";

  options.outlier_failures = 1;
  update({at("x"), at("y"), at("z")});
  verdicts["x"] = Verdict::not_connected;
  EXPECT_EQ(send(100)["x"], 1);
}

TEST_F(EjectionTest, OnTrialOnlyOneRequestIsUnderWayAtATime) {
  update({at("a"), at("b")});
  verdicts["a"] = Verdict::not_connected;
  send(10);
  now += 1s;
  Call trial = pick();
  ASSERT_EQ(trial.backend, &backend("a"));
  EXPECT_EQ(send(100)["a"], 0);
  cluster.finish(trial, Verdict::unknown, now);
  trial = pick();
  ASSERT_EQ(trial.backend, &backend("a")) << "a trial that told nothing is repeated";
  verdicts.clear();
  cluster.answered(trial, now);
  EXPECT_NEAR(send(100)["a"], 50, 1) << "the first word decides, not the end of the answer";
  cluster.finish(trial, Verdict::good, now);
}

TEST_F(EjectionTest, ARequestThatGoesElsewhereLeavesTheTrialToTheNext) {
  update({at("a"), at("b")});
  verdicts["a"] = Verdict::not_connected;
  send(10);
  now += 1s;
  Backend* const tried[] = {&backend("a")};
  Call call = pick(tried);
  EXPECT_EQ(call.backend, &backend("b"));
  cluster.finish(call, Verdict::good, now);
  call = pick();
  EXPECT_EQ(call.backend, &backend("a"));
  cluster.give_back(call);
  EXPECT_EQ(pick().backend, &backend("a")) << "it was not sent: the next one decides";
}

TEST_F(EjectionTest, NoTrialWhereAnEndpointIsNotToBeUsed) {
  update({at("a"), at("s", 1), at("t", 1)});
  cluster.set_probed(backend("a"), false);
  verdicts["s"] = Verdict::not_connected;
  send(10);
  cluster.set_probed(backend("a"), true);
  send(1);
  now += 30s;
  ASSERT_EQ(send(10), (Shares{{"a", 10}})) << "a standby while it is not needed";
  cluster.set_probed(backend("a"), false);
  EXPECT_EQ(send(10)["s"], 1);
  cluster.set_probed(backend("a"), true);
  now += 30s;
  send(1);
  now += 30s;

  Endpoint leaving = at("s");
  leaving.draining = true;
  update({at("a"), leaving});
  EXPECT_EQ(send(10), (Shares{{"a", 10}})) << "one that is about to go";

  cluster.set_zone("x");
  options.zone_aware = model::ZoneAware::strict;
  update({at("a", 0, "x"), at("s", 0, "y")});
  EXPECT_EQ(send(10), (Shares{{"a", 10}})) << "another zone's, strictly";
}

TEST_F(EjectionTest, NeverEjectsMoreThanTheLimitForTheirAnswers) {
  options.outlier_max_percent = 40;
  update({at("a"), at("b"), at("c"), at("d"), at("e")});
  for (const char* address : {"a", "b", "c", "d", "e"}) verdicts[address] = Verdict::bad;
  send(1'000);
  int ejected = 0;
  for (const Backend* one : cluster.backends()) ejected += one->standing() == Standing::ejected ? 1 : 0;
  EXPECT_EQ(ejected, 2);
}

TEST_F(EjectionTest, NeverEjectsTheLastOneForItsAnswers) {
  options.outlier_max_percent = 100;
  update({at("a"), at("b"), at("c")});
  for (const char* address : {"a", "b", "c"}) verdicts[address] = Verdict::bad;
  send(1'000);
  int left = 0;
  for (const Backend* one : cluster.backends()) left += one->standing() == Standing::ready ? 1 : 0;
  EXPECT_EQ(left, 1);
}

TEST_F(EjectionTest, WhereNoneTakesConnectionsAllAreUsedUntilOneDoes) {
  options.outlier_ejection = 1h;
  update({at("a"), at("b"), at("c")});
  for (const char* address : {"a", "b", "c"}) verdicts[address] = Verdict::not_connected;
  Shares counts = send(300);
  for (const char* address : {"a", "b", "c"}) {
    EXPECT_NE(standing(address), Standing::ready) << address;
    EXPECT_GT(counts[address], 90) << address;
  }
  EXPECT_EQ(cluster.capacity(now), 0);
  EXPECT_TRUE(cluster.in_panic());
  verdicts.erase("c");
  send(10);
  EXPECT_EQ(standing("c"), Standing::ready);
  EXPECT_EQ(send(100), (Shares{{"c", 100}}));
}

TEST_F(EjectionTest, OneThatComesBackCountsAsTheOthersDo) {
  options.policy = PolicyKind::response_time;
  update({at("a"), at("b"), at("c")});
  const auto answer_in = [&](Time latency) {
    Call call = pick();
    now += latency;
    cluster.finish(call, Verdict::good, now);
  };
  for (int i = 0; i < 100; ++i) answer_in(10ms);
  verdicts["a"] = Verdict::not_connected;
  while (standing("a") == Standing::ready) send(1);
  now += 1s;
  answer_in(1ms);  // the trial
  ASSERT_EQ(standing("a"), Standing::ready);
  verdicts.clear();
  EXPECT_GT(backend("a").load.average(), Time(5ms));
  EXPECT_NEAR(send(300)["a"], 100, 40) << "not all, as it would seem by its one answer";
}

TEST_F(EjectionTest, NothingIsJudgedByItsAnswersWhereThatIsOff) {
  options.outlier_failures = 0;
  update({at("a"), at("b")});
  verdicts["a"] = Verdict::bad;
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(send(100)["a"], 50);
    now += 5s;
  }
}

TEST_F(EjectionTest, WhoeverTurnsThatOffHasThemBackAtOnce) {
  update({at("a"), at("b"), at("c")});
  verdicts["a"] = Verdict::bad;
  verdicts["b"] = Verdict::not_connected;
  send(100);
  ASSERT_EQ(standing("a"), Standing::ejected);
  options.outlier_failures = 0;
  update({at("a"), at("b"), at("c")});
  EXPECT_EQ(standing("a"), Standing::ready);
  EXPECT_EQ(standing("b"), Standing::unreachable) << "which is no judgement";
}

TEST_F(EjectionTest, AnotherWindowBeginsAtOnce) {
  options.outlier_failures = 1'000;
  options.outlier_window = 1h;
  update({at("a"), at("b"), at("c")});
  verdicts["a"] = Verdict::bad;
  send(300);
  options.outlier_window = 10s;
  update({at("a"), at("b"), at("c")});
  now += 10s;
  send(300);
  EXPECT_EQ(standing("a"), Standing::ready) << "what was counted before does not count";
  now += 10s;
  send(1);
  EXPECT_EQ(standing("a"), Standing::ejected);
}

TEST_F(EjectionTest, OneThatFailsMuchMoreOftenThanTheOthersIsEjectedForItsRate) {
  options.outlier_failures = 1'000;
  update({at("a"), at("b"), at("c"), at("d")});
  int counter = 0;
  for (int i = 0; i < 400; ++i) {
    Call call = pick();
    const bool bad = call.backend == &backend("a") && ++counter % 2 == 0;
    cluster.finish(call, bad ? Verdict::bad : Verdict::good, now);
  }
  EXPECT_EQ(standing("a"), Standing::ready);
  now += 10s;
  send(1);
  EXPECT_EQ(standing("a"), Standing::ejected);
  EXPECT_EQ(backend("a").passive.reason(), health::Reason::success_rate);
}

TEST_F(EjectionTest, UnderHalfWellAllAreUsedButThoseThatTakeNoConnections) {
  options.outlier_max_percent = 100;
  update({at("a"), at("b"), at("c"), at("d"), at("e")});
  verdicts["a"] = verdicts["b"] = Verdict::bad;
  send(100);
  EXPECT_FALSE(cluster.in_panic());
  EXPECT_EQ(send(99)["a"], 0);
  verdicts["c"] = Verdict::not_connected;
  const Shares counts = send(100);
  EXPECT_TRUE(cluster.in_panic());
  EXPECT_NEAR(counts.at("a"), 25, 2);
  EXPECT_NEAR(counts.at("d"), 25, 2);
  EXPECT_EQ(counts.at("c"), 1);
  verdicts.clear();
  now += 60s;
  send(10);
  EXPECT_FALSE(cluster.in_panic());
}

TEST_F(EjectionTest, AnotherPodAtTheSameAddressIsAnotherEndpoint) {
  Endpoint a = at("a"), b = at("b");
  a.pod = "web-1";
  update({a, b});
  verdicts["a"] = Verdict::bad;
  send(100);
  ASSERT_EQ(standing("a"), Standing::ejected);
  a.zone = "elsewhere";
  update({a, b});
  EXPECT_EQ(standing("a"), Standing::ejected) << "what is known stays over a change";
  a.pod = "web-2";
  update({a, b});
  EXPECT_EQ(standing("a"), Standing::ready);
}

TEST_F(EjectionTest, HowRequestsOfThePodBeforeEndSaysNothingOfTheNextOne) {
  Endpoint a = at("a"), b = at("b");
  a.pod = "web-1";
  update({a, b});
  std::vector<Call> calls(20);
  for (Call& call : calls) call = pick();
  now += 1s;
  a.pod = "web-2";
  update({a, b});
  for (Call& call : calls) {
    const bool of_a = call.backend == &backend("a");
    cluster.finish(call, of_a ? Verdict::bad : Verdict::good, now);
  }
  EXPECT_EQ(standing("a"), Standing::ready);
  EXPECT_EQ(backend("a").load.average(), Time(0));
  EXPECT_EQ(backend("a").load.in_flight(), 0u);
}

}  // namespace
}  // namespace outrigger::balance
