#include "kube/reflector.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "kube/fake_api_server.h"

namespace outrigger::kube {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using Restarts = std::map<std::string, std::uint64_t>;
using Texts = std::vector<std::string>;
using std::chrono::steady_clock;

/// Any wait with it makes a test fail by its deadline: what passes with it happens at once.
constexpr ReflectorTiming kNoWaiting{.first_backoff = 60s, .max_backoff = 60s, .idle_deadline = 20s};
constexpr ReflectorTiming kShortWaiting{.first_backoff = 20ms, .max_backoff = 80ms, .idle_deadline = 20s};

constexpr const char* kNoOthersProxy = "&labelSelector=%21service.kubernetes.io%2Fservice-proxy-name";
constexpr const char* kNotFinished = "&fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed";

json service(const std::string& name, const std::string& version) {
  return {{"metadata", {{"name", name}, {"namespace", "shop"}, {"resourceVersion", version}}},
          {"spec", {{"ports", {{{"port", 80}}}}}}};
}

json unreadable(const std::string& name, const std::string& version) {
  json object = service(name, version);
  object["spec"]["ports"][0]["port"] = 70'000;
  return object;
}

std::string event(const std::string& type, const json& object) {
  return json{{"type", type}, {"object", object}}.dump() + "\n";
}

std::string bookmark(const std::string& version) {
  return event("BOOKMARK", {{"metadata", {{"resourceVersion", version}}}});
}

json status(int code) { return {{"kind", "Status"}, {"code", code}, {"message", "said so"}}; }

FakeApiServer::Step list(const std::string& version, const std::vector<json>& items, const std::string& rest = "") {
  return [=](Exchange& exchange) {
    json metadata = {{"resourceVersion", version}};
    if (!rest.empty()) metadata["continue"] = rest;
    exchange.reply(
        200,
        json{{"kind", "ServiceList"}, {"metadata", metadata}, {"items", items.empty() ? json() : json(items)}}.dump());
  };
}

FakeApiServer::Step refuse(int code, const std::string& headers = "") {
  return [=](Exchange& exchange) { exchange.reply(code, status(code).dump(), headers); };
}

/// A watch that tells `events` at one go and is then ended by the server, or by `last`.
FakeApiServer::Step watch(
    const std::string& events,
    const std::function<void(Exchange&)>& last = [](Exchange& exchange) { exchange.end(); }) {
  return [=](Exchange& exchange) {
    exchange.begin();
    if (!events.empty()) exchange.chunk(events);
    last(exchange);
  };
}

void hold(Exchange& exchange) { exchange.hold(); }

/// A reflector of Services before a scripted API server, and what it has told: "=" and the names for a list, "~" for a
/// comparison, "+" a new or changed one, "-" one that is gone.
class ReflectorBeforeAServer {
 public:
  explicit ReflectorBeforeAServer(std::vector<FakeApiServer::Step> script, ReflectorTiming timing = kNoWaiting,
                                  Kind kind = Kind::service)
      : server(std::move(script)) {
    reflector.emplace(
        kind, server.config(), counts, [this](Change change) { take(std::move(change)); }, 1, timing);
  }

  /// What was told first, once it is `count` Changes; fewer when they have not come within 10 s.
  Texts told(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, 10s, [&] { return told_.size() >= count; });
    return told_;
  }

  /// The requests' versions of `count` requests: "list", "compare at VERSION" or "watch from VERSION".
  Texts asked(std::size_t count) {
    Texts asked;
    for (const Exchange& request : server.requests(count)) {
      const std::size_t version = request.target.find("resourceVersion=");
      const bool comparison = request.target.find("resourceVersionMatch=Exact") != std::string::npos;
      asked.push_back(version == std::string::npos
                          ? "list"
                          : (comparison ? "compare at " : "watch from ") +
                                request.target.substr(version + 16, request.target.find('&', version) - version - 16));
    }
    return asked;
  }

  FakeApiServer server;
  RequestCounts counts;
  std::vector<steady_clock::time_point> read_at;
  std::optional<Reflector> reflector;

