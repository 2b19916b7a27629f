#include "feed_api.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace bench {
namespace {

using outrigger::net::HttpExchange;

constexpr std::chrono::seconds kBookmarks{20};
constexpr std::string_view kJson = "application/json";

std::optional<Kind> kind_of(std::string_view path) {
  if (path == "/api/v1/services") return Kind::service;
  if (path == "/apis/discovery.k8s.io/v1/endpointslices") return Kind::endpoint_slice;
  if (path == "/api/v1/pods") return Kind::pod;
  if (path == "/api/v1/nodes") return Kind::node;
  return std::nullopt;
}

/// Of "limit=500&continue=12.345"; empty without.
std::string_view field(std::string_view query, std::string_view name) {
  for (std::size_t begin = 0; begin < query.size();) {
    const std::size_t end = std::min(query.find('&', begin), query.size());
    const std::string_view each = query.substr(begin, end - begin);
    if (each.starts_with(name) && each.substr(name.size()).starts_with('=')) return each.substr(name.size() + 1);
    begin = end + 1;
  }
  return {};
}

std::uint64_t number(std::string_view text, std::uint64_t otherwise) {
  std::from_chars(text.data(), text.data() + text.size(), otherwise);
  return otherwise;
}

const char* watched_kind(Kind kind) {
  switch (kind) {
    case Kind::service: return "Service";
    case Kind::endpoint_slice: return "EndpointSlice";
    default: return "PartialObjectMetadata";
  }
}

}  // namespace

FeedApi::FeedApi(outrigger::net::EventLoop& loop, outrigger::net::FileDescriptor listener,
                 outrigger::net::SslContext context, const FeedCluster& cluster)
    : cluster_(cluster),
      bookmark_(loop, [this] { tell_bookmarks(); }),
      server_(loop, std::move(listener), std::move(context), [this](HttpExchange& exchange) { handle(exchange); }) {
  bookmark_.set(kBookmarks);
}

void FeedApi::handle(HttpExchange& exchange) {
  const auto kind = kind_of(exchange.path());
  if (!kind || exchange.method() != "GET") return exchange.respond(404, kJson, R"({"kind":"Status","code":404})");
  if (exchange.query().find("watch=true") == std::string_view::npos) return list(exchange, *kind);
  watch(exchange, *kind);
}

void FeedApi::list(HttpExchange& exchange, Kind kind) {
  const std::string_view rest = field(exchange.query(), "continue");
  const std::size_t dot = std::min(rest.find('.'), rest.size());
  const std::uint64_t version = rest.empty() ? cluster_.version() : number(rest.substr(dot + 1), 0);
  exchange.respond(
      200, kJson,
      cluster_.page(kind, number(rest.substr(0, dot), 0), version, number(field(exchange.query(), "limit"), SIZE_MAX)));
}

void FeedApi::watch(HttpExchange& exchange, Kind kind) {
  const std::uint64_t from = number(field(exchange.query(), "resourceVersion"), 0);
  if (from < forgotten_) return exchange.respond(410, kJson, R"({"kind":"Status","code":410,"message":"too old"})");
  exchange.on_end = [this, kind, &exchange] { watches_[kind].erase(&exchange); };
  exchange.start_stream(kJson);
  for (const Told& told : told_) {
    if (told.kind == kind && told.version > from) exchange.send(told.chunk);
  }
  watches_[kind].insert(&exchange);
}

void FeedApi::tell(const Event& event) {
  told_.push_back({cluster_.version(), event.kind, outrigger::net::chunked(event.line)});
  for (HttpExchange* const watch : watches_[event.kind]) watch->send(told_.back().chunk);
  if (told_.size() <= kRemembered) return;
  forgotten_ = told_.front().version;
  told_.pop_front();
}

void FeedApi::tell_bookmarks() {
  for (const auto& [kind, watches] : watches_) {
    const auto chunk = outrigger::net::chunked(
        fmt::format(R"({{"type":"BOOKMARK","object":{{"kind":"{}","metadata":{{"resourceVersion":"{}"}}}}}})",
                    watched_kind(kind), cluster_.version()) +
        "\n");
    for (HttpExchange* const watch : watches) watch->send(chunk);
  }
  bookmark_.set(kBookmarks);
}

}  // namespace bench
