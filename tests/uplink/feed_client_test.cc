/// The sidecar's end of the feed against an operator that does as the test says, over real TLS.
#include "uplink/feed_client.h"

#include <gtest/gtest.h>

#include "fakes/certificates.h"
#include "fakes/run_until.h"
#include "feed/version.h"
#include "net/http_server.h"

namespace outrigger::uplink {
namespace {

const model::ServicePort kWeb{{"shop", "web"}, 80};
const model::ServicePort kApi{{"shop", "api"}, 80};

feed::FullSet set_of(const model::ServicePort& service, const std::vector<std::string>& addresses) {
  model::EndpointSet set{.service = service, .options = {}, .rules = model::own_cluster_rule(service), .endpoints = {}};
  for (const std::string& address : addresses) {
    set.endpoints.push_back({.address = address, .weight = 1, .tier = 0, .zone = "", .pod = "", .draining = false});
  }
  return {feed::version_of(set), set};
}

/// An operator's feed: keeps what it is told, and says what the test says.
class Operator {
 public:
  Operator(net::EventLoop& loop, net::SslContext context, std::uint16_t port = 0) {
    auto socket = net::listen_on(*net::SocketAddress::parse("127.0.0.1:" + std::to_string(port)), false);
    EXPECT_TRUE(socket.has_value());
    server_ = std::make_unique<net::HttpServer>(loop, std::move(*socket), std::move(context),
                                                [this](net::HttpExchange& exchange) { begin(exchange); });
  }
  ~Operator() {
    if (exchange_ != nullptr) exchange_->on_end = {};
  }

  std::uint16_t port() const { return server_->address().port(); }
  bool connected() const { return exchange_ != nullptr; }
  void say(const feed::ToSidecar& message) { exchange_->send(net::chunked(feed::encode(message))); }
  void say_line(const std::string& line) { exchange_->send(net::chunked(line + "\n")); }
  void send_raw(const std::shared_ptr<const std::string>& chunk) { exchange_->send(chunk); }
  void end_stream() { exchange_->end_stream(); }
  /// Begins an answer that was held back.
  void answer() { exchange_->start_stream("application/x-ndjson"); }
  /// Takes what has been heard since the last call.
  std::vector<feed::ToOperator> heard() { return std::exchange(heard_, {}); }
  bool has_heard() const { return !heard_.empty(); }

  std::uint16_t refuse_with = 0;
  std::chrono::seconds retry_after{0};
  bool hold_answer = false;
  int streams = 0;

 private:
  void begin(net::HttpExchange& exchange) {
    EXPECT_EQ(exchange.method(), "POST");
    EXPECT_EQ(exchange.path(), "/v1/feed");
    ++streams;
    if (refuse_with != 0) return exchange.respond(refuse_with, "text/plain", "no\n", retry_after);
    exchange_ = &exchange;
    exchange.on_end = [this, ended = &exchange] {
      if (exchange_ == ended) exchange_ = nullptr;
    };
    exchange.on_body = [this](std::string_view bytes) {
      lines_ += bytes;
      for (std::size_t end = 0; (end = lines_.find('\n')) != std::string::npos; lines_.erase(0, end + 1)) {
        const auto message = feed::decode_to_operator(lines_.substr(0, end));
        EXPECT_TRUE(message.has_value());
        if (message) heard_.push_back(*message);
      }
    };
    lines_.clear();
    if (!hold_answer) answer();
  }

  std::unique_ptr<net::HttpServer> server_;
  net::HttpExchange* exchange_ = nullptr;
  std::string lines_;
  std::vector<feed::ToOperator> heard_;
};

class Feed : public ::testing::Test {
 protected:
  void start_operator(std::uint16_t port = 0) {
    operator_ = std::make_unique<Operator>(loop_, context(true, authority_), port);
  }
  void start_client(const std::string& host = "127.0.0.1", const std::string& node = "") {
    client_ = std::make_unique<FeedClient>(
        loop_,
        OperatorConfig{.host = host, .port = operator_->port(), .ca = {}, .certificate = {}, .key = {}, .snapshot = {}},
        context(false, authority_), /*seed=*/1, node, callbacks());
  }
  FeedClient::Callbacks callbacks() {
    return {.on_set = [this](auto set) { sets_.push_back(std::move(set)); },
            .on_absent = [this](const auto& service) { absent_.push_back(service); },
            .on_destination = [this](const std::string& address,
                                     const auto& service) { destinations_.emplace_back(address, service); },
            .on_zone = [this](const std::string& zone) { zones_.push_back(zone); },
            .on_word = [this] { ++words_; }};
  }
  net::SslContext context(bool server, const fakes::CertificateAuthority& issuer) {
    const fakes::Identity identity = issuer.issue();
    const net::TlsFiles files{.certificate = folder_.write("cert.pem", identity.certificate),
                              .key = folder_.write("key.pem", identity.key),
                              .peer_ca = folder_.write("ca.pem", authority_.certificate())};
    auto made = server ? net::server_context(files) : net::client_context(files);
    EXPECT_TRUE(made.has_value()) << (made ? "" : made.error().text);
    return *made;
  }
  void await(const char* what, const std::function<bool()>& done) {
    ASSERT_TRUE(fakes::run_until(loop_, done)) << what;
  }
  void expect_heard(const feed::ToOperator& message) {
    await("a message to the operator", [this] { return operator_->has_heard(); });
    const auto heard = operator_->heard();
    ASSERT_EQ(heard.size(), 1u);
    EXPECT_EQ(heard[0], message);
  }
  /// A client that has that set of kWeb.
  void start_with(const feed::FullSet& set) {
    start_operator();
    start_client();
    client_->want({kWeb});
    expect_heard(feed::Subscribe{{{kWeb, ""}}});
    operator_->say(set);
    expect_heard(feed::Ack{kWeb, set.version});
    ASSERT_EQ(sets_.size(), 1u);
    EXPECT_EQ(*sets_[0], set);
    sets_.clear();
  }