 private:
  void take(Change change) {
    std::string text = change.comparison ? "~" : change.replace ? "=" : "";
    for (const Object& object : change.objects) text += (change.replace ? " " : "+") + object.key.name;
    for (const model::ObjectKey& key : change.gone) text += "-" + key.name;
    const std::lock_guard lock(mutex_);
    told_.push_back(text);
    read_at.push_back(change.read_at);
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  Texts told_;
};

TEST(Reflector, ListsAllPagesAsOneChangeAndWatchesFromThere) {
  const auto before = steady_clock::now();
  ReflectorBeforeAServer test(
      {list("5", {service("a", "1"), service("b", "2")}, "to/ken=="), list("5", {service("c", "3")}), hold},
      {.min_watch = 10s, .page_size = 2});
  EXPECT_EQ(test.told(1), Texts{"= a b c"});
  auto requests = test.server.requests(3);
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(requests[0].target, std::string("/api/v1/services?limit=2") + kNoOthersProxy);
  EXPECT_EQ(requests[1].target, std::string("/api/v1/services?limit=2") + kNoOthersProxy + "&continue=to%2Fken%3D%3D");
  EXPECT_TRUE(requests[2].target.starts_with(
      "/api/v1/services?watch=true&allowWatchBookmarks=true&resourceVersion=5&timeoutSeconds="))
      << requests[2].target;
  EXPECT_EQ(requests[2].headers["accept"], "application/json");
  EXPECT_GE(test.read_at[0], before);
  EXPECT_LE(test.read_at[0], steady_clock::now());
  EXPECT_EQ(test.server.connections(), 1u);
  EXPECT_EQ(test.reflector->restarts(), Restarts{});
}

TEST(Reflector, AsksForEveryKindAtItsPathForWhatMayMatterAndForMetadataWhereThatSuffices) {
  struct Row {
    Kind kind;
    const char* path;
    const char* selector;
    const char* list_accept;
    const char* watch_accept;
  };
  constexpr const char* kJson = "application/json";
  constexpr const char* kMetadataList = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
  constexpr const char* kMetadata = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
  for (const Row& row :
       {Row{Kind::service, "/api/v1/services?", kNoOthersProxy, kJson, kJson},
        Row{Kind::endpoint_slice, "/apis/discovery.k8s.io/v1/endpointslices?", kNoOthersProxy, kJson, kJson},
        Row{Kind::endpoints, "/api/v1/endpoints?", kNoOthersProxy, kJson, kJson},
        Row{Kind::pod, "/api/v1/pods?", kNotFinished, kMetadataList, kMetadata},
        Row{Kind::node, "/api/v1/nodes?", "", kMetadataList, kMetadata}}) {
    ReflectorBeforeAServer test({list("1", {})}, kNoWaiting, row.kind);
    EXPECT_EQ(test.told(1), Texts{"="});
    auto requests = test.server.requests(2);
    ASSERT_EQ(requests.size(), 2u);
    EXPECT_TRUE(requests[0].target.starts_with(row.path)) << requests[0].target;
    EXPECT_EQ(requests[0].headers["accept"], row.list_accept);
    EXPECT_TRUE(requests[1].target.starts_with(row.path)) << requests[1].target;
    EXPECT_EQ(requests[1].headers["accept"], row.watch_accept);
    EXPECT_EQ(test.reflector->kind(), row.kind);
    for (const Exchange& request : requests) {
      const std::string_view query = std::string_view(request.target).substr(request.target.find('?'));
      EXPECT_TRUE(query.ends_with(row.selector)) << query;
      EXPECT_EQ(query.find("elector=") != std::string::npos, *row.selector != '\0') << query;
    }
  }
}

TEST(Reflector, TellsEventsInOrderAndThoseOfOneReadTogether) {
  std::promise<void> first_told;
  ReflectorBeforeAServer test(
      {list("5", {service("a", "1")}),
       watch(event("ADDED", service("b", "6")) + event("MODIFIED", service("a", "7")), [&](Exchange& exchange) {
         first_told.get_future().wait();
         exchange.chunk(event("DELETED", service("b", "8")) + event("ADDED", service("b", "9")));
         exchange.hold();
       })});
  EXPECT_EQ(test.told(2), (Texts{"= a", "+b+a"}));
  const auto between = steady_clock::now();
  first_told.set_value();
  EXPECT_EQ(test.told(4), (Texts{"= a", "+b+a", "-b", "+b"}));
  EXPECT_LE(test.read_at[1], between);
  EXPECT_GE(test.read_at[2], between);
}

TEST(Reflector, BeginsTheListAnewWhenAPageIsGone) {
  ReflectorBeforeAServer test({list("5", {service("a", "1"), service("gone", "2")}, "rest"), refuse(410),
                               list("9", {service("a", "1")}, "rest"), list("9", {service("b", "8")})});
  EXPECT_EQ(test.told(1), Texts{"= a b"});
  EXPECT_EQ(test.asked(5), (Texts{"list", "list", "list", "list", "watch from 9"}));
  EXPECT_EQ(test.reflector->restarts(), (Restarts{{"expired", 1}}));
}

TEST(Reflector, ListsAnewAtOnceWhenTheWatchsVersionIsGone) {
  ReflectorBeforeAServer test({list("5", {service("a", "1")}), refuse(410), list("9", {service("b", "8")})});
  EXPECT_EQ(test.told(2), (Texts{"= a", "= b"}));
  EXPECT_EQ(test.asked(4), (Texts{"list", "watch from 5", "list", "watch from 9"}));
  EXPECT_EQ(test.reflector->restarts(), (Restarts{{"expired", 1}}));
}

TEST(Reflector, ListsAnewAtOnceWhenAnErrorEventSaysThatTheVersionIsGone) {
  ReflectorBeforeAServer test(
      {list("5", {}), watch(event("ADDED", service("a", "6")) + event("ERROR", status(410)), hold),
       list("9", {service("b", "8")}), watch(bookmark("10") + event("ERROR", status(410)), hold), list("11", {})});
  EXPECT_EQ(test.told(4), (Texts{"=", "+a", "= b", "="}));
  EXPECT_EQ(test.asked(6), (Texts{"list", "watch from 5", "list", "watch from 9", "list", "watch from 11"}));
  EXPECT_EQ(test.reflector->restarts(), (Restarts{{"expired", 2}}));
}

TEST(Reflector, WaitsBeforeAThirdListWhenNothingWasToldInBetween) {
  ReflectorBeforeAServer test({list("5", {}), refuse(410), list("6", {}), refuse(410), list("7", {})},
                              {.first_backoff = 100ms, .max_backoff = 100ms});
  const auto requests = test.server.requests(6);
  ASSERT_EQ(requests.size(), 6u);
  EXPECT_GE(requests[4].arrived_at - requests[3].arrived_at, 50ms);
  EXPECT_EQ(test.asked(6), (Texts{"list", "watch from 5", "list", "watch from 6", "list", "watch from 7"}));
}

TEST(Reflector, ListsAtOnceWhenTheVersionWentDuringAnOutage) {
  ReflectorBeforeAServer test({list("5", {}), refuse(500), refuse(500), refuse(410), list("9", {})},
                              {.first_backoff = 1ms, .max_backoff = 1ms});
  EXPECT_EQ(test.told(2), (Texts{"=", "="}));
  EXPECT_EQ(test.asked(6), (Texts{"list", "watch from 5", "watch from 5", "watch from 5", "list", "watch from 9"}));
  EXPECT_EQ(test.reflector->restarts(), (Restarts{{"error", 2}, {"expired", 1}}));
}

TEST(Reflector, GoesOnAfterTheLastWholeEventOfACutWatch) {
  const std::string half = event("ADDED", service("b", "7")).substr(0, 30);
  ReflectorBeforeAServer test(
      {list("5", {}), watch(event("ADDED", service("a", "6")) + half, [](Exchange& exchange) { exchange.cut(); }),
       watch(event("ADDED", service("b", "7")), hold)},
      kShortWaiting);
  EXPECT_EQ(test.told(3), (Texts{"=", "+a", "+b"}));
  EXPECT_EQ(test.asked(3), (Texts{"list", "watch from 5", "watch from 6"}));
  EXPECT_EQ(test.reflector->restarts(), (Restarts{{"error", 1}}));
}

TEST(Reflector, WatchesOnAtOnceFromABookmarkWhenTheServerEndsTheWatch) {
  ReflectorBeforeAServer test({list("5", {}), watch(bookmark("50")), watch(bookmark("51")), watch(bookmark("52"))});
  EXPECT_EQ(test.asked(5), (Texts{"list", "watch from 5", "watch from 50", "watch from 51", "watch from 52"}));
  EXPECT_EQ(test.told(1), Texts{"="});
  EXPECT_EQ(test.reflector->restarts(), (Restarts{{"timeout", 3}}));
  EXPECT_EQ(test.server.connections(), 1u);
}

TEST(Reflector, DoesNotSpinOnWatchesThatEndAtOnce) {
  ReflectorBeforeAServer test({list("5", {}), watch(""), watch(""), watch("")},
                              {.first_backoff = 100ms, .max_backoff = 100ms});
  const auto requests = test.server.requests(5);
  ASSERT_EQ(requests.size(), 5u);
  EXPECT_GE(requests[3].arrived_at - requests[2].arrived_at, 50ms);
  EXPECT_GE(requests[4].arrived_at - requests[3].arrived_at, 50ms);
}

TEST(Reflector, DrawsEachWatchsLengthBetweenTheLeastAndItsDouble) {
  std::vector<FakeApiServer::Step> script{list("5", {})};
  for (int i = 0; i < 40; ++i) script.push_back(watch(bookmark(std::to_string(i))));
  ReflectorBeforeAServer test(std::move(script), {.first_backoff = 60s, .max_backoff = 60s, .min_watch = 300s});
  std::set<int> lengths;
  const auto requests = test.server.requests(41);
  ASSERT_EQ(requests.size(), 41u);
  for (std::size_t i = 1; i < requests.size(); ++i) {
    const std::size_t at = requests[i].target.find("timeoutSeconds=");
    lengths.insert(std::stoi(requests[i].target.substr(at + 15)));
  }
  EXPECT_GE(*lengths.begin(), 300);
  EXPECT_LE(*lengths.rbegin(), 600);
  EXPECT_GT(lengths.size(), 20u);
}

TEST(Reflector, GivesUpASilentWatchAndGoesOnFromItsVersion) {
  ReflectorBeforeAServer test({list("5", {}), watch(event("ADDED", service("a", "6")), hold)},
                              {.first_backoff = 60s, .max_backoff = 60s, .idle_deadline = 60ms});
  EXPECT_EQ(test.asked(3), (Texts{"list", "watch from 5", "watch from 6"}));
  EXPECT_EQ(test.reflector->restarts().at("idle"), 1u);
}

TEST(Reflector, GoesOnWithTheSameVersionAfterPassingFailures) {
  ReflectorBeforeAServer test(
      {list("5", {}), refuse(500), refuse(503), refuse(429), watch(event("ERROR", status(500)), hold),
       [](Exchange& exchange) { exchange.cut(); }, watch(event("ADDED", service("a", "6")), hold)},
      kShortWaiting);
  EXPECT_EQ(test.told(2), (Texts{"=", "+a"}));
  EXPECT_EQ(test.asked(7), (Texts{"list", "watch from 5", "watch from 5", "watch from 5", "watch from 5",
                                  "watch from 5", "watch from 5"}));
  EXPECT_EQ(test.reflector->restarts(), (Restarts{{"error", 5}}));
}

/// Every watch that was well is followed by a comparison.
constexpr ReflectorTiming kComparesAlways{
    .first_backoff = 60s, .max_backoff = 60s, .idle_deadline = 20s, .min_comparison = 0s, .page_size = 2};

TEST(Reflector, ComparesNowAndThenAtTheVersionItHasComeToAndWatchesOnFromThere) {
  ReflectorBeforeAServer test({list("5", {service("a", "1")}), watch(event("ADDED", service("b", "6")) + bookmark("7")),
                               list("7", {service("a", "1"), service("b", "6")}, "rest"),
                               list("7", {service("c", "2")}), watch(event("DELETED", service("c", "8")), hold)},
                              kComparesAlways);
  EXPECT_EQ(test.told(4), (Texts{"= a", "+b", "~ a b c", "-c"}));
  EXPECT_EQ(test.asked(5), (Texts{"list", "watch from 5", "compare at 7", "list", "watch from 7"}));
  const auto requests = test.server.requests(4);
  EXPECT_TRUE(requests[2].target.ends_with("&resourceVersionMatch=Exact&resourceVersion=7")) << requests[2].target;
  EXPECT_TRUE(requests[3].target.ends_with("&continue=rest")) << requests[3].target;
  EXPECT_EQ(test.reflector->restarts(), (Restarts{{"timeout", 1}}));
}

TEST(Reflector, ListsInsteadOfComparingWhatTheServerHasNoMore) {
  for (const auto& [what, answer] : std::vector<std::pair<const char*, FakeApiServer::Step>>{
           {"gone", refuse(410)}, {"not possible", refuse(400)}, {"of another version", list("8", {})}}) {
    SCOPED_TRACE(what);
    ReflectorBeforeAServer test({list("5", {}), watch(bookmark("7")), answer, list("9", {service("a", "1")}), hold},
                                kComparesAlways);
    EXPECT_EQ(test.told(2), (Texts{"=", "= a"}));
    EXPECT_EQ(test.asked(5), (Texts{"list", "watch from 5", "compare at 7", "list", "watch from 9"}));
  }
}

TEST(Reflector, WatchesFirstAfterAnOutageAndAfterAComparisonThatFailed) {
  ReflectorTiming timing = kComparesAlways;
  timing.first_backoff = timing.max_backoff = 100ms;
  ReflectorBeforeAServer test({list("5", {}), refuse(500), watch(bookmark("7")), refuse(500), hold}, timing);
  EXPECT_EQ(test.asked(5), (Texts{"list", "watch from 5", "watch from 5", "compare at 7", "watch from 7"}));
  EXPECT_EQ(test.told(1), Texts{"="});
}

TEST(Reflector, DoesNotCompareBeforeItIsTime) {
  ReflectorBeforeAServer test({list("5", {}), watch(bookmark("7")), watch(bookmark("8")), hold});
  EXPECT_EQ(test.asked(4), (Texts{"list", "watch from 5", "watch from 7", "watch from 8"}));
}

TEST(Reflector, WaitsAsLongAsTheServerAsksAndGoesOnFromWhereItWas) {
  struct Row {
    const char* what;
    std::vector<FakeApiServer::Step> script;
    std::size_t refused;  ///< which request is answered so
    Texts asked;
  };
  json busy = status(429);
  busy["details"] = {{"retryAfterSeconds", 1}};
  const std::string header = "Retry-After: 1\r\n";
  const std::vector<Row> rows{
      {"a list, 429", {refuse(429, header)}, 0, {"list", "list"}},
      {"a list, 503", {refuse(503, header)}, 0, {"list", "list"}},
      {"a page", {list("5", {}, "rest"), refuse(500, header)}, 1, {"list", "list", "list"}},
      {"a watch, 429", {list("5", {}), refuse(429, header)}, 1, {"list", "watch from 5", "watch from 5"}},
      {"a watch, 500", {list("5", {}), refuse(500, header)}, 1, {"list", "watch from 5", "watch from 5"}},
      {"a watch's event",
       {list("5", {}), watch(bookmark("7") + event("ERROR", busy), hold)},
       1,
       {"list", "watch from 5", "watch from 7"}}};
  // All at once: each waits a second.
  std::vector<std::unique_ptr<ReflectorBeforeAServer>> tests;
  for (const Row& row : rows) {
    tests.push_back(std::make_unique<ReflectorBeforeAServer>(
        row.script, ReflectorTiming{.first_backoff = 1ms, .max_backoff = 1ms}));
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    SCOPED_TRACE(rows[i].what);
    EXPECT_EQ(tests[i]->asked(rows[i].asked.size()), rows[i].asked);
    const auto requests = tests[i]->server.requests(rows[i].refused + 2);
    ASSERT_EQ(requests.size(), rows[i].refused + 2);
    EXPECT_GE(requests.back().arrived_at - requests[rows[i].refused].arrived_at, 1s);
  }
}

TEST(Reflector, TakesAPodThatLeavesTheSelectorAsGone) {
  const json running{{"metadata", {{"name", "a"}, {"namespace", "shop"}, {"resourceVersion", "6"}}}};
  ReflectorBeforeAServer test({list("5", {running}), watch(event("DELETED", running), hold)}, kNoWaiting, Kind::pod);
  EXPECT_EQ(test.told(2), (Texts{"= a", "-a"}));
}

TEST(Reflector, ListsAnewAfterASecondAnswerItCannotUse) {
  struct Row {
    const char* what;
    std::string bytes;
  };
  for (const Row& row : {Row{"an unknown type", "{\"type\":\"PATCHED\",\"object\":{}}\n"}, Row{"no JSON", "broken\n"},
                         Row{"no version", event("ADDED", {{"metadata", {{"name", "a"}, {"namespace", "b"}}}})},
                         Row{"an error that stays", event("ERROR", status(400))}}) {
    SCOPED_TRACE(row.what);
    ReflectorBeforeAServer test({list("5", {}), watch(event("ADDED", service("a", "6")) + row.bytes, hold),
                                 watch(row.bytes, hold), list("9", {service("b", "8")})},
                                kShortWaiting);
    EXPECT_EQ(test.told(3), (Texts{"=", "+a", "= b"}));
    EXPECT_EQ(test.asked(5), (Texts{"list", "watch from 5", "watch from 6", "list", "watch from 9"}));
    EXPECT_EQ(test.reflector->restarts(), (Restarts{{"error", 2}}));
  }
}

TEST(Reflector, TakesAnObjectItCannotReadAsAbsent) {
  ReflectorBeforeAServer test({list("5", {service("a", "1"), unreadable("b", "2")}),
                               watch(event("MODIFIED", unreadable("a", "6")) + event("MODIFIED", service("b", "7")) +
                                         event("DELETED", unreadable("b", "8")),
                                     hold)});
  EXPECT_EQ(test.told(3), (Texts{"= a", "+b-a", "-b"}));
  EXPECT_EQ(test.reflector->restarts(), Restarts{});
}

TEST(Reflector, TriesAListAgainUntilItIsThere) {
  const auto answer = [](const std::string& body) { return [=](Exchange& exchange) { exchange.reply(200, body); }; };
  ReflectorBeforeAServer test({refuse(500), refuse(403), answer("{"), answer("[]"), answer("{\"items\":[]}"),
                               answer("{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":{}}"),
                               [](Exchange& exchange) { exchange.cut(); }, list("5", {service("a", "1")})},
                              kShortWaiting);
  EXPECT_EQ(test.told(1), Texts{"= a"});
  EXPECT_EQ(test.reflector->restarts(), (Restarts{{"error", 7}}));
}

TEST(Reflector, TellsNothingToldByAStranger) {
  FakeApiServer server({list("5", {service("a", "1")})});
  Config config = server.config();
  config.ca_pem = fakes::CertificateAuthority().certificate();
  RequestCounts counts;
  bool told = false;
  {
    Reflector reflector(
        Kind::service, config, counts, [&](Change) { told = true; }, 1, kShortWaiting);
    const auto deadline = steady_clock::now() + 10s;
    while (reflector.restarts()["error"] < 3 && steady_clock::now() < deadline) std::this_thread::yield();
    EXPECT_GE(reflector.restarts()["error"], 3u);
  }
  EXPECT_FALSE(told);
}

TEST(Reflector, EndsQuicklyWhateverItDoes) {
  struct Row {
    const char* what;
    std::vector<FakeApiServer::Step> script;
    std::size_t requests;
  };
  for (const Row& row :
       {Row{"listing", {}, 1}, Row{"reading a list", {watch("{\"metadata\"", hold)}, 1},
        Row{"watching", {list("5", {}), watch(bookmark("6"), hold)}, 2}, Row{"backing off", {refuse(500)}, 1}}) {
    SCOPED_TRACE(row.what);
    ReflectorBeforeAServer test(row.script);
    ASSERT_EQ(test.server.requests(row.requests).size(), row.requests);
    const auto begin = steady_clock::now();
    test.reflector.reset();
    EXPECT_LT(steady_clock::now() - begin, 2s);
  }
}

}  // namespace
}  // namespace outrigger::kube
