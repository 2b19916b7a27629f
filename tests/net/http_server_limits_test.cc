/// The HTTP server against peers that are slow, many, stuck or gone, and against handlers that break its rules.
#include <sys/resource.h>

#include <ctime>

#include "fakes/certificates.h"
#include "net/http_server_fixture.h"
#include "net/stream.h"

namespace outrigger::net {
namespace {

using std::chrono::milliseconds;

class HttpServerLimitsTest : public HttpServerTest {
 protected:
  /// `since`: before the client did what its time is counted from.
  void expect_closed_after(RawClient& one, Clock::duration least, Clock::time_point since) {
    until([&] { return one.closed(); });
    EXPECT_GE(Clock::now() - since, least);
    until([&] { return server_->connections() == 0; });
  }
};

TEST_F(HttpServerLimitsTest, EndsASlowHead) {
  start_echo({.head_timeout = milliseconds(60)});
  const auto since = Clock::now();
  RawClient silent = client();
  expect_closed_after(silent, milliseconds(60), since);
  EXPECT_EQ(silent.received(), "");

  RawClient trickling = client();
  const auto begun = Clock::now();
  until([&] {
    trickling.send("G");
    return trickling.closed() || Clock::now() > begun + std::chrono::seconds(20);
  });
  EXPECT_LT(Clock::now() - begun, std::chrono::seconds(20));
}

TEST_F(HttpServerLimitsTest, CountsAHeadFromItsFirstByteAgain) {
  start_echo({.head_timeout = milliseconds(60), .idle_timeout = std::chrono::minutes(1)});
  RawClient one = client();
  one.send(get("/a"));
  until([&] { return one.has("/a"); });
  const auto begun = Clock::now();
  until([&] { return Clock::now() > begun + milliseconds(150); });
  EXPECT_FALSE(one.closed());
  const auto since = Clock::now();
  one.send("GET");
  expect_closed_after(one, milliseconds(60), since);
}

/// For the server and its clients alike.
struct TlsSides {
  TlsSides()
      : files{folder.write("tls.crt", identity.certificate), folder.write("tls.key", identity.key),
              folder.write("ca.crt", ca.certificate())} {}

  fakes::TemporaryFolder folder;
  fakes::CertificateAuthority ca;
  fakes::Identity identity = ca.issue();
  TlsFiles files;
};

/// The first thing that a client of TLS says.
std::string client_hello(const SslContext& context) {
  SSL* const ssl = SSL_new(context.get());
  BIO* const out = BIO_new(BIO_s_mem());
  CHECK(ssl != nullptr && out != nullptr);
  SSL_set_bio(ssl, BIO_new(BIO_s_mem()), out);
  SSL_connect(ssl);
  const char* bytes = nullptr;
  const long size = BIO_get_mem_data(out, &bytes);
  std::string hello(bytes, static_cast<std::size_t>(size));
  SSL_free(ssl);
  return hello;
}

/// A server with TLS, and clients who do not get beyond their hello.
class HandshakesTest : public HttpServerLimitsTest {
 protected:
  void start_with(const HttpServerLimits& limits) {
    HttpServerTest::start([](HttpExchange&) {}, limits, *server_context(tls_.files));
  }
  RawClient who_says_hello_alone() {
    RawClient one = client();
    one.send(client_hello(context_));
    until([&] { return !one.pump().received().empty(); });
    return one;
  }
  std::unique_ptr<Stream> well_behaved(bool& open) {
    return *Stream::connect(loop_, server_->address(), context_, "localhost",
                            {.on_open = [&open] { open = true; }, .on_bytes = {}, .on_drained = {}, .on_end = {}});
  }

