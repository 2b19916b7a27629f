#pragma once
/// What the API server asks a mutating webhook, admission.k8s.io/v1. Any thread.
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "result/result.h"

namespace outrigger::kube {

struct AdmissionRequest {
  std::string uid;
  std::string ns;
  bool dry_run = false;
  nlohmann::json object;
};

/// The error is for whoever calls the webhook: it names what is missing or wrong. What is accepted is at most 64 deep.
Result<AdmissionRequest> read_admission_review(std::string_view json);

/// The answer, which always allows. `patch`: a JSON patch, empty for none. The API server shows `warnings` to its
/// client; those that would be too long for it are cut.
std::string admission_answer(const std::string& uid, const nlohmann::json& patch,
                             const std::vector<std::string>& warnings);

}  // namespace outrigger::kube
