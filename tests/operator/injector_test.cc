#include "operator/injector.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "fakes/run_until.h"
#include "kube/base64.h"
#include "net/raw_client.h"

namespace outrigger::op {
namespace {

using nlohmann::json;

const inject::Settings kSettings{.image = "outrigger:1", .operator_address = "https://op.ns.svc:8443"};

std::string review_of(const json& pod) {
  return json{{"apiVersion", "admission.k8s.io/v1"},
              {"kind", "AdmissionReview"},
              {"request", {{"uid", "u-1"}, {"namespace", "shop"}, {"object", pod}}}}
      .dump();
}

json pod() { return {{"metadata", {{"generateName", "web-"}}}, {"spec", {{"containers", {{{"name", "app"}}}}}}}; }

std::string post(const std::string& path, const std::string& body) {
  return "POST " + path +
         " HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

class InjectorTest : public testing::Test {
 protected:
  InjectorTest() { serve({}); }

  void serve(const InjectorLimits& limits) {
    auto listener = net::listen_on(*net::SocketAddress::parse("127.0.0.1:0"), false);
    CHECK(listener);
    injector_.emplace(
        loop_, std::move(*listener), nullptr, kSettings, [this] { return bundle_; }, limits);
  }
  std::string ask(const std::string& request) {
    net::RawClient client(injector_->address());
    client.send(request);
    EXPECT_TRUE(fakes::run_until(loop_, [&] { return client.closed(); }));
    return client.received();
  }
  json response_to(const std::string& path, const json& asked) {
    const std::string answer = ask(post(path, review_of(asked)));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
    return json::parse(answer.substr(answer.find("\r\n\r\n") + 4))["response"];
  }
  std::string metrics() const {
    metrics::Exposition exposition;
    injector_->add_metrics(exposition);
    return exposition.text();
  }
  bool counts(const std::string& result, int value) const {
    return metrics().find("outrigger_injections_total{result=\"" + result + "\"} " + std::to_string(value) + "\n") !=
           std::string::npos;
  }

  net::EventLoop loop_;
  std::string bundle_ = "PEM";
  std::optional<Injector> injector_;
};

TEST_F(InjectorTest, GivesAPodItsSidecar) {
  const json response = response_to("/inject", pod());
  EXPECT_EQ(response["uid"], "u-1");
  EXPECT_EQ(response["allowed"], true);
  const json patch = json::parse(*kube::decode_base64(response["patch"].get<std::string>()));
  const json after = pod().patch(patch);
  EXPECT_EQ(after["spec"]["initContainers"][1]["name"], inject::kSidecarName);
  EXPECT_EQ(after["metadata"]["annotations"]["outrigger.dev/trust-bundle"], "PEM");
  EXPECT_TRUE(counts("injected", 1)) << metrics();
}

TEST_F(InjectorTest, LeavesAPodAloneWhoseNamespaceWouldRefuseItsSidecarAndSaysSo) {
  const json response = response_to("/inject/pod-security-enforced", pod());
  EXPECT_EQ(response["allowed"], true);
  EXPECT_FALSE(response.contains("patch"));
  EXPECT_EQ(response["warnings"].size(), 1u);
  EXPECT_TRUE(counts("skipped", 1)) << metrics();
}

TEST_F(InjectorTest, RefusesWhatIsNoReviewOfAPod) {
  EXPECT_TRUE(ask(post("/inject", "{}")).starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(ask(post("/inject", review_of(json::object()))).starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(ask(post("/else", "{}")).starts_with("HTTP/1.1 404 "));
  EXPECT_TRUE(ask("GET /inject HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").starts_with("HTTP/1.1 405 "));
  EXPECT_TRUE(counts("failed", 2)) << metrics();
  json nothing = pod();
  nothing["metadata"] = nullptr;
  EXPECT_TRUE(ask(post("/inject", review_of(nothing))).starts_with("HTTP/1.1 400 "));
  const std::string deep(200'000, '[');
  EXPECT_TRUE(ask(post("/inject", deep)).starts_with("HTTP/1.1 400 "));
}

TEST_F(InjectorTest, GivesNoSidecarThatWouldTrustNobody) {
  bundle_.clear();
  EXPECT_TRUE(ask(post("/inject", review_of(pod()))).starts_with("HTTP/1.1 503 "));
}

TEST_F(InjectorTest, TakesNoBodyThatIsTooLarge) {
  serve({.max_body = 1'000});
  json large = pod();
  large["metadata"]["annotations"] = {{"much", std::string(2'000, 'x')}};
  EXPECT_TRUE(ask(post("/inject", review_of(large))).starts_with("HTTP/1.1 413 "));
}

TEST_F(InjectorTest, CountsAPodOnceHoweverOftenItIsAsked) {
  const json once =
      pod().patch(json::parse(*kube::decode_base64(response_to("/inject", pod())["patch"].get<std::string>())));
  EXPECT_FALSE(response_to("/inject", once).contains("patch"));
  EXPECT_TRUE(counts("injected", 1)) << metrics();
}

TEST_F(InjectorTest, HoldsNoMoreThanItMayForAllTogether) {
  serve({.max_body = 100'000, .max_bodies = 150'000});
  const std::string head = "POST /inject HTTP/1.1\r\nHost: a\r\nContent-Length: 90000\r\n\r\n";
  net::RawClient first(injector_->address());
  first.send(head + std::string(80'000, ' '));
  net::RawClient second(injector_->address());
  second.send(head + std::string(80'000, ' '));
  EXPECT_TRUE(fakes::run_until(loop_, [&] { return first.has("HTTP/1.1 503 ") || second.has("HTTP/1.1 503 "); }));
  second.reset();
  first.reset();
  // What they held is free again: one of the two could be read whole, no more.
  ASSERT_TRUE(fakes::run_until(loop_, [&] { return injector_->connections() == 0; }));
  net::RawClient third(injector_->address());
  third.send(head + std::string(90'000, ' '));
  EXPECT_TRUE(fakes::run_until(loop_, [&] { return third.has("HTTP/1.1 400 "); }));
}

TEST_F(InjectorTest, DoesNotWaitForABodyThatDrips) {
  serve({.body_timeout = std::chrono::milliseconds(200), .server = {.head_timeout = std::chrono::milliseconds(200)}});
  net::RawClient slow(injector_->address());
  slow.send("POST /inject HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n{");
  // A byte now and then keeps any deadline between two pieces away.
  std::size_t sent = 0;
  EXPECT_TRUE(fakes::run_until(loop_, [&] {
    if (!slow.closed() && sent < 10'000) {
      slow.send(" ");
      ++sent;
    }
    return slow.closed();
  }));
  EXPECT_TRUE(slow.received().starts_with("HTTP/1.1 408 ")) << slow.received();
}

TEST_F(InjectorTest, ManyWhoDripKeepNobodyFromASidecar) {
  std::vector<std::unique_ptr<net::RawClient>> slow;
  for (int i = 0; i < 60; ++i) {
    slow.push_back(std::make_unique<net::RawClient>(injector_->address()));
    slow.back()->send(i % 2 == 0 ? "POST /inj" : "POST /inject HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n{");
  }
  EXPECT_TRUE(response_to("/inject", pod()).contains("patch"));
}

}  // namespace
}  // namespace outrigger::op
