#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <iostream>
#include <map>
#include <random>

#include "operator/objects.h"
#include "operator/plain_sets.h"
#include "operator/random_objects.h"
#include "operator/reconciler.h"

namespace outrigger::op {
namespace {

using kube::Kind;
using Streams = std::map<Kind, std::deque<kube::Change>>;

/// As a kind's watch tells it.
kube::Change random_change(RandomObjects& world, Kind kind) {
  const unsigned which = world.below(10);
  if (which == 0) {
    std::map<model::ObjectKey, kube::Object> objects;
    for (unsigned i = world.below(6); i > 0; --i) {
      kube::Object one = world.object(kind);
      objects.insert_or_assign(one.key, one);
    }
    std::vector<kube::Object> listed;
    for (auto& [key, one] : objects) listed.push_back(one);
    return all(kind, listed);
  }
  kube::Object one = world.object(kind);
  return which <= 2 ? gone(kind, one.key.name) : put(one);
}

constexpr TimePoint kLate{std::chrono::hours(1)};

void take(Reconciler& reconciler, std::size_t max_services, TimePoint now, Sets& sets) {
  for (const ServiceUpdate& update : reconciler.reconcile(max_services, now)) {
    if (update.set) {
      sets[update.service] = update.set->set;
    } else {
      ASSERT_EQ(sets.erase(update.service), 1u);
    }
  }
}

/// The last word on each object, and one merge of everything.
Sets reference(const Streams& streams) {
  Objects objects;
  for (const auto& [kind, changes] : streams) {
    for (const kube::Change& change : changes) apply_plainly(objects, change);
  }
  return plain_sets(objects);
}

Sets run_interleaved(Streams streams, RandomObjects& world) {
  Reconciler reconciler(kinds(), [](const AnnotationProblem&, Inventory::ProblemIs) {});
  Sets sets;
  int now = 0;
  while (!streams.empty()) {
    auto stream = std::next(streams.begin(), world.below(streams.size()));
    stream->second.front().read_at = at(now);
    reconciler.apply(stream->second.front());
    now += static_cast<int>(world.below(30));
    stream->second.pop_front();
    if (stream->second.empty()) streams.erase(stream);
    take(reconciler, world.below(3), at(now), sets);
    const auto due = reconciler.next_due();
    EXPECT_TRUE(!due || *due <= at(now) + Reconciler::kMaxHold);
  }
  // What takes something away is never held back.
  take(reconciler, SIZE_MAX, at(now), sets);
  const Sets shown = sets;
  take(reconciler, SIZE_MAX, kLate, sets);
  for (const auto& [service, set] : shown) {
    EXPECT_TRUE(sets.contains(service));
    for (const auto& endpoint : set.endpoints) {
      if (endpoint.draining) continue;
      EXPECT_TRUE(std::ranges::any_of(sets[service].endpoints,
                                      [&](const auto& other) {
                                        return other.address == endpoint.address && other.pod == endpoint.pod &&
                                               !other.draining;
                                      }))
          << service.text() << " " << endpoint.address;
    }
  }
  EXPECT_EQ(reconciler.depth(), 0u);
  return sets;
}

TEST(ReconcilerProperty, EveryInterleavingOfTheSameChangesEndsInTheSameSets) {
  const unsigned seed = std::random_device{}();
  std::cout << "seed " << seed << '\n';
  std::mt19937 random(seed);
  RandomObjects world(random);
  for (int round = 0; round < 60; ++round) {
    Streams streams;
    for (const Kind kind : kinds()) {
      streams[kind].push_back(all(kind, {}));
      for (int i = 0; i < 40; ++i) streams[kind].push_back(random_change(world, kind));
    }
    const Sets expected = reference(streams);
    for (int order = 0; order < 4; ++order) ASSERT_EQ(run_interleaved(streams, world), expected) << "seed " << seed;
  }
}

/// 2,000 Services of 10 endpoints: a pod's change must find its Service and come out in far less than the removal
/// delay that users see (50 ms).
TEST(ReconcilerCost, OfAPodsChangeIsSmallAmongTwentyThousandEndpoints) {
  Reconciler reconciler(kinds(), [](const AnnotationProblem&, Inventory::ProblemIs) {});
  std::vector<kube::Object> services, slices;
  for (int i = 0; i < 2'000; ++i) {
    const std::string name = "s" + std::to_string(i);
    services.push_back(service(name));
    std::vector<model::SliceEndpoint> endpoints;
    for (int k = 0; k < 10; ++k) {
      endpoints.push_back(
          endpoint("10." + std::to_string(i / 200) + "." + std::to_string(i % 200) + "." + std::to_string(k + 1),
                   name + "-" + std::to_string(k)));
    }
    slices.push_back(slice(name + "-1", name, endpoints));
  }
  reconciler.apply(all(Kind::service, services));
  reconciler.apply(all(Kind::endpoint_slice, slices));
  reconciler.apply(all(Kind::pod, {}));
  reconciler.apply(all(Kind::node, {}));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(reconciler.reconcile(SIZE_MAX, kLate).size(), 2'000u);
  const auto listed = std::chrono::steady_clock::now();
  constexpr int kPods = 20;
  for (int i = 0; i < kPods; ++i) {
    reconciler.apply(put(pod("s" + std::to_string(i * 97) + "-3", {{"outrigger.dev/weight", "2"}})));
    ASSERT_EQ(reconciler.reconcile(SIZE_MAX, kLate).size(), 1u);
  }
  const auto changed = std::chrono::steady_clock::now();
  const auto microseconds = [](auto duration) {
    return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  };
  std::cout << "2,000 Services: " << microseconds(listed - start)
            << " us, a pod: " << microseconds(changed - listed) / kPods << " us\n";
  EXPECT_LT(microseconds(changed - listed) / kPods, 50'000);
}

}  // namespace
}  // namespace outrigger::op
