#pragma once
/// coordination.k8s.io/v1 Leases as JSON. Pure; any thread.
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "model/service_port.h"
#include "result/result.h"

namespace outrigger::kube {

/// A Lease's spec, as client-go's LeaderElectionRecord. Its times are another machine's wall clock: to be shown and to
/// be compared for equality, nothing else.
struct LeaseRecord {
  std::string holder;                ///< holderIdentity; empty: nobody
  std::chrono::seconds duration{0};  ///< leaseDurationSeconds; 0: not given, or not positive
  std::string acquire_time;          ///< MicroTime
  std::string renew_time;            ///< MicroTime
  std::int64_t transitions = 0;      ///< how often the holder has become another one
  bool operator==(const LeaseRecord&) const = default;
};

struct Lease {
  LeaseRecord record;
  std::string version;  ///< resourceVersion
};

/// "/apis/coordination.k8s.io/v1/namespaces/NS/leases", and that of the one.
std::string leases_path(const std::string& ns);
std::string lease_path(const model::ObjectKey& lease);

inline constexpr std::size_t kMaxLeaseBytes = 1 << 20;

/// Fields of the spec may be missing, as in a Lease that was made by hand. An error: longer than kMaxLeaseBytes, not
/// JSON, without a resourceVersion, or a field of a wrong type.
Result<Lease> parse_lease(std::string_view json);

/// The object to be POSTed.
std::string new_lease(const model::ObjectKey& lease, const LeaseRecord& record);
/// The merge patch that writes the record, which the API server refuses (409) unless the Lease still has `version`.
/// Whatever else the Lease has stays.
std::string lease_patch(const std::string& version, const LeaseRecord& record);

/// metav1.MicroTime: RFC 3339 with microseconds, UTC.
std::string micro_time(std::chrono::system_clock::time_point time);

}  // namespace outrigger::kube
