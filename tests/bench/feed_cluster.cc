#include "feed_cluster.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace bench {
namespace {

constexpr std::string_view kPrefix = "bench/s";

/// What an API server keeps of who has written what: most of the bytes of a small object.
constexpr std::string_view kManagedFields =
    R"([{"manager":"kube-controller-manager","operation":"Update","apiVersion":"v1","time":"2026-01-01T00:00:00Z",)"
    R"("fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:annotations":{".":{},"f:example.com/last-change":{}},)"
    R"("f:generateName":{},"f:labels":{".":{},"f:app":{},"f:pod-template-hash":{}},"f:ownerReferences":{".":{},)"
    R"("k:{\"uid\":\"6a2b1a52-2f0f-4d0e-9f61-3a5b2f6f0d11\"}":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"app\"}":)"
    R"({".":{},"f:image":{},"f:imagePullPolicy":{},"f:name":{},"f:ports":{".":{},"k:{\"containerPort\":8080,)"
    R"(\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{},"f:protocol":{}}},"f:resources":{},)"
    R"("f:terminationMessagePath":{},"f:terminationMessagePolicy":{}}},"f:dnsPolicy":{},"f:restartPolicy":{},)"
    R"("f:schedulerName":{},"f:securityContext":{},"f:terminationGracePeriodSeconds":{}}}}])";

std::string short_name(std::size_t service) { return fmt::format("s{:05}", service); }

std::string ip(std::uint32_t address) {
  return fmt::format("10.{}.{}.{}", address >> 16 & 255, address >> 8 & 255, address & 255);
}

std::string pod_name(std::size_t service, std::uint32_t address) {
  return fmt::format("{}-7d9c5b8f6d-{:06x}", short_name(service), address);
}

std::string node_name(std::size_t node) { return fmt::format("node-{:02}", node); }
std::size_t node_of(std::uint32_t address) { return address % FeedCluster::kNodes; }
std::string zone_of(std::size_t node) { return fmt::format("zone-{}", node % 3); }

std::string metadata(const std::string& name, std::string_view ns, std::uint64_t version, const std::string& labels) {
  return fmt::format(R"({{"name":"{}",{}"uid":"00000000-0000-4000-8000-{:012x}","resourceVersion":"{}",)"
                     R"("creationTimestamp":"2026-01-01T00:00:00Z","labels":{{{}}},"managedFields":{}}})",
                     name, ns, std::hash<std::string>{}(name)&0xffffffffffff, version, labels, kManagedFields);
}

constexpr std::string_view kNamespace = R"("namespace":"bench",)";

const char* list_kind(Kind kind) {
  switch (kind) {
    case Kind::service: return R"("kind":"ServiceList","apiVersion":"v1")";
    case Kind::endpoint_slice: return R"("kind":"EndpointSliceList","apiVersion":"discovery.k8s.io/v1")";
    default: return R"("kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1")";
  }
}

Event event(Kind kind, std::string_view type, const std::string& object) {
  return {kind, fmt::format(R"({{"type":"{}","object":{}}})", type, object) + "\n"};
}

}  // namespace

Digest digest_of(std::uint32_t address) {
  // splitmix64's finish: sums of these tell sets apart.
  std::uint64_t x = address + 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

std::optional<std::uint32_t> address_of(const std::string& text) {
  std::uint32_t address = 0;
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  for (int i = 0; i < 4; ++i) {
    std::uint8_t part = 0;
    const auto read = std::from_chars(at, end, part);
    if (read.ec != std::errc{} || read.ptr == end) return std::nullopt;
    address = address << 8 | part;
    at = read.ptr + 1;
  }
  return address & 0xffffff;
}

FeedCluster::FeedCluster(std::size_t services, std::size_t endpoints, std::uint64_t seed)
    : services_(services), random_(seed) {
  for (Service& service : services_) {
    Digest digest = 0;
    for (std::size_t i = 0; i < endpoints; ++i) {
      service.addresses.push_back(next_address_);
      digest += digest_of(next_address_++);
    }
    service.digests.push_back(digest);
  }
}

std::string FeedCluster::name_of(std::size_t service) { return "bench/" + short_name(service) + ":80"; }

std::optional<std::size_t> FeedCluster::service_of(const std::string& name) {
  std::size_t service = 0;
  if (!name.starts_with(kPrefix)) return std::nullopt;
  const auto read = std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), service);
  return read.ec == std::errc{} ? std::optional(service) : std::nullopt;
}

