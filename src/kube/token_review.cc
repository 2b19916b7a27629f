#include "kube/token_review.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "kube/json_field.h"

namespace outrigger::kube {
namespace {

constexpr std::string_view kPrefix = "system:serviceaccount:";

Result<model::ObjectKey> read(const JsonField& review, const std::string& audience) {
  const JsonField status = review["status"];
  if (!status["authenticated"].flag(false)) {
    const std::string why = status["error"].text();
    return failure("the token is not valid" + (why.empty() ? "" : ": " + why.substr(0, 200)));
  }
  // A server that knows no audiences vouches for none (KEP-1205).
  const JsonField audiences = status["audiences"];
  const auto all = audiences.items();
  if (std::none_of(all.begin(), all.end(), [&](const JsonField& one) { return one.text() == audience; })) {
    return failure("the token is for another audience; allowed: " + audience);
  }
  const JsonField user = status["user"];
  const std::string username = user["username"].text();
  const std::size_t colon = username.find(':', std::min(kPrefix.size(), username.size()));
  if (!username.starts_with(kPrefix) || colon == std::string::npos) {
    return failure("the token is not a ServiceAccount's");
  }
  return model::ObjectKey{username.substr(kPrefix.size(), colon - kPrefix.size()), username.substr(colon + 1)};
}

}  // namespace

std::string token_review(std::string_view token, const std::string& audience) {
  return nlohmann::json{{"apiVersion", "authentication.k8s.io/v1"},
                        {"kind", "TokenReview"},
                        {"spec", {{"token", token}, {"audiences", {audience}}}}}
      .dump();
}

Result<model::ObjectKey> read_token_review(const std::string& json, const std::string& audience) {
  const nlohmann::json object = nlohmann::json::parse(json, nullptr, false);
  if (!object.is_object()) return failure("the API server's answer is no TokenReview");
  try {
    return read(JsonField(object), audience);
  } catch (const WrongField& wrong) {
    return failure("the API server's answer is no TokenReview");
  }
}

}  // namespace outrigger::kube
