#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <iostream>
#include <map>
#include <random>

#include "operator/objects.h"
#include "operator/reconciler.h"

namespace outrigger::op {
namespace {

using kube::Kind;
using Sets = std::map<model::ServicePort, model::EndpointSet>;
using Streams = std::map<Kind, std::deque<kube::Change>>;

/// Random changes of a small world, as each kind's watch tells them.
class World {
 public:
  explicit World(std::mt19937& random) : random_(random) {}

  kube::Object object(Kind kind) {
    const std::string name = std::to_string(below(6));
    switch (kind) {
      case Kind::service: {
        model::Annotations annotations;
        if (below(2) == 0) annotations["outrigger.dev/policy"] = below(3) == 0 ? "fastest" : "round-robin";
        if (below(3) == 0) annotations["outrigger.dev/protocol"] = below(3) == 0 ? "ftp:80" : "grpc:80,tcp:81";
        kube::Object one = service("s" + name, annotations,
                                   below(4) == 0 ? std::vector<std::uint16_t>{80, 81} : std::vector<std::uint16_t>{80});
        auto& spec = std::get<model::Service>(one.value);
        if (below(4) == 0) spec.ports[0].protocol = protocol();
        if (below(2) == 0) spec.cluster_ips = {"10.96.0." + std::to_string(below(3))};
        return one;
      }
      case Kind::endpoint_slice: {
        std::vector<model::SliceEndpoint> endpoints;
        for (unsigned i = below(4); i > 0; --i) {
          const std::string host = std::to_string(below(8));
          model::SliceEndpoint one = endpoint("10.0.0." + host, "p" + host);
          one.node = "n" + std::to_string(below(3));
          one.ready = below(4) != 0;
          one.terminating = below(4) == 0;
          endpoints.push_back(one);
        }
        kube::Object one = slice("l" + name, "s" + std::to_string(below(6)), endpoints);
        if (below(4) == 0) std::get<kube::SliceGroup>(one.value).slices[0].ports[0].protocol = protocol();
        return one;
      }
      case Kind::pod:
        return pod("p" + name, below(3) == 0 ? model::Annotations{}
                                             : model::Annotations{{"outrigger.dev/weight", std::to_string(below(4))}});
      case Kind::node: return node("n" + name, below(3) == 0 ? "" : "z" + std::to_string(below(2)));
      case Kind::endpoints: break;
    }
    std::abort();
  }

  kube::Change change(Kind kind) {
    const unsigned which = below(10);
    if (which == 0) {
      std::map<model::ObjectKey, kube::Object> objects;
      for (unsigned i = below(6); i > 0; --i) {
        kube::Object one = object(kind);
        objects.insert_or_assign(one.key, one);
      }
      std::vector<kube::Object> listed;
      for (auto& [key, one] : objects) listed.push_back(one);
      return all(kind, listed);
    }
    kube::Object one = object(kind);
    return which <= 2 ? gone(kind, one.key.name) : put(one);
  }

  model::Protocol protocol() { return below(2) == 0 ? model::Protocol::http : model::Protocol::tcp; }

  unsigned below(unsigned bound) { return std::uniform_int_distribution<unsigned>(0, bound - 1)(random_); }

 private:
  std::mt19937& random_;
};

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

/// The plain way: the last word on each object, and one merge of everything.
Sets reference(const Streams& streams) {
  std::map<std::pair<Kind, model::ObjectKey>, kube::Object> objects;
  for (const auto& [kind, changes] : streams) {
    for (const kube::Change& change : changes) {
      if (change.replace) std::erase_if(objects, [&](const auto& entry) { return entry.first.first == change.kind; });
      for (const auto& key : change.gone) objects.erase({change.kind, key});
      for (const kube::Object& one : change.objects) objects.insert_or_assign({change.kind, one.key}, one);
    }
  }
  const auto find = [&](Kind kind, const model::ObjectKey& key) -> const kube::Object* {
    const auto found = objects.find({kind, key});
    return found == objects.end() ? nullptr : &found->second;
  };
  const model::Surroundings surroundings{.pod_traits =
                                             [&](const model::ObjectKey& key) {
                                               const auto* one = find(Kind::pod, key);
                                               return one ? &std::get<kube::PodInfo>(one->value).annotations.traits
                                                          : nullptr;
                                             },
                                         .node_zone =
                                             [&](const std::string& name) {
                                               const auto* one = find(Kind::node, {"", name});
                                               return one ? &std::get<kube::NodeInfo>(one->value).zone : nullptr;
                                             }};
  Sets sets;
  for (const auto& [key, one] : objects) {
    if (key.first != Kind::service) continue;
    const auto& known = std::get<model::Service>(one.value);
    std::vector<const model::EndpointSlice*> slices;
    for (const auto& [other_key, other] : objects) {
      if (other_key.first != Kind::endpoint_slice) continue;
      for (const auto& slice : std::get<kube::SliceGroup>(other.value).slices) {
        if (slice.service == known.key) slices.push_back(&slice);
      }
    }
    const auto annotations = model::parse_service_annotations(known.key, known.annotations);
    for (auto& set : model::merge_slices(known, annotations, slices, surroundings)) sets[set.service] = set;
  }
  return sets;
}

Sets run_interleaved(Streams streams, World& world) {
  Reconciler reconciler(kinds(), [](const AnnotationProblem&, Inventory::ProblemIs) {});
  Sets sets;
  int now = 0;
  while (!streams.empty()) {
    auto stream = std::next(streams.begin(), world.below(static_cast<unsigned>(streams.size())));
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
  World world(random);
  for (int round = 0; round < 60; ++round) {
    Streams streams;
    for (const Kind kind : kinds()) {
      streams[kind].push_back(all(kind, {}));
      for (int i = 0; i < 40; ++i) streams[kind].push_back(world.change(kind));
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
