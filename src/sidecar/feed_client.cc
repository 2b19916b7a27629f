#include "sidecar/feed_client.h"

#include <fmt/format.h>
#include <netdb.h>

#include <algorithm>
#include <cstring>

#include "feed/version.h"
#include "log/log.h"
#include "net/http_server.h"

namespace outrigger::sidecar {
namespace {

constexpr std::chrono::milliseconds kFirstBackoff{200};
constexpr std::chrono::milliseconds kMaxBackoff{10'000};
/// Three of the operator's heartbeats, or a handshake that does not come to an end.
constexpr auto kSilence = std::chrono::seconds(45);

}  // namespace

FeedClient::FeedClient(net::EventLoop& loop, OperatorConfig config, net::SslContext context, std::uint64_t seed,
                       std::string node, Callbacks callbacks)
    : loop_(loop),
      config_(std::move(config)),
      context_(std::move(context)),
      random_(seed),
      node_(std::move(node)),
      callbacks_(std::move(callbacks)),
      backoff_(kFirstBackoff),
      retry_(loop, [this] { connect(); }),
      silence_(loop, [this] { lose("the operator is silent"); }) {
  retry_.set({});
}

FeedClient::~FeedClient() {
  if (resolver_.joinable()) resolver_.join();
}

void FeedClient::know(std::shared_ptr<const feed::FullSet> set) { known_[set->set.service] = std::move(set); }

void FeedClient::want(const std::set<model::ServicePort>& services) {
  feed::Subscribe more;
  feed::Unsubscribe less;
  for (const model::ServicePort& service : services) {
    if (wanted_.contains(service)) continue;
    const auto known = known_.find(service);
    more.services.emplace(service, known != known_.end() ? known->second->version : "");
  }
  for (const model::ServicePort& service : wanted_) {
    if (services.contains(service)) continue;
    less.services.push_back(service);
    known_.erase(service);
  }
  wanted_ = services;
  if (!subscribed_) return;
  if (!more.services.empty()) send(more);
  if (!less.services.empty()) send(less);
}

void FeedClient::resolve(const std::string& address) {
  if (unresolved_.insert(address).second && subscribed_) send(feed::Resolve{{address}});
}

void FeedClient::unresolve(const std::string& address) {
  if (unresolved_.erase(address) > 0 && subscribed_) send(feed::Unresolve{{address}});
}

void FeedClient::set_node(std::string node) {
  if (node == node_) return;
  node_ = std::move(node);
  if (subscribed_ && !node_.empty()) send(feed::Subscribe{.services = {}, .node = node_});
}

void FeedClient::connect() {
  if (resolver_.joinable()) resolver_.join();
  const std::string host = config_.host.find(':') == std::string::npos ? config_.host : "[" + config_.host + "]";
  if (auto numeric = net::SocketAddress::parse(fmt::format("{}:{}", host, config_.port))) return open(*numeric);
  // getaddrinfo() blocks for as long as the resolver likes.
  resolver_ = std::thread([this, turn = lookups_++] { resolve(turn); });
}

void FeedClient::resolve(std::size_t turn) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(config_.host.c_str(), std::to_string(config_.port).c_str(), &hints, &found);
  if (error != 0) {
    return loop_.post([this, error] { lose(fmt::format("{}: {}", config_.host, ::gai_strerror(error))); });
  }
  std::size_t count = 0;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) ++count;
  const addrinfo* chosen = found;
  for (std::size_t i = turn % count; i > 0; --i) chosen = chosen->ai_next;
  net::SocketAddress address;
  std::memcpy(&address.storage, chosen->ai_addr, chosen->ai_addrlen);
  address.length = chosen->ai_addrlen;
  ::freeaddrinfo(found);
  loop_.post([this, address] { open(address); });
}

void FeedClient::open(const net::SocketAddress& address) {
  auto stream = net::Stream::connect(
      loop_, address, context_, config_.host,
      {.on_open = [this] { on_open(); },
       .on_bytes = [this](std::string_view bytes) { on_bytes(bytes); },
       .on_drained = {},
       .on_end =
           [this](const std::string& reason) { lose(reason.empty() ? "the operator closed the stream" : reason); }});
  if (!stream) return lose(stream.error().text);
  stream_ = std::move(*stream);
  silence_.set(kSilence);
}

