#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "kube/client.h"
#include "model/service_port.h"

namespace outrigger::integration {

/// What the operator's --endpoints-source takes.
enum class EndpointsSource { slices, endpoints };
const char* name_of(EndpointsSource source);

/// One endpoint of a Service, as its controller would write it.
struct Member {
  std::string ip;
  std::string pod = "";  ///< empty: none
  /// Terminating and still serving. Legacy Endpoints cannot say so: there such an endpoint is gone.
  bool draining = false;
};
/// Of every member.
inline constexpr std::uint16_t kTargetPort = 8080;

using Annotations = std::map<std::string, std::string>;

/// Writes objects to the API server as kubectl and the controllers do. Throws what the API server says against it. One
/// owner.
class ClusterObjects {
 public:
  ClusterObjects(const std::string& kubeconfig, EndpointsSource source);

  void create_namespace(const std::string& name);
  /// With one TCP port, 80.
  void create_service(const model::ObjectKey& service, const Annotations& annotations = {});
  void annotate_service(const model::ObjectKey& service, const Annotations& annotations);
  void delete_service(const model::ObjectKey& service);
  /// Makes the pod, or sets annotations of the one there is.
  void put_pod(const model::ObjectKey& pod, const Annotations& annotations);

  /// Makes these all that the Service has: one EndpointSlice or one Endpoints object, as the source demands.
  void set_members(const model::ObjectKey& service, const std::vector<Member>& members);
  /// One EndpointSlice of several.
  void put_slice(const model::ObjectKey& service, const std::string& slice, const std::vector<Member>& members);

  /// Addresses and ports of what all slices of the Service have. With slices as the source.
  std::set<std::string> endpoints_of(const model::ObjectKey& service);
  /// The resourceVersion of a Service.
  std::string version_of(const model::ObjectKey& service);

  /// The Events about a Service.
  std::vector<nlohmann::json> events_about(const model::ObjectKey& service);

 private:
  void put_endpoints(const model::ObjectKey& service, const std::vector<Member>& members);
  void put(const std::string& collection, const std::string& name, nlohmann::json object);
  static nlohmann::json checked(const std::string& what, const Result<kube::Response>& answer);

  EndpointsSource source_;
  kube::RequestCounts counts_;
  kube::Client client_;
};

}  // namespace outrigger::integration
