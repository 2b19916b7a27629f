/// What each kind of faulty endpoint, and of client, costs: the documented status, and nothing else.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <iostream>
#include <random>

#include "soak/traffic.h"
#include "soak/world.h"

namespace outrigger::soak {
namespace {

constexpr std::uint64_t kFaulty = 300;  ///< requests that meet the fault, at the least
constexpr long kMostGrowthKib = 3 * 1024;
constexpr long kOwn = 2;  ///< descriptors of the requests by which this test looks
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMemoryTells = false;  ///< what is freed is kept; LeakSanitizer judges instead
#else
constexpr bool kMemoryTells = true;
#endif

constexpr const char* kFault = "meets the fault";
constexpr const char* kOther = "beside it";

/// A fault, and which requests meet it.
struct Fault {
  const char* name;
  Plan plan;
  std::uint64_t leave_percent = 0;
  /// How each of them ends, as the table says it.
  std::vector<std::string> outcomes;
  std::uint64_t at_least = kFaulty;
};

Plan http1_plan(const char* service, Script script, const char* method = "GET", std::size_t body = 0) {
  return {.service = service, .kind = kFault, .script = script, .method = method, .body = content(body)};
}

const std::vector<Fault>& faults() {
  static const std::vector<Fault> kFaults = {
      {"ResetsBeforeTheFirstByte", http1_plan(kWeb, {Behaviour::reset_before}), 0, {"502 connection_terminated"}},
      {"ResetsMidHeader", http1_plan(kWeb, {Behaviour::reset_mid_head}), 0, {"502 connection_terminated"}},
      {"ResetsMidBody",
       http1_plan(kWeb, {Behaviour::reset_mid_body, 50'000}),
       0,
       {"200 cut", "502 connection_terminated"}},
      {"ClosesMidBody", http1_plan(kWeb, {Behaviour::close_mid_body, 50'000}), 0, {"200 cut"}},
      {"ResetsBeforeTheFirstByteOfAnUpload",
       http1_plan(kWeb, {Behaviour::reset_before}, "POST", 200'000),
       0,
       {"502 connection_terminated"}},
      {"AnswersGarbage", http1_plan(kWeb, {Behaviour::garbage}), 0, {"502 http_protocol_error"}},
      {"NeverAnswers", http1_plan(kImpatient, {Behaviour::never}), 0, {"504 http_response_timeout"}, 60},
      {"SendsOneByteASecond", http1_plan(kWeb, {Behaviour::slow, 4, 1'000}), 0, {"200"}, 30},
      {"LosesItsClientMidRequest",
       http1_plan(kWeb, {Behaviour::whole, 1'000}, "POST", 100'000),
       100,
       {"left by the client"}},
      {"LosesItsClientMidAnswer", http1_plan(kWeb, {Behaviour::slow, 1'000, 50}), 100, {"left by the client"}}};
  return kFaults;
}

class LoadWithAFault : public ::testing::Test {
 protected:
  LoadWithAFault() : seed_(std::random_device{}()), world_(seed_) {
    std::cout << "seed " << seed_ << std::endl;
    for (int i = 0; i < 4; ++i) {
      world_.add_client(make_http1_client(world_.loop(), world_.ledger(),
                                          {.address = world_.address("web"), .next = good_request},
                                          world_.next_seed()));
    }
  }

  static std::vector<Plan> good_request(balance::Random& random) {
    return {{.service = kWeb, .kind = kOther, .script = {.behaviour = Behaviour::whole, .size = random.below(5'000)}}};
  }

  void add_faulty_clients(const std::string& listener, const Plan& plan, std::uint64_t leave_percent) {
    for (int i = 0; i < 12; ++i) {
      world_.add_client(make_http1_client(world_.loop(), world_.ledger(),
                                          {.address = world_.address(listener),
                                           .next = [plan](auto&) { return std::vector<Plan>{plan}; },
                                           .leave_percent = leave_percent},
                                          world_.next_seed()));
    }
  }

  std::uint64_t count(const std::string& kind, const std::vector<std::string>& outcomes) {
    std::uint64_t sum = 0;
    world_.call([&] {
      for (const std::string& outcome : outcomes) sum += world_.ledger().outcomes(kind, outcome);
    });
    return sum;
  }

  /// Traffic until enough of it has met the fault. What the sidecar takes up at rest behind it.
  Reading run(const std::vector<std::string>& outcomes, std::uint64_t at_least) {
    world_.use_all_endpoints();
    const std::uint64_t before = count(kFault, outcomes);
    world_.start_clients();
    EXPECT_TRUE(
        integration::eventually([&] { return count(kFault, outcomes) >= before + at_least; }, 2 * kRequestDeadline))
        << count(kFault, outcomes) - before;
    EXPECT_TRUE(world_.stop_clients()) << "a request hangs";
    return world_.read_at_rest();
  }

  void judge(const std::vector<std::string>& outcomes, std::uint64_t at_least) {
    const Reading first = run(outcomes, at_least);
    const Reading second = run(outcomes, at_least);
    std::cout << world_.ledger().table()
              << fmt::format("at rest: {} KiB and {} descriptors, then {} and {}\n", first.rss_kib, first.descriptors,
                             second.rss_kib, second.descriptors);
    EXPECT_LE(second.descriptors, first.descriptors + kOwn);
    if (kMemoryTells) {
      EXPECT_LE(second.rss_kib, first.rss_kib + kMostGrowthKib);
    }
    EXPECT_GT(count(kOther, {"200"}), 0u);
    EXPECT_EQ(world_.ledger().total(kOther), count(kOther, {"200"}));
    EXPECT_EQ(world_.ledger().total(kFault), count(kFault, outcomes));
  }

  std::uint64_t seed_;
  World world_;
};

class FaultsUnderLoad : public LoadWithAFault, public ::testing::WithParamInterface<Fault> {};

TEST_P(FaultsUnderLoad, HasTheDocumentedStatusAndCostsNothingElse) {
  const Fault& fault = GetParam();
  add_faulty_clients(fault.plan.service == kWeb ? "web" : "impatient", fault.plan, fault.leave_percent);
  judge(fault.outcomes, fault.at_least);
}

INSTANTIATE_TEST_SUITE_P(AnEndpoint, FaultsUnderLoad, ::testing::ValuesIn(faults()),
                         [](const auto& one) { return one.param.name; });

/// Those of the other service, so that the load beside it goes on.
class EndpointsThatRefuse : public LoadWithAFault {};

TEST_F(EndpointsThatRefuse, AllOfThemAreA502) {
  world_.call([this] {
    for (const auto& endpoint : world_.service(kImpatient).endpoints) endpoint->take_down();
  });
  add_faulty_clients("impatient", http1_plan(kImpatient, {Behaviour::whole, 100}), 0);
  judge({"502 connection_refused"}, kFaulty);
}

TEST_F(EndpointsThatRefuse, AllButOneAreNotSeen) {
  world_.call([this] {
    const auto& endpoints = world_.service(kImpatient).endpoints;
    for (std::size_t i = 2; i < endpoints.size(); ++i) endpoints[i]->take_down();
  });
  add_faulty_clients("impatient", http1_plan(kImpatient, {Behaviour::whole, 100}), 0);
  judge({"200"}, kFaulty);
}

}  // namespace
}  // namespace outrigger::soak
