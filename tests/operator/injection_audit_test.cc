#include "operator/injection_audit.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "kube/fake_api_server.h"

namespace outrigger::op {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

json ns(const std::string& name, json labels = json::object()) {
  return {{"metadata", {{"name", name}, {"labels", std::move(labels)}}}};
}
json pod(const std::string& ns, const std::string& name, json spec = json::object()) {
  return {{"metadata", {{"namespace", ns}, {"name", name}}}, {"spec", std::move(spec)}};
}

/// Answers lists as an API server does that has looked at their selectors already.
class InjectionAuditTest : public testing::Test {
 protected:
  void serve(kube::Exchange& exchange) {
    const std::lock_guard lock(mutex_);
    ++calls_;
    for (const auto& [path, items] : lists_) {
      if (!exchange.target.starts_with(path)) continue;
      json list = {{"items", items}, {"metadata", json::object()}};
      const bool first = exchange.target.find("&continue=") == std::string::npos;
      // In two pages.
      if (items.size() > 1) {
        list["items"] = {items[first ? 0 : 1]};
        if (first) list["metadata"]["continue"] = "more";
      }
      return exchange.reply(200, list.dump());
    }
    exchange.reply(broken_ ? 500 : 200, broken_ ? "{}" : R"({"items": []})");
  }
  void start() {
    audit_.emplace(
        api_.config(), counts_, inject::Settings{.image = "a", .operator_address = "https://op:1"}, "outrigger-system",
        [this] { return leading_.load(); }, 2ms);
  }
  std::string metrics() const {
    metrics::Exposition exposition;
    audit_->add_metrics(exposition);
    return exposition.text();
  }
  bool becomes(const std::string& value) {
    const std::string line = "\noutrigger_pods_not_injected" + (value.empty() ? " " : " " + value + "\n");
    for (const auto deadline = std::chrono::steady_clock::now() + 20s; std::chrono::steady_clock::now() < deadline;) {
      if ((metrics().find(line) != std::string::npos) != value.empty()) return true;
      std::this_thread::yield();
    }
    return false;
  }

  std::mutex mutex_;
  std::size_t calls_ = 0;
  bool broken_ = false;
  std::map<std::string, json> lists_;  ///< items, by what the path begins with
  std::atomic<bool> leading_{true};
  kube::FakeApiServer api_{
      std::vector<kube::FakeApiServer::Step>(50'000, [this](kube::Exchange& exchange) { serve(exchange); })};
  kube::RequestCounts counts_;
  std::optional<InjectionAudit> audit_;
};

TEST_F(InjectionAuditTest, CountsPodsOfLabelledNamespacesPageByPage) {
  const json enabled = {{"outrigger.dev/inject", "enabled"}};
  lists_["/api/v1/namespaces?"] = {ns("plain"), ns("shop", enabled)};
  lists_["/api/v1/namespaces/shop/pods?"] = {pod("shop", "a"), pod("shop", "b")};
  lists_["/api/v1/namespaces/plain/pods?"] = {pod("plain", "c")};
  start();
  EXPECT_TRUE(becomes("2")) << metrics();
  const std::lock_guard lock(mutex_);
  for (const auto& exchange : api_.requests(3)) {
    EXPECT_EQ(exchange.target.find("/namespaces/plain/"), std::string::npos) << exchange.target;
  }
}

TEST_F(InjectionAuditTest, LeavesOutWhatIsNotToHaveASidecar) {
  const json enabled = {{"outrigger.dev/inject", "enabled"}};
  lists_["/api/v1/namespaces?"] = {ns("shop", enabled), ns("outrigger-system", enabled)};
  lists_["/api/v1/namespaces/shop/pods?"] = {pod("shop", "on-node", {{"hostNetwork", true}}), pod("shop", "a")};
  lists_["/api/v1/namespaces/outrigger-system/pods?"] = {pod("outrigger-system", "operator")};
  start();
  EXPECT_TRUE(becomes("1")) << metrics();
}

TEST_F(InjectionAuditTest, CountsPodsThatAskThemselvesAndThoseThatCannotHaveOne) {
  lists_["/api/v1/namespaces?"] = {ns("plain"), ns("strict", {{"outrigger.dev/inject", "enabled"},
                                                              {"pod-security.kubernetes.io/enforce", "restricted"}})};
  lists_["/api/v1/pods?"] = {pod("plain", "asks"), pod("kube-system", "asks")};
  lists_["/api/v1/namespaces/strict/pods?"] = {pod("strict", "refused")};
  start();
  EXPECT_TRUE(becomes("2")) << metrics();
}

TEST_F(InjectionAuditTest, TellsNothingWhileItDoesNotLeadAndKeepsWhatItKnewWhileItCannotLook) {
  lists_["/api/v1/namespaces?"] = {ns("plain")};
  lists_["/api/v1/pods?"] = {pod("plain", "asks")};
  start();
  ASSERT_TRUE(becomes("1"));
  {
    const std::lock_guard lock(mutex_);
    lists_.clear();
    broken_ = true;
    calls_ = 0;
  }
  const auto has_looked = [this] {
    const std::lock_guard lock(mutex_);
    return calls_ >= 3;
  };
  while (!has_looked()) std::this_thread::yield();
  EXPECT_TRUE(becomes("1")) << metrics();
  leading_ = false;
  EXPECT_TRUE(becomes("")) << metrics();
}

TEST_F(InjectionAuditTest, EndsInTheMiddleOfACall) {
  kube::FakeApiServer silent({[](kube::Exchange& exchange) { exchange.hold(); }});
  InjectionAudit audit(
      silent.config(), counts_, {}, "outrigger-system", [] { return true; }, 2ms);
  EXPECT_EQ(silent.requests(1).size(), 1u);
}

}  // namespace
}  // namespace outrigger::op
