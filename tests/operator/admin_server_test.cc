#include "operator/admin_server.h"

#include <gtest/gtest.h>

#include "fakes/run_until.h"
#include "kube/fake_api_server.h"
#include "net/raw_client.h"
#include "operator/objects.h"

namespace outrigger::op {
namespace {

using kube::Kind;

class NoSource final : public Source {
 public:
  void add_metrics(metrics::Exposition& exposition) const override {
    exposition.gauge("outrigger_manifest_errors", "Of the source.", {}, 7);
  }
  std::vector<std::string> stuck() const override { return stuck_; }
  std::vector<std::string> stuck_;
};

class SomeIdentity final : public FeedIdentity {
 public:
  bool ready() const override { return has_certificate; }
  void add_metrics(metrics::Exposition& exposition) const override {
    add_expiry(exposition, "serving", identity::time_from_seconds(1'900'000'000));
  }

  bool has_certificate = true;
};

void tell_seven(metrics::Exposition& exposition) { exposition.counter("of_a_server_total", "A count.", {}, 7); }

class AdminServerTest : public testing::Test {
 protected:
  AdminServerTest() {
    auto listener = net::listen_on(*net::SocketAddress::parse("127.0.0.1:0"), false);
    CHECK(listener);
    admin_.emplace(loop_, std::move(*listener),
                   AdminServer::View{reconciler_, publisher_, source_, identity_, tell_seven});
  }
  /// The whole answer to a request of its own connection.
  std::string ask(const std::string& path, const std::string& method = "GET") {
    net::RawClient client(admin_->address());
    client.send(method + " " + path + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(fakes::run_until(loop_, [&] { return client.closed(); }));
    return client.received();
  }
  /// In another admin server's place, one that knows of this elector.
  void stand(const kube::LeaderElector& elector) {
    auto listener = net::listen_on(*net::SocketAddress::parse("127.0.0.1:0"), false);
    CHECK(listener);
    admin_.emplace(loop_, std::move(*listener),
                   AdminServer::View{reconciler_, publisher_, source_, identity_, tell_seven, &elector});
  }
  void sync() {
    reconciler_.offer({all(Kind::service, {service("web", {{"outrigger.dev/policy", "fastest"}})}),
                       all(Kind::endpoint_slice, {slice("l", "web", {endpoint("10.0.0.1")})}), all(Kind::pod, {}),
                       all(Kind::node, {})});
    EXPECT_TRUE(fakes::run_until(loop_, [&] { return publisher_.complete(); }));
  }
  static bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

  net::EventLoop loop_;
  Publisher publisher_{net::chunked, net::Clock::now};
  ReconcileThread reconciler_{
      kinds(), [](const AnnotationProblem&, Inventory::ProblemIs) {},
      [this](Publication publication) { loop_.post([this, publication] { publisher_.publish(publication); }); }};
  NoSource source_;
  SomeIdentity identity_;
  std::optional<AdminServer> admin_;
};

TEST_F(AdminServerTest, IsReadyOnceEverythingWasPublishedAndSaysWhatIsMissing) {
  reconciler_.offer({all(Kind::service, {}), all(Kind::pod, {})});
  ASSERT_TRUE(fakes::run_until(loop_, [&] { return reconciler_.read().missing.size() == 2; }));
  const std::string early = ask("/readyz");
  EXPECT_TRUE(early.starts_with("HTTP/1.1 503 ")) << early;
  EXPECT_TRUE(has(early, "not ready; not yet listed: EndpointSlice, Node\n")) << early;
  sync();
  EXPECT_TRUE(ask("/readyz").starts_with("HTTP/1.1 200 "));
}

TEST_F(AdminServerTest, TellsWhatTheServersCount) { EXPECT_TRUE(has(ask("/metrics"), "\nof_a_server_total 7\n")); }

TEST_F(AdminServerTest, IsAliveBeforeItIsReady) { EXPECT_TRUE(ask("/livez").starts_with("HTTP/1.1 200 ")); }

TEST_F(AdminServerTest, IsNotAliveWhenAThreadDoesNotComeRoundAndSaysWhich) {
  source_.stuck_ = {"the watch of Pod", "the watch of Node"};
  const std::string answer = ask("/livez");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
  EXPECT_TRUE(has(answer, "not alive; does not come round: the watch of Pod, the watch of Node\n")) << answer;
}

TEST_F(AdminServerTest, IsNotReadyWithoutACertificate) {
  sync();
  identity_.has_certificate = false;
  const std::string early = ask("/readyz");
  EXPECT_TRUE(early.starts_with("HTTP/1.1 503 ")) << early;
  EXPECT_TRUE(has(early, "not ready; not yet a certificate for the feed\n")) << early;
}

TEST_F(AdminServerTest, ExposesEveryFamily) {
  sync();
  const std::string text = ask("/metrics");
  EXPECT_TRUE(has(text, "text/plain; version=0.0.4")) << text;
  for (const char* sample : {"outrigger_build_info{version=\"" OUTRIGGER_VERSION "\"} 1\n", "outrigger_subscribers 0\n",
                             "outrigger_propagation_seconds_count 0\n", "outrigger_services 1\n",
                             "outrigger_endpoints 1\n", "outrigger_invalid_annotations 1\n",
                             "workqueue_depth{name=\"services\"} 0\n", "outrigger_feed_out_of_scope_total 0\n",
                             "outrigger_certificate_expiry_timestamp_seconds{of=\"serving\"} 1900000000\n",
                             "outrigger_manifest_errors 7\n"}) {
    EXPECT_TRUE(has(text, std::string("\n") + sample)) << sample << text;
  }
}

TEST_F(AdminServerTest, CountsWhatComparisonsHaveRepaired) {
  sync();
  EXPECT_TRUE(has(ask("/metrics"), "\noutrigger_comparison_repairs_total{kind=\"Node\"} 0\n"));
  kube::Change comparison = all(Kind::node, {node("n", "z")});
  comparison.comparison = true;
  reconciler_.offer({comparison});
  ASSERT_TRUE(fakes::run_until(loop_, [&] { return reconciler_.read().repairs.at(Kind::node) > 0; }));
  EXPECT_TRUE(has(ask("/metrics"), "\noutrigger_comparison_repairs_total{kind=\"Node\"} 1\n"));
}

TEST_F(AdminServerTest, ShowsWhetherItLeadsByWhichLease) {
  EXPECT_FALSE(has(ask("/metrics"), "leader_election_master_status"));
  kube::FakeApiServer server(
      {[](kube::Exchange& exchange) { exchange.reply(404, "{}"); },
       [](kube::Exchange& exchange) { exchange.reply(201, R"({"metadata":{"resourceVersion":"1"}})"); },
       [](kube::Exchange& exchange) { exchange.reply(200, "{}"); }});
  kube::RequestCounts counts;
  using namespace std::chrono_literals;
  const kube::LeaderElector elector(server.config(), counts, {{"ns", "the-lease"}, "me", {2h, 1h, 30min}}, 1,
                                    [](bool) {});
  stand(elector);
  EXPECT_TRUE(fakes::run_until(loop_, [&] { return elector.leading(); }));
  EXPECT_TRUE(has(ask("/metrics"), "\nleader_election_master_status{name=\"the-lease\"} 1\n"));
  EXPECT_TRUE(ask("/livez").starts_with("HTTP/1.1 200 "));
}

TEST_F(AdminServerTest, ShowsSubscribersToLoopback) { EXPECT_TRUE(has(ask("/subscribers"), "\r\n\r\n[]\n")); }

TEST_F(AdminServerTest, RefusesOtherPathsAndMethods) {
  EXPECT_TRUE(ask("/").starts_with("HTTP/1.1 404 "));
  EXPECT_TRUE(ask("/readyz", "DELETE").starts_with("HTTP/1.1 405 "));
}

}  // namespace
}  // namespace outrigger::op
