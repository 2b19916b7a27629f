#include "kube/watch_decoder.h"

#include <optional>

namespace outrigger::kube {
namespace {

std::optional<WatchEvent::Type> type_of(std::string_view name) {
  if (name == "ADDED") return WatchEvent::Type::added;
  if (name == "MODIFIED") return WatchEvent::Type::modified;
  if (name == "DELETED") return WatchEvent::Type::deleted;
  if (name == "BOOKMARK") return WatchEvent::Type::bookmark;
  if (name == "ERROR") return WatchEvent::Type::error;
  return std::nullopt;
}

Result<WatchEvent> decode(std::string_view line) {
  nlohmann::json json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object()) return failure("a watch event is not a JSON object");
  const auto type = json.find("type");
  const auto known = type != json.end() && type->is_string() ? type_of(type->get_ref<const std::string&>())
                                                             : std::optional<WatchEvent::Type>();
  if (!known) {
    return failure("a watch event's type is not allowed; allowed: ADDED, MODIFIED, DELETED, BOOKMARK, ERROR");
  }
  const auto object = json.find("object");
  if (object == json.end() || !object->is_object()) return failure("a watch event has no object");
  return WatchEvent{*known, std::move(*object)};
}

}  // namespace

Result<void> WatchDecoder::feed(std::string_view bytes, const std::function<Result<void>(WatchEvent)>& on_event) {
  return lines_.feed(bytes, [&](std::string_view line) -> Result<void> {
    auto event = decode(line);
    if (!event) return tl::unexpected(event.error());
    return on_event(std::move(*event));
  });
}

}  // namespace outrigger::kube
