#include "model/service_options.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "model/shown_value.h"

namespace outrigger::model {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kMaxDuration = std::chrono::hours(24);

std::string refused(std::string_view value, std::string_view allowed) {
  return "'" + shown_value(value) + "' is not allowed; allowed: " + std::string(allowed);
}

template <class Names>
std::string listed(const Names& names) {
  std::string text;
  for (const std::string_view name : names) text.append(text.empty() ? "" : ", ").append(name);
  return text;
}

struct PolicyOption {
  static constexpr std::array<std::string_view, 2> kNames = {"round-robin", "weighted-round-robin"};  // by PolicyKind

  static bool set(ServiceOptions& options, std::string_view value) {
    const auto name = std::find(kNames.begin(), kNames.end(), value);
    if (name == kNames.end()) return false;
    options.policy = static_cast<PolicyKind>(name - kNames.begin());
    return true;
  }
  static std::string text(const ServiceOptions& options) {
    return std::string(kNames.at(static_cast<std::size_t>(options.policy)));
  }
  static std::string allowed() { return listed(kNames); }
};

struct ProtocolOption {
  static bool set(ServiceOptions& options, std::string_view value) {
    const auto protocol = protocol_named(value);
    if (protocol) options.protocol = *protocol;
    return protocol.has_value();
  }
  static std::string text(const ServiceOptions& options) { return protocol_text(options.protocol); }
  static std::string allowed() { return protocol_names(); }
};

template <milliseconds ServiceOptions::*kField, milliseconds::rep kLow_ms, milliseconds::rep kHigh_ms>
struct DurationOption {
  static bool set(ServiceOptions& options, std::string_view value) {
    const auto duration = parse_duration(value);
    if (!duration || duration->count() < kLow_ms || duration->count() > kHigh_ms) return false;
    options.*kField = *duration;
    return true;
  }
  static std::string text(const ServiceOptions& options) { return duration_text(options.*kField); }
  static std::string allowed() {
    return "durations from " + duration_text(milliseconds(kLow_ms)) + " to " + duration_text(milliseconds(kHigh_ms)) +
           ", a whole number with a unit of ms, s, m or h";
  }
};

/// As above, or 0.
template <milliseconds ServiceOptions::*kField, milliseconds::rep kLow_ms, milliseconds::rep kHigh_ms>
struct DurationOrNoneOption : DurationOption<kField, kLow_ms, kHigh_ms> {
  using Duration = DurationOption<kField, kLow_ms, kHigh_ms>;
  static bool set(ServiceOptions& options, std::string_view value) {
    if (value != "0") return Duration::set(options, value);
    options.*kField = milliseconds(0);
    return true;
  }
  static std::string allowed() { return "0, " + Duration::allowed(); }
};

template <std::uint32_t ServiceOptions::*kField, std::uint32_t kLow, std::uint32_t kHigh>
struct NumberOption {
  static bool set(ServiceOptions& options, std::string_view value) {
    const auto number = parse_number(value, kLow, kHigh);
    if (number) options.*kField = *number;
    return number.has_value();
  }
  static std::string text(const ServiceOptions& options) { return std::to_string(options.*kField); }
  static std::string allowed() { return "whole numbers from " + std::to_string(kLow) + " to " + std::to_string(kHigh); }
};

template <std::uint32_t ServiceOptions::*kField>
struct PercentOption {
  static bool set(ServiceOptions& options, std::string_view value) {
    return value.ends_with('%') && NumberOption<kField, 0, 100>::set(options, value.substr(0, value.size() - 1));
  }
  static std::string text(const ServiceOptions& options) { return std::to_string(options.*kField) + "%"; }
  static std::string allowed() { return "whole percentages from 0% to 100%"; }
};

struct RetryOnOption {
  struct Condition {
    std::string_view name;
    bool RetryOn::*flag;
  };
  static constexpr std::array<Condition, 5> kConditions = {{{"connect-failure", &RetryOn::connect_failure},
                                                            {"refused", &RetryOn::refused},
                                                            {"502", &RetryOn::bad_gateway},
                                                            {"503", &RetryOn::service_unavailable},
                                                            {"504", &RetryOn::gateway_timeout}}};

  static bool set(ServiceOptions& options, std::string_view value) {
    RetryOn given{.connect_failure = false, .refused = false};
    while (true) {
      const std::size_t comma = value.find(',');
      const auto condition = std::find_if(kConditions.begin(), kConditions.end(), [&](const Condition& candidate) {
        return candidate.name == value.substr(0, comma);
      });
      if (condition == kConditions.end() || given.*(condition->flag)) return false;
      given.*(condition->flag) = true;
      if (comma == std::string_view::npos) break;
      value.remove_prefix(comma + 1);
    }
    options.retry_on = given;
    return true;
  }
  static std::string text(const ServiceOptions& options) {
    std::string text;
    for (const Condition& condition : kConditions) {
      if (options.retry_on.*(condition.flag)) text.append(text.empty() ? "" : ",").append(condition.name);
    }
    return text;
  }
  static std::string allowed() {
    std::array<std::string_view, kConditions.size()> names;
    std::transform(kConditions.begin(), kConditions.end(), names.begin(), [](const Condition& c) { return c.name; });
    return "one or more of " + listed(names) + ", separated by commas alone, none twice";
  }
};

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
    option<PolicyOption>("policy"),
    option<ProtocolOption>("protocol"),
    option<DurationOption<&ServiceOptions::connect_timeout, 1, 60'000>>("connect-timeout"),
    option<DurationOption<&ServiceOptions::timeout, 0, kMaxDuration.count()>>("timeout"),
    option<DurationOption<&ServiceOptions::idle_timeout, 1'000, kMaxDuration.count()>>("idle-timeout"),
    option<NumberOption<&ServiceOptions::retries, 0, kMaxRetries>>("retries"),
    option<RetryOnOption>("retry-on"),
    option<PercentOption<&ServiceOptions::retry_budget_percent>>("retry-budget"),
    option<NumberOption<&ServiceOptions::max_connections, 0, kMaxConcurrency>>("max-connections"),
    option<NumberOption<&ServiceOptions::max_pending, 0, kMaxConcurrency>>("max-pending"),
    option<NumberOption<&ServiceOptions::max_in_flight, 0, kMaxConcurrency>>("max-in-flight"),
    option<DurationOrNoneOption<&ServiceOptions::max_connection_age, 1'000, kMaxDuration.count()>>(
        "max-connection-age"),
};

