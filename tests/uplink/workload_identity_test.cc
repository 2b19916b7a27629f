#include "uplink/workload_identity.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "fakes/certificates.h"
#include "fakes/run_until.h"
#include "identity/issuer.h"
#include "net/http_server.h"
#include "uplink/whole_file.h"

namespace outrigger::uplink {
namespace {

using identity::Issuer;
using std::chrono::system_clock;

/// An operator's POST /v1/certificate, whose answers the test makes.
class CertificateServer {
 public:
  struct Request {
    std::string authorization;
    std::string body;
  };
  using Answer = std::function<void(net::HttpExchange&, const Request&)>;

  CertificateServer(net::EventLoop& loop, net::SslContext context, Answer answer) : answer_(std::move(answer)) {
    auto socket = net::listen_on(*net::SocketAddress::parse("127.0.0.1:0"), false);
    EXPECT_TRUE(socket.has_value());
    server_ = std::make_unique<net::HttpServer>(loop, std::move(*socket), std::move(context),
                                                [this](net::HttpExchange& exchange) { begin(exchange); });
  }
  std::uint16_t port() const { return server_->address().port(); }

  std::vector<Request> requests;

 private:
  void begin(net::HttpExchange& exchange) {
    EXPECT_EQ(exchange.method(), "POST");
    EXPECT_EQ(exchange.path(), "/v1/certificate");
    requests.push_back({std::string(exchange.authorization()), ""});
    exchange.on_body = [this](std::string_view bytes) { requests.back().body += bytes; };
    exchange.on_body_end = [this, &exchange] { answer_(exchange, requests.back()); };
    exchange.on_end = [] {};
  }

  Answer answer_;
  std::unique_ptr<net::HttpServer> server_;
};

class WorkloadIdentityTest : public ::testing::Test {
 protected:
  WorkloadIdentityTest() {
    folder_.write("token", "the-token\n");
    folder_.write("ca.pem", root_.certificate().pem());
  }

  /// The certificate for the request, of that life.
  std::string issued(const std::string& request, std::chrono::seconds life, const Issuer& issuer) const {
    const auto key = identity::read_signing_request(request);
    EXPECT_TRUE(key.has_value());
    const auto leaf = issuer.issue(
        *key, {.spiffe_id = *identity::SpiffeId::of("cluster.local", "shop", "web"), .for_clients = true, .life = life},
        system_clock::now());
    EXPECT_TRUE(leaf.has_value());
    return identity::pem_of(issuer.chain_of(*leaf));
  }
  void give(net::HttpExchange& exchange, const std::string& request,
            std::chrono::seconds life = std::chrono::hours(24)) {
    identity::TrustBundle bundle;
    bundle.add(root_.certificate());
    bundle.add(other_root_.certificate());
    exchange.respond(200, "application/json",
                     nlohmann::json{{"certificate", issued(request, life, root_)}, {"bundle", bundle.pem()}}.dump());
  }
  void start_server(CertificateServer::Answer answer, const Issuer& issuer) {
    const auto key = identity::PrivateKey::generate();
    const auto leaf =
        issuer.issue(key.public_key(), {.addresses = {"127.0.0.1"}, .for_servers = true}, system_clock::now());
    auto context = net::server_context_from_pem({.certificate = identity::pem_of(issuer.chain_of(*leaf)),
                                                 .key = key.pem(),
                                                 .peer_ca = issuer.certificate().pem()},
                                                net::ClientCertificate::optional);
    ASSERT_TRUE(context.has_value()) << context.error().text;
    server_ = std::make_unique<CertificateServer>(loop_, *context, std::move(answer));
  }
  void start() {
    const std::string path = folder_.path().string();
    OperatorConfig config{.host = "127.0.0.1",
                          .port = server_->port(),
                          .ca = path + "/ca.pem",
                          .certificate = {},
                          .key = {},
                          .token = path + "/token",
                          .snapshot = path + "/snapshot"};
    identity_ = std::make_unique<WorkloadIdentity>(
        loop_, config, /*seed=*/1,
        WorkloadIdentity::Callbacks{
            .on_context = [this](const net::SslContext& context) { contexts_.push_back(context); },
            .on_failure = [this] { ++failures_; }});
  }
  void await(const char* what, const std::function<bool()>& done) {
    ASSERT_TRUE(fakes::run_until(loop_, done)) << what;
  }

