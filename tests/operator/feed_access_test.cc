#include <gtest/gtest.h>

#include <list>
#include <optional>

#include "fakes/certificates.h"
#include "fakes/run_until.h"
#include "feed/version.h"
#include "operator/feed_client.h"
#include "operator/feed_server.h"
#include "operator/objects.h"

namespace outrigger::op {
namespace {

using namespace std::chrono_literals;
using Kinds = std::vector<std::string>;

/// A feed whose clients need not show a certificate at the handshake. It has the set of shop/web.
class FeedAccess : public testing::Test {
 protected:
  FeedAccess() {
    feed::FullSet full;
    full.set.service = port_of("web");
    full.set.rules = model::own_cluster_rule(full.set.service);
    full.version = feed::version_of(full.set);
    publisher_.publish({{{full.set.service, std::make_shared<const feed::FullSet>(full), net::Clock::now()}}, true});
  }
  void start(FeedScope scope) {
    const fakes::Identity identity = authority_.issue();
    auto context = net::server_context_from_pem({identity.certificate, identity.key, authority_.certificate()},
                                                net::ClientCertificate::optional);
    auto listener = net::listen_on(*net::SocketAddress::parse("127.0.0.1:0"), false);
    CHECK(context && listener);
    server_.emplace(loop_, std::move(*listener), *context, publisher_,
                    FeedServerOptions{.scope = scope, .now = [this] { return now_; }, .beat = 1ms});
  }
  FeedClient& connect(const fakes::Identity& identity) {
    auto context = net::client_context_from_pem({identity.certificate, identity.key, authority_.certificate()});
    CHECK(context);
    FeedClient& client = clients_.emplace_back(loop_, server_->address(), *context);
    client.begin();
    return client;
  }
  FeedClient& connect_as(const std::string& name) { return connect(authority_.issue({.alternative_names = {name}})); }
  bool until(const std::function<bool()>& done) { return fakes::run_until(loop_, done); }
  /// What it is told of shop/web.
  std::string told(FeedClient& client) {
    client.say("{\"subscribe\":{\"shop/web:80\":\"\"}}\n");
    const auto news = [&client] {
      Kinds kinds = client.reader.kinds;
      std::erase(kinds, "heartbeat");
      return kinds;
    };
    EXPECT_TRUE(until([&] { return !news().empty(); }));
    return news().empty() ? "" : news().back();
  }

  fakes::CertificateAuthority authority_;
  net::EventLoop loop_;
  identity::TimePoint now_ = std::chrono::system_clock::now();
  Publisher publisher_{net::chunked, net::Clock::now};
  std::optional<FeedServer> server_;
  std::list<FeedClient> clients_;
};

TEST_F(FeedAccess, RefusesAFeedWithoutACertificateAndSaysWhatToDo) {
  start(FeedScope::cluster);
  FeedClient& client = connect({});
  ASSERT_TRUE(until([&] { return !client.head.empty(); }));
  EXPECT_TRUE(client.head.starts_with("HTTP/1.1 403 ")) << client.head;
  EXPECT_EQ(publisher_.subscribers(), 0u);
}

TEST_F(FeedAccess, RefusesCertificatesThatHaveExpiredOrAreOfAnotherRoot) {
  start(FeedScope::cluster);
  FeedClient& late = connect(authority_.issue({.valid_from = -2h, .valid_until = -1h}));
  FeedClient& stranger = connect(fakes::CertificateAuthority("another root").issue());
  ASSERT_TRUE(until([&] { return late.ended && stranger.ended; }));
  EXPECT_EQ(late.head + stranger.head, "");
  EXPECT_EQ(publisher_.subscribers(), 0u);
}

TEST_F(FeedAccess, EndsAStreamSomeTimeAfterItsCertificate) {
  start(FeedScope::cluster);
  FeedClient& brief = connect(authority_.issue({.valid_until = 3'600s}));
  FeedClient& lasting = connect(authority_.issue({.valid_until = 7'200s}));
  EXPECT_EQ(told(brief), "set");
  EXPECT_EQ(told(lasting), "set");
  const auto beats_on = [&] {
    const std::size_t before = lasting.reader.kinds.size();
    return until([&] { return lasting.reader.kinds.size() >= before + 3; });
  };
  now_ += 3'600s + FeedServer::kGrace - 5s;
  EXPECT_TRUE(beats_on());
  EXPECT_FALSE(brief.answer_ended);
  now_ += 10s;
  EXPECT_TRUE(until([&] { return brief.answer_ended; }));
  EXPECT_TRUE(beats_on());
  EXPECT_EQ(publisher_.subscribers(), 1u);
}

TEST_F(FeedAccess, KeepsANamespaceToItself) {
  start(FeedScope::own);
  EXPECT_EQ(told(connect_as("URI:spiffe://cluster.local/ns/shop/sa/web")), "set");
  EXPECT_EQ(told(connect_as("URI:spiffe://cluster.local/ns/bank/sa/web")), "absent");
  EXPECT_EQ(told(connect_as("DNS:shop")), "absent");
  EXPECT_EQ(publisher_.out_of_scope(), 2u);
}

TEST_F(FeedAccess, ShowsEveryNamespaceWhereTheScopeIsTheCluster) {
  start(FeedScope::cluster);
  EXPECT_EQ(told(connect_as("URI:spiffe://cluster.local/ns/bank/sa/web")), "set");
  EXPECT_EQ(told(connect_as("DNS:shop")), "set");
  EXPECT_EQ(publisher_.out_of_scope(), 0u);
}

TEST_F(FeedAccess, DoesNotForgetAServiceWhenSomeoneOutOfScopeLeaves) {
  start(FeedScope::own);
  FeedClient& inside = connect_as("URI:spiffe://cluster.local/ns/shop/sa/web");
  EXPECT_EQ(told(inside), "set");
  FeedClient& outside = connect_as("URI:spiffe://cluster.local/ns/bank/sa/web");
  EXPECT_EQ(told(outside), "absent");
  outside.say("{\"unsubscribe\":[\"shop/web:80\"]}\n{\"subscribe\":{\"bank/a:80\":\"\"}}\n");
  ASSERT_TRUE(
      until([&] { return std::count(outside.reader.kinds.begin(), outside.reader.kinds.end(), "absent") == 2; }));
  publisher_.publish({{{port_of("web"), nullptr, net::Clock::now()}}, true});
  EXPECT_TRUE(until([&] { return inside.reader.sets.empty(); }));
  EXPECT_EQ(std::count(outside.reader.kinds.begin(), outside.reader.kinds.end(), "absent"), 2);
}

}  // namespace
}  // namespace outrigger::op
