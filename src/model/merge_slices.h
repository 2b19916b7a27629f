#pragma once
/// A Service, its slices and what is known of its pods and nodes → one EndpointSet per TCP port. Pure.
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/annotations.h"

namespace outrigger::model {

struct ServicePortSpec {
  std::string name;  ///< empty for a single unnamed port
  std::uint16_t port = 0;
  bool tcp = true;  ///< UDP and SCTP ports are not balanced
  /// Of its appProtocol; null without one and when it is not known.
  std::optional<Protocol> protocol = std::nullopt;
  bool operator==(const ServicePortSpec&) const = default;
};

struct Service {
  ObjectKey key;
  std::string uid;
  Annotations annotations;
  std::vector<ServicePortSpec> ports;
  bool publish_not_ready_addresses = false;
  bool prefers_close = false;                 ///< spec.trafficDistribution asks for endpoints that are near
  bool ipv6_first = false;                    ///< spec.ipFamilies[0] is IPv6
  std::vector<std::string> cluster_ips = {};  ///< of all families; "None" and what is no address count for nothing
  bool operator==(const Service&) const = default;
};

/// An endpoint of a slice; conditions after the API's defaults (absent ready: true, absent serving: as ready, absent
/// terminating: false).
struct SliceEndpoint {
  std::vector<std::string> addresses;  ///< interchangeable; the first is used
  bool ready = true;
  bool serving = true;
  bool terminating = false;
  std::string zone;
  std::vector<std::string> for_zones = {};  ///< as Endpoint's
  std::string node;
  std::string pod;  ///< targetRef's name when it is a Pod, else empty
  bool operator==(const SliceEndpoint&) const = default;
};

struct SlicePort {
  std::string name;
  std::uint16_t port = 0;  ///< the target port, which named target ports make differ from slice to slice
  bool tcp = true;
  std::optional<Protocol> protocol = std::nullopt;  ///< as ServicePortSpec's
  bool operator==(const SlicePort&) const = default;
};

/// An EndpointSlice, or one subset of a legacy Endpoints object.
struct EndpointSlice {
  ObjectKey service;
  std::vector<SlicePort> ports;
  std::vector<SliceEndpoint> endpoints;
  bool operator==(const EndpointSlice&) const = default;
};

/// What is known beside the slices. Both may return null, or be empty: not known.
struct Surroundings {
  std::function<const PodTraits*(const ObjectKey& pod)> pod_traits;
  std::function<const std::string*(const std::string& node)> node_zone;
};

/// One set per TCP port of the Service, in the order of its ports. An address counts once however many slices name
/// it (the most available condition wins); a pod with addresses of both families counts once, with the Service's
/// first family. publishNotReadyAddresses counts for `service` alone. An endpoint whose address or port is not valid
/// is left out. A Service without TCP ports gives none. Rules are those of the weights, addresses the cluster IPs with
/// the port. Zones are preferred where the Service prefers_close and no annotation says otherwise. A port's protocol is
/// its own appProtocol's, else that of the slices' ports (where they differ tcp first, which carries them all), else
/// the annotation's.
std::vector<EndpointSet> merge_slices(const Service& service, const ParsedServiceAnnotations& annotations,
                                      std::span<const EndpointSlice* const> slices, const Surroundings& surroundings);

}  // namespace outrigger::model
