/// The input is a request's host. Properties: what it names is a Service that may be, and is named by its whole name as
/// well, in any case.
#include <cstdint>
#include <string>

#include "sidecar/service_host.h"

using namespace outrigger;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  const std::string host(reinterpret_cast<const char*>(input), size);
  const auto service = sidecar::service_of_host(host, "own");
  if (!service) return 0;
  const auto named = model::ServicePort::parse(service->text());
  CHECK(named && *named == *service);
  const auto& [key, port] = *service;
  const std::string whole = key.name + "." + key.ns + ".SVC.cluster.local.:" + std::to_string(port);
  CHECK(sidecar::service_of_host(whole, "other") == service);
  return 0;
}
