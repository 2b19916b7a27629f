#include "check/health_checker.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>

#include "fakes/function_timer.h"
#include "fakes/run_until.h"
#include "fakes/sockets.h"
#include "net/signal_watch.h"
#include "scripted_endpoint.h"

namespace outrigger::check::test {
namespace {

using namespace std::chrono_literals;
using Kind = model::HealthCheck::Kind;
using Connection = ScriptedEndpoint::Connection;

const std::string kOk = "HTTP/1.1 200 OK\r\n\r\n";
const std::string kNo = "HTTP/1.1 503 No\r\n\r\n";

model::ServicePort port_of(const std::string& name) { return {.service = {.ns = "shop", .name = name}, .port = 80}; }

class HealthCheckers : public ::testing::Test {
 protected:
  struct Change {
    std::string service;
    std::string address;
    bool well;
    bool operator==(const Change&) const = default;
  };

  static model::ServiceOptions options(Kind kind = Kind::http) {
    model::ServiceOptions options;
    options.health_check = {.kind = kind, .target = "/"};
    options.health_check_interval = 10ms;
    options.health_check_timeout = 20s;
    options.health_check_unhealthy_threshold = 1;
    options.health_check_healthy_threshold = 1;
    return options;
  }
  static model::EndpointSet set_of(const std::string& name, const std::vector<std::string>& addresses,
                                   const model::ServiceOptions& options) {
    model::EndpointSet set{
        .service = port_of(name), .options = options, .rules = model::own_cluster_rule(port_of(name)), .endpoints = {}};
    for (const std::string& address : addresses) set.endpoints.push_back({.address = address, .zone = {}, .pod = {}});
    return set;
  }

  void put(const model::EndpointSet& set) {
    sets_[set.service] = std::make_shared<const feed::FullSet>(feed::FullSet{"v", set});
  }
  void put(const std::string& name, const std::vector<std::string>& addresses,
           const model::ServiceOptions& own = options()) {
    put(set_of(name, addresses, own));
  }
  void use(const std::string& name) { ++uses_[port_of(name)]; }
  void update() { checker_.update(sets_); }
  void until(const std::function<bool()>& is_so) { ASSERT_TRUE(fakes::run_until(loop_, is_so)); }
  /// Lets the loop go on for some of the intervals above.
  void run_on() {
    const auto end = net::Clock::now() + 100ms;
    until([&] { return net::Clock::now() >= end; });
  }

