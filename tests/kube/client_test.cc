#include "kube/client.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <future>

#include "kube/fake_api_server.h"

namespace outrigger::kube {
namespace {

using namespace std::chrono_literals;
using Counts = std::map<std::pair<std::string, std::string>, std::uint64_t>;

FakeApiServer::Step reply(int status, std::string body, std::string headers = "") {
  return [=](Exchange& exchange) { exchange.reply(status, body, headers); };
}

Config config_of(std::string server, std::string ca_pem = "") {
  Config config;
  config.server = std::move(server);
  config.ca_pem = std::move(ca_pem);
  return config;
}

bool more(std::string_view) { return true; }

TEST(Client, GivesUpAnAnswerThatIsLongerThanIsAllowed) {
  FakeApiServer server({reply(200, std::string(1 << 20, 'a')), reply(200, std::string((1 << 20) + 1, 'a'))});
  RequestCounts counts;
  Client client(server.config(), counts);
  client.limit_answers(1 << 20);
  EXPECT_EQ(client.get("/a")->body.size(), std::size_t{1} << 20);
  EXPECT_EQ(client.get("/a").error().text, server.config().server + ": the answer is longer than 1 MiB");
}

TEST(Client, SendsEachMethodWithItsBodyAndWhoItIs) {
  FakeApiServer server({reply(200, "one"), reply(201, "two"), reply(200, "three"), reply(200, "four"), reply(200, "")});
  Config config = server.config();
  config.token = "abc\n";
  RequestCounts counts;
  Client client(config, counts);
  EXPECT_EQ(client.get("/a?limit=1", "text/x")->body, "one");
  EXPECT_EQ(client.post("/b", "{\"b\":1}")->status, 201);
  EXPECT_EQ(client.put("/c", "{\"c\":1}")->body, "three");
  EXPECT_EQ(client.merge_patch("/d", "{\"d\":1}")->body, "four");
  EXPECT_EQ(client.remove("/e")->status, 200);

  auto requests = server.requests(5);
  ASSERT_EQ(requests.size(), 5u);
  EXPECT_EQ(requests[0].method + " " + requests[0].target, "GET /a?limit=1");
  EXPECT_EQ(requests[0].headers["accept"], "text/x");
  EXPECT_EQ(requests[1].method + " " + requests[1].target + " " + requests[1].body, "POST /b {\"b\":1}");
  EXPECT_EQ(requests[1].headers["content-type"], "application/json");
  EXPECT_EQ(requests[2].method + " " + requests[2].target + " " + requests[2].body, "PUT /c {\"c\":1}");
  EXPECT_EQ(requests[3].method + " " + requests[3].target + " " + requests[3].body, "PATCH /d {\"d\":1}");
  EXPECT_EQ(requests[3].headers["content-type"], "application/merge-patch+json");
  EXPECT_EQ(requests[4].method + " " + requests[4].target, "DELETE /e");
  for (Exchange& request : requests) {
    EXPECT_EQ(request.headers["authorization"], "Bearer abc");
    EXPECT_EQ(request.headers["user-agent"], "outrigger-operator");
    EXPECT_EQ(request.headers["host"], "127.0.0.1:" + std::to_string(server.port()));
    EXPECT_EQ(request.server_name, "");
  }
  EXPECT_EQ(server.connections(), 1u);
  EXPECT_EQ(counts.read(), (Counts{{{"200", "DELETE"}, 1},
                                   {{"200", "GET"}, 1},
                                   {{"200", "PATCH"}, 1},
                                   {{"200", "PUT"}, 1},
                                   {{"201", "POST"}, 1}}));
}

TEST(Client, ReturnsAnyStatusWithItsBodyAndRetryAfter) {
  FakeApiServer server({reply(429, "slow", "Retry-After: 7\r\n"), reply(503, "", "Retry-After: soon\r\n"),
                        reply(404, "no"), [](Exchange& exchange) { exchange.raw("HTTP/1.1 204 No Content\r\n\r\n"); }});
  RequestCounts counts;
  Client client(server.config(), counts);
  const auto slow = client.get("/");
  EXPECT_EQ(slow->status, 429);
  EXPECT_EQ(slow->body, "slow");
  EXPECT_EQ(slow->retry_after, 7s);
  EXPECT_EQ(client.get("/")->retry_after, 0s);
  EXPECT_EQ(client.stream("/", "x/y", 10s, more)->body, "no");
  EXPECT_EQ(client.remove("/")->status, 204);
  EXPECT_EQ(counts.read(),
            (Counts{{{"204", "DELETE"}, 1}, {{"404", "GET"}, 1}, {{"429", "GET"}, 1}, {{"503", "GET"}, 1}}));
}

TEST(Client, PutsTheServersPrefixBeforeThePath) {
  FakeApiServer server({reply(200, "")});
  Config config = server.config();
  config.server += "/k8s/clusters/c-1";
  RequestCounts counts;
  EXPECT_TRUE(Client(config, counts).get("/api"));
  EXPECT_EQ(server.requests(1).at(0).target, "/k8s/clusters/c-1/api");
}

TEST(Client, ReadsTheTokenFileBeforeEachRequest) {
  FakeApiServer server({reply(200, ""), reply(200, "")});
  const fakes::TemporaryFolder directory;
  Config config = server.config();
  config.token = "never";
  config.token_file = directory.write("token", "first\n");
  RequestCounts counts;
  Client client(config, counts);
  EXPECT_TRUE(client.get("/"));
  directory.write("token", "second");
  EXPECT_TRUE(client.get("/"));
  auto requests = server.requests(2);
  EXPECT_EQ(requests.at(0).headers["authorization"], "Bearer first");
  EXPECT_EQ(requests.at(1).headers["authorization"], "Bearer second");

  directory.write("token", "third\r\nX-Injected: 1");
  EXPECT_EQ(client.get("/").error().text, "token: not allowed; allowed: printable ASCII without spaces");
  std::filesystem::remove(config.token_file);
  EXPECT_EQ(client.get("/").error().text, config.token_file + ": cannot be read: No such file or directory");
}

TEST(Client, ShowsItsCertificate) {
  FakeApiServer server({reply(200, "")});
  const fakes::Identity own = server.authority().issue({.common_name = "operator", .alternative_names = {}});
  Config config = server.config();
  config.client_certificate_pem = own.certificate;
  config.client_key_pem = own.key;
  RequestCounts counts;
  EXPECT_TRUE(Client(config, counts).get("/"));
  EXPECT_EQ(server.requests(1).at(0).client_common_name, "operator");
}

TEST(Client, VerifiesAndAsksForTheServerNameWhenOneIsGiven) {
  FakeApiServer server({reply(200, "")}, {"DNS:kubernetes.default.svc"});
  Config config = server.config();
  config.tls_server_name = "kubernetes.default.svc";
  RequestCounts counts;
  const auto answer = Client(config, counts).get("/");
  ASSERT_TRUE(answer) << answer.error().text;
  EXPECT_EQ(server.requests(1).at(0).server_name, "kubernetes.default.svc");
  EXPECT_EQ(server.requests(1).at(0).headers["host"], "127.0.0.1:" + std::to_string(server.port()));
}

std::string refusal(const FakeApiServer& server, const Config& config) {
  RequestCounts counts;
  const auto answer = Client(config, counts).get("/");
  EXPECT_EQ(counts.read(), (Counts{{{"<error>", "GET"}, 1}}));
  EXPECT_EQ(server.connections(), 1u);
  return answer ? "no error" : answer.error().text.substr(config.server.size() + 2);
}

TEST(Client, RefusesACertificateOfAnotherAuthority) {
  FakeApiServer server({});
  Config config = server.config();
  config.ca_pem = fakes::CertificateAuthority().certificate();
  EXPECT_TRUE(refusal(server, config).starts_with("certificate refused for 127.0.0.1: ")) << refusal(server, config);
}

TEST(Client, RefusesACertificateTheSystemDoesNotTrust) {
  FakeApiServer server({});
  Config config = server.config();
  config.ca_pem.clear();
  EXPECT_TRUE(refusal(server, config).starts_with("certificate refused for 127.0.0.1: "));
}

TEST(Client, RefusesACertificateForAnotherAddressAndIgnoresItsCommonName) {
  // Its common name is 127.0.0.1.
  FakeApiServer server({}, {"IP:127.0.0.2", "DNS:127.0.0.1"});
  EXPECT_EQ(refusal(server, server.config()), "certificate refused for 127.0.0.1: IP address mismatch");
}

TEST(Client, RefusesACertificateForAnotherName) {
  FakeApiServer server({}, {"DNS:*.default.svc", "IP:127.0.0.1"});
  Config config = server.config();
  config.tls_server_name = "kubernetes.other.svc";
  EXPECT_EQ(refusal(server, config), "certificate refused for kubernetes.other.svc: hostname mismatch");
}

TEST(Client, SaysThatNobodyListens) {
  Config config;
  std::string server;
  {
    FakeApiServer gone({});
    config = gone.config();
  }
  RequestCounts counts;
  EXPECT_EQ(Client(config, counts).get("/").error().text, config.server + ": cannot connect");
}

TEST(Client, SaysWhatIsWrongWithItsConfiguration) {
  RequestCounts counts;
  EXPECT_EQ(Client(config_of("http://api.test"), counts).get("/").error().text,
            "server: 'http://api.test' is not allowed; allowed: https://HOST[:PORT][/PREFIX]");
  EXPECT_EQ(Client(config_of("https://api.test", "x"), counts).get("/").error().text,
            "certificate authority: not allowed; allowed: certificates in PEM");
  EXPECT_TRUE(counts.read().empty());
}

TEST(Client, MakesItsConnectionAnewAfterAFailure) {
  FakeApiServer server({[](Exchange& exchange) { exchange.cut(); }, reply(200, "again")});
  RequestCounts counts;
  Client client(server.config(), counts);
  EXPECT_EQ(client.get("/").error().text,
            server.config().server + ": the connection ended, or fell silent, before the answer did");
  EXPECT_EQ(client.get("/")->body, "again");
  EXPECT_EQ(server.connections(), 2u);
}

TEST(Client, StreamsPiecesAsTheyComeAndKeepsTheConnection) {
  std::promise<void> first_seen;
  FakeApiServer server({[&](Exchange& exchange) {
                          exchange.begin();
                          exchange.chunk("first");
                          first_seen.get_future().wait();
                          exchange.chunk("second");
                          exchange.end();
                        },
                        reply(200, "next")});
  RequestCounts counts;
  Client client(server.config(), counts);
  std::vector<std::string> pieces;
  const auto answer = client.stream("/", "x/y", 10s, [&](std::string_view piece) {
    pieces.emplace_back(piece);
    if (pieces.size() == 2) {
      EXPECT_EQ(counts.read(), (Counts{{{"200", "GET"}, 1}}));
      first_seen.set_value();
    }
    return true;
  });
  EXPECT_TRUE(answer);
  EXPECT_EQ(pieces, (std::vector<std::string>{"", "first", "second"}));
  EXPECT_EQ(client.get("/")->body, "next");
  EXPECT_EQ(server.connections(), 1u);
}

TEST(Client, EndsAStreamWhenItsReaderHasEnough) {
  FakeApiServer server({[](Exchange& exchange) {
                          exchange.begin();
                          exchange.chunk("x");
                          exchange.hold();
                        },
                        reply(200, "next")});
  RequestCounts counts;
  Client client(server.config(), counts);
  EXPECT_EQ(client.stream("/", "x/y", 10s, [](std::string_view) { return false; })->status, 200);
  EXPECT_EQ(client.get("/")->body, "next");
}

TEST(Client, TellsACutStreamFromAnEndedOne) {
  FakeApiServer server({[](Exchange& exchange) {
    exchange.begin();
    exchange.raw("10\r\nhalf");
    exchange.cut();
  }});
  RequestCounts counts;
  EXPECT_FALSE(Client(server.config(), counts).stream("/", "x/y", 10s, more));
}

TEST(Client, GivesUpASilentStream) {
  FakeApiServer server({[](Exchange& exchange) {
    exchange.begin();
    exchange.chunk("x");
    exchange.hold();
  }});
  RequestCounts counts;
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(Client(server.config(), counts).stream("/", "x/y", 50ms, more));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 50ms);
}

/// A port whose connections are neither taken nor refused.
class FullListener {
 public:
  FullListener() : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    CHECK(bind(listener_, generic, size) == 0 && listen(listener_, 0) == 0 &&
          getsockname(listener_, generic, &size) == 0);
    for (int& filler : fillers_) {
      filler = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
      connect(filler, generic, size);
    }
    port_ = ntohs(address.sin_port);
  }
  ~FullListener() {
    for (const int filler : fillers_) close(filler);
    close(listener_);
  }
  std::uint16_t port() const { return port_; }

