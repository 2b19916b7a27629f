#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <list>
#include <map>
#include <random>

#include "feed/version.h"
#include "operator/feed_reader.h"
#include "operator/objects.h"
#include "operator/publisher.h"

namespace outrigger::op {
namespace {

/// Sidecars that come, subscribe, read when they like, go and come again with what they had.
class Sidecars {
 public:
  explicit Sidecars(unsigned seed) : random_(seed) {}

  void step() {
    switch (below(12)) {
      case 0: return come();
      case 1: return go();
      case 2: return subscribe();
      case 3: return unsubscribe();
      case 4:
      case 5: return read();
      case 6: return resolve();
      case 7: return unresolve();
      default: return publish();
    }
  }

  void read_everything() {
    for (Sidecar& sidecar : sidecars_) {
      do {
        sidecar.stream->drain();
        publisher_.drained(*sidecar.stream);
      } while (sidecar.stream->unsent() > 0);
    }
  }

  /// Whoever has read everything has exactly what there is of what it subscribes to.
  void check() const {
    for (const Sidecar& sidecar : sidecars_) {
      for (const auto& service : sidecar.subscribed) {
        const auto there = sets_.find(service);
        const auto had = sidecar.stream->reader.sets.find(service);
        ASSERT_EQ(had != sidecar.stream->reader.sets.end(), there != sets_.end()) << service.text();
        if (there == sets_.end()) continue;
        ASSERT_EQ(had->second, *there->second);
      }
      for (const auto& address : sidecar.resolved) {
        const auto told = sidecar.stream->reader.destinations.find(address);
        ASSERT_NE(told, sidecar.stream->reader.destinations.end()) << address;
        // Once a Service was named, its set tells of what becomes of it.
        if (told->second) continue;
        for (const auto& [service, set] : sets_) {
          ASSERT_EQ(std::ranges::count(set->set.addresses, address), 0) << address << " is " << service.text();
        }
      }
    }
  }

 private:
  struct Sidecar {
    std::unique_ptr<MemoryStream> stream;
    std::set<model::ServicePort> subscribed;
    std::set<std::string> resolved;
  };

  unsigned below(std::size_t bound) {
    return std::uniform_int_distribution<unsigned>(0, static_cast<unsigned>(bound) - 1)(random_);
  }
  model::ServicePort any_service() { return port_of("s" + std::to_string(below(4))); }
  Sidecar* any_sidecar() {
    return sidecars_.empty() ? nullptr : &*std::next(sidecars_.begin(), below(sidecars_.size()));
  }

  void come() {
    Sidecar& sidecar = sidecars_.emplace_back();
    sidecar.stream = std::make_unique<MemoryStream>();
    publisher_.add(*sidecar.stream);
    if (left_.empty()) return;
    sidecar.stream->reader.sets = std::move(left_.back());
    left_.pop_back();
    for (const auto& [service, set] : sidecar.stream->reader.sets) subscribe(sidecar, service);
  }

  void go() {
    if (sidecars_.empty()) return;
    const auto sidecar = std::next(sidecars_.begin(), below(sidecars_.size()));
    publisher_.remove(*sidecar->stream);
    left_.push_back(std::move(sidecar->stream->reader.sets));
    sidecars_.erase(sidecar);
  }

  void subscribe() {
    if (Sidecar* sidecar = any_sidecar()) subscribe(*sidecar, any_service());
  }
  void subscribe(Sidecar& sidecar, const model::ServicePort& service) {
    // A version is only told of what has been read to its end, and not while something else is on its way.
    std::string version;
    if (!sidecar.subscribed.contains(service)) {
      const auto had = sidecar.stream->reader.sets.find(service);
      if (had != sidecar.stream->reader.sets.end() && sidecar.stream->unsent() == 0) version = had->second.version;
    }
    say(sidecar, feed::Subscribe{{{service, version}}});
    sidecar.subscribed.insert(service);
  }

