#include "kube/lease.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "kube/json_field.h"

namespace outrigger::kube {
namespace {

/// Never fails on what a Lease may hold; the API server has checked names and times.
std::string dump(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

nlohmann::json spec_of(const LeaseRecord& record) {
  return {{"holderIdentity", record.holder},
          {"leaseDurationSeconds", record.duration.count()},
          {"acquireTime", record.acquire_time},
          {"renewTime", record.renew_time},
          {"leaseTransitions", record.transitions}};
}

LeaseRecord read_record(const JsonField& spec) {
  LeaseRecord record;
  record.holder = spec["holderIdentity"].text();
  record.duration = std::chrono::seconds(std::max<std::int64_t>(spec["leaseDurationSeconds"].int32(0), 0));
  record.acquire_time = spec["acquireTime"].text();
  record.renew_time = spec["renewTime"].text();
  record.transitions = std::max<std::int64_t>(spec["leaseTransitions"].int32(0), 0);
  return record;
}

}  // namespace

std::string leases_path(const std::string& ns) { return "/apis/coordination.k8s.io/v1/namespaces/" + ns + "/leases"; }

std::string lease_path(const model::ObjectKey& lease) { return leases_path(lease.ns) + "/" + lease.name; }

Result<Lease> parse_lease(std::string_view json) {
  if (json.size() > kMaxLeaseBytes) {
    return failure(fmt::format("the Lease has {} bytes; allowed: at most {}", json.size(), kMaxLeaseBytes));
  }
  const nlohmann::json object = nlohmann::json::parse(json, nullptr, false);
  if (!object.is_object()) return failure("the Lease is not a JSON object");
  try {
    const JsonField lease(object);
    const JsonField metadata = lease["metadata"];
    const JsonField spec = lease["spec"];
    return Lease{read_record(spec), metadata["resourceVersion"].required_text()};
  } catch (const WrongField& wrong) {
    return failure("the Lease: " + wrong.text);
  }
}

std::string new_lease(const model::ObjectKey& lease, const LeaseRecord& record) {
  return dump({{"apiVersion", "coordination.k8s.io/v1"},
               {"kind", "Lease"},
               {"metadata", {{"namespace", lease.ns}, {"name", lease.name}}},
               {"spec", spec_of(record)}});
}

std::string lease_patch(const std::string& version, const LeaseRecord& record) {
  return dump({{"metadata", {{"resourceVersion", version}}}, {"spec", spec_of(record)}});
}

std::string micro_time(std::chrono::system_clock::time_point time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(time - seconds).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)), micros);
}

}  // namespace outrigger::kube
