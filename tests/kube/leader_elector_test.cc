#include "kube/leader_elector.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "kube/fake_api_server.h"

namespace outrigger::kube {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using Texts = std::vector<std::string>;

constexpr const char* kPath = "/apis/coordination.k8s.io/v1/namespaces/ns/leases";

/// Long enough for a busy machine never to lose the Lease.
constexpr ElectionTiming kLong{.lease_duration = 60s, .renew_deadline = 50s, .retry_period = 20ms};
/// A call that hangs ends after 100 ms.
constexpr ElectionTiming kShort{.lease_duration = 1s, .renew_deadline = 300ms, .retry_period = 20ms};

std::string lease(const std::string& holder, const std::string& version) {
  return json{{"metadata", {{"resourceVersion", version}}},
              {"spec", {{"holderIdentity", holder}, {"leaseDurationSeconds", 60}, {"renewTime", "r"}}}}
      .dump();
}

FakeApiServer::Step answer(int status, const std::string& body) {
  return [=](Exchange& exchange) { exchange.reply(status, body); };
}
FakeApiServer::Step hang() {
  return [](Exchange& exchange) { exchange.hold(); };
}

class ElectorBeforeAServer {
 public:
  explicit ElectorBeforeAServer(std::vector<FakeApiServer::Step> script, const ElectionTiming& timing = kLong)
      : server(std::make_unique<FakeApiServer>(std::move(script))) {
    elector.emplace(server->config(), counts, LeaderElector::Candidate{{"ns", "lease"}, "me", timing}, 1,
                    [this](bool leading) {
                      const std::lock_guard lock(mutex_);
                      told_.push_back(leading);
                      changed_.notify_all();
                    });
  }
  /// What on_change was told first, once it is `count`; fewer when they have not come within 10 s.
  std::vector<bool> told(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, 10s, [&] { return told_.size() >= count; });
    return told_;
  }
  /// The first requests: "GET", "POST HOLDER" or "PATCH VERSION HOLDER".
  Texts asked(std::size_t count) {
    Texts asked;
    for (const Exchange& request : server->requests(count)) {
      EXPECT_EQ(request.target, request.method == "POST" ? kPath : std::string(kPath) + "/lease");
      const json body = json::parse(request.body, nullptr, false);
      std::string text = request.method;
      if (request.method == "PATCH") text += " " + body["metadata"]["resourceVersion"].get<std::string>();
      if (request.method != "GET") text += " '" + body["spec"]["holderIdentity"].get<std::string>() + "'";
      asked.push_back(text);
    }
    return asked;
  }

  RequestCounts counts;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<bool> told_;

 public:
  std::optional<LeaderElector> elector;
  std::unique_ptr<FakeApiServer> server;  ///< ends first: the release of a Lease is not waited for
};

TEST(LeaderElector, MakesTheLeaseRenewsItAndReleasesItAtItsEnd) {
  ElectorBeforeAServer test({answer(404, "{}"), answer(201, lease("me", "1")), answer(200, lease("me", "2")), hang(),
                             answer(200, lease("", "4"))});
  EXPECT_EQ(test.told(1), std::vector<bool>{true});
  EXPECT_TRUE(test.elector->leading());
  EXPECT_TRUE(test.elector->alive());
  EXPECT_EQ(test.asked(4), (Texts{"GET", "POST 'me'", "PATCH 1 'me'", "PATCH 2 'me'"}));
  // In the middle of a renewal, of which nobody knows whether it has succeeded.
  test.elector.reset();
  EXPECT_EQ(test.asked(5).back(), "GET");
}

TEST(LeaderElector, ReleasesWhatItHolds) {
  constexpr ElectionTiming kRare{.lease_duration = 60s, .renew_deadline = 50s, .retry_period = 40s};
  ElectorBeforeAServer test({answer(200, lease("", "4")), answer(200, lease("me", "5")), answer(200, lease("", "6"))},
                            kRare);
  EXPECT_EQ(test.told(1), std::vector<bool>{true});
  test.elector.reset();
  EXPECT_EQ(test.asked(3), (Texts{"GET", "PATCH 4 'me'", "PATCH 5 ''"}));
  const json spec = json::parse(test.server->requests(3)[2].body)["spec"];
  EXPECT_EQ(spec["leaseDurationSeconds"], 1);
  EXPECT_EQ(test.told(1).size(), 1u);
}