 private:
  int listener_;
  std::array<int, 4> fillers_{};
  std::uint16_t port_;
};

/// Runs `call` on a thread, stops the client once `ready` returns, and gives the call's error and how long it took to
/// end.
std::pair<std::string, std::chrono::steady_clock::duration> stopped(Client& client,
                                                                    const std::function<Result<Response>()>& call,
                                                                    const std::function<void()>& ready) {
  auto answer = std::async(std::launch::async, call);
  ready();
  const auto begin = std::chrono::steady_clock::now();
  client.stop();
  const auto result = answer.get();
  return {result ? "no error" : result.error().text, std::chrono::steady_clock::now() - begin};
}

TEST(Client, StopEndsACallThatWaitsForItsAnswer) {
  FakeApiServer server({});
  RequestCounts counts;
  Client client(server.config(), counts);
  const auto [error, took] = stopped(
      client, [&] { return client.get("/"); }, [&] { server.requests(1); });
  EXPECT_EQ(error, server.config().server + ": stopped");
  EXPECT_LT(took, 2s);
}

TEST(Client, StopEndsAStream) {
  FakeApiServer server({[](Exchange& exchange) {
    exchange.begin();
    exchange.chunk("x");
    exchange.hold();
  }});
  RequestCounts counts;
  Client client(server.config(), counts);
  std::promise<void> streaming;
  const auto [error, took] = stopped(
      client,
      [&] {
        return client.stream("/", "x/y", 100s, [&](std::string_view bytes) {
          if (!bytes.empty()) streaming.set_value();
          return true;
        });
      },
      [&] { streaming.get_future().wait(); });
  EXPECT_EQ(error, server.config().server + ": stopped");
  EXPECT_LT(took, 2s);
}