  TlsSides tls_;
  SslContext context_ = *client_context(tls_.files);
};

TEST_F(HandshakesTest, WaitForTheirTurnBeyondTheLimit) {
  start_with({.max_handshakes = 2, .handshake_turn = std::chrono::hours(1)});
  RawClient first = who_says_hello_alone();
  const RawClient second = who_says_hello_alone();
  bool open = false;
  const auto third = well_behaved(open);
  until([&] { return server_->connections() == 3; });
  const auto since = Clock::now();
  until([&] { return Clock::now() - since > milliseconds(30); });
  EXPECT_FALSE(open);
  first.reset();
  until([&] { return open; });
  // The third's is over, so there is a turn beside the second's.
  bool next_open = false;
  const auto fourth = well_behaved(next_open);
  until([&] { return next_open; });
}

TEST_F(HandshakesTest, ThatTakeLongKeepNoOtherFromItsTurn) {
  start_with({.max_handshakes = 1, .handshake_turn = milliseconds(20)});
  RawClient slow = who_says_hello_alone();
  bool open = false;
  const auto other = well_behaved(open);
  until([&] { return open; });
  EXPECT_FALSE(slow.closed());
}

TEST_F(HandshakesTest, MayEndWhileTheyWait) {
  start_with({.max_handshakes = 1, .handshake_turn = std::chrono::hours(1)});
  RawClient first = who_says_hello_alone();
  RawClient second = client();
  second.send(client_hello(context_));
  until([&] { return server_->connections() == 2; });
  second.reset();
  until([&] { return server_->connections() == 1; });
  first.reset();
  bool open = false;
  const auto third = well_behaved(open);
  until([&] { return open; });
}

TEST_F(HandshakesTest, ThatWaitForTheirTurnHaveAllTheirTimeLeft) {
  start_with({.max_handshakes = 1, .handshake_turn = std::chrono::hours(1), .head_timeout = milliseconds(100)});
  const auto since = Clock::now();
  RawClient slow = who_says_hello_alone();
  RawClient other = client();
  other.send(client_hello(context_));
  until([&] { return other.closed(); });
  EXPECT_GE(Clock::now() - since, milliseconds(200));
}

TEST_F(HandshakesTest, ThatNobodyBeginsDoNotCount) {
  start_with({.max_handshakes = 1, .handshake_turn = std::chrono::hours(1)});
  std::vector<RawClient> silent;
  for (int i = 0; i < 3; ++i) silent.push_back(client());
  until([&] { return server_->connections() == 3; });
  bool open = false;
  const auto other = well_behaved(open);
  until([&] { return open; });
}

TEST_F(HttpServerLimitsTest, EndsATlsHandshakeThatDoesNotCome) {
  const TlsSides tls;
  start([](HttpExchange&) {}, {.head_timeout = milliseconds(60)}, *server_context(tls.files));
  const auto since = Clock::now();
  RawClient one = client();
  expect_closed_after(one, milliseconds(60), since);
}

TEST_F(HttpServerLimitsTest, EndsAnIdleConnection) {
  start_echo({.idle_timeout = milliseconds(60)});
  const auto since = Clock::now();
  RawClient one = client();
  one.send(get("/a"));
  until([&] { return one.has("/a"); });
  expect_closed_after(one, milliseconds(60), since);
}

TEST_F(HttpServerLimitsTest, EndsWhoDoesNotBringTheBody) {
  bool ended = false;
  start(
      [&](HttpExchange& exchange) {
        exchange.on_body = [](std::string_view) {};
        exchange.on_end = [&] { ended = true; };
      },
      {.idle_timeout = milliseconds(60)});
  const auto since = Clock::now();
  RawClient one = client();
  one.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo");
  expect_closed_after(one, milliseconds(60), since);
  EXPECT_TRUE(ended);
}

TEST_F(HttpServerLimitsTest, EndsWhoDoesNotBringTheRestOfAnAnsweredBody) {
  start_echo({.head_timeout = milliseconds(60)});
  const auto since = Clock::now();
  RawClient one = client();
  one.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo");
  until([&] { return one.has("/a"); });
  expect_closed_after(one, milliseconds(60), since);
}

TEST_F(HttpServerLimitsTest, LetsAStreamBeSilent) {
  HttpExchange* stream = nullptr;
  start(
      [&](HttpExchange& exchange) {
        stream = &exchange;
        exchange.start_stream(kText);
        exchange.on_body = [](std::string_view) {};
        exchange.on_end = [&] { stream = nullptr; };
      },
      {.head_timeout = milliseconds(20), .idle_timeout = milliseconds(20), .write_timeout = milliseconds(20)});
  RawClient one = client();
  one.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  until([&] { return one.has("\r\n\r\n"); });
  const auto begun = Clock::now();
  until([&] { return Clock::now() > begun + milliseconds(150); });
  ASSERT_NE(stream, nullptr);
  stream->send(chunked("still here"));
  until([&] { return one.has("still here"); });
  server_.reset();
  EXPECT_EQ(stream, nullptr);
}

TEST_F(HttpServerLimitsTest, EndsAStreamWhoseReaderIsStuck) {
  HttpExchange* stream = nullptr;
  start(
      [&](HttpExchange& exchange) {
        stream = &exchange;
        exchange.start_stream(kText);
        exchange.on_end = [&] { stream = nullptr; };
      },
      {.write_timeout = milliseconds(100)});
  RawClient stuck = client();
  stuck.send(get("/"));
  until([&] { return stream != nullptr; });
  const auto block = chunked(std::string(1'000'000, 'x'));
  for (int i = 0; i < 20; ++i) stream->send(block);
  const auto begun = Clock::now();
  until([&] { return stream == nullptr; });
  EXPECT_GE(Clock::now() - begun, milliseconds(95));
  EXPECT_EQ(server_->connections(), 0u);
  EXPECT_EQ(block.use_count(), 1);
}

TEST_F(HttpServerLimitsTest, LetsASlowReaderFinish) {
  std::string body(20'000, 'x');
  for (int i = 0; i < 10; ++i) body += body;
  start([&](HttpExchange& exchange) { exchange.respond(200, kText, body); }, {.write_timeout = milliseconds(200)});
  RawClient slow = client();
  slow.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  std::size_t got = 0;
  until([&] {
    char buffer[65'536];
    const ssize_t size = ::recv(slow.fd(), buffer, sizeof(buffer), MSG_DONTWAIT);
    if (size > 0) got += static_cast<std::size_t>(size);
    return size == 0;
  });
  EXPECT_GT(got, body.size());
}

TEST_F(HttpServerLimitsTest, ServesNoMoreRequestsThanItsAnswersAreRead) {
  int served = 0;
  start([&](HttpExchange& exchange) {
    ++served;
    exchange.respond(200, kText, std::string(1'000'000, 'x'));
  });
  RawClient one = client();
  std::string requests;
  for (int i = 0; i < 100; ++i) requests += get("/");
  one.send(requests);
  int last = -1;
  int still = 0;
  until([&] {
    still = served == last && served > 0 ? still + 1 : 0;
    last = served;
    return still == 50;
  });
  EXPECT_LT(served, 50);
  until([&] {
    one.pump();
    one.take();
    return served == 100;
  });
}

TEST_F(HttpServerLimitsTest, ClosesConnectionsAboveTheCap) {
  start_echo({.max_connections = 3});
  std::vector<RawClient> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(client());
    clients.back().send(get("/a"));
    until([&] { return clients.back().has("/a"); });
  }
  RawClient fourth = client();
  until([&] { return fourth.closed(); });
  EXPECT_EQ(fourth.received(), "");
  EXPECT_EQ(server_->connections(), 3u);

  clients.pop_back();
  until([&] { return server_->connections() == 2; });
  RawClient fifth = client();
  fifth.send(get("/b"));
  until([&] { return fifth.has("/b"); });
}

TEST_F(HttpServerLimitsTest, TellsAnExchangeThatItsClientIsGone) {
  int begun = 0;
  int ended = 0;
  start([&](HttpExchange& exchange) {
    ++begun;
    exchange.on_end = [&] { ++ended; };
  });
  RawClient resetting = client();
  resetting.send(get("/"));
  until([&] { return begun == 1; });
  resetting.reset();
  until([&] { return ended == 1; });
  {
    RawClient closing = client();
    closing.send(get("/"));
    until([&] { return begun == 2; });
  }
  until([&] { return ended == 2; });
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(HttpServerLimitsTest, EndsItsExchangesWithItself) {
  int ended = 0;
  bool streaming = false;
  start([&](HttpExchange& exchange) {
    exchange.on_end = [&, owned = std::make_shared<int>(1)] {
      EXPECT_EQ(*owned, 1);
      ++ended;
    };
    exchange.start_stream(kText);
    streaming = true;
  });
  RawClient one = client();
  one.send(get("/"));
  until([&] { return streaming; });
  server_.reset();
  EXPECT_EQ(ended, 1);
  until([&] { return one.closed(); });
}

TEST_F(HttpServerLimitsTest, RestsWhenThereAreNoMoreDescriptors) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "UBSan, which is built in with ASan, needs descriptors itself";
#endif
  start_echo();
  RawClient one = client();
  one.send(get("/a"));
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  // The lowest free number is the first that is not to be had.
  const FileDescriptor lowest(::dup(0));
  const rlimit none{static_cast<rlim_t>(lowest.get()), before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const std::clock_t cpu_before = std::clock();
  const auto begun = Clock::now();
  until([&] { return Clock::now() > begun + milliseconds(400); });
  const auto cpu = std::clock() - cpu_before;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(server_->connections(), 0u);
  // A loop that spins takes all of it.
  EXPECT_LT(cpu, CLOCKS_PER_SEC / 5);
  until([&] { return one.has("/a"); });
}

using HttpServerDeathTest = HttpServerTest;

TEST_F(HttpServerDeathTest, RefusesTwoAnswers) {
  start([](HttpExchange& exchange) {
    exchange.respond(200, kText, "a");
    exchange.respond(200, kText, "b");
  });
  RawClient one = client();
  one.send(get("/"));
  EXPECT_DEATH(until([] { return false; }), "CHECK failed: answer_ == Answer::none");
}

TEST_F(HttpServerDeathTest, RefusesAStreamThatNobodyKeeps) {
  start([](HttpExchange& exchange) { exchange.start_stream(kText); });
  RawClient one = client();
  one.send(get("/"));
  EXPECT_DEATH(until([] { return false; }), "CHECK failed: exchange_->complete\\(\\) \\|\\| exchange_->on_end");
}

TEST_F(HttpServerDeathTest, RefusesToBeUsedAfterItsEnd) {
  HttpExchange* kept = nullptr;
  start([&](HttpExchange& exchange) {
    kept = &exchange;
    exchange.on_end = [&] { loop_.defer([&] { kept->send(chunked("late")); }); };
    exchange.start_stream(kText);
    exchange.end_stream();
  });
  RawClient one = client();
  one.send(get("/"));
  EXPECT_DEATH(until([] { return false; }), "CHECK failed");
}

}  // namespace
}  // namespace outrigger::net
