#include "operator/certificate_endpoint.h"

#include <gtest/gtest.h>

#include <list>
#include <nlohmann/json.hpp>
#include <optional>

#include "fakes/certificates.h"
#include "identity/trust_bundle.h"
#include "kube/fake_api_server.h"
#include "operator/http_talk.h"

namespace outrigger::op {
namespace {

using Step = kube::FakeApiServer::Step;

const identity::TimePoint kNow = std::chrono::system_clock::now();

/// The API server's answer to a TokenReview.
Step reviewed(const std::string& status) {
  return [status](kube::Exchange& exchange) {
    exchange.reply(201, R"({"kind": "TokenReview", "status": )" + status + "}");
  };
}
Step vouch(const std::string& username) {
  return reviewed(R"({"authenticated": true, "audiences": ["outrigger"], "user": {"username": ")" + username + "\"}}");
}

class CertificateEndpointTest : public testing::Test {
 protected:
  CertificateEndpointTest() {
    const fakes::Identity identity = authority_.issue();
    server_context_ = *net::server_context_from_pem(
        net::TlsPem{identity.certificate, identity.key, authority_.certificate()}, net::ClientCertificate::optional);
    client_context_ = *net::client_context_from_pem(net::TlsPem{.peer_ca = authority_.certificate()});
  }
  void start(std::vector<Step> script, bool with_authority = true) {
    api_.emplace(std::move(script));
    endpoint_.emplace(loop_, api_->config(), counts_, "outrigger", [] { return kNow; });
    if (with_authority) {
      endpoint_->set_authority(std::make_shared<const Authority>(roots_, AuthorityNames{}, std::chrono::hours(24)));
    }
    auto listener = net::listen_on(*net::SocketAddress::parse("127.0.0.1:0"), false);
    CHECK(listener);
    server_.emplace(loop_, std::move(*listener), server_context_,
                    [this](net::HttpExchange& exchange) { endpoint_->handle(exchange); });
  }
  HttpTalk& begin(const std::string& request) {
    return talks_.emplace_back(loop_, server_->address(), client_context_, request);
  }
  HttpTalk& ask(const std::string& token, const std::string& body) {
    HttpTalk& talk = begin(post("/v1/certificate", token, body));
    EXPECT_TRUE(fakes::run_until(loop_, [&] { return talk.ended; }));
    return talk;
  }
  std::string metrics() const {
    metrics::Exposition all;
    endpoint_->add_metrics(all);
    return all.text();
  }

  fakes::CertificateAuthority authority_;
  net::SslContext server_context_;
  net::SslContext client_context_;
  const identity::RootState roots_ = identity::RootState::create(kNow, {});
  const identity::PrivateKey key_ = identity::PrivateKey::generate();
  const std::string request_ = identity::make_signing_request(key_);
  net::EventLoop loop_;
  kube::RequestCounts counts_;
  std::optional<kube::FakeApiServer> api_;
  std::optional<CertificateEndpoint> endpoint_;
  std::optional<net::HttpServer> server_;
  std::list<HttpTalk> talks_;
};

TEST_F(CertificateEndpointTest, GivesTheTokensAccountACertificateForItsKey) {
  start({vouch("system:serviceaccount:shop:web")});
  const HttpTalk& talk = ask("abc.def", request_);
  ASSERT_TRUE(talk.answer.starts_with("HTTP/1.1 200 ")) << talk.answer;
  const auto answer = nlohmann::json::parse(talk.body());
  EXPECT_EQ(answer["bundle"], roots_.bundle().pem());
  const auto chain = identity::certificates_from_pem(answer["certificate"].get<std::string>());
  ASSERT_TRUE(chain);
  const identity::Certificate& leaf = chain->front();
  EXPECT_TRUE(leaf.belongs_to(key_));
  EXPECT_TRUE(leaf.signed_by(roots_.issuer().certificate()));
  EXPECT_EQ(leaf.spiffe_id()->text(), "spiffe://cluster.local/ns/shop/sa/web");
  const auto asked = api_->requests(1);
  EXPECT_EQ(asked[0].method + " " + asked[0].target, "POST /apis/authentication.k8s.io/v1/tokenreviews");
  EXPECT_EQ(nlohmann::json::parse(asked[0].body)["spec"],
            nlohmann::json::parse(R"({"token": "abc.def", "audiences": ["outrigger"]})"));
  EXPECT_NE(metrics().find("outrigger_certificates_issued_total 1\n"), std::string::npos) << metrics();
}

TEST_F(CertificateEndpointTest, RefusesATokenThatIsNotVouchedForAndSaysWhy) {
  start({reviewed(R"({"authenticated": false, "error": "it has expired"})"),
         reviewed(R"({"authenticated": true, "audiences": ["vault"],
                      "user": {"username": "system:serviceaccount:shop:web"}})"),
         vouch("admin"), vouch("system:serviceaccount:shop:..")});
  for (const char* why : {"it has expired", "another audience; allowed: outrigger", "not a ServiceAccount's"}) {
    const HttpTalk& talk = ask("abc", request_);
    EXPECT_TRUE(talk.answer.starts_with("HTTP/1.1 401 ")) << talk.answer;
    EXPECT_NE(talk.body().find(why), std::string::npos) << talk.body();
  }
  EXPECT_TRUE(ask("abc", request_).answer.starts_with("HTTP/1.1 503 "));
  EXPECT_NE(metrics().find("outrigger_certificate_refusals_total{reason=\"token\"} 3\n"), std::string::npos);
}

