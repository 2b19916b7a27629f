#include "net/http_server.h"

#include <random>

#include "fakes/certificates.h"
#include "net/http_server_fixture.h"
#include "net/stream.h"

namespace outrigger::net {
namespace {

TEST_F(HttpServerTest, AnswersARequest) {
  std::string seen;
  start([&](HttpExchange& exchange) {
    seen = std::string(exchange.method()) + " " + std::string(exchange.path()) + " " + std::string(exchange.query());
    EXPECT_TRUE(exchange.from_loopback());
    EXPECT_TRUE(exchange.peer().text().starts_with("127.0.0.1:"));
    exchange.respond(200, kText, "hello\n");
  });
  RawClient one = client();
  one.send("GET /a/b?c=d&e HTTP/1.1\r\nHost: a\r\n\r\n");
  until([&] { return one.has("hello\n"); });
  EXPECT_EQ(seen, "GET /a/b c=d&e");
  EXPECT_EQ(count(one.received(), "Date: "), 1u);
  EXPECT_TRUE(one.received().find(" GMT\r\n") != std::string::npos);
  EXPECT_EQ(without_date(one.received()), answer("hello\n"));
  EXPECT_EQ(server_->connections(), 1u);
}

TEST_F(HttpServerTest, AnswersHeadWithoutABody) {
  start_echo();
  EXPECT_EQ(
      conversation("HEAD /four HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n" +
          answer("/b", "Connection: close\r\n"));
}

TEST_F(HttpServerTest, ClosesWhenAskedTo) {
  start_echo();
  EXPECT_EQ(conversation("GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + get("/never")),
            answer("/a", "Connection: close\r\n"));
  until([&] { return server_->connections() == 0; });
}

TEST_F(HttpServerTest, OfOneAboutToLeaveEachConnectionEndsWithItsNextAnswer) {
  HttpExchange* open = nullptr;
  start([&](HttpExchange& exchange) {
    if (exchange.path() != "/later") return exchange.respond(200, kText, exchange.path());
    open = &exchange;
    exchange.on_end = [&] { open = nullptr; };
  });
  RawClient idle = client();
  idle.send(get("/before"));
  RawClient waits = client();
  waits.send(get("/later"));
  until([&] { return idle.has("/before") && open != nullptr; });
  server_->close_after_answers();
  idle.send(get("/after"));
  open->respond(200, kText, "/later");
  until([&] { return idle.closed() && waits.closed(); });
  EXPECT_EQ(without_date(idle.received()), answer("/before") + answer("/after", "Connection: close\r\n"));
  EXPECT_EQ(without_date(waits.received()), answer("/later", "Connection: close\r\n"));
  EXPECT_EQ(conversation(get("/new") + get("/never")), answer("/new", "Connection: close\r\n"));
}

TEST_F(HttpServerTest, SpeaksHttp10) {
  start_echo();
  EXPECT_EQ(conversation("GET /a HTTP/1.0\r\n\r\n"), answer("/a", "Connection: close\r\n"));
  EXPECT_EQ(conversation("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /b HTTP/1.0\r\n\r\n"),
            answer("/a", "Connection: keep-alive\r\n") + answer("/b", "Connection: close\r\n"));
}

TEST_F(HttpServerTest, TakesAHeadByteByByte) {
  start_echo();
  RawClient one = client();
  for (int i = 0; i < 3; ++i) {
    const std::string path = "/" + std::to_string(i);
    for (const char byte : get(path)) {
      one.send(std::string(1, byte));
      until([] { return true; });
    }
    until([&] { return one.has(path); });
    EXPECT_EQ(without_date(one.take()), answer(path));
  }
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrder) {
  start_echo();
  RawClient one = client();
  std::string requests, answers;
  for (int i = 0; i < 200; ++i) {
    requests += get("/" + std::to_string(i));
    answers += answer("/" + std::to_string(i));
  }
  one.send(requests);
  until([&] { return one.has("/199"); });
  EXPECT_EQ(without_date(one.received()), answers);
}

TEST_F(HttpServerTest, BeginsNoExchangeBeforeTheLastIsOver) {
  // Each is answered some time later; more are sent ahead than are kept in memory.
  constexpr int kRequests = 1'500;
  HttpExchange* kept = nullptr;
  int ended = 0;
  Timer later(loop_, [&] { kept->respond(200, kText, kept->path()); });
  start([&](HttpExchange& exchange) {
    EXPECT_EQ(kept, nullptr);
    kept = &exchange;
    exchange.on_end = [&] {
      kept = nullptr;
      ++ended;
    };
    if (exchange.path().ends_with("99")) return later.set(std::chrono::milliseconds(1));
    exchange.respond(200, kText, exchange.path());
  });
  RawClient one = client();
  std::string requests, answers;
  const std::string padding(200, 'x');
  for (int i = 0; i < kRequests; ++i) {
    const std::string path = "/" + padding + std::to_string(i);
    requests += get(path);
    answers += answer(path);
  }
  one.send(requests);
  until([&] { return one.has(padding + std::to_string(kRequests - 1)); });
  EXPECT_TRUE(without_date(one.received()) == answers);
  EXPECT_EQ(ended, kRequests);
}

struct BadHead {
  const char* name;
  std::string text;
  int status;
};

TEST_F(HttpServerTest, RefusesBadHeadsAndCloses) {
  start_echo();
  const BadHead heads[] = {
      {"garbage", "\x16\x03\x01 hello\r\n\r\n", 400},
      {"no host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"two framings", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"another version", "GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505},
      {"a long target", "GET /" + std::string(9'000, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
      {"a long head", "GET / HTTP/1.1\r\nHost: a\r\nA: " + std::string(20'000, 'x') + "\r\n\r\n", 431},
      {"an endless head", "GET / HTTP/1.1\r\nHost: a\r\nA: " + std::string(200'000, 'x'), 431},
  };
  for (const BadHead& head : heads) {
    SCOPED_TRACE(head.name);
    // The first is good, to see that its answer is not lost.
    const std::string text = conversation(get("/good") + head.text);
    EXPECT_TRUE(text.starts_with(answer("/good") + "HTTP/1.1 " + std::to_string(head.status))) << text;
    EXPECT_NE(text.find("Connection: close\r\n"), std::string::npos) << text;
    EXPECT_EQ(count(text, "HTTP/1.1 "), 2u) << text;
  }
  until([&] { return server_->connections() == 0; });
}

TEST_F(HttpServerTest, TellsThatNothingWasAnswered) {
  start([](HttpExchange&) {});
  RawClient one = client();
  one.send(get("/"));
  until([&] { return one.has("no answer"); });
  EXPECT_TRUE(one.received().starts_with("HTTP/1.1 500 "));
}

TEST_F(HttpServerTest, HandsOnBodiesHoweverTheyAreCut) {
  for (unsigned seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    std::string body;
    start([&](HttpExchange& exchange) {
      body.clear();
      exchange.on_body = [&](std::string_view piece) { body += piece; };
      exchange.on_body_end = [&] { exchange.respond(200, kText, body); };
      exchange.on_end = [] {};
    });
    std::string requests, answers;
    for (int i = 0; i < 10; ++i) {
      std::string text(random() % 2'000, static_cast<char>('a' + i));
      answers += answer(text);
      requests += "POST / HTTP/1.1\r\nHost: a\r\n";
      if (random() % 2 == 0) {
        requests += "Content-Length: " + std::to_string(text.size()) + "\r\n\r\n" + text;
        continue;
      }
      requests += "Transfer-Encoding: chunked\r\n\r\n";
      while (!text.empty()) {
        const std::size_t size = 1 + random() % text.size();
        requests += *chunked(text.substr(0, size));
        text.erase(0, size);
      }
      requests += "0\r\nTrailer: dropped\r\n\r\n";
    }
    RawClient one = client();
    while (!requests.empty()) {
      const std::size_t size = std::min(requests.size(), std::size_t{1} + random() % 1'000);
      one.send(requests.substr(0, size));
      requests.erase(0, size);
      until([] { return true; });
    }
    until([&] { return without_date(one.pump().received()).size() >= answers.size(); });
    EXPECT_EQ(without_date(one.received()), answers);
  }
}

TEST_F(HttpServerTest, ThrowsAwayABodyThatNobodyWants) {
  start_echo();
  const std::string body(300'000, 'x');
  EXPECT_EQ(conversation("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n" + body +
                         "POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + *chunked(body) +
                         "0\r\n\r\nGET /c HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
            answer("/a") + answer("/b") + answer("/c", "Connection: close\r\n"));
}

TEST_F(HttpServerTest, RefusesABrokenBody) {
  bool ended = false;
  start([&](HttpExchange& exchange) {
    exchange.on_body_end = [] { ADD_FAILURE(); };
    exchange.on_end = [&] { ended = true; };
  });
  const std::string text =
      conversation("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n");
  EXPECT_TRUE(text.starts_with("HTTP/1.1 400 ")) << text;
  EXPECT_TRUE(ended);
}

TEST_F(HttpServerTest, Says100WhenTheBodyIsWanted) {
  start([&](HttpExchange& exchange) {
    exchange.on_body = [&](std::string_view piece) { exchange.respond(200, kText, piece); };
    exchange.on_end = [] {};
  });
  RawClient one = client();
  for (int i = 0; i < 2; ++i) {
    one.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    until([&] { return one.has("\r\n\r\n"); });
    EXPECT_EQ(one.take(), "HTTP/1.1 100 Continue\r\n\r\n");
    one.send("body");
    until([&] { return one.has("body"); });
    EXPECT_EQ(without_date(one.take()), answer("body"));
  }
}

TEST_F(HttpServerTest, ClosesRatherThanGuessWhetherAnUnwantedBodyComes) {
  start_echo();
  EXPECT_EQ(conversation("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"),
            answer("/a", "Connection: close\r\n"));
}

TEST_F(HttpServerTest, StreamsBothWaysAtOnce) {
  start([](HttpExchange& exchange) {
    exchange.on_body = [&exchange](std::string_view piece) { exchange.send(chunked(piece)); };
    exchange.on_body_end = [&exchange] { exchange.end_stream(); };
    exchange.on_end = [] {};
    exchange.start_stream("application/x-ndjson");
  });
  RawClient one = client();
  one.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n");
  until([&] { return one.has("chunked\r\n\r\n"); });
  EXPECT_EQ(without_date(one.take()),
            "HTTP/1.1 100 Continue\r\n\r\n"
            "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 100; ++i) {
    const std::string line = "line " + std::to_string(i) + "\n";
    one.send(*chunked(line));
    until([&] { return one.has(line + "\r\n"); });
    EXPECT_EQ(one.take(), *chunked(line));
  }
  one.send("0\r\n\r\n" + get("/next"));
  until([&] { return one.has("0\r\n\r\n"); });
  EXPECT_TRUE(one.take().starts_with("0\r\n\r\n"));
}

TEST_F(HttpServerTest, TellsTheHeadOfAStreamAndNothingMore) {
  start([](HttpExchange& exchange) {
    exchange.start_stream(kText);
    exchange.send(chunked("dropped"));
    exchange.end_stream();
  });
  EXPECT_EQ(conversation("HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n");
}

TEST_F(HttpServerTest, StreamsNotToHttp10) {
  bool ended = false;
  start([&](HttpExchange& exchange) {
    exchange.on_end = [&] { ended = true; };
    exchange.start_stream(kText);
    exchange.send(chunked("dropped"));
  });
  const std::string text = conversation("GET / HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(text.starts_with("HTTP/1.1 505 ")) << text;
  EXPECT_EQ(text.find("dropped"), std::string::npos) << text;
  until([&] { return ended; });
}

TEST_F(HttpServerTest, SharesOneBlockAmongStreams) {
  std::vector<HttpExchange*> streams;
  start([&](HttpExchange& exchange) {
    exchange.start_stream(kText);
    streams.push_back(&exchange);
    exchange.on_end = [&] { std::erase(streams, &exchange); };
  });
  std::vector<RawClient> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(client());
    clients.back().send(get("/"));
  }
  until([&] { return streams.size() == 5; });
  const auto block = chunked("for all\n");
  for (HttpExchange* stream : streams) stream->send(block);
  EXPECT_EQ(block.use_count(), 6);
  for (RawClient& one : clients) until([&] { return one.has("for all"); });
  EXPECT_EQ(block.use_count(), 1);
  clients.clear();
  until([&] { return streams.empty(); });
}

TEST_F(HttpServerTest, ServesAThousandConnections) {
  start_echo();
  std::vector<RawClient> clients;
  for (int i = 0; i < 1'000; ++i) {
    clients.push_back(client());
    // The backlog need not hold them all.
    if (i % 100 == 99) until([&] { return server_->connections() == clients.size(); });
  }
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < clients.size(); ++i) clients[i].send(get("/" + std::to_string(i)));
    for (std::size_t i = 0; i < clients.size(); ++i) {
      const std::string path = "/" + std::to_string(i);
      until([&] { return clients[i].has("\r\n\r\n" + path); });
      EXPECT_EQ(without_date(clients[i].take()), answer(path));
    }
  }
  clients.clear();
  until([&] { return server_->connections() == 0; });
}

TEST_F(HttpServerTest, SpeaksTls) {
  fakes::TemporaryFolder folder;
  const fakes::CertificateAuthority ca;
  const fakes::Identity identity = ca.issue();
  const TlsFiles files{folder.write("tls.crt", identity.certificate), folder.write("tls.key", identity.key),
                       folder.write("ca.crt", ca.certificate())};
  start([](HttpExchange& exchange) { exchange.respond(200, kText, std::string(1'000'000, 'x')); }, {},
        *server_context(files));
  std::string received;
  bool ended = false;
  auto stream = Stream::connect(loop_, server_->address(), *client_context(files), "localhost",
                                {.on_open = {},
                                 .on_bytes = [&](std::string_view bytes) { received += bytes; },
                                 .on_drained = {},
                                 .on_end =
                                     [&](const std::string& reason) {
                                       EXPECT_EQ(reason, "");
                                       ended = true;
                                     }});
  ASSERT_TRUE(stream);
  (*stream)->write(get("/a") + "GET /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  until([&] { return ended; });
  EXPECT_EQ(without_date(received),
            answer(std::string(1'000'000, 'x')) + answer(std::string(1'000'000, 'x'), "Connection: close\r\n"));
}

}  // namespace
}  // namespace outrigger::net