const Option* find_option(std::string_view name) {
  const auto found =
      std::find_if(kOptions.begin(), kOptions.end(), [&](const Option& candidate) { return candidate.name == name; });
  return found == kOptions.end() ? nullptr : found;
}

constexpr std::array<std::string_view, 6> kPodKeys = {"weight",    "tier",         "inject",
                                                      "proxy-cpu", "proxy-memory", "skip-outbound-ports"};

bool is_pod_key(std::string_view name) { return std::find(kPodKeys.begin(), kPodKeys.end(), name) != kPodKeys.end(); }

/// Calls `read(name, value)` for each key of ours, which returns what is wrong with it, if anything is.
template <class Read>
std::vector<AnnotationError> read_annotations(const Annotations& annotations, const Read& read) {
  std::vector<AnnotationError> errors;
  for (const auto& [key, value] : annotations) {
    if (!key.starts_with(kAnnotationPrefix)) continue;
    const std::optional<std::string> problem = read(std::string_view(key).substr(kAnnotationPrefix.size()), value);
    if (problem) errors.push_back({shown_value(key), shown_value(value), *problem});
  }
  return errors;
}

template <class T>
std::optional<std::string> problem_of(const Result<T>& result) {
  if (result) return std::nullopt;
  return result.error().text;
}

std::optional<std::string> read_number(std::string_view value, std::uint32_t low, std::uint32_t high,
                                       std::uint32_t& number) {
  const auto parsed = parse_number(value, low, high);
  if (parsed) number = *parsed;
  return problem_of(parsed);
}

struct Unit {
  std::string_view name;
  milliseconds::rep ms;
};
constexpr std::array<Unit, 4> kUnits = {{{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};

/// Digits alone, without a leading zero, which elsewhere would mean octal.
std::optional<std::uint32_t> whole_number(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::vector<std::string_view> option_names() {
  std::vector<std::string_view> names;
  names.reserve(std::size(kOptions));
  for (const Option& option : kOptions) names.push_back(option.name);
  return names;
}

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
  if (!found->set(options, value)) return failure(refused(value, found->allowed()));
  return {};
}

std::string option_text(const ServiceOptions& options, std::string_view option) {
  const Option* found = find_option(option);
  CHECK(found != nullptr);
  return found->text(options);
}

ParsedServiceAnnotations parse_service_annotations(const Annotations& annotations) {
  ParsedServiceAnnotations parsed;
  const auto read = [&](std::string_view name, const std::string& value) -> std::optional<std::string> {
    if (is_pod_key(name)) return "belongs on Pods, not on a Service";
    if (name == "protocol") {
      const auto protocols = parse_protocols(value);
      if (protocols) parsed.protocols = *protocols;
      return problem_of(protocols);
    }
    return problem_of(set_option(parsed.options, name, value));
  };
  parsed.errors = read_annotations(annotations, read);
  return parsed;
}

ParsedPodAnnotations parse_pod_annotations(const Annotations& annotations) {
  ParsedPodAnnotations parsed;
  const auto read = [&](std::string_view name, const std::string& value) -> std::optional<std::string> {
    if (name == "weight") return read_number(value, 1, kMaxWeight, parsed.traits.weight);
    if (name == "tier") return read_number(value, 0, kMaxTier, parsed.traits.tier);
    if (is_pod_key(name)) return std::nullopt;  // injection reads these
    if (find_option(name) != nullptr) return "belongs on a Service, not on a Pod";
    return "unknown; known: " + listed(kPodKeys);
  };
  parsed.errors = read_annotations(annotations, read);
  return parsed;
}

Result<std::uint32_t> parse_number(std::string_view text, std::uint32_t low, std::uint32_t high) {
  const auto number = whole_number(text);
  if (number && *number >= low && *number <= high) return *number;
  return failure(refused(text, "whole numbers from " + std::to_string(low) + " to " + std::to_string(high)));
}

Result<milliseconds> parse_duration(std::string_view text) {
  if (text == "0") return milliseconds(0);
  for (const Unit& unit : kUnits) {
    if (!text.ends_with(unit.name)) continue;
    const auto number = whole_number(text.substr(0, text.size() - unit.name.size()));
    if (number && *number <= kMaxDuration.count() / unit.ms) return milliseconds(*number * unit.ms);
  }
  return failure(refused(text, "0 or a whole number with a unit of ms, s, m or h, at most 24h"));
}

std::string duration_text(milliseconds value) {
  if (value == milliseconds(0)) return "0";
  const auto unit = std::find_if(kUnits.begin(), kUnits.end(),
                                 [&](const Unit& candidate) { return value.count() % candidate.ms == 0; });
  return std::to_string(value.count() / unit->ms) + std::string(unit->name);
}

}  // namespace outrigger::model