TEST_F(CertificateEndpointTest, AsksNobodyAboutARequestThatIsNone) {
  start({});
  EXPECT_TRUE(ask("", request_).answer.starts_with("HTTP/1.1 401 "));
  EXPECT_TRUE(ask("a b", request_).answer.starts_with("HTTP/1.1 401 "));
  EXPECT_TRUE(ask("abc", std::string(16 * 1024 + 1, 'x')).answer.starts_with("HTTP/1.1 413 "));
  HttpTalk& get = begin("GET /v1/certificate HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  ASSERT_TRUE(fakes::run_until(loop_, [&] { return get.ended; }));
  EXPECT_TRUE(get.answer.starts_with("HTTP/1.1 405 "));
  EXPECT_EQ(api_->connections(), 0u);
}

TEST_F(CertificateEndpointTest, SaysWhatIsWrongWithASigningRequest) {
  start({vouch("system:serviceaccount:shop:web"), vouch("system:serviceaccount:shop:web")});
  const HttpTalk& none = ask("abc", "hello");
  EXPECT_TRUE(none.answer.starts_with("HTTP/1.1 400 ")) << none.answer;
  EXPECT_EQ(none.body(), "signing request: cannot be read; allowed: PKCS#10 in PEM\n");
  std::string forged = request_;
  // Within the signature, at the end of the base64.
  const std::size_t at = forged.find("-----END") - 12;
  forged[at] = forged[at] == 'A' ? 'B' : 'A';
  EXPECT_TRUE(ask("abc", forged).answer.starts_with("HTTP/1.1 400 "));
}

TEST_F(CertificateEndpointTest, TellsWhenToComeBackWhileItCannotTell) {
  start({[](kube::Exchange& exchange) { exchange.reply(429, "{}", "Retry-After: 77\r\n"); },
         [](kube::Exchange& exchange) { exchange.reply(403, "{}"); },
         [](kube::Exchange& exchange) { exchange.cut(); }});
  const HttpTalk& busy = ask("abc", request_);
  EXPECT_TRUE(busy.answer.starts_with("HTTP/1.1 503 ")) << busy.answer;
  EXPECT_NE(busy.answer.find("\r\nRetry-After: 77\r\n"), std::string::npos) << busy.answer;
  for (int i = 0; i < 2; ++i) {
    const HttpTalk& talk = ask("abc", request_);
    EXPECT_TRUE(talk.answer.starts_with("HTTP/1.1 503 ")) << talk.answer;
    EXPECT_NE(talk.answer.find("\r\nRetry-After: "), std::string::npos) << talk.answer;
  }
  EXPECT_NE(metrics().find("outrigger_certificate_refusals_total{reason=\"unavailable\"} 3\n"), std::string::npos);
}

TEST_F(CertificateEndpointTest, TellsWhenToComeBackWhileThereIsNoRoot) {
  start({vouch("system:serviceaccount:shop:web")}, false);
  const HttpTalk& talk = ask("abc", request_);
  EXPECT_TRUE(talk.answer.starts_with("HTTP/1.1 503 ")) << talk.answer;
  EXPECT_NE(talk.answer.find("\r\nRetry-After: "), std::string::npos) << talk.answer;
}

TEST_F(CertificateEndpointTest, ForgetsAClientThatGoesAndEndsWithOthersWaiting) {
  start({[](kube::Exchange& exchange) { exchange.hold(); }, [](kube::Exchange& exchange) { exchange.hold(); }});
  begin(post("/v1/certificate", "abc", request_));
  begin(post("/v1/certificate", "abc", request_));
  ASSERT_TRUE(fakes::run_until(loop_, [&] { return api_->connections() == 2; }));
  api_->requests(2);
  talks_.pop_front();
  ASSERT_TRUE(fakes::run_until(loop_, [&] { return server_->connections() == 1; }));
  server_.reset();
  endpoint_.reset();
}

TEST(TokenReviewer, HoldsNoMoreQuestionsThanItsBound) {
  kube::FakeApiServer api({});
  kube::RequestCounts counts;
  TokenReviewer reviewer(api.config(), counts, "outrigger");
  const auto ask = [&] {
    return reviewer.ask({.token = "abc", .wanted = [] { return true; }, .answer = [](const TokenVerdict&) {}});
  };
  for (std::size_t i = 0; i < TokenReviewer::kThreads; ++i) ASSERT_TRUE(ask());
  ASSERT_EQ(api.requests(TokenReviewer::kThreads).size(), TokenReviewer::kThreads);
  for (std::size_t i = 0; i < TokenReviewer::kMaxWaiting; ++i) ASSERT_TRUE(ask());
  EXPECT_FALSE(ask());
}

}  // namespace
}  // namespace outrigger::op
