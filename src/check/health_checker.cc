#include "check/health_checker.h"

#include <algorithm>
#include <tuple>

#include "log/log.h"
#include "result/result.h"

namespace outrigger::check {
namespace {

constexpr std::chrono::minutes kSayUnknownEvery{1};

}  // namespace

struct HealthChecker::Endpoint {
  Service& service;
  std::string address;
  net::SocketAddress socket_address;
  health::Probe probe;
  std::unique_ptr<EndpointCheck> check = nullptr;  ///< while one is under way
};

struct HealthChecker::Service {
  std::shared_ptr<const feed::FullSet> set;
  CheckQuestion question;
  health::Use use;
  bool in_use = false;
  std::map<std::string, std::unique_ptr<Endpoint>, std::less<>> endpoints;  ///< who are asked, by address

  const model::ServicePort& name() const { return set->set.service; }
  const model::ServiceOptions& options() const { return set->set.options; }
  bool has_check() const { return options().health_check.kind != model::HealthCheck::Kind::off; }
  bool asks() const { return has_check() && in_use; }
  health::ProbeRules rules() const {
    return {.interval = options().health_check_interval,
            .unhealthy_threshold = options().health_check_unhealthy_threshold,
            .healthy_threshold = options().health_check_healthy_threshold};
  }
};

HealthChecker::HealthChecker(net::EventLoop& loop, std::uint64_t seed, Callbacks callbacks, HealthCheckPace pace)
    : loop_(loop),
      random_(seed),
      callbacks_(std::move(callbacks)),
      pace_(pace),
      due_timer_(loop, [this] { start_due(); }),
      look_timer_(loop, [this] { look(); }) {}

HealthChecker::~HealthChecker() = default;

void HealthChecker::update(const Sets& sets) {
  std::erase_if(services_, [&](const auto& item) {
    const auto found = sets.find(item.first);
    if (found != sets.end() && found->second) return false;
    for (const auto& [address, endpoint] : item.second->endpoints) drop(*endpoint);
    return true;
  });
  bool any = false;
  for (const auto& [name, set] : sets) {
    if (!set) continue;
    auto& service = services_[name];
    if (!service) service = std::make_unique<Service>();
    if (service->set != set) adopt(*service, set);
    any = any || service->has_check();
  }
  if (!any) {
    look_timer_.cancel();
  } else if (!look_timer_.is_set()) {
    look_timer_.set({});
  }
  schedule();
}

void HealthChecker::adopt(Service& service, std::shared_ptr<const feed::FullSet> set) {
  const std::shared_ptr<const feed::FullSet> old = std::exchange(service.set, std::move(set));
  CheckQuestion question = check_question(service.set->set);
  const auto said = [](const CheckQuestion& one) { return std::tie(one.check, one.http2); };
  const bool same = said(service.question) == said(question);
  service.question = std::move(question);
  if (!same) refresh(service, false);  // what the old question has found is no answer to the new one
  refresh(service, service.asks());
  if (old && service.rules().interval < old->set.options.health_check_interval) {
    for (const auto& [address, endpoint] : service.endpoints) hurry(*endpoint);
  }
}

void HealthChecker::refresh(Service& service, bool asks) {
  if (!asks && service.endpoints.empty()) return;
  std::map<std::string_view, bool> asked;  // every endpoint of the set, by address
  for (const model::Endpoint& endpoint : service.set->set.endpoints) {
    asked[endpoint.address] = asks && !endpoint.draining;
  }
  std::vector<std::string> well_again;
  std::erase_if(service.endpoints, [&](const auto& item) {
    const auto found = asked.find(item.first);
    if (found != asked.end() && found->second) return false;
    if (found != asked.end() && !item.second->probe.well()) well_again.push_back(item.first);
    drop(*item.second);
    return true;
  });
  for (const auto& [address, is_asked] : asked) {
    if (!is_asked || service.endpoints.contains(address)) continue;
    const auto socket_address = net::SocketAddress::parse(address);
    CHECK(socket_address.has_value());
    auto endpoint =
        std::make_unique<Endpoint>(Endpoint{.service = service,
                                            .address = std::string(address),
                                            .socket_address = *socket_address,
                                            .probe = health::Probe(service.rules().interval, random_.unit(), now())});
    enqueue(*endpoint);
    service.endpoints.emplace(address, std::move(endpoint));
  }
  for (const std::string& address : well_again) {
    log::info("an endpoint is asked no more, and counts as well",
              {{"service", service.name().text()}, {"address", address}});
    callbacks_.on_change(service.name(), address, true);
  }
}

void HealthChecker::drop(Endpoint& endpoint) {
  if (endpoint.check) {
    --running_;
  } else {
    waiting_.erase({endpoint.probe.due(), &endpoint});
  }
}

void HealthChecker::hurry(Endpoint& endpoint) {
  if (endpoint.check) return;  // the next one is an interval away as it is now
  waiting_.erase({endpoint.probe.due(), &endpoint});
  endpoint.probe.hurry(endpoint.service.rules().interval, random_.unit(), now());
  enqueue(endpoint);
}

void HealthChecker::look() {
  look_timer_.set(pace_.look);
  std::vector<Service*> used;
  for (const auto& [name, service] : services_) {
    if (service->use.look(callbacks_.uses(name))) used.push_back(service.get());
  }
  mark_used(std::move(used));
  for (const auto& [name, service] : services_) {
    const bool in_use = service->use.in_use(service->rules().interval, pace_.keep, now());
    if (std::exchange(service->in_use, in_use) != in_use) refresh(*service, service->asks());
  }
  schedule();
}

/// And whom they send to or fail over to.
void HealthChecker::mark_used(std::vector<Service*> services) {
  std::set<Service*> seen(services.begin(), services.end());
  const auto add = [&](const model::ServicePort& name) {
    const auto found = services_.find(name);
    if (found != services_.end() && seen.insert(found->second.get()).second) services.push_back(found->second.get());
  };
  while (!services.empty()) {
    Service& one = *services.back();
    services.pop_back();
    one.use.renew(now());
    for (const model::Rule& rule : one.set->set.rules) {
      for (const model::WeightedCluster& cluster : rule.clusters) add(cluster.cluster);
    }
    for (const model::ServicePort& name : one.set->set.failover) add(name);
  }
}

void HealthChecker::enqueue(Endpoint& endpoint) { waiting_.emplace(endpoint.probe.due(), &endpoint); }

void HealthChecker::schedule() {
  due_timer_.cancel();
  if (running_ == kMaxRunning || waiting_.empty()) return;
  due_timer_.set(std::max(waiting_.begin()->first - now(), health::Time(0)));
}

void HealthChecker::start_due() {
  while (running_ < kMaxRunning && !waiting_.empty() && waiting_.begin()->first <= now()) {
    Endpoint& endpoint = *waiting_.begin()->second;
    waiting_.erase(waiting_.begin());
    start(endpoint);
  }
  schedule();
}

void HealthChecker::start(Endpoint& endpoint) {
  ++running_;
  endpoint.check =
      std::make_unique<EndpointCheck>(loop_, endpoint.socket_address, endpoint.service.question,
                                      [this, &endpoint](const CheckOutcome& outcome) { finish(endpoint, outcome); });
}

void HealthChecker::finish(Endpoint& endpoint, const CheckOutcome& outcome) {
  endpoint.check.reset();
  --running_;
  const health::ProbeRules rules = endpoint.service.rules();
  bool changed = false;
  if (outcome.verdict == CheckOutcome::Verdict::unknown) {
    endpoint.probe.put_off(rules.interval, random_.unit(), now());
    say_unknown(endpoint, outcome);
  } else {
    changed = endpoint.probe.take(outcome.verdict == CheckOutcome::Verdict::well, rules, random_.unit(), now());
  }
  enqueue(endpoint);
  schedule();
  if (!changed) return;
  const std::string service = endpoint.service.name().text();
  if (endpoint.probe.well()) {
    log::info("an endpoint passes its health checks again", {{"service", service}, {"address", endpoint.address}});
  } else {
    log::warn("an endpoint fails its health checks",
              {{"service", service}, {"address", endpoint.address}, {"reason", outcome.reason}});
  }
  callbacks_.on_change(endpoint.service.name(), endpoint.address, endpoint.probe.well());
}

void HealthChecker::say_unknown(const Endpoint& endpoint, const CheckOutcome& outcome) {
  if (unknown_said_ && now() - *unknown_said_ < kSayUnknownEvery) return;
  unknown_said_ = now();
  log::warn("health checks cannot be made",
            {{"service", endpoint.service.name().text()}, {"address", endpoint.address}, {"reason", outcome.reason}});
}

}  // namespace outrigger::check