  fakes::TemporaryFolder folder_;
  Issuer root_ = Issuer::make_root("root", system_clock::now());
  Issuer other_root_ = Issuer::make_root("other root", system_clock::now());
  net::EventLoop loop_;
  std::unique_ptr<CertificateServer> server_;
  std::unique_ptr<WorkloadIdentity> identity_;
  std::vector<net::SslContext> contexts_;
  int failures_ = 0;
};

TEST_F(WorkloadIdentityTest, IsObtainedWithTheToken) {
  start_server([this](auto& exchange, const auto& request) { give(exchange, request.body); }, root_);
  start();
  EXPECT_EQ(identity_->not_after(), std::nullopt);
  await("a certificate", [this] { return !contexts_.empty(); });
  EXPECT_EQ(server_->requests.at(0).authorization, "Bearer the-token");
  EXPECT_GT(*identity_->not_after(), system_clock::now() + std::chrono::hours(23));
  EXPECT_EQ(failures_, 0);
  EXPECT_NE(SSL_CTX_get0_certificate(contexts_[0].get()), nullptr);
  const auto kept = identity::TrustBundle::from_pem(*read_whole_file(folder_.path() / "snapshot.ca", 1 << 20));
  EXPECT_TRUE(kept->contains(root_.certificate()) && kept->contains(other_root_.certificate()));
}

TEST_F(WorkloadIdentityTest, IsRenewedWithAnotherKeyAndTheTokenAsItIsThen) {
  start_server(
      [this](auto& exchange, const auto& request) {
        folder_.write("token", "the-next-token");
        give(exchange, request.body, std::chrono::seconds(3));
      },
      root_);
  start();
  await("another", [this] { return contexts_.size() == 2; });
  EXPECT_EQ(server_->requests.back().authorization, "Bearer the-next-token");
  EXPECT_NE(server_->requests[0].body, server_->requests[1].body);
  EXPECT_EQ(failures_, 0);
}

TEST_F(WorkloadIdentityTest, IsAskedForAgainAfterEachAnswerThatIsNone) {
  using Answer = std::function<void(net::HttpExchange&, const std::string& request)>;
  const auto json = [](const nlohmann::json& answer) -> Answer {
    return [answer](auto& exchange, const auto&) { exchange.respond(200, "application/json", answer.dump()); };
  };
  const std::string another = identity::make_signing_request(identity::PrivateKey::generate());
  const std::vector<Answer> answers = {
      [](auto& exchange, const auto&) { exchange.respond(503, "text/plain", "not yet\n"); },
      [](auto& exchange, const auto&) { exchange.respond(200, "application/json", "{\"certificate\""); },
      json({{"certificate", 1}, {"bundle", ""}}),
      json({{"certificate", "no"}, {"bundle", root_.certificate().pem()}}),
      json({{"certificate", issued(another, std::chrono::hours(1), root_)}, {"bundle", root_.certificate().pem()}}),
  };
  for (std::size_t i = 0; i < answers.size(); ++i) {
    SCOPED_TRACE(i);
    int asked = 0;
    contexts_.clear();
    failures_ = 0;
    start_server(
        [&](auto& exchange, const auto& request) {
          if (++asked == 1) return answers[i](exchange, request.body);
          give(exchange, request.body);
        },
        root_);
    start();
    await("a certificate", [this] { return !contexts_.empty(); });
    EXPECT_EQ(failures_, 1);
    EXPECT_EQ(asked, 2);
    identity_.reset();
  }
}

TEST_F(WorkloadIdentityTest, TrustsTheRootsOfItsFileAndThoseItHasLearnt) {
  start_server([this](auto& exchange, const auto& request) { give(exchange, request.body); }, other_root_);
  start();
  await("a refusal", [this] { return failures_ > 0; });
  EXPECT_TRUE(server_->requests.empty());
  identity_.reset();
  // As if it had run before the operator's root was another.
  ASSERT_TRUE(replace_file((folder_.path() / "snapshot.ca").string(), other_root_.certificate().pem()));
  start();
  await("a certificate", [this] { return !contexts_.empty(); });
}

TEST_F(WorkloadIdentityTest, WaitsForATokenThatIsNotThereYet) {
  std::filesystem::remove(folder_.path() / "token");
  start_server([this](auto& exchange, const auto& request) { give(exchange, request.body); }, root_);
  start();
  await("a failure", [this] { return failures_ == 1; });
  folder_.write("token", "late");
  await("a certificate", [this] { return !contexts_.empty(); });
  EXPECT_EQ(server_->requests.at(0).authorization, "Bearer late");
}

}  // namespace
}  // namespace outrigger::uplink
