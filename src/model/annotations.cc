#include "model/annotations.h"

#include <algorithm>
#include <array>
#include <optional>

#include "model/shown_value.h"

namespace outrigger::model {
namespace {

constexpr std::array<std::string_view, 7> kPodKeys = {
    "weight", "tier", "inject", "mode", "proxy-cpu", "proxy-memory", "skip-outbound-ports"};
/// Written on Pods by injection, for their sidecars.
constexpr std::array<std::string_view, 2> kInjectedKeys = {"config", "trust-bundle"};
/// Beside the options.
constexpr std::array<std::string_view, 2> kServiceKeys = {"weights", "failover"};

template <class Names>
bool is_one_of(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

template <class Names>
std::string unknown(const Names& known) {
  std::string text;
  for (const std::string_view name : known) text.append(text.empty() ? "unknown; known: " : ", ").append(name);
  return text;
}

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

std::optional<std::string> problem_of(const Result<void>& result) {
  if (result) return std::nullopt;
  return result.error().text;
}

/// Takes what was read over into `value`, or tells what is wrong.
template <class T>
std::optional<std::string> take(Result<T> read, T& value) {
  if (!read) return read.error().text;
  value = std::move(*read);
  return std::nullopt;
}

}  // namespace

ParsedServiceAnnotations parse_service_annotations(const ObjectKey& service, const Annotations& annotations) {
  ParsedServiceAnnotations parsed;
  const auto read = [&](std::string_view name, const std::string& value) -> std::optional<std::string> {
    if (is_one_of(kPodKeys, name)) return "belongs on Pods, not on a Service";
    if (name == "protocol") return take(parse_protocols(value), parsed.protocols);
    if (name == "weights") return take(parse_weights(value), parsed.weights);
    if (name == "failover") return take(parse_failover(value, service), parsed.failover);
    if (is_option(name)) return problem_of(set_option(parsed.options, name, value));
    auto known = option_names();
    known.insert(known.end(), kServiceKeys.begin(), kServiceKeys.end());
    return unknown(known);
  };
  parsed.errors = read_annotations(annotations, read);
  return parsed;
}

ParsedPodAnnotations parse_pod_annotations(const Annotations& annotations) {
  ParsedPodAnnotations parsed;
  const auto read = [&](std::string_view name, const std::string& value) -> std::optional<std::string> {
    if (name == "weight") return take(parse_number(value, 1, kMaxWeight), parsed.traits.weight);
    if (name == "tier") return take(parse_number(value, 0, kMaxTier), parsed.traits.tier);
    if (is_one_of(kPodKeys, name) || is_one_of(kInjectedKeys, name)) return std::nullopt;  // injection's own
    if (is_option(name) || is_one_of(kServiceKeys, name)) return "belongs on a Service, not on a Pod";
    return unknown(kPodKeys);
  };
  parsed.errors = read_annotations(annotations, read);
  return parsed;
}

}  // namespace outrigger::model
