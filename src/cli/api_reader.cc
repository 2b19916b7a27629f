#include "cli/api_reader.h"
#include "kube/json_path.h"

#include <fmt/format.h>

#include "kube/each_object.h"
#include "model/shown_value.h"

namespace outrigger::cli {
namespace {

using nlohmann::json;

constexpr std::chrono::seconds kCallTimeout{30};
constexpr std::size_t kMaxShownMessage = 512;

Denial::Why why(int status) {
  if (status == 404) return Denial::Why::absent;
  return status == 401 || status == 403 ? Denial::Why::forbidden : Denial::Why::failed;
}

}  // namespace

Denial denial_of(const Result<kube::Response>& answer) {
  if (!answer) return {Denial::Why::unreachable, answer.error().text};
  const std::string message = kube::text_at(json::parse(answer->body, nullptr, false), {"message"});
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
  const auto no_page = kube::each_object(client_, path, selectors, on_object);
  if (!no_page) return {};
  const auto object = read_answer(*no_page);
  return tl::unexpected(object ? Denial{Denial::Why::failed, "the API server's answer is no list"} : object.error());
}

}  // namespace outrigger::cli