TEST(LeaderElector, LeavesAnothersLeaseAloneUntilItIsReleased) {
  ElectorBeforeAServer test({answer(200, lease("other", "4")), answer(200, lease("other", "4")),
                             answer(200, lease("other", "5")), answer(200, lease("", "6")),
                             answer(200, lease("me", "7"))});
  EXPECT_EQ(test.told(1), std::vector<bool>{true});
  EXPECT_EQ(test.asked(5), (Texts{"GET", "GET", "GET", "GET", "PATCH 6 'me'"}));
}

TEST(LeaderElector, ReadsAgainWhenAnotherWasFaster) {
  ElectorBeforeAServer test({answer(404, "{}"), answer(409, "{}"), answer(200, lease("other", "4"))});
  EXPECT_EQ(test.asked(4), (Texts{"GET", "POST 'me'", "GET", "GET"}));
  EXPECT_FALSE(test.elector->leading());
}

TEST(LeaderElector, TriesAgainWhateverTheServerSays) {
  ElectorBeforeAServer test({answer(500, "{}"), answer(429, "{}"), answer(403, "{}"), answer(200, "{"),
                             answer(200, "{}"), answer(200, std::string(kMaxLeaseBytes + 1, ' ')),
                             answer(200, R"({"metadata":{"resourceVersion":"1"},"spec":7})"),
                             [](Exchange& exchange) { exchange.cut(); }, answer(404, "{}"),
                             answer(201, lease("me", "1")), answer(200, "{")});
  EXPECT_EQ(test.told(1), std::vector<bool>{true});
  EXPECT_EQ(test.asked(12).back(), "GET");
  EXPECT_TRUE(test.elector->leading());
}

TEST(LeaderElector, WaitsAsLongAsTheServerAsks) {
  ElectorBeforeAServer test({[](Exchange& exchange) { exchange.reply(429, "{}", "Retry-After: 1\r\n"); }});
  const auto requests = test.server->requests(2);
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_GE(requests[1].arrived_at - requests[0].arrived_at, 1s);
}

TEST(LeaderElector, TriesAgainAfterACallThatHangs) {
  ElectorBeforeAServer test({answer(404, "{}"), answer(201, lease("me", "1")), hang(), answer(200, lease("me", "2"))},
                            kShort);
  EXPECT_EQ(test.asked(5), (Texts{"GET", "POST 'me'", "PATCH 1 'me'", "GET", "PATCH 2 'me'"}));
}

TEST(LeaderElector, LeadsNoMoreByTheClockWhenNobodyAnswers) {
  ElectorBeforeAServer test({answer(404, "{}"), answer(201, lease("me", "1"))}, kShort);
  EXPECT_EQ(test.told(2), (std::vector<bool>{true, false}));
  EXPECT_FALSE(test.elector->leading());
}

TEST(LeaderElector, EndsQuicklyWhateverItDoes) {
  struct Row {
    const char* what;
    std::vector<FakeApiServer::Step> script;
    std::size_t requests;
  };
  for (const Row& row :
       {Row{"reading", {}, 1}, Row{"writing", {answer(404, "{}")}, 2}, Row{"waiting", {answer(500, "{}")}, 1}}) {
    SCOPED_TRACE(row.what);
    constexpr ElectionTiming kRare{.lease_duration = 60s, .renew_deadline = 50s, .retry_period = 40s};
    ElectorBeforeAServer test(row.script, kRare);
    ASSERT_EQ(test.server->requests(row.requests).size(), row.requests);
    const auto begin = std::chrono::steady_clock::now();
    test.elector.reset();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
  }
}

}  // namespace
}  // namespace outrigger::kube
