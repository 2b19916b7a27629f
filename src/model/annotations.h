#pragma once
/// What users write on Services and Pods. Plain values; any thread.
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/related_services.h"

namespace outrigger::model {

inline constexpr std::string_view kAnnotationPrefix = "outrigger.dev/";

/// What is wrong with one annotation: key with prefix, value cut to 128 bytes with control characters replaced, and
/// what is allowed.
struct AnnotationError {
  std::string key;
  std::string value;
  std::string problem;
  bool operator==(const AnnotationError&) const = default;
  /// "outrigger.dev/policy: 'fastest' is not allowed; allowed: ..."
  std::string text() const { return key + ": " + problem; }
};

using Annotations = std::map<std::string, std::string>;

/// Reads a Service's annotations. Keys without the prefix are ignored; a bad one leaves its default.
struct ParsedServiceAnnotations {
  ServiceOptions options;  ///< all but `protocol`, which may differ from port to port
  Protocols protocols;
  std::vector<ServiceShare> weights = {};  ///< empty: all requests go to its own endpoints
  std::vector<ObjectKey> failover = {};
  std::vector<AnnotationError> errors;
};
ParsedServiceAnnotations parse_service_annotations(const ObjectKey& service, const Annotations& annotations);

/// A Pod's say in balancing: weight 1–1000 (default 1), tier 0–255 (default 0).
struct PodTraits {
  std::uint32_t weight = 1;
  std::uint32_t tier = 0;
  bool operator==(const PodTraits&) const = default;
};
struct ParsedPodAnnotations {
  PodTraits traits;
  std::vector<AnnotationError> errors;
  bool operator==(const ParsedPodAnnotations&) const = default;
};
/// As above; keys of injection (inject, mode, proxy-cpu, ...) are not errors here.
ParsedPodAnnotations parse_pod_annotations(const Annotations& annotations);

}  // namespace outrigger::model
