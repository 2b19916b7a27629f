#pragma once
#include <string>
#include <string_view>

#include "result/result.h"

namespace outrigger::kube {

/// Base64 as Kubernetes has it in Secrets and kubeconfigs, on one line. Any thread.
std::string encode_base64(std::string_view bytes);
/// The error shows nothing of the text. An empty text is none.
Result<std::string> decode_base64(std::string_view text);

}  // namespace outrigger::kube
