#include "kube/admission_review.h"

#include <algorithm>

#include "kube/base64.h"
#include "kube/json_field.h"

namespace outrigger::kube {
namespace {

using nlohmann::json;

constexpr const char* kVersion = "admission.k8s.io/v1";
/// The API server cuts one warning, with its prefix, at 256 bytes and drops what is over 4096 in all.
constexpr std::size_t kMaxWarning = 240;
constexpr std::size_t kMaxWarnings = 8;
/// The API server's own objects are a dozen deep, and of some hundred values.
constexpr int kMaxDepth = 64;
constexpr std::size_t kMaxValues = 100'000;

/// Null, as for what is not JSON, where it is too deep or too much: values are copied and compared recursively.
json parse_bounded(std::string_view text) {
  std::size_t values = 0;
  bool bounded = true;
  json parsed = json::parse(
      text,
      [&](int depth, json::parse_event_t, const json&) {
        bounded = bounded && depth <= kMaxDepth && ++values <= kMaxValues;
        return bounded;
      },
      false);
  return bounded ? parsed : json();
}

std::string dump(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

}  // namespace

Result<AdmissionRequest> read_admission_review(std::string_view text) {
  json review = parse_bounded(text);
  if (!review.is_object()) {
    return failure("not an AdmissionReview: not a JSON object, or deeper than 64, or of more than 100000 values");
  }
  AdmissionRequest read;
  try {
    const JsonField field(review);
    if (const std::string version = field["apiVersion"].text(); version != kVersion) {
      return failure(std::string("not an AdmissionReview: apiVersion; allowed: ") + kVersion);
    }
    const JsonField request = field["request"];
    read.uid = request["uid"].required_text();
    read.ns = request["namespace"].required_text();
  } catch (const WrongField& wrong) {
    return failure("not an AdmissionReview: " + wrong.text);
  }
  json& request = review["request"];
  if (!request.contains("object") || !request["object"].is_object()) {
    return failure("not an AdmissionReview: request.object: missing");
  }
  read.object = std::move(request["object"]);
  read.dry_run = request.value("dryRun", json()) == true;
  return read;
}

std::string admission_answer(const std::string& uid, const json& patch, const std::vector<std::string>& warnings) {
  json response = {{"uid", uid}, {"allowed", true}};
  if (!patch.empty()) {
    response["patchType"] = "JSONPatch";
    response["patch"] = encode_base64(dump(patch));
  }
  for (std::size_t i = 0; i < std::min(warnings.size(), kMaxWarnings); ++i) {
    response["warnings"].push_back("outrigger: " + warnings[i].substr(0, kMaxWarning));
  }
  return dump({{"apiVersion", kVersion}, {"kind", "AdmissionReview"}, {"response", std::move(response)}});
}

}  // namespace outrigger::kube
