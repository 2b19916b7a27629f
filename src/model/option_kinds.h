#pragma once
/// How the values of options are written: what service_options.cc's table is made of, and of its inside alone. Each
/// kind has set(), which gives false and changes nothing when the text is not allowed; text(), which set() reads back
/// as the same; and allowed(), for an error.
#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <string_view>

#include "model/service_options.h"

namespace outrigger::model {

template <class Names>
std::string listed(const Names& names) {
  std::string text;
  for (const std::string_view name : names) text.append(text.empty() ? "" : ", ").append(name);
  return text;
}

/// `kNames` by the enum's values.
template <auto kField, const auto& kNames>
struct NameOption {
  static bool set(ServiceOptions& options, std::string_view value) {
    const auto name = std::find(kNames.begin(), kNames.end(), value);
    if (name == kNames.end()) return false;
    using Enum = std::remove_reference_t<decltype(options.*kField)>;
    options.*kField = static_cast<Enum>(name - kNames.begin());
    return true;
  }
  static std::string text(const ServiceOptions& options) {
    return std::string(kNames.at(static_cast<std::size_t>(options.*kField)));
  }
  static std::string allowed() { return listed(kNames); }
};

template <auto kField, std::chrono::milliseconds::rep kLow_ms, std::chrono::milliseconds::rep kHigh_ms>
struct DurationOption {
  static bool set(ServiceOptions& options, std::string_view value) {
    const auto duration = parse_duration(value);
    if (!duration || duration->count() < kLow_ms || duration->count() > kHigh_ms) return false;
    options.*kField = *duration;
    return true;
  }
  static std::string text(const ServiceOptions& options) { return duration_text(options.*kField); }
  static std::string allowed() {
    using std::chrono::milliseconds;
    return "durations from " + duration_text(milliseconds(kLow_ms)) + " to " + duration_text(milliseconds(kHigh_ms)) +
           ", a whole number with a unit of ms, s, m or h";
  }
};

/// As above, or 0.
template <auto kField, std::chrono::milliseconds::rep kLow_ms, std::chrono::milliseconds::rep kHigh_ms>
struct DurationOrNoneOption : DurationOption<kField, kLow_ms, kHigh_ms> {
  using Duration = DurationOption<kField, kLow_ms, kHigh_ms>;
  static bool set(ServiceOptions& options, std::string_view value) {
    if (value != "0") return Duration::set(options, value);
    options.*kField = std::chrono::milliseconds(0);
    return true;
  }
  static std::string allowed() { return "0, " + Duration::allowed(); }
};

template <auto kField, std::uint32_t kLow, std::uint32_t kHigh>
struct NumberOption {
  static bool set(ServiceOptions& options, std::string_view value) {
    const auto number = parse_number(value, kLow, kHigh);
    if (number) options.*kField = *number;
    return number.has_value();
  }
  static std::string text(const ServiceOptions& options) { return std::to_string(options.*kField); }
  static std::string allowed() { return "whole numbers from " + std::to_string(kLow) + " to " + std::to_string(kHigh); }
};

template <auto kField>
struct PercentOption {
  static bool set(ServiceOptions& options, std::string_view value) {
    return value.ends_with('%') && NumberOption<kField, 0, 100>::set(options, value.substr(0, value.size() - 1));
  }
  static std::string text(const ServiceOptions& options) { return std::to_string(options.*kField) + "%"; }
  static std::string allowed() { return "whole percentages from 0% to 100%"; }
};

struct ProtocolOption {
  static bool set(ServiceOptions& options, std::string_view value);
  static std::string text(const ServiceOptions& options) { return protocol_text(options.protocol); }
  static std::string allowed() { return protocol_names(); }
};

struct RetryOnOption {
  static bool set(ServiceOptions& options, std::string_view value);
  static std::string text(const ServiceOptions& options);
  static std::string allowed();
};

struct HashOnOption {
  static bool set(ServiceOptions& options, std::string_view value);
  static std::string text(const ServiceOptions& options);
  static std::string allowed();
};

struct AffinityOption {
  static bool set(ServiceOptions& options, std::string_view value);
  static std::string text(const ServiceOptions& options);
  static std::string allowed();
};

struct HealthCheckOption {
  static bool set(ServiceOptions& options, std::string_view value);
  static std::string text(const ServiceOptions& options);
  static std::string allowed();
};

}  // namespace outrigger::model
