#include "cli/api_reader.h"

#include <fmt/format.h>

#include "cli/json_path.h"
#include "kube/url_encoded.h"
#include "model/shown_value.h"

namespace outrigger::cli {
namespace {

using nlohmann::json;

constexpr std::chrono::seconds kCallTimeout{30};
constexpr std::size_t kMaxShownMessage = 512;
constexpr int kGone = 410;

Denial::Why why(int status) {
  if (status == 404) return Denial::Why::absent;
  return status == 401 || status == 403 ? Denial::Why::forbidden : Denial::Why::failed;
}

}  // namespace

Denial denial_of(const Result<kube::Response>& answer) {
  if (!answer) return {Denial::Why::unreachable, answer.error().text};
  const std::string message = text_at(json::parse(answer->body, nullptr, false), {"message"});
  if (!message.empty()) return {why(answer->status), model::shown_value(message, kMaxShownMessage)};
  return {why(answer->status), fmt::format("the API server answers with status {}", answer->status)};
}

Answer<json> read_answer(const Result<kube::Response>& answer) {
  if (!answer || (answer->status != 200 && answer->status != 201)) return tl::unexpected(denial_of(answer));
  json object = json::parse(answer->body, nullptr, false);
  if (!object.is_object()) return tl::unexpected(Denial{Denial::Why::failed, "the API server's answer is no object"});
  return object;
}

ApiReader::ApiReader(const kube::Config& config) : client_(config, *counts_) { client_.set_timeout(kCallTimeout); }

Answer<json> ApiReader::get(const std::string& path) { return read_answer(client_.get(path)); }

Answer<json> ApiReader::create(const std::string& path, const json& object) {
  return read_answer(client_.post(path, object.dump(-1, ' ', true, json::error_handler_t::replace)));
}

Answer<void> ApiReader::each(const std::string& path, const std::string& selectors,
                             const std::function<void(const json&)>& on_object) {
  const std::string first = fmt::format("{}?limit={}{}{}", path, kPageSize, selectors.empty() ? "" : "&", selectors);
  std::string rest;
  for (int page = 0; page < kMaxPages; ++page) {
    const auto answer = client_.get(rest.empty() ? first : first + "&continue=" + kube::url_encoded(rest));
    // A list that takes longer than the API server keeps its version may go on with what is there now.
    if (answer && answer->status == kGone) {
      std::string onward = text_at(json::parse(answer->body, nullptr, false), {"metadata", "continue"});
      if (!onward.empty() && onward != rest) {
        rest = std::move(onward);
        continue;
      }
    }
    const auto list = read_answer(answer);
    if (!list) return tl::unexpected(list.error());
    for (const json* const object : items_at(*list, {"items"})) on_object(*object);
    rest = text_at(*list, {"metadata", "continue"});
    if (rest.empty()) return {};
  }
  return tl::unexpected(Denial{Denial::Why::failed, "the list does not end"});
}

}  // namespace outrigger::cli
