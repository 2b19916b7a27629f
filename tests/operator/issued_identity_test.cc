#include "operator/issued_identity.h"

#include <gtest/gtest.h>

#include <atomic>
#include <list>
#include <optional>

#include "fakes/run_until.h"
#include "operator/feed_client.h"
#include "operator/feed_server.h"
#include "operator/http_talk.h"
#include "operator/objects.h"
#include "operator/secret_store.h"

namespace outrigger::op {
namespace {

using namespace std::chrono_literals;

const model::ObjectKey kKey{"outrigger", "root"};

/// Operator and API server; the root of the Secret is known beforehand, as it is to sidecars that have come before.
class IssuedIdentityTest : public testing::Test {
 protected:
  IssuedIdentityTest() {
    publisher_.publish({{}, true});
    store_.set_secret(nlohmann::json::parse(kube::new_secret(kKey, roots_.data())));
    identity_.emplace(
        loop_, api_.config(), counts_,
        IssuedIdentityOptions{.keeper = {.secret = kKey, .interval = 5ms, .first_backoff = 5ms},
                              .names = {.serving_names = {"localhost"}},
                              .clock_interval = 2ms},
        [] { return true; }, [this] { return kStart + std::chrono::hours(hours_.load()); },
        [this](net::SslContext context) { serve(std::move(context)); });
  }
  ~IssuedIdentityTest() override { server_.reset(); }

  void serve(net::SslContext context) {
    ++contexts_;
    if (server_) return server_->set_context(std::move(context));
    auto listener = net::listen_on(*net::SocketAddress::parse("127.0.0.1:0"), false);
    CHECK(listener);
    server_.emplace(
        loop_, std::move(*listener), std::move(context), publisher_,
        FeedServerOptions{.certificates = [this](net::HttpExchange& exchange) { identity_->handle(exchange); },
                          .beat = 1ms});
  }
  bool until(const std::function<bool()>& done) { return fakes::run_until(loop_, done); }
  net::SslContext trusting(const std::string& bundle, const net::TlsPem& own = {}) {
    auto context = net::client_context_from_pem({own.certificate, own.key, bundle});
    CHECK(context);
    return *context;
  }
  /// As a sidecar gets it: {"certificate", "bundle"}.
  nlohmann::json certificate_for(const std::string& account, const identity::PrivateKey& key) {
    HttpTalk talk(loop_, server_->address(), trusting(roots_.bundle().pem()),
                  post("/v1/certificate", account, identity::make_signing_request(key)));
    EXPECT_TRUE(until([&] { return talk.ended; }));
    EXPECT_TRUE(talk.answer.starts_with("HTTP/1.1 200 ")) << talk.answer << talk.reason;
    return nlohmann::json::parse(talk.body(), nullptr, false);
  }
  FeedClient& feed_with(const net::SslContext& context) {
    FeedClient& client = clients_.emplace_back(loop_, server_->address(), context);
    client.begin();
    return client;
  }
  bool beats(const FeedClient& client) {
    const std::size_t before = client.reader.kinds.size();
    return until([&] { return client.reader.kinds.size() > before; });
  }

  const identity::TimePoint kStart = std::chrono::system_clock::now();
  const identity::RootState roots_ = identity::RootState::create(kStart, {});
  SecretStore store_;
  kube::FakeApiServer api_{
      std::vector<kube::FakeApiServer::Step>(20'000, [this](kube::Exchange& exchange) { store_.serve(exchange); })};
  kube::RequestCounts counts_;
  std::atomic<int> hours_{0};
  net::EventLoop loop_;
  Publisher publisher_{net::chunked, net::Clock::now};
  int contexts_ = 0;
  std::optional<IssuedIdentity> identity_;
  std::optional<FeedServer> server_;
  std::list<FeedClient> clients_;
};

TEST_F(IssuedIdentityTest, BringsASidecarFromItsTokenToTheFeed) {
  EXPECT_FALSE(identity_->ready());
  ASSERT_TRUE(until([&] { return identity_->ready(); }));
  const auto key = identity::PrivateKey::generate();
  const auto answer = certificate_for("shop/web", key);
  const std::string bundle = answer["bundle"];
  FeedClient& client = feed_with(trusting(bundle, {answer["certificate"], key.pem()}));
  ASSERT_TRUE(beats(client));
  EXPECT_TRUE(client.head.starts_with("HTTP/1.1 200 ")) << client.head;
}

TEST_F(IssuedIdentityTest, RenewsItsCertificateInPlaceAndLeavesStreamsAlone) {
  ASSERT_TRUE(until([&] { return identity_->ready(); }));
  const auto key = identity::PrivateKey::generate();
  const auto answer = certificate_for("shop/web", key);
  const net::SslContext context = trusting(answer["bundle"], {answer["certificate"], key.pem()});
  FeedClient& before = feed_with(context);
  ASSERT_TRUE(beats(before));
  EXPECT_EQ(contexts_, 1);
  hours_ = 12;
  EXPECT_TRUE(beats(before));
  EXPECT_EQ(contexts_, 1);
  hours_ = 19;
  ASSERT_TRUE(until([&] { return contexts_ == 2; }));
  EXPECT_TRUE(beats(before));
  EXPECT_FALSE(before.ended);
}

TEST_F(IssuedIdentityTest, ServesByTheBundleThatIsInTheSecretNow) {
  ASSERT_TRUE(until([&] { return identity_->ready(); }));
  // Another root joins: whom it has signed is believed from now on.
  const auto next = identity::RootState::create(kStart, {});
  auto data = roots_.data();
  data["ca.crt"] += next.data()["ca.crt"];
  store_.set_secret(nlohmann::json::parse(kube::new_secret(kKey, data)));
  ASSERT_TRUE(until([&] { return contexts_ == 2; }));
  const auto key = identity::PrivateKey::generate();
  const auto leaf = Authority(next, {}, 24h).issue_client(key.public_key(), "shop", "web", kStart);
  FeedClient& client = feed_with(trusting(roots_.bundle().pem(), {*leaf, key.pem()}));
  EXPECT_TRUE(beats(client));
}

TEST_F(IssuedIdentityTest, TellsWhenItsCertificatesEnd) {
  const auto metrics = [&] {
    metrics::Exposition all;
    identity_->add_metrics(all);
    return all.text();
  };
  EXPECT_EQ(metrics().find("expiry"), std::string::npos);
  ASSERT_TRUE(until([&] { return identity_->ready(); }));
  for (const char* of : {"serving", "root"}) {
    EXPECT_NE(metrics().find(std::string("outrigger_certificate_expiry_timestamp_seconds{of=\"") + of + "\"} "),
              std::string::npos)
        << metrics();
  }
}

}  // namespace
}  // namespace outrigger::op
