#include <fmt/format.h>
#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "integration/api_server.h"
#include "integration/fault_proxy.h"
#include "integration/leader.h"
#include "integration/programs.h"
#include "kube/lease.h"

namespace outrigger::integration {
namespace {

/// A Lease's times as flags.
struct Timing {
  const char* lease_duration;
  const char* renew_deadline;
};
constexpr Timing kShort{"9s", "6s"};
/// Whoever leads within a test's deadline has not waited for this Lease to end.
constexpr Timing kLong{"10m", "9m"};

/// An operator with one Lease for all, and a sidecar that is fed by it alone.
struct Replica {
  std::unique_ptr<FaultProxy> proxy;  ///< between it and the API server
  std::unique_ptr<Operator> feeder;
  std::unique_ptr<Sidecar> sidecar;
};

/// Three replicas in a namespace of their own. Each case leaves the server running.
class LeaderElection : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { server = std::make_unique<ApiServer>(); }
  static void TearDownTestSuite() { server.reset(); }
  static std::unique_ptr<ApiServer> server;

  LeaderElection() : objects_(server->kubeconfig(), EndpointsSource::slices) {
    static int count = 0;
    service_ = {fmt::format("elect-{}", ++count), "web"};
    objects_.create_namespace(service_.ns);
    objects_.create_service(service_);
    set_member(1);
    write_certificates(folder_);
  }