void FeedClient::on_open() {
  head_read_ = false;
  partial_head_.clear();
  head_parser_ = http::HeadParser();
  lines_ = LineSplitter(feed::kMaxLineToSidecar);
  stream_->write(
      fmt::format("POST /v1/feed HTTP/1.1\r\nHost: {}:{}\r\nContent-Type: application/x-ndjson\r\n"
                  "Transfer-Encoding: chunked\r\n\r\n",
                  config_.host, config_.port));
  feed::Subscribe subscribe{.services = {}, .node = node_};
  for (const model::ServicePort& service : wanted_) {
    const auto known = known_.find(service);
    subscribe.services.emplace(service, known != known_.end() ? known->second->version : "");
  }
  send(subscribe);
  if (!unresolved_.empty()) send(feed::Resolve{{unresolved_.begin(), unresolved_.end()}});
  subscribed_ = true;
}

void FeedClient::send(const feed::ToOperator& message) { stream_->write(net::chunked(feed::encode(message))); }

void FeedClient::on_bytes(std::string_view bytes) {
  silence_.set(kSilence);
  if (auto done = read(bytes); !done) lose(done.error().text);
}

Result<void> FeedClient::read(std::string_view bytes) {
  std::string joined;
  if (!head_read_) {
    joined = std::move(partial_head_) + std::string(bytes);
    http::ResponseHead head;
    const auto parsed = head_parser_.response(joined, /*to_head=*/false, head);
    if (parsed.state == http::ParseState::bad) return failure(fmt::format("not an answer: {}", parsed.problem));
    if (parsed.state == http::ParseState::more) {
      partial_head_ = std::move(joined);
      return {};
    }
    if (head.status != 200) return failure(fmt::format("the operator answers {}", head.status));
    head_read_ = receiving_ = true;
    lost_ = false;
    body_ = http::BodyReader(head.framing, head.content_length);
    log::info("feed connected", {{"operator", config_.host}});
    bytes = std::string_view(joined).substr(parsed.head_bytes);
  }
  while (!bytes.empty() && !body_.done()) {
    const auto step = body_.read(bytes);
    if (step.problem != nullptr) return failure(step.problem);
    bytes.remove_prefix(step.consumed);
    auto done = lines_.feed(step.data, [this](std::string_view line) { return take(line); });
    if (!done) return done;
  }
  return body_.done() ? failure("the operator ended the stream") : Result<void>{};
}

Result<void> FeedClient::take(std::string_view line) {
  auto message = feed::decode_to_sidecar(line);
  if (!message) return failure(message.error().text);
  backoff_ = kFirstBackoff;

  if (auto* full = std::get_if<feed::FullSet>(&*message); full != nullptr && wanted_.contains(full->set.service)) {
    auto set = std::make_shared<const feed::FullSet>(std::move(*full));
    known_[set->set.service] = set;
    callbacks_.on_set(set);
    send(feed::Ack{set->set.service, set->version});
  } else if (const auto* delta = std::get_if<feed::Delta>(&*message);
             delta != nullptr && wanted_.contains(delta->service)) {
    const auto known = known_.find(delta->service);
    auto next = known != known_.end() ? feed::apply(*known->second, *delta)
                                      : Result<feed::FullSet>(failure("a delta to nothing"));
    if (!next) {
      log::warn("feed: a delta does not fit, asking for the whole set", {{"reason", next.error().text}});
      send(feed::Subscribe{{{delta->service, ""}}});
      return {};
    }
    known->second = std::make_shared<const feed::FullSet>(std::move(*next));
    callbacks_.on_set(known->second);
    send(feed::Ack{delta->service, delta->version});
  } else if (const auto* absent = std::get_if<feed::Absent>(&*message);
             absent != nullptr && wanted_.contains(absent->service)) {
    known_.erase(absent->service);
    callbacks_.on_absent(absent->service);
    send(feed::Ack{absent->service, ""});
  }
  if (const auto* destination = std::get_if<feed::Destination>(&*message);
      destination != nullptr && unresolved_.contains(destination->address)) {
    if (destination->service) unresolved_.erase(destination->address);
    callbacks_.on_destination(destination->address, destination->service);
  }
  if (const auto* place = std::get_if<feed::Place>(&*message); place != nullptr && !node_.empty()) {
    callbacks_.on_zone(place->zone);
  }
  callbacks_.on_word();
  return {};
}

void FeedClient::lose(const std::string& reason) {
  if (retry_.is_set()) return;
  receiving_ = subscribed_ = false;
  lost_ = true;
  silence_.cancel();
  if (stream_) {
    stream_->close();
    // This may be one of its callbacks.
    loop_.defer([stream = std::shared_ptr<net::Stream>(std::move(stream_))] {});
  }
  const auto delay = std::chrono::milliseconds(1 + random_.below(static_cast<std::uint64_t>(backoff_.count())));
  log::warn("feed lost", {{"operator", config_.host}, {"reason", reason}, {"retry_ms", std::to_string(delay.count())}});
  backoff_ = std::min(backoff_ * 2, kMaxBackoff);
  retry_.set(delay);
}

}  // namespace outrigger::sidecar
