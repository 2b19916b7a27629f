#include "kube/each_object.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "kube/url_encoded.h"

namespace outrigger::kube {
namespace {

using nlohmann::json;

constexpr int kPageSize = 250;
constexpr int kMaxPages = 20'000;
constexpr int kOk = 200;
constexpr int kGone = 410;

/// Of a list, or of a Status that says from where to go on: what the next page is asked for with; empty: nothing.
std::string next_page(const json& object) {
  static const json::json_pointer kPlace("/metadata/continue");
  const bool is_there = object.is_object() && object.contains(kPlace) && object[kPlace].is_string();
  return is_there ? object[kPlace].get<std::string>() : std::string();
}

}  // namespace

std::optional<Result<Response>> each_object(Client& client, const std::string& path, const std::string& query,
                                            const std::function<void(const json&)>& on_object) {
  const std::string first = fmt::format("{}?limit={}{}{}", path, kPageSize, query.empty() ? "" : "&", query);
  std::string next;
  for (int page = 0; page < kMaxPages; ++page) {
    auto answer = client.get(next.empty() ? first : first + "&continue=" + url_encoded(next));
    if (!answer || (answer->status != kOk && answer->status != kGone)) return answer;
    const json object = json::parse(answer->body, nullptr, false);
    std::string onward = next_page(object);
    if (answer->status == kGone) {
      if (onward.empty() || onward == next) return answer;
    } else {
      const auto items = object.is_object() ? object.find("items") : object.end();
      if (items == object.end()) return answer;
      for (const json& item : *items) on_object(item);
      if (onward.empty()) return std::nullopt;
    }
    next = std::move(onward);
  }
  return failure("the list does not end: " + path);
}

}  // namespace outrigger::kube