  net::EventLoop loop_;
  std::map<model::ServicePort, std::uint64_t> uses_;
  std::vector<Change> changes_;
  HealthChecker::Sets sets_;
  HealthChecker::Callbacks callbacks_{
      .uses = [this](const model::ServicePort& service) { return uses_[service]; },
      .on_change =
          [this](const model::ServicePort& service, const std::string& address, bool well) {
            changes_.push_back({service.service.name, address, well});
          }};
  HealthChecker checker_{loop_, 1, callbacks_, {.look = 5ms, .keep = 60s}};
};

TEST_F(HealthCheckers, AskOnlyWhatIsInUse) {
  ScriptedEndpoint used(loop_, answer_http(kOk));
  ScriptedEndpoint unused(loop_, answer_http(kNo));
  ScriptedEndpoint unasked(loop_, answer_http(kNo));
  put("used", {used.address()});
  put("unused", {unused.address()});
  put("unasked", {unasked.address()}, options(Kind::off));
  use("used");
  use("unasked");
  update();
  until([&] { return used.connections().size() >= 5; });
  EXPECT_TRUE(unused.connections().empty());
  EXPECT_TRUE(unasked.connections().empty());
  use("unused");
  until([&] { return !changes_.empty(); });
  EXPECT_EQ(changes_, (std::vector<Change>{{"unused", unused.address(), false}}));
}

TEST_F(HealthCheckers, AskThoseThatStandBehindWhatIsInUse) {
  ScriptedEndpoint standby(loop_, answer_http(kNo));
  ScriptedEndpoint canary(loop_, answer_http(kNo));
  ScriptedEndpoint other(loop_, answer_http(kNo));
  put("standby", {standby.address()});
  put("other", {other.address()});
  model::EndpointSet side = set_of("canary", {canary.address()}, options());
  side.failover = {port_of("standby"), port_of("missing")};
  put(side);
  model::EndpointSet web = set_of("web", {}, options(Kind::off));
  web.rules[0].clusters.push_back({.cluster = port_of("canary")});
  put(web);
  use("web");
  update();
  until([&] { return changes_.size() == 2; });
  EXPECT_TRUE(other.connections().empty());
}

TEST_F(HealthCheckers, TellChangesAtTheThresholds) {
  // By the 6th check it is unwell, by the 11th well again.
  const std::string verdicts = "-x-xxxx-x--x-";
  std::size_t asked = 0;
  ScriptedEndpoint endpoint(
      loop_, answer_http([&] { return asked >= verdicts.size() || verdicts[asked++] == '-' ? kOk : kNo; }));
  model::ServiceOptions own = options();
  own.health_check_unhealthy_threshold = 3;
  own.health_check_healthy_threshold = 2;
  std::vector<std::size_t> changed_at;
  callbacks_.on_change = [&](const model::ServicePort&, const std::string&, bool) { changed_at.push_back(asked); };
  HealthChecker checker(loop_, 1, callbacks_, {.look = 5ms, .keep = 60s});
  put("web", {endpoint.address()}, own);
  use("web");
  checker.update(sets_);
  until([&] { return asked == verdicts.size(); });
  EXPECT_EQ(changed_at, (std::vector<std::size_t>{6, 11}));
}

TEST_F(HealthCheckers, ForgetWhatIsNotInUse) {
  ScriptedEndpoint endpoint(loop_, answer_http(kNo));
  HealthChecker checker(loop_, 1, callbacks_, {.look = 5ms, .keep = 1ms});  // 10 intervals are longer
  put("web", {endpoint.address()});
  use("web");
  checker.update(sets_);
  until([&] { return changes_.size() == 2; });
  EXPECT_EQ(changes_, (std::vector<Change>{{"web", endpoint.address(), false}, {"web", endpoint.address(), true}}));
  const std::size_t asked = endpoint.connections().size();
  run_on();
  EXPECT_EQ(endpoint.connections().size(), asked);
  use("web");
  until([&] { return changes_.size() == 3; });
  EXPECT_GT(endpoint.connections().size(), asked);
}

TEST_F(HealthCheckers, AskAnEndpointForEachService) {
  ScriptedEndpoint endpoint(loop_, answer_http(kNo));
  put("a", {endpoint.address()});
  put("b", {endpoint.address()});
  use("a");
  use("b");
  update();
  until([&] { return changes_.size() == 2; });
  const auto asked_for = [&](const std::string& host) {
    const auto& all = endpoint.connections();
    return std::any_of(all.begin(), all.end(), [&](const Connection& one) {
      return one.received.find("Host: " + host + "\r\n") != std::string::npos;
    });
  };
  EXPECT_TRUE(asked_for("a.shop"));
  EXPECT_TRUE(asked_for("b.shop"));
}

TEST_F(HealthCheckers, EndTheCheckOfWhoIsRemoved) {
  ScriptedEndpoint silent(loop_, {});
  for (const auto& remove : std::vector<std::function<void()>>{[&] { put("web", {}); }, [&] { sets_.clear(); },
                                                               [&] { sets_[port_of("web")] = nullptr; }}) {
    put("web", {silent.address()});
    use("web");
    update();
    until([&] { return silent.open() == 1; });
    EXPECT_EQ(checker_.running(), 1u);
    remove();
    update();
    EXPECT_EQ(checker_.running(), 0u);
    until([&] { return silent.open() == 0; });
  }
  EXPECT_TRUE(changes_.empty());
}

TEST_F(HealthCheckers, KeepWhatTheyKnowOfWhoStays) {
  std::size_t asked = 0;
  ScriptedEndpoint endpoint(loop_, answer_http([&] { return ++asked, kNo; }));
  ScriptedEndpoint another(loop_, answer_http(kOk));
  put("web", {endpoint.address()});
  use("web");
  update();
  until([&] { return changes_.size() == 1; });
  model::EndpointSet changed = set_of("web", {endpoint.address(), another.address()}, options());
  changed.endpoints[0].weight = 7;
  changed.options.health_check_unhealthy_threshold = 5;
  put(changed);
  update();
  until([&] { return !another.connections().empty() && asked >= 5; });
  EXPECT_EQ(changes_.size(), 1u);
}

TEST_F(HealthCheckers, DoNotAskWhoIsDraining) {
  ScriptedEndpoint endpoint(loop_, answer_http(kNo));
  ScriptedEndpoint draining(loop_, answer_http(kNo));
  model::EndpointSet set = set_of("web", {endpoint.address(), draining.address()}, options());
  set.endpoints[1].draining = true;
  put(set);
  use("web");
  update();
  until([&] { return endpoint.connections().size() >= 5; });
  EXPECT_TRUE(draining.connections().empty());
  set.endpoints[0].draining = true;
  put(set);
  update();
  EXPECT_EQ(changes_, (std::vector<Change>{{"web", endpoint.address(), false}, {"web", endpoint.address(), true}}));
}

TEST_F(HealthCheckers, BeginAnewWhereTheyAskSomethingElse) {
  ScriptedEndpoint endpoint(loop_, answer_http(kNo));
  put("web", {endpoint.address()});
  use("web");
  update();
  until([&] { return changes_.size() == 1; });
  put("web", {endpoint.address()}, options(Kind::tcp));
  update();
  EXPECT_EQ(changes_.size(), 2u);
  EXPECT_TRUE(changes_.back().well);
  const std::size_t asked = endpoint.connections().size();
  until([&] { return endpoint.connections().size() >= asked + 3; });
  EXPECT_EQ(changes_.size(), 2u);
  put("web", {endpoint.address()}, options(Kind::off));
  update();
  EXPECT_EQ(checker_.running(), 0u);
}

TEST_F(HealthCheckers, HurryWhenTheIntervalIsShorter) {
  ScriptedEndpoint endpoint(loop_, answer_http(kOk));
  model::ServiceOptions own = options(Kind::http);
  own.health_check_interval = 1h;
  put("web", {endpoint.address()}, own);
  use("web");
  update();
  until([&] { return endpoint.connections().size() == 1 && checker_.running() == 0; });
  put("web", {endpoint.address()});
  update();
  until([&] { return endpoint.connections().size() >= 3; });
}

TEST_F(HealthCheckers, MakeSoManyChecksAtATime) {
  constexpr std::size_t kServices = 3 * HealthChecker::kMaxRunning;
  ScriptedEndpoint endpoint(loop_, {});
  model::ServiceOptions own = options();
  own.health_check_interval = 1h;  // each is asked once
  for (std::size_t i = 0; i < kServices; ++i) {
    put("web-" + std::to_string(i), {endpoint.address()}, own);
    use("web-" + std::to_string(i));
  }
  update();
  const auto answer_all = [&] {
    for (const Connection& one : endpoint.connections()) {
      if (one.open) one.stream->write(kOk);
    }
  };
  until([&] { return endpoint.open() == HealthChecker::kMaxRunning; });
  const auto all_are_due = net::Clock::now() + health::Probe::kFirstWait;
  until([&] { return net::Clock::now() >= all_are_due; });
  EXPECT_EQ(checker_.running(), HealthChecker::kMaxRunning);
  answer_all();
  until([&] { return endpoint.connections().size() == 2 * HealthChecker::kMaxRunning; });
  EXPECT_EQ(checker_.running(), HealthChecker::kMaxRunning);
  endpoint.script = answer_http(kOk);
  answer_all();
  until([&] { return endpoint.connections().size() == kServices && checker_.running() == 0; });
  EXPECT_EQ(endpoint.most_open(), HealthChecker::kMaxRunning);
}

/// In which order a checker first asks for its services.
class HealthCheckerOrders : public HealthCheckers {
 protected:
  std::vector<std::string> order_of(std::uint64_t seed) {
    ScriptedEndpoint endpoint(loop_, answer_http(kOk));
    HealthChecker checker(loop_, seed, callbacks_, {.look = 5ms, .keep = 60s});
    constexpr std::size_t kServices = 40;
    model::ServiceOptions own = options();
    own.health_check_interval = 1h;
    for (std::size_t i = 0; i < kServices; ++i) {
      put("web-" + std::to_string(i), {endpoint.address()}, own);
      use("web-" + std::to_string(i));
    }
    checker.update(sets_);
    EXPECT_TRUE(
        fakes::run_until(loop_, [&] { return endpoint.connections().size() == kServices && checker.running() == 0; }));
    std::vector<std::string> order;
    for (const Connection& one : endpoint.connections())
      order.push_back(one.received.substr(0, one.received.find("User")));
    return order;
  }
};

TEST_F(HealthCheckerOrders, AreEachProcessesOwn) {
  const auto order = order_of(1);
  EXPECT_EQ(order_of(1), order);
  EXPECT_NE(order_of(2), order);
  EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
}

TEST_F(HealthCheckers, SayNothingWhereDescriptorsHaveRunOut) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "UBSan, which is built in with ASan, needs descriptors itself";
#endif
  const std::string refused = Listener().address();
  put("web", {refused});
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = net::next_descriptor();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  use("web");
  update();
  run_on();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(changes_.empty());
  until([&] { return !changes_.empty(); });
  EXPECT_EQ(changes_, (std::vector<Change>{{"web", refused, false}}));
}

TEST_F(HealthCheckers, EndWithChecksUnderWay) {
  ScriptedEndpoint silent(loop_, {});
  {
    HealthChecker checker(loop_, 1, callbacks_, {.look = 5ms, .keep = 60s});
    put("web", {silent.address()});
    use("web");
    checker.update(sets_);
    until([&] { return silent.open() == 1; });
  }
  until([&] { return silent.open() == 0; });
  EXPECT_TRUE(changes_.empty());
}

}  // namespace
}  // namespace outrigger::check::test
