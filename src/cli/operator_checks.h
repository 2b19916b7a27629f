#pragma once
/// Whether the operator is well, by what the API server and its metrics say. Values in, values out.
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "cli/check_result.h"
#include "cli/installation.h"

namespace outrigger::cli {

using WallTime = std::chrono::system_clock::time_point;

/// `version`: /version.
Check check_api_server(const nlohmann::json& version);

Check check_deployment(const Answer<nlohmann::json>& deployment, const Installation& installation);
/// `lease`: renewed by its own clock's time; half a minute of difference between clocks is no news.
Check check_leader(const Answer<nlohmann::json>& lease, const Installation& installation, WallTime now);
Check check_secret(const Answer<nlohmann::json>& secret, const Installation& installation);

/// What one operator says of itself on /metrics; the denial says what is wrong with the page.
struct OperatorReading {
  std::string version;                   ///< empty: it does not say
  std::map<std::string, double> expiry;  ///< when its certificates end, in seconds since 1970, by what for
};
Answer<OperatorReading> read_operator(std::string_view metrics);
/// By pod, "NAMESPACE/NAME", or why not.
using OperatorReadings = std::map<std::string, Answer<OperatorReading>>;

/// They differ for a while in an upgrade. `own`: this program's.
Check check_versions(const OperatorReadings& readings, const std::string& own);
Check check_certificates(const OperatorReadings& readings, WallTime now);

/// A MutatingWebhookConfiguration: that it is there and points at the installation's operator; that its failure is
/// ignored; that its caBundle can be used, and is the Secret's where that could be read.
std::vector<Check> check_webhooks(const Answer<nlohmann::json>& configuration, const Answer<nlohmann::json>& secret,
                                  const Installation& installation, WallTime now);

/// "2026-01-31 12:00 UTC"
std::string time_text(WallTime time);

}  // namespace outrigger::cli