TEST(Client, StopEndsAConnectAtWhateverMoment) {
  const FullListener full;
  const Config config =
      config_of("https://127.0.0.1:" + std::to_string(full.port()), fakes::CertificateAuthority().certificate());
  for (int delay = 0; delay < 20; ++delay) {
    RequestCounts counts;
    Client client(config, counts);
    std::atomic<bool> begun = false;
    const auto [error, took] = stopped(
        client,
        [&] {
          begun = true;
          return client.get("/");
        },
        [&] {
          while (!begun) std::this_thread::yield();
          const auto until = std::chrono::steady_clock::now() + delay * 100us;
          while (std::chrono::steady_clock::now() < until) std::this_thread::yield();
        });
    EXPECT_EQ(error, config.server + ": stopped") << delay;
    EXPECT_LT(took, 2s) << delay;
  }
}

TEST(Client, StopEndsEveryLaterCallAtOnce) {
  FakeApiServer server({reply(200, "")});
  RequestCounts counts;
  Client client(server.config(), counts);
  EXPECT_TRUE(client.get("/"));
  client.stop();
  EXPECT_EQ(client.get("/").error().text, server.config().server + ": stopped");
  EXPECT_EQ(server.requests(1).size(), 1u);
}

TEST(Client, EndsACallAtItsTimeoutThoughBytesKeepComing) {
  std::promise<void> ended;
  const auto has_ended = ended.get_future().share();
  FakeApiServer server({[](Exchange& exchange) { exchange.hold(); },
                        [=](Exchange& exchange) {
                          exchange.raw("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: ");
                          while (has_ended.wait_for(5ms) != std::future_status::ready) exchange.raw("x");
                          exchange.cut();
                        },
                        reply(200, "well")});
  RequestCounts counts;
  Client client(server.config(), counts);
  client.set_timeout(100ms);
  const std::string reason = server.config().server + ": no answer within 100 ms";
  EXPECT_EQ(client.get("/").error().text, reason);
  EXPECT_EQ(client.get("/").error().text, reason);
  ended.set_value();
  client.set_timeout(60s);
  EXPECT_EQ(client.get("/")->body, "well");
}

}  // namespace
}  // namespace outrigger::kube