  fakes::TemporaryFolder folder_;
  fakes::CertificateAuthority authority_;
  net::EventLoop loop_;
  std::unique_ptr<Operator> operator_;
  std::unique_ptr<FeedClient> client_;
  std::vector<std::shared_ptr<const feed::FullSet>> sets_;
  std::vector<model::ServicePort> absent_;
  std::vector<std::pair<std::string, std::optional<model::ServicePort>>> destinations_;
  std::vector<std::string> zones_;
  int words_ = 0;
};

const feed::FullSet kOne = set_of(kWeb, {"10.0.0.1:80"});
const feed::FullSet kTwo = set_of(kWeb, {"10.0.0.1:80", "10.0.0.2:80"});

TEST_F(Feed, TakesASetAndThenADelta) {
  start_with(kOne);
  EXPECT_TRUE(client_->connected());
  operator_->say(*feed::difference(kOne, kTwo));
  expect_heard(feed::Ack{kWeb, kTwo.version});
  ASSERT_EQ(sets_.size(), 1u);
  EXPECT_EQ(*sets_[0], kTwo);
  EXPECT_EQ(words_, 2);
  operator_->say(feed::Heartbeat{});
  await("a heartbeat", [this] { return words_ == 3; });
  operator_->say(feed::Current{kWeb, kTwo.version});
  await("a confirmation", [this] { return words_ == 4; });
  EXPECT_EQ(sets_.size(), 1u);
}

TEST_F(Feed, AsksForTheWholeWhenADeltaDoesNotFit) {
  start_with(kOne);
  feed::Delta delta = *feed::difference(kTwo, set_of(kWeb, {"10.0.0.2:80"}));
  operator_->say(delta);
  expect_heard(feed::Subscribe{{{kWeb, ""}}});
  delta.from = kOne.version;  // fits, but does not give what it says
  operator_->say(delta);
  expect_heard(feed::Subscribe{{{kWeb, ""}}});
  EXPECT_TRUE(sets_.empty());
  operator_->say(kTwo);
  expect_heard(feed::Ack{kWeb, kTwo.version});
  EXPECT_EQ(*sets_.at(0), kTwo);
}

TEST_F(Feed, TellsThatAServiceIsAbsentAndThatItIsBack) {
  start_with(kOne);
  operator_->say(feed::Absent{kWeb});
  expect_heard(feed::Ack{kWeb, ""});
  EXPECT_EQ(absent_, (std::vector<model::ServicePort>{kWeb}));
  operator_->say(*feed::difference(kOne, kTwo));
  expect_heard(feed::Subscribe{{{kWeb, ""}}});
  operator_->say(kTwo);
  expect_heard(feed::Ack{kWeb, kTwo.version});
  EXPECT_EQ(*sets_.at(0), kTwo);
}

TEST_F(Feed, ChangesWhatItWantsOnTheOpenStream) {
  start_with(kOne);
  client_->want({kWeb, kApi});
  expect_heard(feed::Subscribe{{{kApi, ""}}});
  client_->want({kWeb, kApi});
  client_->want({kApi});
  expect_heard(feed::Unsubscribe{{kWeb}});
  operator_->say(kTwo);  // was under way
  operator_->say(feed::Heartbeat{});
  await("what is not wanted is passed by", [this] { return words_ >= 3; });
  EXPECT_TRUE(sets_.empty());
  EXPECT_EQ(operator_->streams, 1);
}

TEST_F(Feed, AsksForWhatIsWantedWhileTheStreamOpens) {
  start_operator();
  operator_->hold_answer = true;
  start_client();
  client_->want({kWeb});
  expect_heard(feed::Subscribe{{{kWeb, ""}}});
  EXPECT_FALSE(client_->connected());
  client_->want({kWeb, kApi});
  expect_heard(feed::Subscribe{{{kApi, ""}}});
  operator_->answer();
  await("the answer", [this] { return client_->connected(); });
  EXPECT_EQ(operator_->streams, 1);
}

TEST_F(Feed, ResumesFromTheVersionItHas) {
  start_with(kOne);
  const std::uint16_t port = operator_->port();
  operator_.reset();
  await("the loss", [this] { return !client_->connected(); });
  client_->want({kWeb, kApi});
  start_operator(port);
  expect_heard(feed::Subscribe{{{kWeb, kOne.version}, {kApi, ""}}});
  operator_->say(*feed::difference(kOne, kTwo));
  expect_heard(feed::Ack{kWeb, kTwo.version});
  EXPECT_EQ(*sets_.at(0), kTwo);
}

TEST_F(Feed, ResumesFromASnapshotsVersion) {
  start_operator();
  start_client();
  client_->know(std::make_shared<const feed::FullSet>(kOne));
  client_->want({kWeb});
  expect_heard(feed::Subscribe{{{kWeb, kOne.version}}});
  operator_->say(feed::Current{kWeb, kOne.version});
  await("a confirmation", [this] { return words_ == 1; });
  EXPECT_TRUE(sets_.empty());
}

TEST_F(Feed, ComesBackAfterAGarbageLine) {
  start_with(kOne);
  operator_->say_line("{\"set\":{\"service\":\"shop/web:80\"");
  expect_heard(feed::Subscribe{{{kWeb, kOne.version}}});
  EXPECT_EQ(operator_->streams, 2);
}

TEST_F(Feed, ComesBackAfterALineWithoutEnd) {
  start_with(kOne);
  const auto piece = net::chunked(std::string(1 << 20, ' '));
  await("the end of its patience", [&] {
    if (operator_->streams > 1) return true;
    if (operator_->connected()) operator_->send_raw(piece);
    return false;
  });
}

TEST_F(Feed, ComesBackWhenTheStreamEndsOrderly) {
  start_with(kOne);
  operator_->end_stream();
  expect_heard(feed::Subscribe{{{kWeb, kOne.version}}});
  EXPECT_EQ(operator_->streams, 2);
}

TEST_F(Feed, ComesBackUntilTheOperatorServesIt) {
  start_operator();
  operator_->refuse_with = 503;
  start_client();
  client_->want({kWeb});
  await("a second try", [this] { return operator_->streams == 2; });
  EXPECT_FALSE(client_->connected());
  operator_->refuse_with = 0;
  await("a subscription", [this] { return operator_->has_heard(); });
}

TEST_F(Feed, ComesBackNoSoonerThanItIsTold) {
  start_operator();
  operator_->refuse_with = 503;
  operator_->retry_after = std::chrono::seconds(1);
  start_client();
  await("a try", [this] { return operator_->streams == 1; });
  const auto refused_at = net::Clock::now();
  await("another", [this] { return operator_->streams == 2; });
  EXPECT_GE(net::Clock::now() - refused_at, std::chrono::milliseconds(990));
}

TEST_F(Feed, DoesNotTrustAnOperatorOfAnotherAuthority) {
  const fakes::CertificateAuthority other("another root");
  operator_ = std::make_unique<Operator>(loop_, context(true, other));
  start_client();
  client_->want({kWeb});
  EXPECT_TRUE(client_->hopeful());
  await("a failure", [this] { return !client_->hopeful(); });
  EXPECT_EQ(operator_->streams, 0);
  EXPECT_FALSE(client_->connected());
}

TEST_F(Feed, FindsAnOperatorByName) {
  start_operator();
  start_client("localhost");
  client_->want({kWeb});
  expect_heard(feed::Subscribe{{{kWeb, ""}}});
}

TEST_F(Feed, SaysWhichNodeItRunsOnWithItsFirstSubscriptionAndTakesItsZone) {
  start_operator();
  start_client("127.0.0.1", "node-1");
  client_->want({kWeb});
  expect_heard(feed::Subscribe{{{kWeb, ""}}, "node-1"});
  operator_->say(feed::Place{"b"});
  operator_->say(feed::Place{""});
  await("two words", [this] { return words_ == 2; });
  EXPECT_EQ(zones_, (std::vector<std::string>{"b", ""}));
  client_->want({kWeb, kApi});
  expect_heard(feed::Subscribe{{{kApi, ""}}});
  const std::uint16_t port = operator_->port();
  operator_.reset();
  await("the loss", [this] { return !client_->connected(); });
  start_operator(port);
  expect_heard(feed::Subscribe{{{kApi, ""}, {kWeb, ""}}, "node-1"});
}

TEST_F(Feed, SaysAnotherNodeOnTheOpenStream) {
  start_with(kOne);
  operator_->say(feed::Place{"a"});
  client_->set_node("node-2");
  expect_heard(feed::Subscribe{{}, "node-2"});
  operator_->say(feed::Place{"b"});
  await("a zone", [this] { return !zones_.empty(); });
  client_->set_node("node-2");
  client_->set_node("");
  operator_->say(feed::Place{"c"});
  operator_->say(feed::Heartbeat{});
  const int words = words_;
  await("two words", [&] { return words_ == words + 2; });
  EXPECT_FALSE(operator_->has_heard());
  EXPECT_EQ(zones_.back(), "b") << "what is said of no node does not count";
}

TEST_F(Feed, MovesToShowAnotherCertificateAndMissesNothing) {
  start_with(kOne);
  operator_->hold_answer = true;
  client_->set_context(context(false, authority_));
  expect_heard(feed::Subscribe{{{kWeb, kOne.version}}});
  EXPECT_EQ(operator_->streams, 2);
  EXPECT_TRUE(client_->connected()) << "by the stream that was there";
  // What is wanted meanwhile is said on both.
  client_->want({kApi, kWeb});
  std::vector<feed::ToOperator> heard;
  await("what is wanted", [&] {
    for (auto& message : operator_->heard()) heard.push_back(std::move(message));
    return heard.size() >= 2;
  });
  EXPECT_EQ(heard, (std::vector<feed::ToOperator>(2, feed::Subscribe{{{kApi, ""}}})));
  operator_->answer();
  operator_->say(*feed::difference(kOne, kTwo));
  expect_heard(feed::Ack{kWeb, kTwo.version});
  EXPECT_EQ(*sets_.at(0), kTwo);
  EXPECT_TRUE(client_->connected());
  EXPECT_EQ(operator_->streams, 2);
}

TEST_F(Feed, WaitsForAContext) {
  start_operator();
  client_ = std::make_unique<FeedClient>(
      loop_,
      OperatorConfig{
          .host = "127.0.0.1", .port = operator_->port(), .ca = {}, .certificate = {}, .key = {}, .snapshot = {}},
      nullptr, /*seed=*/1, "", callbacks());
  client_->want({kWeb});
  client_->set_context(context(false, authority_));
  expect_heard(feed::Subscribe{{{kWeb, ""}}});
}

TEST_F(Feed, AsksWhatIsDialledUntilItIsAService) {
  using Destinations = decltype(destinations_);
  start_with(kOne);
  client_->resolve("10.96.0.7:80");
  expect_heard(feed::Resolve{{"10.96.0.7:80"}});
  client_->resolve("10.96.0.7:80");
  client_->resolve("10.96.0.8:80");
  expect_heard(feed::Resolve{{"10.96.0.8:80"}});
  operator_->say(feed::Destination{"10.96.0.7:80", std::nullopt});
  operator_->say(feed::Destination{"10.96.0.8:80", kWeb});
  operator_->say(feed::Destination{"10.96.0.9:80", kWeb});  // nobody has asked
  operator_->say(feed::Heartbeat{});
  const int words = words_;
  await("the answers", [&] { return words_ == words + 4; });
  EXPECT_EQ(destinations_, (Destinations{{"10.96.0.7:80", std::nullopt}, {"10.96.0.8:80", kWeb}}));

  // The next operator is asked for what is none, which it may be by now.
  operator_->end_stream();
  await("the other stream", [this] { return operator_->streams == 2; });
  std::vector<feed::ToOperator> heard;
  await("what is wanted", [&] {
    for (auto& message : operator_->heard()) heard.push_back(std::move(message));
    return heard.size() >= 2;
  });
  EXPECT_EQ(heard,
            (std::vector<feed::ToOperator>{feed::Subscribe{{{kWeb, kOne.version}}}, feed::Resolve{{"10.96.0.7:80"}}}));
  client_->unresolve("10.96.0.7:80");
  expect_heard(feed::Unresolve{{"10.96.0.7:80"}});
}

TEST_F(Feed, MayEndAtAnyTime) {
  start_operator();
  start_client();
  client_->want({kWeb});
  client_.reset();
  start_client("localhost");
  client_->want({kWeb});
  await("a connection", [this] { return operator_->streams == 1; });
  client_.reset();
  await("its end", [this] { return !operator_->connected(); });
}

}  // namespace
}  // namespace outrigger::uplink