  void unsubscribe() {
    Sidecar* sidecar = any_sidecar();
    if (!sidecar) return;
    const auto service = any_service();
    say(*sidecar, feed::Unsubscribe{{service}});
    sidecar->subscribed.erase(service);
  }

  std::string any_address() { return "10.96.0." + std::to_string(below(6)) + ":80"; }

  void resolve() {
    Sidecar* sidecar = any_sidecar();
    if (!sidecar) return;
    const std::string address = any_address();
    say(*sidecar, feed::Resolve{{address}});
    sidecar->resolved.insert(address);
  }

  void unresolve() {
    Sidecar* sidecar = any_sidecar();
    if (!sidecar) return;
    const std::string address = any_address();
    say(*sidecar, feed::Unresolve{{address}});
    sidecar->resolved.erase(address);
  }

  void read() {
    Sidecar* sidecar = any_sidecar();
    if (!sidecar) return;
    sidecar->stream->drain();
    publisher_.drained(*sidecar->stream);
  }

  void publish() {
    const auto service = any_service();
    if (below(8) == 0) {
      if (sets_.erase(service) > 0) publisher_.publish({{{service, nullptr, at(0)}}, true});
      return;
    }
    feed::FullSet full;
    full.set.service = service;
    full.set.rules = model::own_cluster_rule(service);
    if (below(6) == 0) full.set.options.policy = model::PolicyKind::round_robin;
    for (unsigned i = below(3); i > 0; --i) {
      const std::string address = any_address();
      if (std::ranges::count(full.set.addresses, address) == 0) full.set.addresses.push_back(address);
    }
    // Now and then so many that readers are stuck at once.
    const unsigned hosts = below(20) == 0 ? 6'000 : 4;
    for (unsigned host = 0; host < hosts; ++host) {
      if (below(3) == 0) continue;
      model::Endpoint& endpoint = full.set.endpoints.emplace_back();
      endpoint.address = "10.0." + std::to_string(host / 250) + "." + std::to_string(host % 250 + 1) + ":80";
      endpoint.weight = 1 + below(3);
    }
    std::ranges::sort(full.set.endpoints, {}, &model::Endpoint::address);
    full.version = feed::version_of(full.set);
    const auto shared = std::make_shared<const feed::FullSet>(full);
    sets_[service] = shared;
    publisher_.publish({{{service, shared, at(0)}}, true});
  }

  void say(Sidecar& sidecar, const feed::ToOperator& message) {
    std::string line = feed::encode(message);
    line.pop_back();
    ASSERT_TRUE(publisher_.receive(*sidecar.stream, line));
  }

  std::mt19937 random_;
  Publisher publisher_{[](std::string_view line) { return std::make_shared<const std::string>(line); },
                       [] { return at(0); }};
  std::map<model::ServicePort, std::shared_ptr<const feed::FullSet>> sets_;
  std::list<Sidecar> sidecars_;
  std::vector<std::map<model::ServicePort, feed::FullSet>> left_;  ///< what sidecars had when they went
};

TEST(PublisherProperty, WhoeverReadsEverythingHasWhatThereIs) {
  const unsigned seed = std::random_device{}();
  std::cout << "seed " << seed << '\n';
  for (unsigned round = 0; round < 4; ++round) {
    Sidecars sidecars(seed + round);
    for (int i = 0; i < 300; ++i) {
      sidecars.step();
      ASSERT_FALSE(testing::Test::HasFatalFailure()) << "seed " << seed + round;
      if (i % 50 != 0) continue;
      sidecars.read_everything();
      sidecars.check();
      ASSERT_FALSE(testing::Test::HasFatalFailure()) << "seed " << seed + round;
    }
    sidecars.read_everything();
    sidecars.check();
    ASSERT_FALSE(testing::Test::HasFatalFailure()) << "seed " << seed + round;
  }
}

}  // namespace
}  // namespace outrigger::op
