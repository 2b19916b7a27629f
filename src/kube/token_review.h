#pragma once
/// TokenReview of authentication.k8s.io/v1: whom a ServiceAccount's token is of. Any thread.
#include <string>
#include <string_view>

#include "model/service_port.h"
#include "result/result.h"

namespace outrigger::kube {

inline constexpr const char* kTokenReviewPath = "/apis/authentication.k8s.io/v1/tokenreviews";

/// For POST: is `token` good, and for `audience`? A secret.
std::string token_review(std::string_view token, const std::string& audience);

/// The ServiceAccount (namespace and name) that the API server's answer vouches for. The error is why the token is
/// refused; it shows nothing of the token.
Result<model::ObjectKey> read_token_review(const std::string& json, const std::string& audience);

}  // namespace outrigger::kube
