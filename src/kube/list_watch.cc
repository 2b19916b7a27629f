#include "kube/list_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "kube/json_field.h"
#include "kube/url_encoded.h"
#include "log/log.h"
#include "model/shown_value.h"

namespace outrigger::kube {
namespace {

using std::chrono::steady_clock;

constexpr int kGone = 410;
constexpr int kTooManyRequests = 429;
// A watch that lives for this many first backoffs may be followed by another at once, whatever it told.
constexpr int kLongWatch = 4;

// What another proxy serves, kube-proxy leaves alone: Services with this label, and their slices, which get it from
// them.
constexpr const char* kNoOthersProxy = "&labelSelector=%21service.kubernetes.io%2Fservice-proxy-name";
// No slice has a pod's endpoint once it has finished, and a Job's pods stay. One that finishes leaves the selector,
// which a watch tells as DELETED.
constexpr const char* kNotFinished = "&fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed";

struct Resource {
  const char* path;
  bool metadata_only;
  const char* selector;  ///< of the query, for lists and watches
};

Resource resource_of(Kind kind) {
  switch (kind) {
    case Kind::service: return {"/api/v1/services", false, kNoOthersProxy};
    case Kind::endpoint_slice: return {"/apis/discovery.k8s.io/v1/endpointslices", false, kNoOthersProxy};
    case Kind::endpoints: return {"/api/v1/endpoints", false, kNoOthersProxy};
    case Kind::pod: return {"/api/v1/pods", true, kNotFinished};
    case Kind::node: return {"/api/v1/nodes", true, ""};
  }
  std::abort();
}

std::string accept(Kind kind, const char* metadata_kind) {
  if (!resource_of(kind).metadata_only) return "application/json";
  return fmt::format("application/json;as={};g=meta.k8s.io;v=v1", metadata_kind);
}

bool is_passing(int status) { return status == kTooManyRequests || status >= 500; }

Ending failed(std::string detail) { return {.reason = Ending::Reason::error, .detail = std::move(detail)}; }

Ending unusable(std::string detail) {
  Ending ending = failed(std::move(detail));
  ending.unusable = true;
  return ending;
}

/// From a Status, be it an answer's body or an ERROR event's object.
Ending refused(int code, const nlohmann::json& status, std::chrono::seconds retry_after) {
  std::string message;
  if (status.is_object() && status.contains("message") && status["message"].is_string()) {
    message = ": " + model::shown_value(status["message"].get_ref<const std::string&>());
  }
  Ending ending = failed(fmt::format("status {}{}", code, message));
  if (code == kGone) ending.reason = Ending::Reason::expired;
  ending.retry_after = retry_after;
  ending.unusable = !is_passing(code);
  return ending;
}

/// details.retryAfterSeconds of a Status, 0 without.
std::chrono::seconds retry_after(const nlohmann::json& status) {
  try {
    const JsonField field(status);
    const JsonField details = field["details"];
    return std::chrono::seconds(std::max(details["retryAfterSeconds"].int32(0), 0));
  } catch (const WrongField&) {
    return std::chrono::seconds(0);
  }
}

Ending refused(const Response& answer) {
  return refused(answer.status, nlohmann::json::parse(answer.body, nullptr, false), answer.retry_after);
}

/// What a watch has told stays told, whatever it ends with.
void end_with(Ending& ending, Ending why) {
  why.progress = ending.progress;
  ending = std::move(why);
}

void log_unreadable(const Error& problem) {
  log::warn("an object cannot be read and is taken as absent", {{"problem", problem.text}});
}

}  // namespace

ListWatch::ListWatch(Kind kind, Client& client, const ReflectorTiming& timing, std::uint64_t seed,
                     const std::function<void(Change)>& on_change, Liveness& liveness)
    : kind_(kind), client_(client), timing_(timing), random_(seed), on_change_(on_change), liveness_(liveness) {}

Ending ListWatch::list() {
  forget();
  Change change{.kind = kind_, .replace = true, .objects = {}, .gone = {}, .read_at = {}};
  std::string version;
  if (auto problem = collect("", change, version)) return *std::move(problem);
  on_change_(std::move(change));
  version_ = std::move(version);
  draw_comparison();
  return {.reason = Ending::Reason::listed, .detail = {}};
}

Ending ListWatch::compare() {
  CHECK(listed());
  Change change{.kind = kind_, .replace = true, .objects = {}, .gone = {}, .read_at = {}, .comparison = true};
  std::string version;
  auto problem = collect("&resourceVersionMatch=Exact&resourceVersion=" + url_encoded(version_), change, version);
  // A list of another version would show as lost what is only on its way.
  if (problem ? problem->unusable : version != version_) return list();
  if (problem) return *std::move(problem);
  on_change_(std::move(change));
  draw_comparison();
  return {.reason = Ending::Reason::listed, .detail = {}};
}

std::optional<Ending> ListWatch::collect(std::string query, Change& change, std::string& version) {
  std::string rest;
  do {
    // A page that follows another is of the same version anyway.
    if (!rest.empty()) query = "&continue=" + url_encoded(rest);
    const std::string path =
        fmt::format("{}?limit={}{}{}", resource_of(kind_).path, timing_.page_size, resource_of(kind_).selector, query);
    liveness_.expect_within(Client::kAnswerDeadline);
    const auto answer = client_.get(path, accept(kind_, "PartialObjectMetadataList"));
    if (!answer) return failed(answer.error().text);
    if (answer->status != 200) return refused(*answer);
    change.read_at = steady_clock::now();
    const auto taken = take_page(nlohmann::json::parse(answer->body, nullptr, false), change, version, rest);
    if (!taken) return unusable(taken.error().text);
  } while (!rest.empty());
  return std::nullopt;
}

void ListWatch::draw_comparison() {
  std::uniform_int_distribution<std::int64_t> wait(timing_.min_comparison.count(), timing_.min_comparison.count() * 2);
  comparison_at_ = steady_clock::now() + std::chrono::milliseconds(wait(random_));
}

Result<void> ListWatch::take_page(const nlohmann::json& page, Change& change, std::string& version,
                                  std::string& rest) const {
  if (!page.is_object()) return failure("a list is not a JSON object");
  try {
    const JsonField list(page);
    const JsonField metadata = list["metadata"];
    version = metadata["resourceVersion"].required_text();
    rest = metadata["continue"].text();
    const JsonField items = list["items"];
    if (items.items().empty()) return {};
  } catch (const WrongField& wrong) {
    return failure("a list: " + wrong.text);
  }
  for (const nlohmann::json& item : page["items"]) {
    auto object = parse_object(kind_, item);
    if (object) {
      change.objects.push_back(std::move(*object));
    } else {
      log_unreadable(object.error());
    }
  }
  return {};
}

Ending ListWatch::watch() {
  CHECK(listed());
  std::uniform_int_distribution<std::int64_t> seconds(timing_.min_watch.count(), timing_.min_watch.count() * 2);
  const std::string path =
      fmt::format("{}?watch=true&allowWatchBookmarks=true&resourceVersion={}&timeoutSeconds={}{}",
                  resource_of(kind_).path, url_encoded(version_), seconds(random_), resource_of(kind_).selector);

  Ending ending{.reason = Ending::Reason::timeout, .detail = {}};
  bool ended_by_us = false;
  WatchDecoder decoder;
  auto answered_at = steady_clock::time_point::max();
  auto heard_at = steady_clock::now();
  liveness_.expect_within(timing_.idle_deadline);
  const auto answer =
      client_.stream(path, accept(kind_, "PartialObjectMetadata"), timing_.idle_deadline, [&](std::string_view bytes) {
        heard_at = steady_clock::now();
        liveness_.expect_within(timing_.idle_deadline);
        answered_at = std::min(answered_at, heard_at);
        ChangeBatch batch(kind_, heard_at, on_change_);
        const auto fed = decoder.feed(bytes, [&](const WatchEvent& event) { return take_event(event, batch, ending); });
        batch.flush();
        ended_by_us = !fed;
        // An ERROR event has said more than its failure does.
        if (!fed && ending.reason == Ending::Reason::timeout) end_with(ending, unusable(fed.error().text));
        return !ended_by_us;
      });

  const auto now = steady_clock::now();
  if (!ended_by_us && !answer) {
    const bool idle = now - heard_at >= timing_.idle_deadline;
    ending.reason = idle ? Ending::Reason::idle : Ending::Reason::error;
    ending.detail = answer.error().text;
  } else if (!ended_by_us && answer->status != 200) {
    ending = refused(*answer);
  }
  if (answered_at <= now && now - answered_at >= timing_.first_backoff * kLongWatch) ending.progress = true;
  if (ending.reason == Ending::Reason::expired) forget();
  return ending;
}

Result<void> ListWatch::take_event(const WatchEvent& event, ChangeBatch& batch, Ending& ending) {
  if (event.type == WatchEvent::Type::error) {
    const auto code = event.object.find("code");
    const bool coded = code != event.object.end() && code->is_number_integer();
    end_with(ending, refused(coded ? code->get<int>() : 500, event.object, retry_after(event.object)));
    return failure(ending.detail);
  }

  std::string version;
  try {
    const JsonField object(event.object);
    const JsonField metadata = object["metadata"];
    version = metadata["resourceVersion"].required_text();
  } catch (const WrongField& wrong) {
    return failure("a watch event: " + wrong.text);
  }
  if (event.type == WatchEvent::Type::added || event.type == WatchEvent::Type::modified) {
    auto object = parse_object(kind_, event.object);
    if (object) {
      batch.set(std::move(*object));
    } else {
      log_unreadable(object.error());
      if (auto key = parse_key(kind_, event.object)) batch.remove(std::move(*key));
    }
  } else if (event.type == WatchEvent::Type::deleted) {
    auto key = parse_key(kind_, event.object);
    if (key) {
      batch.remove(std::move(*key));
    } else {
      log_unreadable(key.error());
    }
  }
  version_ = std::move(version);
  ending.progress = true;
  return {};
}

}  // namespace outrigger::kube
