#include "identity/spiffe_id.h"

#include <gtest/gtest.h>

namespace outrigger::identity {
namespace {

TEST(SpiffeId, IsReadAndWrittenTheSame) {
  const auto id = SpiffeId::parse("spiffe://cluster.local/ns/shop/sa/web");
  ASSERT_TRUE(id) << id.error().text;
  EXPECT_EQ(id->trust_domain(), "cluster.local");
  EXPECT_EQ(id->ns(), "shop");
  EXPECT_EQ(id->service_account(), "web");
  EXPECT_EQ(id->text(), "spiffe://cluster.local/ns/shop/sa/web");
  EXPECT_EQ(*id, *SpiffeId::of("cluster.local", "shop", "web"));
}

TEST(SpiffeId, RefusesEveryOtherForm) {
  for (const char* text : {"",
                           "spiffe://",
                           "https://cluster.local/ns/shop/sa/web",
                           "SPIFFE://cluster.local/ns/shop/sa/web",
                           "spiffe:///ns/shop/sa/web",
                           "spiffe://Cluster.local/ns/shop/sa/web",
                           "spiffe://user@cluster.local/ns/a/sa/b",
                           "spiffe://cluster.local:443/ns/shop/sa/web",
                           "spiffe://cluster.local",
                           "spiffe://cluster.local/",
                           "spiffe://cluster.local/ns//sa/web",
                           "spiffe://cluster.local/ns/shop/sa/",
                           "spiffe://cluster.local/ns/shop",
                           "spiffe://cluster.local/ns/shop/sa/web/",
                           "spiffe://cluster.local/ns/shop/sa/web/x",
                           "spiffe://cluster.local/ns/../sa/web",
                           "spiffe://cluster.local/ns/./sa/web",
                           "spiffe://cluster.local/ns/shop/sa/web?x",
                           "spiffe://cluster.local/ns/shop/sa/web#x",
                           "spiffe://cluster.local/ns/sh%6Fp/sa/web",
                           "spiffe://cluster.local/ns/sh\xc3\xb6p/sa/web"}) {
    const auto id = SpiffeId::parse(text);
    ASSERT_FALSE(id) << text;
    EXPECT_NE(id.error().text.find("allowed: "), std::string::npos) << id.error().text;
  }
}

TEST(SpiffeId, HoldsTheLimitsOfItsParts) {
  EXPECT_TRUE(SpiffeId::of(std::string(255, 'a'), "n", "s"));
  EXPECT_FALSE(SpiffeId::of(std::string(256, 'a'), "n", "s"));
  const std::size_t rest = std::string("spiffe://d/ns/n/sa/").size();
  EXPECT_TRUE(SpiffeId::of("d", "n", std::string(2'048 - rest, 's')));
  EXPECT_FALSE(SpiffeId::of("d", "n", std::string(2'049 - rest, 's')));
}

TEST(SpiffeId, ShowsLittleOfWhatItRefuses) {
  EXPECT_LT(SpiffeId::parse(std::string(100'000, 'x')).error().text.size(), 300u);
}

}  // namespace
}  // namespace outrigger::identity
