#pragma once
/// What `outrigger status` prints. Pure; any thread.
#include <map>
#include <optional>
#include <string>

#include "cli/service_status.h"

namespace outrigger::cli {

struct StatusReport {
  std::optional<ServiceQuery> query;            ///< none: all Services, without their backends
  std::size_t injected = 0;                     ///< running pods with a sidecar
  std::size_t read = 0;                         ///< of these, those whose metrics were read
  std::map<std::string, std::string> unread{};  ///< pod, "NAMESPACE/NAME", to why not
  ServiceStatuses services{};
  bool truncated = false;
};

std::string table_text(const StatusReport& report);
std::string json_text(const StatusReport& report);

/// For stderr, whole lines; empty: nothing.
std::string complaints_text(const StatusReport& report);

/// kUnable: no sidecar could be read though there are some. kProblems: the Service that was asked for is used by none,
/// or has no ready backend.
int status_of(const StatusReport& report);

}  // namespace outrigger::cli
