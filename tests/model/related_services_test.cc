#include "model/related_services.h"

#include <gtest/gtest.h>

#include <random>

namespace outrigger::model {
namespace {

const ServicePort kWeb{{"shop", "web"}, 80};

/// "s0=1,s1=1,...", as many as said.
std::string many_weights(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += (i == 0 ? "s" : ",s") + std::to_string(i) + "=1";
  return text;
}

std::string many_failovers(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += (i == 0 ? "s" : ",s") + std::to_string(i);
  return text;
}

TEST(Weights, AreReadInTheirOrder) {
  EXPECT_EQ(*parse_weights("web-v1=90,web-v2=10"), (std::vector<ServiceShare>{{"web-v1", 90}, {"web-v2", 10}}));
  EXPECT_EQ(*parse_weights("web=1"), (std::vector<ServiceShare>{{"web", 1}}));
  EXPECT_EQ(*parse_weights("b=0,a=1000"), (std::vector<ServiceShare>{{"b", 0}, {"a", 1'000}}));
  EXPECT_EQ(parse_weights(many_weights(kMaxWeights))->size(), kMaxWeights);
}

TEST(Weights, RefuseEverythingElse) {
  for (const std::string& text : {std::string(),
                                  std::string("web"),
                                  std::string("web="),
                                  std::string("=1"),
                                  std::string("web=1,"),
                                  std::string(",web=1"),
                                  std::string("a=1,,b=1"),
                                  std::string("a=1, b=1"),
                                  std::string("a=-1"),
                                  std::string("a=1001"),
                                  std::string("a=01"),
                                  std::string("a=1%"),
                                  std::string("a=0"),
                                  std::string("a=0,b=0"),
                                  std::string("a=1,a=2"),
                                  std::string("A=1"),
                                  std::string("other/web=1"),
                                  std::string("web:80=1"),
                                  std::string(64, 'a') + "=1",
                                  many_weights(kMaxWeights + 1)}) {
    EXPECT_FALSE(parse_weights(text)) << text;
  }
  EXPECT_EQ(
      parse_weights("a=0").error().text,
      "'a=0' is not allowed; allowed: 1 to 32 Services of the same namespace, each with a weight from 0 to 1000, as "
      "in web-v1=90,web-v2=10, none twice, not all 0");
}

TEST(Weights, MakeOneRuleForThePortTheyAreSaidOf) {
  EXPECT_EQ(split_rule(kWeb, {}), own_cluster_rule(kWeb));
  const std::vector<Rule> expected = {{"/", {{{{"shop", "web-v1"}, 80}, 90}, {{{"shop", "web-v2"}, 80}, 10}}}};
  EXPECT_EQ(split_rule(kWeb, {{"web-v1", 90}, {"web-v2", 10}}), expected);
}

TEST(Failover, IsReadInItsOrder) {
  EXPECT_EQ(*parse_failover("web-standby,other-ns/web", kWeb.service),
            (std::vector<ObjectKey>{{"shop", "web-standby"}, {"other-ns", "web"}}));
  EXPECT_EQ(parse_failover(many_failovers(kMaxFailovers), kWeb.service)->size(), kMaxFailovers);
  EXPECT_EQ(with_port({{"other", "web"}}, 80), (std::vector<ServicePort>{{{"other", "web"}, 80}}));
}

TEST(Failover, RefusesEverythingElse) {
  for (const std::string& text :
       {std::string(), std::string(","), std::string("a,"), std::string("a, b"), std::string("a,a"),
        std::string("a,shop/a"), std::string("web"), std::string("shop/web"), std::string("/a"), std::string("a/"),
        std::string("a/b/c"), std::string("A"), std::string("a:80"), many_failovers(kMaxFailovers + 1)}) {
    EXPECT_FALSE(parse_failover(text, kWeb.service)) << text;
  }
}

TEST(RelatedServices, AreWrittenAsTheyAreReadBack) {
  for (unsigned seed = 1; seed <= 500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    std::vector<ServiceShare> shares;
    for (std::uint32_t i = static_cast<std::uint32_t>(random()) % 5; i > 0; --i) {
      shares.push_back({"web-v" + std::to_string(i), static_cast<std::uint32_t>(random()) % 1'000});
    }
    if (!shares.empty()) shares[0].weight = 1'000;
    std::vector<ObjectKey> others;
    for (std::uint32_t i = static_cast<std::uint32_t>(random()) % 5; i > 0; --i) {
      others.push_back({random() % 2 == 0 ? "shop" : "other", "web-" + std::to_string(i)});
    }
    const EndpointSet set{.service = kWeb,
                          .options = {},
                          .rules = split_rule(kWeb, shares),
                          .endpoints = {},
                          .failover = with_port(others, kWeb.port)};
    const std::string weights = weights_text(set);
    ASSERT_EQ(weights.empty(), shares.empty());
    if (!weights.empty()) {
      ASSERT_EQ(split_rule(kWeb, parse_weights(weights).value()), set.rules);
    }
    const std::string failover = failover_text(set);
    ASSERT_EQ(failover.empty(), others.empty());
    if (!failover.empty()) {
      ASSERT_EQ(parse_failover(failover, kWeb.service).value(), others);
    }
  }
}

}  // namespace
}  // namespace outrigger::model