std::pair<Step, std::vector<Event>> FeedCluster::change(std::size_t away) {
  Step step;
  step.removal = away_.size() < away;
  if (step.removal) {
    do {
      step.service = random_() % services_.size();
    } while (services_[step.service].addresses.size() < 2);
    away_.push_back(step.service);
  } else {
    step.service = away_.front();
    away_.pop_front();
  }
  Service& service = services_[step.service];
  std::vector<Event> events;
  Digest digest = service.digests.back();
  ++version_;
  if (step.removal) {
    const std::uint32_t gone = service.addresses.front();
    events.push_back(event(Kind::pod, "DELETED", pod(step.service, gone)));
    digest -= digest_of(gone);
    service.addresses.erase(service.addresses.begin());
  } else {
    const std::uint32_t address = next_address_++;
    events.push_back(event(Kind::pod, "ADDED", pod(step.service, address)));
    digest += digest_of(address);
    service.addresses.push_back(address);
  }
  ++version_;
  events.push_back(event(Kind::endpoint_slice, "MODIFIED", slice(step.service)));
  service.digests.push_back(digest);
  step.number = step_of(step.service);
  if (service.digests.size() > kRemembered) {
    service.digests.pop_front();
    ++service.first;
  }
  return {step, std::move(events)};
}

std::optional<std::uint32_t> FeedCluster::step_with(std::size_t service, Digest digest) const {
  const Service& of = services_[service];
  const auto found = std::find(of.digests.begin(), of.digests.end(), digest);
  if (found == of.digests.end()) return std::nullopt;
  return of.first + static_cast<std::uint32_t>(found - of.digests.begin());
}

std::string FeedCluster::page(Kind kind, std::size_t from, std::uint64_t version, std::size_t limit) const {
  std::string items;
  std::size_t count = 0;
  const std::size_t end = kind == Kind::node ? kNodes : services_.size();
  const auto add = [&](const std::string& item) {
    if (count++ > 0) items += ',';
    items += item;
  };
  std::size_t next = from;
  for (; next < end && count < limit; ++next) {
    if (kind == Kind::pod) {
      for (const std::uint32_t address : services_[next].addresses) add(pod(next, address));
    } else {
      add(object(kind, next));
    }
  }
  const std::string rest = next == end ? "" : fmt::format(R"(,"continue":"{}.{}")", next, version);
  return fmt::format(R"({{{},"metadata":{{"resourceVersion":"{}"{}}},"items":[{}]}})", list_kind(kind), version, rest,
                     items);
}

std::string FeedCluster::object(Kind kind, std::size_t index) const {
  if (kind == Kind::endpoint_slice) return slice(index);
  if (kind == Kind::node) {
    const std::string name = node_name(index);
    return fmt::format(R"({{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{}}})",
                       metadata(name, "", 1,
                                fmt::format(R"("kubernetes.io/hostname":"{}","topology.kubernetes.io/zone":"{}")", name,
                                            zone_of(index))));
  }
  const std::string name = short_name(index);
  const std::string cluster_ip = fmt::format("172.20.{}.{}", index >> 8 & 255, index & 255);
  return fmt::format(
      R"({{"kind":"Service","apiVersion":"v1","metadata":{0},"spec":{{"ports":[{{"name":"http","protocol":"TCP",)"
      R"("port":80,"targetPort":8080}}],"selector":{{"app":"{1}"}},"clusterIP":"{2}","clusterIPs":["{2}"],)"
      R"("type":"ClusterIP","sessionAffinity":"None","ipFamilies":["IPv4"],"ipFamilyPolicy":"SingleStack",)"
      R"("internalTrafficPolicy":"Cluster"}},"status":{{"loadBalancer":{{}}}}}})",
      metadata(name, kNamespace, 1, fmt::format(R"("app":"{}")", name)), name, cluster_ip);
}

std::string FeedCluster::pod(std::size_t service, std::uint32_t address) const {
  return fmt::format(R"({{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{}}})",
                     metadata(pod_name(service, address), kNamespace, version_,
                              fmt::format(R"("app":"{}","pod-template-hash":"7d9c5b8f6d")", short_name(service))));
}

std::string FeedCluster::slice(std::size_t service) const {
  const std::string name = short_name(service);
  std::string endpoints;
  for (const std::uint32_t address : services_[service].addresses) {
    if (!endpoints.empty()) endpoints += ',';
    endpoints += fmt::format(
        R"({{"addresses":["{}"],"conditions":{{"ready":true,"serving":true,"terminating":false}},"nodeName":"{}",)"
        R"("zone":"{}","targetRef":{{"kind":"Pod","namespace":"bench","name":"{}",)"
        R"("uid":"00000000-0000-4000-8000-{:012x}"}}}})",
        ip(address), node_name(node_of(address)), zone_of(node_of(address)), pod_name(service, address), address);
  }
  return fmt::format(
      R"({{"kind":"EndpointSlice","apiVersion":"discovery.k8s.io/v1","metadata":{},"addressType":"IPv4",)"
      R"("endpoints":[{}],"ports":[{{"name":"http","protocol":"TCP","port":8080}}]}})",
      metadata(name + "-x7k2p", kNamespace, version_, fmt::format(R"("kubernetes.io/service-name":"{}")", name)),
      endpoints);
}

}  // namespace bench
