#include "operator/feed_server.h"

#include <gtest/gtest.h>

#include <fstream>
#include <list>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>

#include "fakes/certificates.h"
#include "fakes/run_until.h"
#include "feed/version.h"
#include "operator/feed_client.h"
#include "operator/objects.h"

namespace outrigger::op {
namespace {

using Kinds = std::vector<std::string>;

const auto kWeb = port_of("web");

/// The most the process has ever reserved.
std::size_t address_space_peak_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::size_t kib = 0;
    if (word == "VmPeak:" && status >> kib) return kib;
  }
  return 0;
}

class FeedServerTest : public testing::Test {
 protected:
  FeedServerTest() {
    const fakes::Identity identity = authority_.issue();
    files_ = {folder_.write("crt", identity.certificate), folder_.write("key", identity.key),
              folder_.write("ca", authority_.certificate())};
    serve();
  }

  void serve(FeedServerOptions options = {}) {
    auto listener = net::listen_on(*net::SocketAddress::parse("127.0.0.1:0"), false);
    auto context = net::server_context(files_);
    CHECK(listener && context);
    server_.emplace(loop_, std::move(*listener), *context, publisher_, std::move(options));
  }

  FeedClient& connect(const net::SslContext& context) {
    return clients_.emplace_back(loop_, server_->address(), context);
  }
  FeedClient& connect() {
    const auto context = net::client_context(files_);
    CHECK(context);
    return connect(*context);
  }
  void publish(std::uint32_t endpoints, std::uint32_t weight = 1, std::size_t pod_bytes = 0) {
    feed::FullSet full;
    full.set.service = kWeb;
    full.set.rules = model::own_cluster_rule(kWeb);
    for (std::uint32_t i = 0; i < endpoints; ++i) {
      auto& endpoint = full.set.endpoints.emplace_back();
      // Five digits each, so that the order of texts is that of numbers.
      endpoint.address = "10.0.0.1:" + std::to_string(10'000 + i);
      endpoint.weight = weight;
      endpoint.pod = std::string(pod_bytes, 'p');
    }
    full.version = feed::version_of(full.set);
    set_ = std::make_shared<const feed::FullSet>(full);
    publisher_.publish({{{kWeb, set_, net::Clock::now()}}, true});
  }
  bool until(const std::function<bool()>& done) { return fakes::run_until(loop_, done); }
  bool has_newest(const FeedClient& client) const {
    const auto found = client.reader.sets.find(kWeb);
    return found != client.reader.sets.end() && found->second == *set_;
  }

  fakes::CertificateAuthority authority_;
  fakes::TemporaryFolder folder_;
  net::TlsFiles files_;
  net::EventLoop loop_;
  Publisher publisher_{net::chunked, net::Clock::now};
  std::shared_ptr<const feed::FullSet> set_;
  std::optional<FeedServer> server_;
  std::list<FeedClient> clients_;
};

TEST_F(FeedServerTest, StreamsBothWays) {
  publish(2);
  FeedClient& client = connect();
  client.begin();
  client.say("{\"subscribe\":{\"sho");
  client.say("p/web:80\":\"\"}}\n\n{\"subscribe\":{\"shop/api:80\":\"\"}}\n");
  ASSERT_TRUE(until([&] { return client.reader.kinds == Kinds{"set", "absent"}; }));
  EXPECT_TRUE(client.head.starts_with("HTTP/1.1 200 ")) << client.head;
  publish(3);
  ASSERT_TRUE(until([&] { return client.reader.kinds == Kinds{"set", "absent", "delta"}; }));
  EXPECT_TRUE(has_newest(client));
  client.say("{\"ack\":{\"service\":\"shop/web:80\",\"version\":\"" + set_->version + "\"}}\n");
  ASSERT_TRUE(
      until([&] { return publisher_.describe().find("\"acknowledged\": \"" + set_->version) != std::string::npos; }));
  const auto reading = publisher_.propagation().read();
  EXPECT_EQ(std::accumulate(reading.buckets.begin(), reading.buckets.end(), std::uint64_t{0}), 1u);
}

TEST_F(FeedServerTest, GoesOnStreamingAfterABodyThatHasEnded) {
  publish(1);
  FeedClient& client = connect();
  const std::string body = R"({"subscribe":{"shop/web:80":""}})";
  client.send(
      "POST /v1/feed HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body);
  ASSERT_TRUE(until([&] { return client.reader.kinds == Kinds{"set"}; }));
  for (std::uint32_t i = 2; i < 10; ++i) {
    publish(i);
    ASSERT_TRUE(until([&] { return has_newest(client); }));
  }
  EXPECT_FALSE(client.ended);
}

TEST_F(FeedServerTest, RefusesWhoHasNoCertificateOrAnothers) {
  SSL_CTX* const nobody = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_verify(nobody, SSL_VERIFY_NONE, nullptr);
  FeedClient& anonymous = connect(net::SslContext(nobody, SSL_CTX_free));
  anonymous.begin();

  const fakes::CertificateAuthority other("another root");
  const fakes::Identity identity = other.issue();
  const auto context = net::client_context(net::TlsFiles{folder_.write("other.crt", identity.certificate),
                                                         folder_.write("other.key", identity.key), files_.peer_ca});
  ASSERT_TRUE(context);
  FeedClient& stranger = connect(*context);
  stranger.begin();
  ASSERT_TRUE(until([&] { return anonymous.ended && stranger.ended; }));
  EXPECT_EQ(anonymous.head + stranger.head, "");
  EXPECT_EQ(publisher_.subscribers(), 0u);
}

TEST_F(FeedServerTest, EndsAStreamThatTalksNonsenseAndServesTheOthers) {
  publish(1);
  FeedClient& good = connect();
  good.begin();
  good.say("{\"subscribe\":{\"shop/web:80\":\"\"}}\n");
  FeedClient& bad = connect();
  bad.begin();
  bad.say("{\"subscribe\":{\"shop/web:80\":\"\"}}\n");
  ASSERT_TRUE(until([&] { return has_newest(good) && has_newest(bad); }));
  bad.say("GET / HTTP/1.1\n{\"subscribe\":{\"shop/api:80\":\"\"}}\n");
  ASSERT_TRUE(until([&] { return bad.answer_ended && publisher_.subscribers() == 1; }));
  bad.say("more nonsense\n");
  publish(2);
  ASSERT_TRUE(until([&] { return has_newest(good); }));
  EXPECT_EQ(bad.reader.kinds, Kinds{"set"});
}

TEST_F(FeedServerTest, EndsAStreamWhoseLineIsTooLong) {
  FeedClient& client = connect();
  client.begin();
  client.say(std::string(feed::kMaxLineToOperator / 2, ' '));
  client.say(std::string(feed::kMaxLineToOperator / 2 + 1, ' '));
  ASSERT_TRUE(until([&] { return client.answer_ended && publisher_.subscribers() == 0; }));
}

TEST_F(FeedServerTest, KnowsOnePathAndOneMethod) {
  FeedClient& path = connect();
  path.send("POST /v2/feed HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  FeedClient& method = connect();
  method.send("GET /v1/feed HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(until([&] { return !path.head.empty() && !method.head.empty(); }));
  EXPECT_TRUE(path.head.starts_with("HTTP/1.1 404 ")) << path.head;
  EXPECT_TRUE(method.head.starts_with("HTTP/1.1 405 ")) << method.head;
}

TEST_F(FeedServerTest, ForgetsAClientThatGoes) {
  FeedClient& client = connect();
  client.begin();
  client.say("{\"subscribe\":{\"shop/web:80\":\"\"}}\n");
  ASSERT_TRUE(until([&] { return publisher_.subscribers() == 1; }));
  clients_.clear();
  ASSERT_TRUE(until([&] { return publisher_.subscribers() == 0; }));
}

TEST_F(FeedServerTest, HoldsLittleForAReaderThatStopsAndCatchesItUp) {
  publish(100, 1, 1'000);
  FeedClient& client = connect();
  client.begin();
  client.say("{\"subscribe\":{\"shop/web:80\":\"\"}}\n");
  ASSERT_TRUE(until([&] { return has_newest(client); }));
  client.pause(true);
  // Until the kernel's buffers and the bound are full, and then some more.
  const auto is_stuck = [&] { return nlohmann::json::parse(publisher_.describe())[0]["waiting_services"] == 1; };
  std::uint32_t published = 1;
  while (!is_stuck()) {
    ASSERT_LT(published, 900u);
    publish(100, ++published, 1'000);
    ASSERT_TRUE(until([] { return true; }));
  }
  for (int i = 0; i < 5; ++i) publish(100, ++published, 1'000);
  EXPECT_TRUE(is_stuck());
  EXPECT_LT(nlohmann::json::parse(publisher_.describe())[0]["unsent_bytes"], Subscriber::kMaxUnsent + (256 << 10));
  client.pause(false);
  EXPECT_TRUE(until([&] { return has_newest(client); }));
  EXPECT_LT(client.reader.kinds.size(), published);
}

TEST_F(FeedServerTest, EndsWithStreamsOpen) {
  FeedClient& client = connect();
  client.begin();
  ASSERT_TRUE(until([&] { return publisher_.subscribers() == 1; }));
  server_.reset();
  EXPECT_EQ(publisher_.subscribers(), 0u);
  EXPECT_TRUE(until([&] { return client.ended; }));
}

TEST_F(FeedServerTest, TellsWhoComesWhileTooManyWaitToComeBackLater) {
  serve({.max_unanswered = 2});
  // Nobody is answered yet: not all is known.
  std::vector<FeedClient*> first;
  for (int i = 0; i < 2; ++i) {
    first.push_back(&connect());
    first.back()->begin();
    first.back()->say("{\"subscribe\":{\"shop/web:80\":\"\"}}\n");
    ASSERT_TRUE(until([&] { return !first.back()->head.empty(); }));
  }
  FeedClient& refused = connect();
  refused.begin();
  ASSERT_TRUE(until([&] { return !refused.head.empty(); }));
  EXPECT_TRUE(refused.head.starts_with("HTTP/1.1 503 ")) << refused.head;
  EXPECT_NE(refused.head.find("\r\nRetry-After: 1"), std::string::npos) << refused.head;
  metrics::Exposition metrics;
  server_->add_metrics(metrics);
  EXPECT_NE(metrics.text().find("\noutrigger_feed_deferred_total 1\n"), std::string::npos) << metrics.text();

  publish(1);
  ASSERT_TRUE(until([&] { return has_newest(*first[0]) && has_newest(*first[1]); }));
  FeedClient& welcome = connect();
  welcome.begin();
  welcome.say("{\"subscribe\":{\"shop/web:80\":\"\"}}\n");
  ASSERT_TRUE(until([&] { return has_newest(welcome); }));
}

TEST_F(FeedServerTest, EndsAStreamThatDoesNotSayWhatItWants) {
  serve({.beat = std::chrono::milliseconds(10), .first_word = std::chrono::milliseconds(50)});
  publish(1);
  FeedClient& good = connect();
  good.begin();
  good.say("{\"subscribe\":{}}\n");
  FeedClient& silent = connect();
  silent.begin();
  silent.say("{\"subscr");
  ASSERT_TRUE(until([&] { return silent.answer_ended; }));
  EXPECT_FALSE(good.answer_ended);
  EXPECT_EQ(publisher_.subscribers(), 1u);
}

TEST_F(FeedServerTest, DrainsByEndingItsStreamsInOrder) {
  publish(1);
  const net::SocketAddress address = server_->address();
  for (int i = 0; i < 3; ++i) {
    FeedClient& client = connect();
    client.begin();
    client.say("{\"subscribe\":{\"shop/web:80\":\"\"}}\n");
    ASSERT_TRUE(until([&] { return has_newest(client); }));
  }
  int drained = 0;
  server_->drain([&] { ++drained; });
  server_->drain([&] { drained += 10; });
  ASSERT_TRUE(until([&] { return drained > 0; }));
  EXPECT_EQ(drained, 1);
  for (const FeedClient& client : clients_) EXPECT_TRUE(client.answer_ended);
  FeedClient late(loop_, address, *net::client_context(files_));
  ASSERT_TRUE(until([&] { return late.ended; }));
  EXPECT_EQ(publisher_.subscribers(), 0u);
}

TEST_F(FeedServerTest, EndsAStreamWhoseFirstWordComesAByteAtATime) {
  serve({.beat = std::chrono::milliseconds(5), .first_word = std::chrono::milliseconds(50)});
  FeedClient& client = connect();
  client.begin();
  const std::string line = R"({"subscribe":{"shop/web:80":""}})";
  std::size_t said = 0;
  ASSERT_TRUE(until([&] {
    // Never to its end.
    if (client.head.empty() || said + 1 == line.size()) return client.answer_ended;
    client.say(line.substr(said++, 1));
    return client.answer_ended;
  }));
  EXPECT_EQ(publisher_.subscribers(), 0u);
}

TEST_F(FeedServerTest, ReservesNothingForWhatIsOnlyAnnounced) {
  publish(1);
  FeedClient& good = connect();
  good.begin();
  good.say("{\"subscribe\":{\"shop/web:80\":\"\"}}\n");
  ASSERT_TRUE(until([&] { return has_newest(good); }));
  const std::size_t before = address_space_peak_kib();

  const std::string head = "POST /v1/feed HTTP/1.1\r\nHost: a\r\n";
  const std::string word = "{\"subscribe\":{\"shop/web:80\":\"\"}}\n";
  FeedClient& length = connect();
  length.send(head + "Content-Length: 2147483648\r\n\r\n" + word);
  FeedClient& chunk = connect();
  chunk.send(head + "Transfer-Encoding: chunked\r\n\r\n80000000\r\n" + word);
  ASSERT_TRUE(until([&] { return has_newest(length) && has_newest(chunk); }));
  // What comes of it is a line that is too long.
  for (FeedClient* const client : {&length, &chunk}) client->send(std::string(feed::kMaxLineToOperator + 1, ' '));
  ASSERT_TRUE(until([&] { return length.answer_ended && chunk.answer_ended && publisher_.subscribers() == 1; }));
  EXPECT_LT(address_space_peak_kib(), before + (256u << 10));
  publish(2);
  EXPECT_TRUE(until([&] { return has_newest(good); }));
}

TEST_F(FeedServerTest, EndsAStreamThatSubscribesToAMillionServices) {
  publish(1);
  FeedClient& good = connect();
  good.begin();
  good.say("{\"subscribe\":{\"shop/web:80\":\"\"}}\n");
  ASSERT_TRUE(until([&] { return has_newest(good); }));
  FeedClient& greedy = connect();
  greedy.begin();
  constexpr std::size_t kALine = 10'000;
  for (std::size_t line = 0; line < 1'000'000 / kALine; ++line) {
    std::string services;
    for (std::size_t i = 0; i < kALine; ++i) {
      services += (i == 0 ? "\"a/" : ",\"a/") + std::to_string(line * kALine + i) + ":80\":\"\"";
    }
    greedy.say("{\"subscribe\":{" + services + "}}\n");
  }
  ASSERT_TRUE(until([&] { return (greedy.answer_ended || greedy.ended) && publisher_.subscribers() == 1; }));
  EXPECT_LE(greedy.reader.kinds.size(), feed::kMaxSubscriptions);
  publish(2);
  EXPECT_TRUE(until([&] { return has_newest(good); }));
}

}  // namespace
}  // namespace outrigger::op
