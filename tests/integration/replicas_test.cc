/// Three operators behind one address, and sidecars that any of them may feed, while one after the other of the
/// operators is lost.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "integration/api_server.h"
#include "integration/eventually.h"
#include "integration/fault_proxy.h"
#include "integration/leader.h"
#include "integration/metrics_text.h"
#include "integration/programs.h"
#include "integration/redirection.h"

namespace outrigger::integration {
namespace {

constexpr std::size_t kSidecars = 6;
constexpr std::size_t kServices = 3;
constexpr std::uint16_t kFeedPort = 8443;  ///< of all operators; the network is the test's own

class Replicas : public ::testing::Test {
 protected:
  Replicas() {
    write_certificates(folder_);
    objects_.create_namespace("shop");
    for (std::size_t i = 0; i < kServices; ++i) {
      services_.push_back({"shop", fmt::format("web-{}", i)});
      objects_.create_service(services_.back());
    }
    set_members(1);
    std::vector<std::uint16_t> ports;
    for (std::size_t i = 0; i < kReplicas; ++i) {
      proxies_.push_back(std::make_unique<FaultProxy>());
      operators_.push_back(nullptr);
      feed_addresses_.push_back("127.0.0.1:0");
      start_operator(i);
      ports.push_back(net::SocketAddress::parse(feed_addresses_[i])->port());
    }
    turns_ = std::make_unique<TurnsOfPorts>(kFeedPort, ports);
    for (std::size_t i = 0; i < kSidecars; ++i) start_sidecar(i);
  }

  void start_operator(std::size_t i) {
    operators_[i] = std::make_unique<Operator>(
        proxies_[i]->kubeconfig(), EndpointsSource::slices, folder_, feed_addresses_[i],
        std::vector<std::string>{"--lease", "shop/outrigger", "--leader-elect-lease-duration", "9s",
                                 "--leader-elect-renew-deadline", "6s", "--leader-elect-retry-period", "500ms"});
    feed_addresses_[i] = operators_[i]->feed_address();
  }
  void start_sidecar(std::size_t i) {
    std::string config = "admin: 127.0.0.1:0\nworkers: 1\nlisteners:\n";
    for (const auto& service : services_) {
      config += fmt::format("  - {{name: {}, address: 127.0.0.1:0, service: {}:80}}\n", service.name, service.text());
    }
    config += fmt::format(
        "operator: {{address: https://127.0.0.1:{}, ca: ca.crt, cert: sidecar.crt, key: sidecar.key, snapshot: s{}}}\n",
        kFeedPort, i);
    sidecars_.push_back(std::make_unique<Sidecar>(folder_.write(fmt::format("sidecar-{}.yaml", i), config)));
  }

  /// Of each Service, as many as its number and one.
  void set_members(int step) {
    for (std::size_t i = 0; i < services_.size(); ++i) {
      std::vector<Member> members;
      for (std::size_t n = 0; n <= i; ++n) members.push_back({.ip = fmt::format("10.77.{}.{}", step, n + 1)});
      objects_.set_members(services_[i], members);
    }
  }
  std::set<std::string> endpoints_at(Sidecar& sidecar, const model::ObjectKey& service) {
    std::set<std::string> addresses;
    for (const auto& backend : sidecar.backends(service.text() + ":80")) addresses.insert(backend.at("address"));
    return addresses;
  }
  /// Waits until every sidecar has for every Service what the API server has.
  bool all_have_what_the_api_has() {
    return eventually([&] {
      for (const auto& service : services_) {
        const auto there = objects_.endpoints_of(service);
        for (const auto& sidecar : sidecars_) {
          if (endpoints_at(*sidecar, service) != there) return false;
        }
      }
      return true;
    });
  }
  /// Streams to that operator.
  double fed_by(std::size_t i) { return metric(operators_[i]->metrics(), "outrigger_subscribers").value_or(0); }

  bool leads(std::size_t i) { return integration::leads(*operators_[i]); }
  std::size_t leader_of(const std::vector<std::size_t>& replicas) {
    return integration::leader_of(replicas, [this](std::size_t i) { return leads(i); });
  }

  ApiServer server_;
  ClusterObjects objects_{server_.kubeconfig(), EndpointsSource::slices};
  fakes::TemporaryFolder folder_;
  std::vector<model::ObjectKey> services_;
  std::vector<std::unique_ptr<FaultProxy>> proxies_;
  std::vector<std::string> feed_addresses_;
  std::vector<std::unique_ptr<Operator>> operators_;
  std::unique_ptr<TurnsOfPorts> turns_;
  std::vector<std::unique_ptr<Sidecar>> sidecars_;
};

TEST_F(Replicas, OneAfterTheOtherIsLostAndEverySidecarComesToHaveWhatTheApiHas) {
  ASSERT_TRUE(all_have_what_the_api_has());
  for (std::size_t i = 0; i < kReplicas; ++i) EXPECT_GT(fed_by(i), 0) << "in turn";

  SCOPED_TRACE("killed");
  std::size_t lost = leader_of({0, 1, 2});
  ASSERT_NE(lost, kNobody);
  operators_[lost]->kill();
  set_members(2);
  EXPECT_TRUE(all_have_what_the_api_has()) << "with two that are left";
  std::size_t leader = leader_of(others(lost));
  ASSERT_NE(leader, kNobody);
  start_operator(lost);

  SCOPED_TRACE("stopped");
  lost = leader;
  operators_[lost]->program().signal(SIGSTOP);
  set_members(3);
  EXPECT_TRUE(all_have_what_the_api_has()) << "whoever hears nothing any more goes to another";
  leader = leader_of(others(lost));
  ASSERT_NE(leader, kNobody);
  operators_[lost]->program().signal(SIGCONT);
  EXPECT_FALSE(leads(lost)) << "it knows that its time is over";

  SCOPED_TRACE("cut off");
  lost = leader;
  proxies_[lost]->hang(true);
  set_members(4);
  leader = leader_of(others(lost));
  ASSERT_NE(leader, kNobody);
  // Those that it feeds keep what they have: it cannot know that there is more.
  proxies_[lost]->hang(false);
  set_members(5);
  EXPECT_TRUE(all_have_what_the_api_has());
  EXPECT_TRUE(leads(leader));

  SCOPED_TRACE("ended in order");
  operators_[leader]->program().signal(SIGTERM);
  set_members(6);
  EXPECT_TRUE(all_have_what_the_api_has());
  EXPECT_EQ(operators_[leader]->program().wait_for_end(), 0);
}

}  // namespace
}  // namespace outrigger::integration
