#include "sidecar/feed_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "feed/version.h"
#include "log/log.h"
#include "net/http_server.h"
#include "sidecar/retry_after.h"

namespace outrigger::sidecar {
namespace {

constexpr std::chrono::milliseconds kFirstBackoff{200};
constexpr std::chrono::milliseconds kMaxBackoff{10'000};

}  // namespace

FeedClient::FeedClient(net::EventLoop& loop, OperatorConfig config, net::SslContext context, std::uint64_t seed,
                       std::string node, Callbacks callbacks)
    : loop_(loop),
      config_(std::move(config)),
      context_(std::move(context)),
      random_(seed),
      node_(std::move(node)),
      callbacks_(std::move(callbacks)),
      address_(loop, config_.host, config_.port, random_.below(UINT32_MAX)),
      backoff_(kFirstBackoff),
      connect_timer_(loop, [this] { connect(); }) {
  if (context_) connect_timer_.set({});
}

FeedClient::~FeedClient() = default;

void FeedClient::set_context(net::SslContext context) {
  const bool first = !std::exchange(context_, std::move(context));
  if (first || connected()) connect_timer_.set({});
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
  if (!more.services.empty()) send_to_all(more);
  if (!less.services.empty()) send_to_all(less);
}

void FeedClient::resolve(const std::string& address) {
  if (unresolved_.insert(address).second) send_to_all(feed::Resolve{{address}});
}

void FeedClient::unresolve(const std::string& address) {
  if (unresolved_.erase(address) > 0) send_to_all(feed::Unresolve{{address}});
}

void FeedClient::set_node(std::string node) {
  if (node == node_) return;
  node_ = std::move(node);
  if (!node_.empty()) send_to_all(feed::Subscribe{.services = {}, .node = node_});
}

void FeedClient::connect() {
  if (next_ || address_.finding()) return;
  address_.find([this](const Result<net::SocketAddress>& address) {
    if (!address) return fail(address.error().text, {});
    open(*address);
  });
}

void FeedClient::open(const net::SocketAddress& address) {
  next_ = std::make_unique<Link>(context_);
  Link& link = *next_;
  link.exchange = std::make_unique<OperatorExchange>(
      loop_, address, link.context, config_.host,
      OperatorExchange::Callbacks{
          .on_open = [this, &link] { on_open(link); },
          .on_head = [this, &link](const http::ResponseHead& head) { return on_head(link, head); },
          .on_body =
              [this, &link](std::string_view bytes) {
                return link.lines.feed(bytes, [&](std::string_view line) { return take(link, line); });
              },
          .on_end =
              [this, &link](const std::string& reason) {
                on_end(link, reason.empty() ? "the operator ended the stream" : reason);
              }});
}

void FeedClient::on_open(Link& link) {
  link.exchange->write(std::make_shared<const std::string>(
      fmt::format("POST /v1/feed HTTP/1.1\r\nHost: {}:{}\r\nContent-Type: application/x-ndjson\r\n"
                  "Transfer-Encoding: chunked\r\n\r\n",
                  config_.host, config_.port)));
  feed::Subscribe subscribe{.services = {}, .node = node_};
  for (const model::ServicePort& service : wanted_) {
    const auto known = known_.find(service);
    subscribe.services.emplace(service, known != known_.end() ? known->second->version : "");
  }
  send(link, subscribe);
  if (!unresolved_.empty()) send(link, feed::Resolve{{unresolved_.begin(), unresolved_.end()}});
  link.subscribed = true;
}

Result<void> FeedClient::on_head(Link& link, const http::ResponseHead& head) {
  if (head.status != 200) {
    link.retry_after = retry_after(head);
    return failure(fmt::format("the operator answers {}", head.status));
  }
  link.answered = true;
  lost_ = false;
  if (current_) bury(std::move(current_));
  current_ = std::move(next_);
  // With another certificate by now, it moves once more.
  connect_timer_.set(current_->context == context_ ? life() : std::chrono::milliseconds(0));
  log::info("feed connected", {{"operator", config_.host}});
  return {};
}

std::chrono::milliseconds FeedClient::life() {
  constexpr auto kSpread = std::chrono::milliseconds(kMaxLife - kMinLife);
  return kMinLife + std::chrono::milliseconds(random_.below(static_cast<std::uint64_t>(kSpread.count())));
}

void FeedClient::send(Link& link, const feed::ToOperator& message) {
  link.exchange->write(net::chunked(feed::encode(message)));
}

void FeedClient::send_to_all(const feed::ToOperator& message) {
  for (Link* const link : {current_.get(), next_.get()}) {
    if (link != nullptr && link->subscribed) send(*link, message);
  }
}

Result<void> FeedClient::take(Link& link, std::string_view line) {
  auto message = feed::decode_to_sidecar(line);
  if (!message) return failure(message.error().text);
  backoff_ = kFirstBackoff;
  if (auto* full = std::get_if<feed::FullSet>(&*message)) {
    take(link, std::move(*full));
  } else if (const auto* delta = std::get_if<feed::Delta>(&*message)) {
    take(link, *delta);
  } else if (const auto* absent = std::get_if<feed::Absent>(&*message)) {
    take(link, *absent);
  } else if (const auto* destination = std::get_if<feed::Destination>(&*message)) {
    take(*destination);
  } else if (const auto* place = std::get_if<feed::Place>(&*message); place != nullptr && !node_.empty()) {
    callbacks_.on_zone(place->zone);
  }
  callbacks_.on_word();
  return {};
}

void FeedClient::take(Link& link, feed::FullSet&& full) {
  if (!wanted_.contains(full.set.service)) return;
  auto set = std::make_shared<const feed::FullSet>(std::move(full));
  known_[set->set.service] = set;
  callbacks_.on_set(set);
  send(link, feed::Ack{set->set.service, set->version});
}

void FeedClient::take(Link& link, const feed::Delta& delta) {
  if (!wanted_.contains(delta.service)) return;
  const auto known = known_.find(delta.service);
  // The stream before has told of it.
  if (known != known_.end() && known->second->version == delta.version) return;
  auto next =
      known != known_.end() ? feed::apply(*known->second, delta) : Result<feed::FullSet>(failure("a delta to nothing"));
  if (!next) {
    log::warn("feed: a delta does not fit, asking for the whole set", {{"reason", next.error().text}});
    return send(link, feed::Subscribe{{{delta.service, ""}}});
  }
  known->second = std::make_shared<const feed::FullSet>(std::move(*next));
  callbacks_.on_set(known->second);
  send(link, feed::Ack{delta.service, delta.version});
}

void FeedClient::take(Link& link, const feed::Absent& absent) {
  if (!wanted_.contains(absent.service)) return;
  known_.erase(absent.service);
  callbacks_.on_absent(absent.service);
  send(link, feed::Ack{absent.service, ""});
}

void FeedClient::take(const feed::Destination& destination) {
  if (!unresolved_.contains(destination.address)) return;
  if (destination.service) unresolved_.erase(destination.address);
  callbacks_.on_destination(destination.address, destination.service);
}

void FeedClient::on_end(const Link& link, const std::string& reason) {
  const auto retry_after = link.retry_after;
  bury(std::move(&link == next_.get() ? next_ : current_));
  fail(reason, retry_after);
}

void FeedClient::fail(const std::string& reason, std::chrono::seconds retry_after) {
  if (!connected()) lost_ = true;
  if (next_ || address_.finding()) return;  // that is the next try
  const auto jitter = std::chrono::milliseconds(1 + random_.below(static_cast<std::uint64_t>(backoff_.count())));
  const auto delay = retry_after + jitter;
  log::warn(connected() ? "feed not moved" : "feed lost",
            {{"operator", config_.host}, {"reason", reason}, {"retry_ms", std::to_string(delay.count())}});
  backoff_ = std::min(backoff_ * 2, kMaxBackoff);
  connect_timer_.set(delay);
}

void FeedClient::bury(std::unique_ptr<Link> link) {
  link->exchange->close();
  // One of its callbacks may be under way.
  loop_.defer([dead = std::shared_ptr<Link>(std::move(link))] {});
}

}  // namespace outrigger::sidecar