  void start(const Timing& timing) {
    for (std::size_t i = 0; i < kReplicas; ++i) {
      Replica replica;
      replica.proxy = std::make_unique<FaultProxy>();
      replica.feeder = std::make_unique<Operator>(
          replica.proxy->kubeconfig(), EndpointsSource::slices, folder_, "127.0.0.1:0",
          std::vector<std::string>{"--lease", service_.ns + "/outrigger", "--leader-elect-lease-duration",
                                   timing.lease_duration, "--leader-elect-renew-deadline", timing.renew_deadline,
                                   "--leader-elect-retry-period", "500ms"});
      const std::string config = fmt::format(R"(
admin: 127.0.0.1:0
workers: 1
listeners:
  - {{name: web, address: 127.0.0.1:0, service: {}:80}}
operator: {{address: https://{}, ca: ca.crt, cert: sidecar.crt, key: sidecar.key, snapshot: snapshot-{}}}
)",
                                             service_.text(), replica.feeder->feed_address(), i);
      replica.sidecar = std::make_unique<Sidecar>(folder_.write(fmt::format("sidecar-{}.yaml", i), config));
      replicas_.push_back(std::move(replica));
    }
  }

  void set_member(int n) { objects_.set_members(service_, {{.ip = fmt::format("10.77.1.{}", n)}}); }
  /// Waits until the sidecars of these replicas have the member, and only it.
  bool have_member(int n, const std::vector<std::size_t>& replicas) {
    const std::string address = fmt::format("10.77.1.{}:{}", n, kTargetPort);
    return eventually([&] {
      for (const std::size_t i : replicas) {
        const auto backends = replicas_[i].sidecar->backends(service_.text() + ":80");
        if (backends.size() != 1 || backends[0].at("address") != address) return false;
      }
      return true;
    });
  }

  bool leads(std::size_t i) { return integration::leads(*replicas_[i].feeder); }
  std::size_t leader_of(const std::vector<std::size_t>& replicas) {
    return integration::leader_of(replicas, [this](std::size_t i) { return leads(i); });
  }
  /// Messages of the Events of ours about the Service.
  std::vector<std::string> events() {
    std::vector<std::string> messages;
    for (const auto& event : objects_.events_about(service_)) {
      if (event.at("reason") == "InvalidAnnotation") messages.push_back(event.at("message"));
    }
    return messages;
  }

  fakes::TemporaryFolder folder_;
  model::ObjectKey service_;
  ClusterObjects objects_;
  std::vector<Replica> replicas_;
};
std::unique_ptr<ApiServer> LeaderElection::server;

TEST_F(LeaderElection, IsByWritesOfWhichTheApiServerTakesOneOfAVersion) {
  kube::RequestCounts counts;
  kube::Client client(*kube::load_kubeconfig(server->kubeconfig()), counts);
  const model::ObjectKey key{service_.ns, "written"};
  const std::string time = kube::micro_time(std::chrono::system_clock::now());
  const auto made =
      client.post(kube::leases_path(key.ns), kube::new_lease(key, {"a", std::chrono::seconds(15), time, time, 0}));
  ASSERT_TRUE(made && made->status == 201) << made->body;
  const auto lease = kube::parse_lease(made->body);
  ASSERT_TRUE(lease) << lease.error().text;
  const std::string released = kube::lease_patch(lease->version, {"", std::chrono::seconds(1), time, time, 0});
  const std::string taken = kube::lease_patch(lease->version, {"b", std::chrono::seconds(15), time, time, 1});
  EXPECT_EQ(client.merge_patch(kube::lease_path(key), released)->status, 200);
  EXPECT_EQ(client.merge_patch(kube::lease_path(key), taken)->status, 409);
  const auto now = kube::parse_lease(client.get(kube::lease_path(key))->body);
  ASSERT_TRUE(now) << now.error().text;
  EXPECT_EQ(now->record.holder, "");
  EXPECT_EQ(now->record.duration, std::chrono::seconds(1));
  EXPECT_EQ(now->record.renew_time, time);
}

TEST_F(LeaderElection, PassesOnWhenTheLeaderIsKilledAndFeedsGoOnMeanwhile) {
  start(kShort);
  const std::size_t first = leader_of({0, 1, 2});
  ASSERT_NE(first, kNobody);
  ASSERT_TRUE(have_member(1, {0, 1, 2}));
  objects_.annotate_service(service_, {{"outrigger.dev/policy", "fastest"}});
  ASSERT_TRUE(eventually([&] { return events().size() == 1; }));

  replicas_[first].feeder->kill();
  const auto rest = others(first);
  set_member(2);
  EXPECT_TRUE(have_member(2, rest));
  objects_.annotate_service(service_, {{"outrigger.dev/policy", "slowest"}});
  const std::size_t second = leader_of(rest);
  ASSERT_NE(second, kNobody);
  // What the first has told is not told again; what nobody could tell is, by the second.
  EXPECT_TRUE(eventually([&] { return events().size() == 2; }));
  set_member(3);
  EXPECT_TRUE(have_member(3, rest));
}

TEST_F(LeaderElection, PassesOnWhenTheLeaderIsStoppedWhichThenKnowsThatItLeadsNoMore) {
  start(kShort);
  const std::size_t first = leader_of({0, 1, 2});
  ASSERT_NE(first, kNobody);
  replicas_[first].feeder->program().signal(SIGSTOP);
  const std::size_t second = leader_of(others(first));
  replicas_[first].feeder->program().signal(SIGCONT);
  ASSERT_NE(second, kNobody);
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(leads(first));
  EXPECT_TRUE(leads(second));
  set_member(2);
  EXPECT_TRUE(have_member(2, {0, 1, 2}));
  EXPECT_FALSE(leads(first));
}

TEST_F(LeaderElection, PassesOnWhenTheLeaderIsCutOffWhichStopsToLeadBefore) {
  start(kShort);
  const std::size_t first = leader_of({0, 1, 2});
  ASSERT_NE(first, kNobody);
  ASSERT_TRUE(have_member(1, {0, 1, 2}));
  replicas_[first].proxy->hang(true);
  const auto rest = others(first);
  set_member(2);
  EXPECT_TRUE(have_member(2, rest));
  std::size_t second = kNobody;
  EXPECT_TRUE(eventually([&] {
    for (const std::size_t i : rest) {
      if (leads(i)) second = i;
    }
    // A leader that has been cut off leads no more when another does, even looked at later.
    EXPECT_FALSE(second != kNobody && leads(first));
    return second != kNobody;
  }));
  ASSERT_NE(second, kNobody);
  EXPECT_TRUE(have_member(1, {first})) << "its feed goes on with what it has";
  replicas_[first].proxy->hang(false);
  set_member(3);
  EXPECT_TRUE(have_member(3, {0, 1, 2}));
  EXPECT_FALSE(leads(first));
  EXPECT_TRUE(leads(second));
}

TEST_F(LeaderElection, PassesOnAtOnceWhenTheLeaderEndsInOrder) {
  start(kLong);
  const std::size_t first = leader_of({0, 1, 2});
  ASSERT_NE(first, kNobody);
  replicas_[first].feeder->program().signal(SIGTERM);
  EXPECT_EQ(replicas_[first].feeder->program().wait_for_end(), 0);
  EXPECT_NE(leader_of(others(first)), kNobody);
}

}  // namespace
}  // namespace outrigger::integration
