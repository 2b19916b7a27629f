#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <nlohmann/json.hpp>

#include "fakes/run_until.h"
#include "identity/certificate.h"
#include "integration/api_server.h"
#include "integration/cluster_objects.h"
#include "integration/eventually.h"
#include "integration/metrics_text.h"
#include "integration/program.h"
#include "integration/programs.h"
#include "kube/base64.h"
#include "kube/client.h"
#include "kube/secret.h"
#include "operator/feed_client.h"
#include "operator/http_talk.h"

namespace outrigger::integration {
namespace {

using nlohmann::json;
using op::FeedClient;
using op::HttpTalk;

const model::ObjectKey kSecret{"outrigger-system", "outrigger-root"};

/// A cluster with a ServiceAccount, an operator that keeps its root in a Secret, and what a sidecar of that account
/// does.
class Identity : public testing::Test {
 protected:
  Identity() {
    for (const char* ns : {"outrigger-system", "shop"}) objects_.create_namespace(ns);
    objects_.create_service({"shop", "web"});
    objects_.set_members({"shop", "web"}, {{.ip = "10.77.1.1"}});
    post("/api/v1/namespaces/shop/serviceaccounts", {{"metadata", {{"name", "web"}}}});
    start();
  }

  void start(const std::string& certificate_life = "86400") {
    operator_ = std::make_unique<Program>(std::vector<std::string>{OUTRIGGER_OPERATOR,
                                                                   "--kubeconfig",
                                                                   server_.operator_kubeconfig(),
                                                                   "--feed-address",
                                                                   feed_.port() == 0 ? "127.0.0.1:0" : feed_.text(),
                                                                   "--admin-address",
                                                                   "127.0.0.1:0",
                                                                   "--identity-secret",
                                                                   kSecret.name,
                                                                   "--namespace",
                                                                   kSecret.ns,
                                                                   "--lease",
                                                                   "outrigger-system/outrigger",
                                                                   "--serving-name",
                                                                   "localhost",
                                                                   "--feed-scope",
                                                                   "namespace",
                                                                   "--certificate-life",
                                                                   certificate_life,
                                                                   "--webhook-configuration",
                                                                   "outrigger"});
    feed_ = net::SocketAddress::parse(operator_->address("feed")).value();
  }
  json post(const std::string& path, const json& object) {
    const auto answer = client_.post(path, object.dump());
    CHECK(answer && answer->status == 201);
    return json::parse(answer->body);
  }
  std::string token_for(const std::string& audience) {
    return post("/api/v1/namespaces/shop/serviceaccounts/web/token", {{"spec", {{"audiences", {audience}}}}})
        .at("status")
        .at("token");
  }
  kube::Secret secret() {
    const auto answer = client_.get(kube::secret_path(kSecret));
    CHECK(answer && answer->status == 200);
    return kube::read_secret(answer->body).value();
  }
  net::SslContext showing(const net::TlsPem& own) {
    return net::client_context_from_pem({own.certificate, own.key, secret().data.at("ca.crt")}).value();
  }
  /// The whole answer to a request for a certificate.
  std::string ask(const std::string& token, const identity::PrivateKey& key) {
    HttpTalk talk(loop_, feed_, showing({}), op::post("/v1/certificate", token, identity::make_signing_request(key)));
    EXPECT_TRUE(fakes::run_until(loop_, [&] { return talk.ended; }));
    return talk.answer;
  }
  net::SslContext obtain() {
    const auto key = identity::PrivateKey::generate();
    const std::string answer = ask(token_for("outrigger"), key);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
    const json given = json::parse(answer.substr(answer.find("\r\n\r\n") + 4));
    const auto leaf = identity::Certificate::from_pem(given.at("certificate").get<std::string>());
    EXPECT_EQ(leaf->spiffe_id()->text(), "spiffe://cluster.local/ns/shop/sa/web");
    return showing({given.at("certificate"), key.pem(), ""});
  }
  /// Of the account, by a token; it has what it had when it starts again.
  void start_sidecar() {
    if (!sidecar_) {
      folder_.write("ca.crt", secret().data.at("ca.crt"));
      folder_.write("token", token_for("outrigger"));
    }
    sidecar_ = std::make_unique<Sidecar>(folder_.write("sidecar.yaml",
                                                       "admin: 127.0.0.1:0\nworkers: 1\nlisteners:\n"
                                                       "  - {name: web, address: 127.0.0.1:0, service: shop/web:80}\n"
                                                       "operator: {address: \"https://localhost:" +
                                                           std::to_string(feed_.port()) +
                                                           "\", ca: ca.crt, token: token, snapshot: snapshot}\n"));
  }
  bool sidecar_has(std::size_t endpoints) {
    return eventually([&] { return sidecar_->backends("shop/web:80").size() == endpoints; });
  }
  /// Of the sidecar's certificate; empty: it has none.
  std::optional<double> expiry() {
    return metric(sidecar_->metrics(), "outrigger_certificate_expiry_timestamp_seconds");
  }
  void expect_fed(FeedClient& client) {
    client.begin();
    client.say("{\"subscribe\":{\"shop/web:80\":\"\",\"default/kubernetes:443\":\"\"}}\n");
    EXPECT_TRUE(fakes::run_until(loop_, [&] { return client.reader.kinds.size() == 2; }));
    EXPECT_EQ(client.reader.sets.count({{"shop", "web"}, 80}), 1u);
    EXPECT_EQ(client.reader.sets.count({{"default", "kubernetes"}, 443}), 0u);
  }

