#include "model/merge_slices.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace outrigger::model {
namespace {

const Surroundings kNothingKnown;

Service web(std::vector<ServicePortSpec> ports = {{"http", 80, true}}) {
  Service service;
  service.key = {"shop", "web"};
  service.ports = std::move(ports);
  return service;
}

EndpointSlice slice(std::vector<SliceEndpoint> endpoints, std::vector<SlicePort> ports = {{"http", 8080, true}}) {
  return {.service = {"shop", "web"}, .ports = std::move(ports), .endpoints = std::move(endpoints)};
}

SliceEndpoint ready(std::string ip, std::string pod = {}) {
  return {.addresses = {std::move(ip)}, .zone = {}, .node = {}, .pod = std::move(pod)};
}

std::vector<Endpoint> only(std::string address) { return {{.address = std::move(address), .zone = {}, .pod = {}}}; }

std::vector<EndpointSet> merge(const Service& service, const std::vector<EndpointSlice>& slices,
                               const Surroundings& surroundings = kNothingKnown) {
  std::vector<const EndpointSlice*> pointers;
  for (const EndpointSlice& one : slices) pointers.push_back(&one);
  return merge_slices(service, {}, pointers, surroundings);
}

/// Of the first port's set.
std::vector<Endpoint> endpoints(const Service& service, const std::vector<EndpointSlice>& slices,
                                const Surroundings& surroundings = kNothingKnown) {
  return merge(service, slices, surroundings).at(0).endpoints;
}

TEST(MergeSlices, MakesOneSetPerTcpPortInTheServicesOrder) {
  const Service service = web({{"admin", 9000, true}, {"dns", 53, false}, {"http", 80, true}});
  const ParsedServiceAnnotations annotations{
      .options = {.policy = PolicyKind::round_robin}, .protocols = {}, .errors = {}};
  const EndpointSlice both =
      slice({ready("10.0.0.1")}, {{"http", 8080, true}, {"admin", 9001, true}, {"dns", 53, false}});
  const EndpointSlice* slices[] = {&both};
  const auto sets = merge_slices(service, annotations, slices, kNothingKnown);
  ASSERT_EQ(sets.size(), 2u);
  EXPECT_EQ(sets[0].service.text(), "shop/web:9000");
  EXPECT_EQ(sets[0].options, annotations.options);
  EXPECT_EQ(sets[0].rules, own_cluster_rule(sets[0].service));
  EXPECT_EQ(sets[0].endpoints, only("10.0.0.1:9001"));
  EXPECT_EQ(sets[1].service.text(), "shop/web:80");
  EXPECT_EQ(sets[1].endpoints, only("10.0.0.1:8080"));
}

TEST(MergeSlices, WithoutTcpPortsMakesNothingAndWithoutSlicesAnEmptySet) {
  EXPECT_TRUE(merge(web({}), {slice({ready("10.0.0.1")})}).empty());
  EXPECT_TRUE(merge(web({{"dns", 53, false}}), {slice({ready("10.0.0.1")})}).empty());
  const auto sets = merge(web(), {});
  ASSERT_EQ(sets.size(), 1u);
  EXPECT_TRUE(sets[0].endpoints.empty());
  EXPECT_EQ(sets[0].rules.size(), 1u);
}

TEST(MergeSlices, FindsPortsByNameAndProtocol) {
  EXPECT_TRUE(endpoints(web(), {slice({ready("10.0.0.1")}, {{"https", 8443, true}})}).empty());
  EXPECT_TRUE(endpoints(web(), {slice({ready("10.0.0.1")}, {{"http", 8080, false}})}).empty());
  EXPECT_TRUE(endpoints(web(), {slice({ready("10.0.0.1")}, {})}).empty());
  EXPECT_EQ(endpoints(web({{"", 80, true}}), {slice({ready("10.0.0.1")}, {{"", 8080, true}})}).size(), 1u);
}

TEST(MergeSlices, AKnownAppProtocolCountsBeforeTheAnnotation) {
  using enum Protocol;
  const auto protocol = [](std::optional<Protocol> of_service, std::vector<std::optional<Protocol>> of_slices) {
    std::vector<EndpointSlice> slices;
    for (const auto& of_slice : of_slices) slices.push_back(slice({}, {{"http", 8080, true, of_slice}}));
    // Other ports' say nothing of this one.
    slices.push_back(slice({}, {{"other", 8080, true, tcp}, {"http", 8080, false, tcp}}));
    std::vector<const EndpointSlice*> pointers;
    for (const EndpointSlice& one : slices) pointers.push_back(&one);
    const ParsedServiceAnnotations annotations =
        parse_service_annotations({"shop", "web"}, {{"outrigger.dev/protocol", "http2:80"}});
    std::sort(pointers.begin(), pointers.end());
    std::vector<Protocol> found;
    do {
      const auto sets = merge_slices(web({{"http", 80, true, of_service}, {"admin", 81, true}}), annotations, pointers,
                                     kNothingKnown);
      found.push_back(sets.at(0).options.protocol);
      EXPECT_EQ(sets.at(1).options.protocol, automatic);
    } while (std::next_permutation(pointers.begin(), pointers.end()));
    EXPECT_EQ(std::count(found.begin(), found.end(), found.front()), static_cast<std::ptrdiff_t>(found.size()));
    return found.front();
  };
  EXPECT_EQ(protocol({}, {}), http2);
  EXPECT_EQ(protocol({}, {std::nullopt}), http2);
  EXPECT_EQ(protocol({}, {http}), http);
  EXPECT_EQ(protocol({}, {std::nullopt, grpc}), grpc);
  EXPECT_EQ(protocol({}, {grpc, tcp, http}), tcp);
  EXPECT_EQ(protocol(grpc, {}), grpc);
  EXPECT_EQ(protocol(http, {tcp}), http);
}

TEST(MergeSlices, AddressesAreTheClusterIpsWithThePort) {
  Service service = web({{"http", 80, true}, {"admin", 90, true}});
  service.cluster_ips = {"10.96.0.7", "FD00:0:0::7", "10.96.0.7"};
  const auto sets = merge(service, {});
  EXPECT_EQ(sets.at(0).addresses, (std::vector<std::string>{"10.96.0.7:80", "[fd00::7]:80"}));
  EXPECT_EQ(sets.at(1).addresses, (std::vector<std::string>{"10.96.0.7:90", "[fd00::7]:90"}));
}

TEST(MergeSlices, AHeadlessServiceHasNoAddresses) {
  Service service = web();
  for (const auto& ips : {std::vector<std::string>{}, {"None"}, {""}}) {
    service.cluster_ips = ips;
    EXPECT_TRUE(merge(service, {}).at(0).addresses.empty());
  }
}

TEST(MergeSlices, NamedTargetPortsMayDifferFromSliceToSlice) {
  const auto merged = endpoints(
      web(), {slice({ready("10.0.0.2")}, {{"http", 9090, true}}), slice({ready("10.0.0.1")}, {{"http", 8080, true}})});
  ASSERT_EQ(merged.size(), 2u);
  EXPECT_EQ(merged[0].address, "10.0.0.1:8080");
  EXPECT_EQ(merged[1].address, "10.0.0.2:9090");
}

TEST(MergeSlices, ConditionsDecideWhatIsUsable) {
  struct Case {
    bool publish, ready, serving, terminating;
    bool in, draining;
  };
  constexpr Case kCases[] = {
      {false, true, true, false, true, false},     // ready
      {false, false, false, false, false, false},  // not ready
      {false, false, true, false, false, false},   // serving without terminating is not ready either
      {false, false, true, true, true, true},      // draining
      {false, true, true, true, true, true},       // terminating is never ready
      {false, false, false, true, false, false},   // terminating and no longer serving
      {true, false, false, false, true, false},    // published all the same
      {true, false, false, true, true, false},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(testing::Message() << c.publish << c.ready << c.serving << c.terminating);
    Service service = web();
    service.publish_not_ready_addresses = c.publish;
    SliceEndpoint endpoint = ready("10.0.0.1");
    endpoint.ready = c.ready;
    endpoint.serving = c.serving;
    endpoint.terminating = c.terminating;
    const auto merged = endpoints(service, {slice({endpoint})});
    ASSERT_EQ(merged.size(), c.in ? 1u : 0u);
    if (c.in) {
      EXPECT_EQ(merged[0].draining, c.draining);
    }
  }
}

TEST(MergeSlices, AnAddressInSeveralSlicesCountsOnceWithItsBestCondition) {
  SliceEndpoint draining = ready("10.0.0.1", "web-a");
  draining.ready = false;
  draining.terminating = true;
  const SliceEndpoint available = ready("10.0.0.1", "web-b");
  for (const auto& slices :
       {std::vector{slice({draining}), slice({available})}, std::vector{slice({available}), slice({draining})},
        std::vector{slice({draining, available})}}) {
    const auto merged = endpoints(web(), slices);
    ASSERT_EQ(merged.size(), 1u);
    EXPECT_FALSE(merged[0].draining);
    EXPECT_EQ(merged[0].pod, "web-b");
  }
}

TEST(MergeSlices, TwoSpellingsOfAnAddressAreOne) {
  EXPECT_EQ(endpoints(web(), {slice({ready("fd00::7"), ready("FD00:0:0::7")})}).size(), 1u);
}

TEST(MergeSlices, LeavesOutWhatIsNoAddress) {
  const auto merged =
      endpoints(web(), {slice({ready("web.example"), ready("0.0.0.0"), ready("fe80::1%eth0"), SliceEndpoint{}}),
                        slice({ready("10.0.0.9")}, {{"http", 0, true}}), slice({ready("10.0.0.1")})});
  ASSERT_EQ(merged.size(), 1u);
  EXPECT_EQ(merged[0].address, "10.0.0.1:8080");
}

TEST(MergeSlices, UsesTheFirstOfInterchangeableAddresses) {
  SliceEndpoint endpoint = ready("10.0.0.1");
  endpoint.addresses.push_back("10.0.0.2");
  const auto merged = endpoints(web(), {slice({endpoint})});
  ASSERT_EQ(merged.size(), 1u);
  EXPECT_EQ(merged[0].address, "10.0.0.1:8080");
}

TEST(MergeSlices, APodOfBothFamiliesCountsOnceInTheServicesFirst) {
  SliceEndpoint leaving_v6 = ready("fd00::2", "web-b");
  leaving_v6.ready = false;
  EndpointSlice v6 = slice({ready("fd00::1", "web-a"), ready("fd00::3", "web-c"), leaving_v6, ready("fd00::9")});
  const EndpointSlice v4 = slice({ready("10.0.0.1", "web-a"), ready("10.0.0.2", "web-b"), ready("10.0.0.9")});
  const auto addresses = [&](bool ipv6_first) {
    Service service = web();
    service.ipv6_first = ipv6_first;
    std::vector<std::string> found;
    for (const Endpoint& endpoint : endpoints(service, {v6, v4})) found.push_back(endpoint.address);
    return found;
  };
  // web-c has one family alone, web-b is ready in one alone, and what is no pod cannot be told to be the same.
  EXPECT_EQ(addresses(false), (std::vector<std::string>{"10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.9:8080",
                                                        "[fd00::3]:8080", "[fd00::9]:8080"}));
  EXPECT_EQ(addresses(true), (std::vector<std::string>{"10.0.0.2:8080", "10.0.0.9:8080", "[fd00::1]:8080",
                                                       "[fd00::3]:8080", "[fd00::9]:8080"}));
}

TEST(MergeSlices, WeightAndTierComeFromThePodOfTheServicesNamespace) {
  const PodTraits traits{50, 2};
  const Surroundings surroundings{.pod_traits =
                                      [&](const ObjectKey& pod) {
                                        return pod == ObjectKey{"shop", "web-a"} ? &traits : nullptr;
                                      },
                                  .node_zone = {}};
  const auto merged = endpoints(
      web(), {slice({ready("10.0.0.1", "web-a"), ready("10.0.0.2", "web-b"), ready("10.0.0.3")})}, surroundings);
  ASSERT_EQ(merged.size(), 3u);
  EXPECT_EQ(merged[0].weight, 50u);
  EXPECT_EQ(merged[0].tier, 2u);
  for (const std::size_t other : {1u, 2u}) {
    EXPECT_EQ(merged[other].weight, 1u);
    EXPECT_EQ(merged[other].tier, 0u);
  }
}

TEST(MergeSlices, ZoneIsTheSlicesElseTheNodes) {
  const std::string zone = "zone-of-node";
  const Surroundings surroundings{
      .pod_traits = {}, .node_zone = [&](const std::string& node) { return node == "node-1" ? &zone : nullptr; }};
  SliceEndpoint own = ready("10.0.0.1"), nodes = ready("10.0.0.2"), unknown = ready("10.0.0.3");
  own.zone = "zone-of-slice";
  own.node = nodes.node = "node-1";
  unknown.node = "node-2";
  const auto merged = endpoints(web(), {slice({own, nodes, unknown})}, surroundings);
  ASSERT_EQ(merged.size(), 3u);
  EXPECT_EQ(merged[0].zone, "zone-of-slice");
  EXPECT_EQ(merged[1].zone, "zone-of-node");
  EXPECT_EQ(merged[2].zone, "");
}

TEST(MergeSlices, HintsComeWithTheEndpoint) {
  SliceEndpoint hinted = ready("10.0.0.1");
  hinted.for_zones = {"a", "b"};
  const auto merged = endpoints(web(), {slice({hinted, ready("10.0.0.2")})});
  ASSERT_EQ(merged.size(), 2u);
  EXPECT_EQ(merged[0].for_zones, (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(merged[1].for_zones.empty());
}

TEST(MergeSlices, AServiceThatPrefersCloseEndpointsPrefersItsZoneUnlessItsAnnotationSaysOtherwise) {
  const std::tuple<bool, const char*, ZoneAware> cases[] = {
      {false, "auto", ZoneAware::automatic}, {false, "strict", ZoneAware::strict}, {true, "auto", ZoneAware::prefer},
      {true, "bad", ZoneAware::prefer},      {true, "off", ZoneAware::off},        {true, "strict", ZoneAware::strict}};
  for (const auto& [close, annotation, expected] : cases) {
    Service service = web();
    service.prefers_close = close;
    const auto annotations = parse_service_annotations(service.key, {{"outrigger.dev/zone-aware", annotation}});
    EXPECT_EQ(merge_slices(service, annotations, {}, kNothingKnown).at(0).options.zone_aware, expected)
        << close << " " << annotation;
  }
}

TEST(MergeSlices, OtherServicesAreMeantWithThePortTheyAreSaidOf) {
  const Service service = web({{"http", 80, true}, {"admin", 90, true}});
  const auto annotations = parse_service_annotations(
      service.key, {{"outrigger.dev/weights", "web=9,web-v2=1"}, {"outrigger.dev/failover", "standby,other/web"}});
  const auto sets = merge_slices(service, annotations, {}, kNothingKnown);
  ASSERT_EQ(sets.size(), 2u);
  for (const EndpointSet& set : sets) {
    const std::uint16_t port = set.service.port;
    const std::vector<Rule> rules = {{"/", {{{{"shop", "web"}, port}, 9}, {{{"shop", "web-v2"}, port}, 1}}}};
    EXPECT_EQ(set.rules, rules);
    EXPECT_EQ(set.failover, (std::vector<ServicePort>{{{"shop", "standby"}, port}, {{"other", "web"}, port}}));
  }
}

TEST(MergeSlices, TwoThousandFiveHundredEndpointsOverThreeSlicesArriveWhole) {
  std::vector<EndpointSlice> slices(3, slice({}));
  for (unsigned i = 0; i < 2'500; ++i) {
    const std::string ip = "10.1." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1);
    slices[i / 1'000].endpoints.push_back(ready(ip, "web-" + std::to_string(i)));
  }
  slices[2].endpoints.push_back(slices[0].endpoints[7]);  // one stands in two slices
  const auto merged = endpoints(web(), slices);
  EXPECT_EQ(merged.size(), 2'500u);
  std::vector<std::string> pods;
  for (const Endpoint& endpoint : merged) pods.push_back(endpoint.pod);
  std::sort(pods.begin(), pods.end());
  EXPECT_EQ(std::unique(pods.begin(), pods.end()), pods.end());
  EXPECT_TRUE(std::is_sorted(merged.begin(), merged.end(),
                             [](const Endpoint& a, const Endpoint& b) { return a.address < b.address; }));
}

/// Random worlds, small enough that addresses, pods and conditions often clash.
class World {
 public:
  explicit World(unsigned seed) : random_(seed) {
    for (unsigned i = 0; i < 12; i += 2) traits_[pod(i)] = {below(1'000) + 1, below(3)};
    service_ = web({{"http", 80, true}, {"admin", 90, true}});
    service_.publish_not_ready_addresses = below(8) == 0;
    service_.ipv6_first = below(2) == 0;
    slices_.resize(below(5));
    for (EndpointSlice& one : slices_) fill(one);
  }

  const Service& service() const { return service_; }
  const std::vector<EndpointSlice>& slices() const { return slices_; }
  std::mt19937& random() { return random_; }
  unsigned below(unsigned bound) { return static_cast<unsigned>(random_()) % bound; }

  Surroundings surroundings() const {
    return {.pod_traits =
                [this](const ObjectKey& key) {
                  const auto found = traits_.find(key.name);
                  return found == traits_.end() ? nullptr : &found->second;
                },
            .node_zone = [this](const std::string& node) { return node == "n0" ? &zone_ : nullptr; }};
  }
  std::vector<EndpointSet> merged(const std::vector<EndpointSlice>& slices) const {
    return merge(service_, slices, surroundings());
  }

 private:
  static std::string pod(unsigned i) { return "web-" + std::to_string(i); }

  void fill(EndpointSlice& one) {
    one = slice({}, {{"http", static_cast<std::uint16_t>(8080 + below(2)), below(10) != 0}});
    if (below(2) == 0) one.ports.push_back({"admin", 9000, true});
    const bool ipv6 = below(2) == 0;
    one.endpoints.resize(below(15));
    for (SliceEndpoint& endpoint : one.endpoints) {
      const unsigned number = below(12);
      endpoint.addresses = {(ipv6 ? "fd00::" : "10.0.0.") + std::to_string(number)};
      if (below(20) == 0) endpoint.addresses = {"bad"};
      endpoint.ready = below(3) != 0;
      endpoint.serving = below(3) != 0;
      endpoint.terminating = below(3) == 0;
      if (below(4) != 0) endpoint.pod = pod(below(8) == 0 ? below(12) : number);
      if (below(2) == 0) endpoint.zone = "z" + std::to_string(below(2));
      if (below(2) == 0) endpoint.for_zones = {"h" + std::to_string(below(2))};
      if (below(2) == 0) endpoint.node = "n" + std::to_string(below(2));
    }
  }

  std::mt19937 random_;
  Service service_;
  std::vector<EndpointSlice> slices_;
  std::map<std::string, PodTraits> traits_;
  std::string zone_ = "zn";
};

/// What merging means, address by address, with no thought of cost.
std::vector<Endpoint> naive_endpoints(const World& world, const ServicePortSpec& spec) {
  const Surroundings surroundings = world.surroundings();
  std::map<std::string, std::vector<Endpoint>> by_address;
  for (const EndpointSlice& one : world.slices()) {
    for (const SlicePort& port : one.ports) {
      if (!port.tcp || port.name != spec.name) continue;
      for (const SliceEndpoint& from : one.endpoints) {
        const auto address = canonical_address(from.addresses[0], port.port);
        const bool is_ready = world.service().publish_not_ready_addresses || (from.ready && !from.terminating);
        if (!address || (!is_ready && !(from.serving && from.terminating))) continue;
        Endpoint endpoint{.address = *address,
                          .zone = from.zone,
                          .for_zones = from.for_zones,
                          .pod = from.pod,
                          .draining = !is_ready};
        if (endpoint.zone.empty() && from.node == "n0") endpoint.zone = "zn";
        if (const PodTraits* traits = surroundings.pod_traits({"shop", from.pod})) {
          endpoint.weight = traits->weight;
          endpoint.tier = traits->tier;
        }
        by_address[*address].push_back(endpoint);
      }
    }
  }
  // Of one address: ready before draining, then the smallest pod name, zone and hints, an empty one after all others.
  const auto last_if_empty = [](const std::string& text) { return text.empty() ? "~" : text; };
  std::vector<Endpoint> winners;
  for (const auto& [address, candidates] : by_address) {
    winners.push_back(*std::min_element(candidates.begin(), candidates.end(), [&](const auto& a, const auto& b) {
      if (a.draining != b.draining) return b.draining;
      if (a.pod != b.pod) return last_if_empty(a.pod) < last_if_empty(b.pod);
      if (a.zone != b.zone) return last_if_empty(a.zone) < last_if_empty(b.zone);
      return last_if_empty(a.for_zones.empty() ? "" : a.for_zones[0]) <
             last_if_empty(b.for_zones.empty() ? "" : b.for_zones[0]);
    }));
  }
  std::vector<Endpoint> kept;
  for (const Endpoint& endpoint : winners) {
    const bool has_first_family = std::any_of(winners.begin(), winners.end(), [&](const Endpoint& other) {
      return !endpoint.pod.empty() && other.pod == endpoint.pod &&
             other.address.starts_with('[') == world.service().ipv6_first;
    });
    if (endpoint.address.starts_with('[') == world.service().ipv6_first || !has_first_family) kept.push_back(endpoint);
  }
  return kept;
}

constexpr unsigned kWorlds = 2'000;

TEST(MergeSlicesProperty, AgreesWithTheNaiveMerge) {
  std::size_t seen = 0;
  for (unsigned seed = 1; seed <= kWorlds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const World world(seed);
    const auto sets = world.merged(world.slices());
    ASSERT_EQ(sets.size(), 2u);
    for (const std::size_t port : {0u, 1u}) {
      ASSERT_EQ(sets[port].endpoints, naive_endpoints(world, world.service().ports[port]));
      seen += sets[port].endpoints.size();
    }
  }
  EXPECT_GT(seen, kWorlds);
}

TEST(MergeSlicesProperty, NeitherOrderNorCutNorRepetitionChangesAnything) {
  for (unsigned seed = 1; seed <= kWorlds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed);
    const auto expected = world.merged(world.slices());

    auto permuted = world.slices();
    std::shuffle(permuted.begin(), permuted.end(), world.random());
    for (EndpointSlice& one : permuted) std::shuffle(one.endpoints.begin(), one.endpoints.end(), world.random());
    ASSERT_EQ(world.merged(permuted), expected) << "permuted";

    std::vector<EndpointSlice> split;
    for (const EndpointSlice& one : world.slices()) {
      const auto cut = one.endpoints.begin() + world.below(static_cast<unsigned>(one.endpoints.size()) + 1);
      EndpointSlice left = one, right = one;
      left.endpoints.assign(one.endpoints.begin(), cut);
      right.endpoints.assign(cut, one.endpoints.end());
      split.push_back(left);
      split.push_back(right);
    }
    ASSERT_EQ(world.merged(split), expected) << "split";

    auto repeated = world.slices();
    for (const EndpointSlice& one : world.slices()) {
      if (world.below(2) == 0) repeated.push_back(one);
    }
    ASSERT_EQ(world.merged(repeated), expected) << "repeated";
  }
}

}  // namespace
}  // namespace outrigger::model
