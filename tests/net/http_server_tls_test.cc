#include <algorithm>
#include <list>

#include "fakes/certificates.h"
#include "net/http_server_fixture.h"
#include "net/stream.h"

namespace outrigger::net {
namespace {

/// A server that asks for certificates and answers with what it has seen of them.
class HttpServerTls : public HttpServerTest {
 protected:
  struct Client {
    std::unique_ptr<Stream> stream;
    std::string received;
    std::string reason;
    bool ended = false;
  };

  SslContext server_with(const fakes::CertificateAuthority& authority, ClientCertificate client) {
    const fakes::Identity identity = authority.issue();
    auto context =
        server_context_from_pem(TlsPem{identity.certificate, identity.key, authority_.certificate()}, client);
    CHECK(context);
    return *context;
  }
  SslContext client_with(const fakes::Identity& identity, const std::string& trusted) {
    auto context = client_context_from_pem(TlsPem{identity.certificate, identity.key, trusted});
    CHECK(context);
    return *context;
  }
  void start_telling(ClientCertificate client) {
    start(
        [](HttpExchange& exchange) {
          const auto certificate = exchange.certificate();
          std::string seen = certificate ? "certificate" : "nobody";
          EXPECT_TRUE(!certificate || certificate->not_after > std::chrono::system_clock::now());
          for (std::size_t i = 0; certificate && i < certificate->uris.size(); ++i) seen += " " + certificate->uris[i];
          exchange.respond(200, kText, seen + "\n");
        },
        {}, server_with(authority_, client));
    server_->set_on_handshake_failure([this](const SocketAddress& peer, const std::string& reason) {
      EXPECT_TRUE(peer.is_loopback());
      failures_.push_back(reason);
    });
  }
  Client& connect(const SslContext& context) {
    Client& client = clients_.emplace_back();
    auto stream = Stream::connect(loop_, server_->address(), context, "localhost",
                                  {.on_open = {},
                                   .on_bytes = [&client](std::string_view bytes) { client.received += bytes; },
                                   .on_drained = {},
                                   .on_end =
                                       [&client](const std::string& reason) {
                                         client.ended = true;
                                         client.reason = reason;
                                       }});
    CHECK(stream);
    client.stream = std::move(*stream);
    client.stream->write(get("/"));
    return client;
  }
  void expect_answer(Client& client, const std::string& body) {
    client.received.clear();
    client.stream->write(get("/"));
    until([&] { return client.received.ends_with(body + "\n"); });
  }

  fakes::CertificateAuthority authority_;
  const SslContext nobody_ = client_with({}, authority_.certificate());
  std::vector<std::string> failures_;
  std::list<Client> clients_;
};

TEST_F(HttpServerTls, TellsWhatAVerifiedCertificateSays) {
  start_telling(ClientCertificate::optional);
  const fakes::Identity web =
      authority_.issue({.alternative_names = {"URI:spiffe://a/ns/shop/sa/web", "URI:urn:b", "DNS:c"}});
  Client& known = connect(client_with(web, authority_.certificate()));
  Client& unknown = connect(nobody_);
  expect_answer(known, "certificate spiffe://a/ns/shop/sa/web urn:b");
  expect_answer(unknown, "nobody");
  EXPECT_TRUE(failures_.empty());
}

TEST_F(HttpServerTls, RefusesACertificateOfAnotherRootAlsoWhereNoneIsNeeded) {
  start_telling(ClientCertificate::optional);
  const fakes::CertificateAuthority other("another root");
  Client& stranger = connect(client_with(other.issue(), authority_.certificate()));
  Client& late = connect(
      client_with(authority_.issue({.valid_from = std::chrono::hours(-2), .valid_until = std::chrono::hours(-1)}),
                  authority_.certificate()));
  until([&] { return stranger.ended && late.ended && failures_.size() == 2; });
  EXPECT_EQ(stranger.received + late.received, "");
  std::sort(failures_.begin(), failures_.end());
  EXPECT_EQ(failures_[0], "TLS handshake: the peer's certificate: certificate has expired");
  EXPECT_EQ(failures_[1].find("TLS handshake: the peer's certificate: "), 0u);
}

TEST_F(HttpServerTls, RefusesWhoHasNoneWhereOneIsRequired) {
  start_telling(ClientCertificate::required);
  Client& nobody = connect(nobody_);
  until([&] { return nobody.ended && failures_.size() == 1; });
  EXPECT_EQ(failures_[0], "TLS handshake: peer did not return a certificate");
}

TEST_F(HttpServerTls, TellsOfATlsHandshakeThatIsNone) {
  start_telling(ClientCertificate::optional);
  RawClient plain = client();
  plain.send(get("/"));
  until([&] { return plain.closed(); });
  ASSERT_EQ(failures_.size(), 1u);
  EXPECT_EQ(failures_[0].find("TLS handshake: "), 0u);
}

TEST_F(HttpServerTls, TakesAnotherContextForNewConnectionsAlone) {
  start_telling(ClientCertificate::optional);
  Client& before = connect(nobody_);
  expect_answer(before, "nobody");
  const fakes::CertificateAuthority next("next root");
  server_->set_context(server_with(next, ClientCertificate::optional));
  Client& behind = connect(nobody_);
  Client& after = connect(client_with({}, next.certificate()));
  expect_answer(after, "nobody");
  until([&] { return behind.ended; });
  EXPECT_EQ(behind.received, "");
  expect_answer(before, "nobody");
}

TEST_F(HttpServerTest, ShowsTheAuthorizationAndSaysWhenToComeBack) {
  start([](HttpExchange& exchange) {
    EXPECT_FALSE(exchange.certificate());
    exchange.respond(503, kText, std::string(exchange.authorization()) + "\n", std::chrono::seconds(7));
  });
  EXPECT_EQ(conversation("GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer abc\r\nConnection: close\r\n\r\n"),
            "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nRetry-After: 7\r\nContent-Length: 11\r\n"
            "Connection: close\r\n\r\nBearer abc\n");
}

}  // namespace
}  // namespace outrigger::net
