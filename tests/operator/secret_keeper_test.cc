#include "operator/secret_keeper.h"

#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <optional>

#include "kube/base64.h"
#include "operator/secret_store.h"

namespace outrigger::op {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

const identity::TimePoint kStart{std::chrono::seconds(1'800'000'000)};
constexpr identity::RootTiming kTiming{.root_life = 90 * 24h, .leaf_life = 24h, .margin = 1h};
const model::ObjectKey kKey{"outrigger", "root"};

json ours(const identity::RootState& state) { return json::parse(kube::new_secret(kKey, state.data())); }
json theirs(const identity::Issuer& root) {
  json object = json::parse(kube::new_secret(
      kKey,
      {{"tls.crt", root.certificate().pem()}, {"tls.key", root.key().pem()}, {"ca.crt", root.certificate().pem()}}));
  object["metadata"].erase("labels");
  return object;
}

class SecretKeeperTest : public testing::Test {
 protected:
  void start(const std::string& webhook_configuration = "", std::chrono::milliseconds interval = 2ms) {
    keeper_.emplace(
        api_.config(), counts_,
        SecretKeeperOptions{.secret = kKey,
                            .webhook_configuration = webhook_configuration,
                            .timing = kTiming,
                            .interval = interval,
                            .first_backoff = 2ms},
        [this] { return leading_.load(); }, [this] { return kStart + std::chrono::hours(hours_.load()); },
        [this](const identity::RootState& state) {
          const std::lock_guard lock(mutex_);
          told_.push_back(state);
          changed_.notify_all();
        });
  }
  /// What it was told the n-th time.
  identity::RootState told(std::size_t count) {
    std::unique_lock lock(mutex_);
    CHECK(changed_.wait_for(lock, 20s, [&] { return told_.size() >= count; }));
    return told_[count - 1];
  }
  /// The keeper has looked again, twice, so that one look began after this was called.
  void let_it_look() { await_calls(store_.calls() + 3); }
  /// It has made so many calls.
  void await_calls(std::size_t count) {
    for (const auto deadline = std::chrono::steady_clock::now() + 20s; store_.calls() < count;) {
      CHECK(std::chrono::steady_clock::now() < deadline);
      std::this_thread::yield();
    }
  }
  std::size_t times_told() {
    const std::lock_guard lock(mutex_);
    return told_.size();
  }

  SecretStore store_;
  kube::FakeApiServer api_{
      std::vector<kube::FakeApiServer::Step>(20'000, [this](kube::Exchange& exchange) { store_.serve(exchange); })};
  kube::RequestCounts counts_;
  std::atomic<bool> leading_{true};
  std::atomic<int> hours_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<identity::RootState> told_;
  std::optional<SecretKeeper> keeper_;
};

TEST_F(SecretKeeperTest, MakesARootWhereThereIsNoneAlsoWithoutTheLead) {
  leading_ = false;
  start();
  const identity::RootState state = told(1);
  let_it_look();
  EXPECT_EQ(store_.writes(), 1u);
  const json secret = store_.secret();
  EXPECT_EQ(secret["metadata"]["labels"]["outrigger.dev/kept-by"], "operator");
  EXPECT_EQ(*kube::decode_base64(secret["data"]["ca.crt"].get<std::string>()), state.bundle().pem());
  EXPECT_EQ(times_told(), 1u);
}

TEST_F(SecretKeeperTest, FillsTheEmptySecretOfTheChartAndNobodyElses) {
  const auto empty = [](bool is_ours) {
    json object = ours(identity::RootState::create(kStart, kTiming));
    object.erase("data");
    if (!is_ours) object["metadata"].erase("labels");
    return object;
  };
  store_.set_secret(empty(false));
  start();
  let_it_look();
  EXPECT_EQ(store_.writes(), 0u);
  store_.set_secret(empty(true));
  const identity::RootState state = told(1);
  EXPECT_EQ(*kube::decode_base64(store_.secret()["data"]["ca.crt"].get<std::string>()), state.bundle().pem());
  let_it_look();
  EXPECT_EQ(store_.writes(), 1u);
}

TEST_F(SecretKeeperTest, TakesTheRootOfTheReplicaThatWasFaster) {
  const auto rival = identity::RootState::create(kStart, kTiming);
  store_.set_rival(ours(rival));
  start();
  EXPECT_EQ(told(1).issuer().certificate(), rival.issuer().certificate());
}

TEST_F(SecretKeeperTest, ChangesTheRootInStepsWhileItLeads) {
  store_.set_secret(ours(identity::RootState::create(kStart, kTiming)));
  leading_ = false;
  start();
  const identity::RootState first = told(1);
  hours_ = 60 * 24;
  let_it_look();
  EXPECT_EQ(store_.writes(), 0u);

  leading_ = true;
  const identity::RootState joined = told(2);
  EXPECT_EQ(joined.issuer().certificate(), first.issuer().certificate());
  EXPECT_EQ(joined.bundle().roots().size(), 2u);
  let_it_look();
  EXPECT_EQ(store_.writes(), 1u);
  EXPECT_TRUE(store_.secret()["data"].contains("next.key"));

  hours_ = 60 * 24 + 25;
  const identity::RootState switched = told(3);
  EXPECT_EQ(switched.issuer().certificate(), joined.bundle().roots()[1]);
  EXPECT_EQ(switched.bundle(), joined.bundle());
  hours_ = 60 * 24 + 50;
  EXPECT_EQ(told(4).bundle().roots().size(), 1u);
  EXPECT_FALSE(store_.secret()["data"].contains("next.key"));
  EXPECT_EQ(store_.writes(), 3u);
}

TEST_F(SecretKeeperTest, UsesNothingThatIsNotWritten) {
  store_.set_secret(ours(identity::RootState::create(kStart, kTiming)));
  start();
  told(1);
  store_.set_stale();
  hours_ = 60 * 24;
  const identity::RootState joined = told(2);
  EXPECT_EQ(store_.writes(), 2u);
  EXPECT_EQ(*kube::decode_base64(store_.secret()["data"]["ca.crt"].get<std::string>()), joined.bundle().pem());
}

TEST_F(SecretKeeperTest, FollowsASecretOfAnotherAndNeverWritesIt) {
  const auto old_root = identity::Issuer::make_root("old", kStart);
  const auto new_root = identity::Issuer::make_root("new", kStart);
  store_.set_secret(theirs(old_root));
  start();
  EXPECT_EQ(told(1).issuer().certificate(), old_root.certificate());
  store_.set_secret(theirs(new_root));
  const identity::RootState both = told(2);
  EXPECT_EQ(both.issuer().certificate(), old_root.certificate());
  EXPECT_TRUE(both.bundle().contains(new_root.certificate()));
  hours_ = 25;
  EXPECT_EQ(told(3).issuer().certificate(), new_root.certificate());
  hours_ = 50;
  EXPECT_FALSE(told(4).bundle().contains(old_root.certificate()));
  hours_ = 24 * 365 * 9;
  store_.set_secret(nullptr);
  let_it_look();
  EXPECT_EQ(store_.writes(), 0u);
}

TEST_F(SecretKeeperTest, PutsBackASecretThatIsGone) {
  start();
  const identity::RootState state = told(1);
  leading_ = false;
  store_.set_secret(nullptr);
  let_it_look();
  EXPECT_TRUE(store_.secret().is_null());
  leading_ = true;
  let_it_look();
  EXPECT_EQ(*kube::decode_base64(store_.secret()["data"]["ca.crt"].get<std::string>()), state.bundle().pem());
  EXPECT_EQ(times_told(), 1u);
}

TEST_F(SecretKeeperTest, GoesOnWithWhatItHasWhenTheSecretCannotBeUsed) {
  start();
  told(1);
  json broken = store_.secret();
  broken["data"]["tls.key"] = "????";
  store_.set_secret(broken);
  let_it_look();
  broken["data"]["tls.key"] = kube::encode_base64(identity::PrivateKey::generate().pem());
  store_.set_secret(broken);
  let_it_look();
  EXPECT_EQ(times_told(), 1u);
  EXPECT_EQ(store_.writes(), 1u);
}

TEST_F(SecretKeeperTest, KeepsTheWebhooksBundleWhileItLeads) {
  store_.set_webhooks(json::parse(R"({"webhooks": [{"name": "a", "clientConfig": {}}]})"));
  leading_ = false;
  start("outrigger");
  const std::string bundle = kube::encode_base64(told(1).bundle().pem());
  let_it_look();
  EXPECT_FALSE(store_.webhooks()["webhooks"][0]["clientConfig"].contains("caBundle"));
  leading_ = true;
  let_it_look();
  let_it_look();
  EXPECT_EQ(store_.webhooks()["webhooks"][0]["clientConfig"]["caBundle"], bundle);
  EXPECT_EQ(store_.writes(), 2u);
  store_.set_webhooks(json::parse(R"({"webhooks": [{"name": "a", "clientConfig": {"caBundle": "eA=="}}]})"));
  let_it_look();
  let_it_look();
  EXPECT_EQ(store_.webhooks()["webhooks"][0]["clientConfig"]["caBundle"], bundle);
}

TEST_F(SecretKeeperTest, LooksAtOnceWhenItIsWoken) {
  store_.set_webhooks(json::parse(R"({"webhooks": [{"name": "a", "clientConfig": {}}]})"));
  leading_ = false;
  start("outrigger", 1h);
  told(1);
  const std::size_t before = store_.calls();
  leading_ = true;
  keeper_->wake();
  await_calls(before + 3);  // the Secret, and the webhooks: read and written
  EXPECT_TRUE(store_.webhooks()["webhooks"][0]["clientConfig"].contains("caBundle"));
}

TEST_F(SecretKeeperTest, EndsInTheMiddleOfACall) {
  kube::FakeApiServer silent({});
  keeper_.emplace(
      silent.config(), counts_, SecretKeeperOptions{.secret = kKey}, [] { return true; }, [] { return kStart; },
      [](const identity::RootState&) {});
  silent.requests(1);
  keeper_.reset();
}

}  // namespace
}  // namespace outrigger::op
