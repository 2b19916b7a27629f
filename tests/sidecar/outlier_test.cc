/// What passive health makes of answers, where the protocol decides what a failure is, and where requests go then.
#include <gtest/gtest.h>

#include "messages.h"
#include "peer.h"
#include "proxy.h"

namespace outrigger::sidecar::test {
namespace {

using std::chrono::milliseconds;

/// gRPC to an endpoint that is preferred, and to another behind it that always answers well.
class GrpcOutliers : public ::testing::Test {
 protected:
  GrpcOutliers() {
    proxy_.options.protocol = model::Protocol::grpc;
    proxy_.options.outlier_failures = 2;
    proxy_.options.outlier_ejection = milliseconds(100);
    proxy_.options.failback_delay = milliseconds(0);
    port_ = proxy_.listen("h2", kWeb, ListenerProtocol::http2);
    std::vector<model::Endpoint> endpoints = {endpoint(a_.address()), endpoint(b_.address())};
    endpoints[1].tier = 1;
    proxy_.set(std::move(endpoints));
    client_ = &stage_.client(port_, Speaks::http2);
    a_.on_end = [this](Talk& talk) { fail(talk); };
    b_.on_end = [](Talk& talk) { talk.send(answer_with(200), "", {{"grpc-status", "0"}}); };
  }
  /// As the endpoint does: with no head but the trailers, or behind a head.
  void fail(Talk& talk) {
    if (trailers_only_) return talk.send_head(answer_with(200, {{"grpc-status", status_}}), true);
    talk.send(answer_with(200, {{"content-type", "application/grpc"}}), "", {{"grpc-status", status_}});
  }
  /// The call's status, whoever gave it.
  std::string call() {
    Talk& talk = client_->send(request_to("POST", "/a.B/C", {{"content-type", "application/grpc"}}), "message");
    stage_.until("the end", [&] { return talk.over(); });
    const std::string in_head = talk.heard.field("grpc-status");
    return in_head.empty() ? talk.heard.trailer("grpc-status") : in_head;
  }

  Proxy proxy_;
  Stage stage_;
  Endpoint& a_ = stage_.endpoint(Speaks::http2);
  Endpoint& b_ = stage_.endpoint(Speaks::http2);
  std::uint16_t port_ = 0;
  Client* client_ = nullptr;
  bool trailers_only_ = false;
  std::string status_ = "14";
};

TEST_F(GrpcOutliers, AreWhoAnswersWithAServersFailureInTrailers) {
  EXPECT_EQ(call(), "14");
  EXPECT_EQ(proxy_.ejections(a_.address()), 0u);
  EXPECT_EQ(call(), "14");
  proxy_.eventually("the ejection", [&] { return proxy_.ejections(a_.address()) == 1; });
  EXPECT_EQ(proxy_.outcomes(a_.address(), Outcome::server_error), 2u);
  EXPECT_EQ(call(), "0");
}

TEST_F(GrpcOutliers, AreNotWhoAnswersThatTheClientIsWrong) {
  status_ = "5";
  for (int i = 0; i < 10; ++i) EXPECT_EQ(call(), "5");
  EXPECT_EQ(proxy_.ejections(a_.address()), 0u);
  EXPECT_EQ(proxy_.outcomes(a_.address(), Outcome::success), 10u);
}

TEST_F(GrpcOutliers, StayOutWhenTheTrialFailsInItsHead) {
  trailers_only_ = true;
  for (int i = 0; i < 2; ++i) EXPECT_EQ(call(), "14");
  const auto failures = [&] { return proxy_.outcomes(a_.address(), Outcome::server_error); };
  while (failures() < 4) call();
  proxy_.eventually("the ejections", [&] { return proxy_.ejections(a_.address()) == failures() - 1; });
}

/// A Service whose one endpoint is dead, and that fails over to one of another protocol and policy.
TEST(Failovers, AreSpokenToAsTheyWantToBe) {
  Proxy proxy;
  Stage stage;
  Endpoint& standby = stage.endpoint(Speaks::http2);
  standby.on_end = [](Talk& talk) { talk.send(answer_with(200), talk.heard.target); };
  const model::ServicePort kStandby{{"shop", "standby"}, 80};
  model::EndpointSet set{
      .service = kStandby, .options = {}, .rules = model::own_cluster_rule(kStandby), .endpoints = {}};
  set.options.protocol = model::Protocol::http2;
  set.endpoints = {endpoint(standby.address())};
  proxy.set(set);
  Listener dead;
  set = {
      .service = kWeb, .options = {}, .rules = model::own_cluster_rule(kWeb), .endpoints = {endpoint(dead.address())}};
  set.options.protocol = model::Protocol::http;
  set.failover = {kStandby};
  dead.close();
  proxy.set(set);
  Client& client = stage.client(proxy.port(), Speaks::http1);
  for (const char* path : {"/first", "/second"}) {
    Talk& talk = client.send(request_to("GET", path));
    stage.until("the end", [&] { return talk.over(); });
    EXPECT_EQ(talk.heard.status, 200) << "it is tried again over HTTP/2";
    EXPECT_EQ(talk.heard.body, path);
  }
  EXPECT_EQ(proxy.outcomes(dead.address(), Outcome::connect_failure), 1u);
}

}  // namespace
}  // namespace outrigger::sidecar::test
