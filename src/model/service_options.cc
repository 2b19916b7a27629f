#include "model/service_options.h"

#include <algorithm>
#include <array>

#include "model/option_kinds.h"

namespace outrigger::model {
namespace {

using Options = ServiceOptions;

constexpr std::array<std::string_view, 7> kPolicies = {
    "round-robin", "weighted-round-robin", "least-connections", "weighted-least-connections", "response-time",
    "random",      "consistent-hash"};                                                            // by PolicyKind
constexpr std::array<std::string_view, 2> kFailoverModes = {"spill", "strict"};                   // by FailoverMode
constexpr std::array<std::string_view, 4> kZoneAwareNames = {"auto", "off", "prefer", "strict"};  // by ZoneAware

constexpr std::chrono::milliseconds::rep kSecond = 1'000;
constexpr std::chrono::milliseconds::rep kMinute = 60 * kSecond;
constexpr std::chrono::milliseconds::rep kHour = 60 * kMinute;
constexpr std::chrono::milliseconds::rep kDay = kMaxDuration.count();

struct Option {
  std::string_view name;
  bool (*set)(ServiceOptions&, std::string_view);  ///< false: not allowed, nothing changed
  std::string (*text)(const ServiceOptions&);
  std::string (*allowed)();
};

template <class Kind>
constexpr Option option(std::string_view name) {
  return {name, Kind::set, Kind::text, Kind::allowed};
}

constexpr std::array kOptions = {
    option<NameOption<&Options::policy, kPolicies>>("policy"),
    option<ProtocolOption>("protocol"),
    option<DurationOption<&Options::connect_timeout, 1, kMinute>>("connect-timeout"),
    option<DurationOption<&Options::timeout, 0, kDay>>("timeout"),
    option<DurationOption<&Options::idle_timeout, kSecond, kDay>>("idle-timeout"),
    option<NumberOption<&Options::retries, 0, kMaxRetries>>("retries"),
    option<RetryOnOption>("retry-on"),
    option<PercentOption<&Options::retry_budget_percent>>("retry-budget"),
    option<NumberOption<&Options::max_connections, 0, kMaxConcurrency>>("max-connections"),
    option<NumberOption<&Options::max_pending, 0, kMaxConcurrency>>("max-pending"),
    option<NumberOption<&Options::max_in_flight, 0, kMaxConcurrency>>("max-in-flight"),
    option<DurationOrNoneOption<&Options::max_connection_age, kSecond, kDay>>("max-connection-age"),
    option<HashOnOption>("hash-on"),
    option<AffinityOption>("affinity"),
    option<NameOption<&Options::failover_mode, kFailoverModes>>("failover-mode"),
    option<DurationOption<&Options::failback_delay, 0, kDay>>("failback-delay"),
    option<NameOption<&Options::zone_aware, kZoneAwareNames>>("zone-aware"),
    option<HealthCheckOption>("health-check"),
    option<DurationOption<&Options::health_check_interval, 100, kHour>>("health-check-interval"),
    option<DurationOption<&Options::health_check_timeout, 10, kMinute>>("health-check-timeout"),
    option<NumberOption<&Options::health_check_unhealthy_threshold, 1, 100>>("health-check-unhealthy-threshold"),
    option<NumberOption<&Options::health_check_healthy_threshold, 1, 100>>("health-check-healthy-threshold"),
    option<NumberOption<&Options::outlier_failures, 0, 1'000>>("outlier-failures"),
    option<DurationOption<&Options::outlier_window, kSecond, kHour>>("outlier-window"),
    option<DurationOption<&Options::outlier_ejection, 100, kHour>>("outlier-ejection"),
    option<NumberOption<&Options::outlier_max_percent, 0, 100>>("outlier-max-percent"),
    option<DurationOption<&Options::slow_start, 0, kHour>>("slow-start"),
};

const Option* find_option(std::string_view name) {
  const auto found =
      std::find_if(kOptions.begin(), kOptions.end(), [&](const Option& candidate) { return candidate.name == name; });
  return found == kOptions.end() ? nullptr : found;
}

}  // namespace

std::vector<std::string_view> option_names() {
  std::vector<std::string_view> names;
  names.reserve(std::size(kOptions));
  for (const Option& option : kOptions) names.push_back(option.name);
  return names;
}

bool is_option(std::string_view name) { return find_option(name) != nullptr; }

std::string camel_case(std::string_view option) {
  std::string camel;
  bool upper = false;
  for (const char c : option) {
    if (c == '-') {
      upper = true;
      continue;
    }
    camel += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    upper = false;
  }
  return camel;
}

Result<void> set_option(ServiceOptions& options, std::string_view option, std::string_view value) {
  const Option* found = find_option(option);
  if (found == nullptr) return failure("unknown; known: " + listed(option_names()));
  if (!found->set(options, value)) return failure(not_allowed(value, found->allowed()));
  return {};
}

std::string option_text(const ServiceOptions& options, std::string_view option) {
  const Option* found = find_option(option);
  CHECK(found != nullptr);
  return found->text(options);
}

}  // namespace outrigger::model
