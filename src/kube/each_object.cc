#include "kube/each_object.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "kube/json_path.h"
#include "kube/url_encoded.h"

namespace outrigger::kube {
namespace {

using nlohmann::json;

constexpr int kPageSize = 250;
constexpr int kMaxPages = 20'000;
constexpr int kOk = 200;
constexpr int kGone = 410;

}  // namespace

std::optional<Result<Response>> each_object(Client& client, const std::string& path, const std::string& query,
                                            const std::function<void(const json&)>& on_object) {
  const std::string first = fmt::format("{}?limit={}{}{}", path, kPageSize, query.empty() ? "" : "&", query);
  std::string next;
  for (int page = 0; page < kMaxPages; ++page) {
    auto answer = client.get(next.empty() ? first : first + "&continue=" + url_encoded(next));
    if (!answer || (answer->status != kOk && answer->status != kGone)) return answer;
    const json object = json::parse(answer->body, nullptr, false);
    // Of a list, or of a Status that says from where to go on.
    std::string onward = text_at(object, {"metadata", "continue"});
    if (answer->status == kGone) {
      if (onward.empty() || onward == next) return answer;
    } else {
      const json* const items = find(object, {"items"});
      if (items == nullptr) return answer;
      for (const json& item : *items) on_object(item);
      if (onward.empty()) return std::nullopt;
    }
    next = std::move(onward);
  }
  return failure("the list does not end: " + path);
}

}  // namespace outrigger::kube
