#include "cli/operator_checks.h"
#include "kube/json_path.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cmath>
#include <set>

#include "cli/installation.h"
#include "cli/prometheus_text.h"
#include "kube/lease.h"

namespace outrigger::cli {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr const char* kGroup = "operator";
constexpr auto kClockDifference = 30s;
/// Roots are changed at two thirds of their life, leaves of 24 h at two thirds of that.
constexpr auto kRootWarning = 24h * 14;
constexpr auto kServingWarning = 1h;

/// The whole number that a text begins with ("29+"); 0: none.
int leading_number(const std::string& text) {
  int number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9' || number > 100'000) break;
    number = number * 10 + (c - '0');
  }
  return number;
}

}  // namespace

std::string time_text(WallTime time) {
  return fmt::format("{:%Y-%m-%d %H:%M} UTC", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

Check check_api_server(const json& version) {
  Check check{.group = "cluster", .name = "api-server", .detail = kube::text_at(version, {"gitVersion"})};
  const int major = leading_number(kube::text_at(version, {"major"}));
  const int minor = leading_number(kube::text_at(version, {"minor"}));
  if (major > 1 || (major == 1 && minor >= kMinKubernetesMinor)) return check;
  check.verdict = Verdict::failed;
  check.detail = fmt::format("Kubernetes {}.{}; needed is 1.{}, whose init containers can be sidecars", major, minor,
                             kMinKubernetesMinor);
  check.remedy = "upgrade the cluster";
  return check;
}

Check check_deployment(const Answer<json>& deployment, const Installation& installation) {
  Check check{.group = kGroup, .name = "deployment"};
  if (!deployment && deployment.error().why != Denial::Why::absent) {
    return skipped(kGroup, "deployment", deployment.error());
  }
  if (!deployment) {
    check.verdict = Verdict::failed;
    check.detail =
        fmt::format("there is no Deployment {} in the namespace {}", installation.operators, installation.ns);
    check.remedy = "install it with Helm, or name its namespace with -n";
    return check;
  }
  const std::int64_t wanted = kube::number_at(*deployment, {"spec", "replicas"}, 1);
  const std::int64_t ready = kube::number_at(*deployment, {"status", "readyReplicas"}, 0);
  check.detail = fmt::format("{} of {} replicas ready", ready, wanted);
  if (ready >= wanted && wanted > 0) return check;
  check.verdict = ready > 0 ? Verdict::warning : Verdict::failed;
  for (const json* const condition : kube::items_at(*deployment, {"status", "conditions"})) {
    if (kube::text_at(*condition, {"type"}) != "Available" && kube::text_at(*condition, {"type"}) != "ReplicaFailure")
      continue;
    const std::string message = kube::text_at(*condition, {"message"});
    if (!message.empty()) check.detail += "; " + message;
  }
  check.remedy = wanted == 0 ? fmt::format("kubectl scale deployment/{} -n {} --replicas 2", installation.operators,
                                           installation.ns)
                             : fmt::format("kubectl describe pods -n {0}; kubectl logs deployment/{1} -n {0}",
                                           installation.ns, installation.operators) +
                                   ": one that may not read what it needs says which";
  return check;
}

Check check_leader(const Answer<json>& lease, const Installation& installation, WallTime now) {
  if (!lease && lease.error().why != Denial::Why::absent) return skipped(kGroup, "leader", lease.error());
  Check check{.group = kGroup, .name = "leader", .verdict = Verdict::failed};
  check.remedy =
      "the operator's logs say why none leads: nobody renews roots, tells of bad annotations, keeps webhooks";
  const std::string holder = lease ? kube::text_at(*lease, {"spec", "holderIdentity"}) : "";
  if (holder.empty()) {
    check.detail = lease ? "nobody holds the Lease" : "there is no Lease " + installation.operators;
    return check;
  }
  const std::string renewed = kube::text_at(*lease, {"spec", "renewTime"});
  const auto duration = std::chrono::seconds(
      std::clamp<std::int64_t>(kube::number_at(*lease, {"spec", "leaseDurationSeconds"}, 15), 1, 24 * 3'600));
  // Times of one form, and of UTC, are in order as texts are.
  if (renewed < kube::micro_time(now - duration - kClockDifference)) {
    check.detail = fmt::format("{} holds the Lease, and has not renewed it since {}", holder, renewed);
    return check;
  }
  return {.group = kGroup, .name = "leader", .detail = holder};
}

Check check_secret(const Answer<json>& secret, const Installation& installation) {
  if (!secret && secret.error().why != Denial::Why::absent) return skipped(kGroup, "secret", secret.error());
  Check check{.group = kGroup, .name = "secret", .verdict = Verdict::failed};
  check.remedy = fmt::format("helm upgrade makes it anew, and the operator fills it: kubectl logs deployment/{} -n {}",
                             installation.operators, installation.ns);
  if (!secret) {
    check.detail =
        fmt::format("there is no Secret {} in the namespace {}", installation.identity_secret, installation.ns);
    return check;
  }
  for (const char* const key : {"tls.crt", "tls.key", "ca.crt"}) {
    if (!kube::text_at(*secret, {"data", key}).empty()) continue;
    check.detail = fmt::format("{} has no {}: the operator has not filled it", installation.identity_secret, key);
    return check;
  }
  return {.group = kGroup, .name = "secret", .detail = installation.identity_secret + " has a root"};
}

Answer<OperatorReading> read_operator(std::string_view metrics) {
  OperatorReading reading;
  const auto done = read_samples(metrics, "outrigger_", [&](const Sample& sample) {
    if (sample.name == "outrigger_build_info") reading.version = sample.label("version");
    if (sample.name == "outrigger_certificate_expiry_timestamp_seconds" && std::isfinite(sample.value) &&
        reading.expiry.size() < kMaxLabels) {
      reading.expiry[sample.label("of")] = sample.value;
    }
  });
  if (!done) return tl::unexpected(Denial{Denial::Why::failed, "/metrics: " + done.error().text});
  if (reading.version.empty()) {
    return tl::unexpected(
        Denial{Denial::Why::failed, "/metrics: there is no outrigger_build_info: no operator answers there"});
  }
  return reading;
}

namespace {

/// Skipped where no operator could be asked.
std::optional<Check> without_readings(const OperatorReadings& readings, const char* name) {
  Denial denial{Denial::Why::absent, "no operator runs"};
  for (const auto& [pod, reading] : readings) {
    if (reading) return std::nullopt;
    denial = reading.error();
  }
  return skipped(kGroup, name, denial);
}

}  // namespace

Check check_versions(const OperatorReadings& readings, const std::string& own) {
  if (auto none = without_readings(readings, "versions")) return *std::move(none);
  std::set<std::string> versions;
  Check check{.group = kGroup, .name = "versions"};
  for (const auto& [pod, reading] : readings) {
    if (reading) versions.insert(reading->version);
    if (!reading) add_finding(check, {.object = "Pod " + pod, .detail = reading.error().text, .remedy = {}});
  }
  for (const std::string& version : versions) check.detail += (check.detail.empty() ? "" : ", ") + version;
  if (versions.size() > 1) {
    check.verdict = Verdict::warning;
    check.detail = "operators of different versions: " + check.detail;
    check.remedy = "while an upgrade goes on this is right; kubectl rollout status tells";
  } else if (*versions.begin() != own) {
    check.verdict = Verdict::warning;
    check.detail += ", this program " + own;
    check.remedy = "use the program of the operator's version, or upgrade the operator";
  }
  if (!check.findings.empty()) check.verdict = Verdict::warning;
  return check;
}

Check check_certificates(const OperatorReadings& readings, WallTime now) {
  if (auto none = without_readings(readings, "certificates")) return *std::move(none);
  Check check{.group = kGroup, .name = "certificates"};
  double first_end = INFINITY;
  const double seconds_now = std::chrono::duration<double>(now.time_since_epoch()).count();
  // Beyond a system_clock's time, and before it, are none of ours.
  constexpr double kLatest = 9e9;
  for (const auto& [pod, reading] : readings) {
    if (!reading) continue;
    for (const auto& [of, end] : reading->expiry) {
      const double bounded = std::clamp(end, 0.0, kLatest);
      first_end = std::min(first_end, bounded);
      const std::chrono::duration<double> warning = of == "root" ? kRootWarning : kServingWarning;
      if (bounded - seconds_now > warning.count()) continue;
      const bool over = bounded <= seconds_now;
      if (over) check.verdict = Verdict::failed;
      if (!over && check.verdict == Verdict::ok) check.verdict = Verdict::warning;
      add_finding(check,
                  {.object = "Pod " + pod,
                   .detail = fmt::format("its certificate ({}) {} {}", of, over ? "ended on" : "ends on",
                                         time_text(WallTime(std::chrono::seconds(static_cast<std::int64_t>(bounded))))),
                   .remedy = {}});
    }
  }
  if (std::isinf(first_end)) {
    check.detail = "from files, which the operator does not renew";
    return check;
  }
  check.detail = "the first ends on " + time_text(WallTime(std::chrono::seconds(static_cast<std::int64_t>(first_end))));
  if (check.verdict != Verdict::ok) {
    check.remedy = "they are renewed by themselves while there is a leader; its logs say what is in the way";
  }
  return check;
}

}  // namespace outrigger::cli
