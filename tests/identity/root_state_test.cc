#include "identity/root_state.h"

#include <gtest/gtest.h>

#include "identity/chain_check.h"

namespace outrigger::identity {
namespace {

using namespace std::chrono_literals;

const TimePoint kNow{std::chrono::seconds(1'800'000'000)};
constexpr RootTiming kTiming{.root_life = 90 * 24h, .leaf_life = 24h, .margin = 1h};

RootState reread(const RootState& state) {
  auto read = RootState::read(state.data());
  CHECK(read);
  return *read;
}

/// A Secret of cert-manager with one self-signed root.
RootState foreign(const Issuer& root) {
  auto state = RootState::read(
      {{"tls.crt", root.certificate().pem()}, {"tls.key", root.key().pem()}, {"ca.crt", root.certificate().pem()}});
  CHECK(state);
  return *state;
}

TEST(RootState, IsReadAndWrittenTheSameAtEveryStep) {
  RootState state = RootState::create(kNow, kTiming);
  for (const auto at : {0h, 61 * 24h, 61 * 24h + 25h}) {
    state.advance(kNow + at, kTiming);
    EXPECT_EQ(reread(state).data(), state.data());
  }
}

TEST(RootState, ChangesNothingUntilTwoThirdsOfItsLife) {
  RootState state = RootState::create(kNow, kTiming);
  const auto before = state.data();
  for (auto at = 0h; at < 59 * 24h; at += 24h) EXPECT_EQ(state.advance(kNow + at, kTiming), "");
  EXPECT_EQ(state.data(), before);
}

TEST(RootState, ChangesRootsInThreeStepsALeafsLifeApart) {
  RootState state = RootState::create(kNow, kTiming);
  const Certificate first = state.issuer().certificate();
  const TimePoint begin = kNow + 60 * 24h;
  EXPECT_EQ(state.advance(begin, kTiming), "the next root has joined the bundle");
  state = reread(state);
  EXPECT_EQ(state.issuer().certificate(), first);
  ASSERT_EQ(state.bundle().roots().size(), 2u);
  EXPECT_EQ(state.advance(begin + 25h - 1s, kTiming), "");

  EXPECT_EQ(state.advance(begin + 25h, kTiming), "the next root signs");
  state = reread(state);
  EXPECT_EQ(state.issuer().certificate(), state.bundle().roots()[1]);
  EXPECT_TRUE(state.bundle().contains(first));
  EXPECT_EQ(state.advance(begin + 50h - 1s, kTiming), "");

  EXPECT_EQ(state.advance(begin + 50h, kTiming), "former roots have left the bundle");
  state = reread(state);
  EXPECT_FALSE(state.bundle().contains(first));
  EXPECT_EQ(state.bundle().roots().size(), 1u);
  EXPECT_EQ(state.data().size(), 3u);
}

TEST(RootState, BeginsAtOnceWhenTheRootHasExpiredMeanwhile) {
  RootState state = RootState::create(kNow, kTiming);
  const Certificate first = state.issuer().certificate();
  const TimePoint later = kNow + 365 * 24h;
  EXPECT_NE(state.advance(later, kTiming), "");
  EXPECT_FALSE(state.issuer().certificate().expired(later));
  EXPECT_FALSE(state.bundle().contains(first));
  EXPECT_TRUE(state.bundle().contains(state.issuer().certificate()));
}

TEST(RootState, WaitsAnewWhereATimeCannotBeRead) {
  RootState state = RootState::create(kNow, kTiming);
  const TimePoint begin = kNow + 60 * 24h;
  state.advance(begin, kTiming);
  for (const char* since : {"", "yesterday", "2999-01-01T00:00:00Z"}) {
    auto data = state.data();
    data["next.since"] = since;
    auto read = RootState::read(data);
    ASSERT_TRUE(read);
    EXPECT_NE(read->advance(begin + 1h, kTiming), "");
    EXPECT_EQ(read->advance(begin + 25h, kTiming), "");
    EXPECT_EQ(read->advance(begin + 26h, kTiming), "the next root signs");
  }
}

TEST(RootState, NamesTheKeyThatIsWrongAndShowsNoSecret) {
  const RootState state = RootState::create(kNow, kTiming);
  const RootState other = RootState::create(kNow, kTiming);
  const auto error_with = [&](const char* key, const std::string& value) {
    auto data = state.data();
    data[key] = value;
    const auto read = RootState::read(data);
    EXPECT_FALSE(read) << key;
    return read ? std::string() : read.error().text;
  };
  EXPECT_EQ(error_with("tls.crt", "").substr(0, 7), "tls.crt");
  EXPECT_EQ(error_with("tls.key", "").substr(0, 7), "tls.key");
  EXPECT_EQ(error_with("ca.crt", "").substr(0, 6), "ca.crt");
  EXPECT_EQ(error_with("ca.crt", other.data()["ca.crt"]), "tls.crt: not signed by a root of ca.crt");
  EXPECT_EQ(error_with("next.crt", other.data()["tls.crt"]).substr(0, 8), "next.key");
  const std::string wrong_key = error_with("tls.key", other.data()["tls.key"]);
  EXPECT_NE(wrong_key.find("does not belong"), std::string::npos);
  EXPECT_EQ(wrong_key.find("PRIVATE"), std::string::npos);
}

TEST(RootState, FollowsAReplacedRootByTheSameSteps) {
  const Issuer old_root = Issuer::make_root("old", kNow);
  const Issuer new_root = Issuer::make_root("new", kNow);
  RootState state = foreign(old_root);
  EXPECT_EQ(state.follow(foreign(old_root), kNow, kTiming), "");
  EXPECT_NE(state.follow(foreign(new_root), kNow, kTiming), "");
  EXPECT_EQ(state.follow(foreign(new_root), kNow + 25h - 1s, kTiming), "");
  EXPECT_EQ(state.issuer().certificate(), old_root.certificate());
  EXPECT_TRUE(state.bundle().contains(new_root.certificate()));

  EXPECT_EQ(state.follow(foreign(new_root), kNow + 25h, kTiming), "the next root signs");
  EXPECT_EQ(state.issuer().certificate(), new_root.certificate());
  EXPECT_TRUE(state.bundle().contains(old_root.certificate()));
  EXPECT_EQ(state.follow(foreign(new_root), kNow + 50h - 1s, kTiming), "");
  EXPECT_EQ(state.follow(foreign(new_root), kNow + 50h, kTiming), "former roots have left the bundle");
  EXPECT_EQ(state.bundle(), foreign(new_root).bundle());
}

TEST(RootState, FollowsARootThatComesBack) {
  const Issuer old_root = Issuer::make_root("old", kNow);
  const Issuer new_root = Issuer::make_root("new", kNow);
  RootState state = foreign(old_root);
  state.follow(foreign(new_root), kNow, kTiming);
  state.follow(foreign(old_root), kNow + 1h, kTiming);
  EXPECT_EQ(state.issuer().certificate(), old_root.certificate());
  EXPECT_TRUE(state.bundle().contains(new_root.certificate()));
  state.follow(foreign(old_root), kNow + 30h, kTiming);
  EXPECT_EQ(state.issuer().certificate(), old_root.certificate());
  EXPECT_EQ(state.bundle(), foreign(old_root).bundle());
}

TEST(RootState, NeverMakesARootForASecretOfAnother) {
  const Issuer root = Issuer::make_root("theirs", kNow, 48h);
  RootState state = foreign(root);
  EXPECT_EQ(state.follow(foreign(root), kNow + 40h, kTiming), "");
  EXPECT_EQ(state.issuer().certificate(), root.certificate());
}

}  // namespace
}  // namespace outrigger::identity