  ApiServer server_;
  ClusterObjects objects_{server_.kubeconfig(), EndpointsSource::slices};
  kube::RequestCounts counts_;
  kube::Client client_{kube::load_kubeconfig(server_.kubeconfig()).value(), counts_};
  std::unique_ptr<Program> operator_;
  net::SocketAddress feed_ = *net::SocketAddress::parse("127.0.0.1:0");  ///< the same again after a restart
  net::EventLoop loop_;
  fakes::TemporaryFolder folder_;  ///< the sidecar's
  std::unique_ptr<Sidecar> sidecar_;
};

TEST_F(Identity, ComesFromATokenForTheRightAudienceAlone) {
  const std::string refused = ask(token_for("vault"), identity::PrivateKey::generate());
  EXPECT_TRUE(refused.starts_with("HTTP/1.1 401 ")) << refused;
  EXPECT_TRUE(ask("abc", identity::PrivateKey::generate()).starts_with("HTTP/1.1 401 "));
  FeedClient nobody(loop_, feed_, showing({}));
  nobody.begin();
  EXPECT_TRUE(fakes::run_until(loop_, [&] { return !nobody.head.empty(); }));
  EXPECT_TRUE(nobody.head.starts_with("HTTP/1.1 403 ")) << nobody.head;

  const net::SslContext context = obtain();
  FeedClient client(loop_, feed_, context);
  expect_fed(client);

  // The root outlives the operator, and so do the certificates it has issued.
  const std::string version = secret().resource_version;
  EXPECT_TRUE(secret().ours);
  operator_.reset();
  start();
  FeedClient again(loop_, feed_, context);
  expect_fed(again);
  EXPECT_EQ(secret().resource_version, version);
}

TEST_F(Identity, IsWhatTheApiServerKnowsTheWebhookBy) {
  operator_.reset();
  const std::string collection = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
  post(collection, {{"metadata", {{"name", "outrigger"}}},
                    {"webhooks",
                     {{{"name", "inject.outrigger.dev"},
                       {"admissionReviewVersions", {"v1"}},
                       {"sideEffects", "None"},
                       {"failurePolicy", "Ignore"},
                       {"clientConfig",
                        {{"service", {{"namespace", "outrigger-system"}, {"name", "outrigger"}, {"path", "/"}}}}}}}}});
  const auto bundle = [&] {
    const auto answer = client_.get(collection + "/outrigger");
    CHECK(answer && answer->status == 200);
    return json::parse(answer->body).at("webhooks").at(0).at("clientConfig").value("caBundle", "");
  };
  start();
  ASSERT_TRUE(eventually([&] { return !bundle().empty(); }));
  EXPECT_EQ(bundle(), kube::encode_base64(secret().data.at("ca.crt")));
}

TEST_F(Identity, IsASidecarsByItsTokenAndIsRenewedWhileItIsFed) {
  operator_.reset();
  start("10");
  start_sidecar();
  ASSERT_TRUE(sidecar_has(1));
  const std::size_t lines_before = sidecar_->program().lines().size();
  const auto first = expiry();
  ASSERT_TRUE(first.has_value());
  // The stream is never lost: the next is there before it ends.
  double least_connected = 1;
  ASSERT_TRUE(eventually([&] {
    least_connected = std::min(least_connected, metric(sidecar_->metrics(), "outrigger_feed_connected").value_or(0));
    return expiry() > *first;
  }));
  objects_.set_members({"shop", "web"}, {{.ip = "10.77.1.1"}, {.ip = "10.77.1.2"}});
  ASSERT_TRUE(sidecar_has(2));
  EXPECT_EQ(least_connected, 1);
  const auto lines = sidecar_->program().lines();
  for (std::size_t i = lines_before; i < lines.size(); ++i) {
    EXPECT_EQ(lines[i].find("feed lost"), std::string::npos) << lines[i];
  }
}

TEST_F(Identity, ThatHasEndedWhileTheOperatorWasAwayIsRenewedOnItsReturn) {
  operator_.reset();
  start("10");
  start_sidecar();
  ASSERT_TRUE(sidecar_has(1));
  const double ended = expiry().value_or(0);
  operator_->kill();
  const auto now = [] { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()); };
  ASSERT_TRUE(eventually([&] { return now().count() > expiry().value_or(0); }));
  EXPECT_TRUE(sidecar_has(1)) << "with what it has";
  const auto age = [&] { return metric(sidecar_->metrics(), "outrigger_snapshot_age_seconds").value_or(-1); };
  const double first = age();
  EXPECT_GT(first, 0);
  EXPECT_TRUE(eventually([&] { return age() > first; }));

  start("10");
  objects_.set_members({"shop", "web"}, {{.ip = "10.77.1.1"}, {.ip = "10.77.1.2"}});
  EXPECT_TRUE(sidecar_has(2));
  EXPECT_GT(expiry().value_or(0), ended);

  // So does one that starts while it is away, with nothing but its snapshot and its token.
  operator_->kill();
  sidecar_->program().signal(SIGTERM);  // what it was told last is in its snapshot
  EXPECT_EQ(sidecar_->program().wait_for_end(), 0);
  start_sidecar();
  EXPECT_TRUE(sidecar_has(2));
  EXPECT_FALSE(expiry().has_value());
  start();
  objects_.set_members({"shop", "web"}, {{.ip = "10.77.1.1"}});
  EXPECT_TRUE(sidecar_has(1));
  EXPECT_TRUE(expiry().has_value());
}

}  // namespace
}  // namespace outrigger::integration
