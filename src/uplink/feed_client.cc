#include "uplink/feed_client.h"

#include <fmt/format.h>

#include <utility>

#include "log/log.h"
#include "net/http_server.h"
#include "uplink/retry_after.h"

namespace outrigger::uplink {

FeedClient::FeedClient(net::EventLoop& loop, OperatorConfig config, net::SslContext context, std::uint64_t seed,
                       std::string node, Callbacks callbacks)
    : loop_(loop),
      config_(std::move(config)),
      context_(std::move(context)),
      random_(seed),
      subscriptions_(std::move(callbacks)),
      address_(loop, config_.host, config_.port, random_.below(UINT32_MAX)),
      backoff_(random_.next()),
      connect_timer_(loop, [this] { connect(); }) {
  subscriptions_.set_node(std::move(node));
  if (context_) connect_timer_.set({});
}

FeedClient::~FeedClient() = default;

void FeedClient::set_context(net::SslContext context) {
  const bool first = !std::exchange(context_, std::move(context));
  if (first || connected()) connect_timer_.set({});
}

void FeedClient::know(std::shared_ptr<const feed::FullSet> set) { subscriptions_.know(std::move(set)); }

void FeedClient::want(const std::set<model::ServicePort>& services) { send_to_all(subscriptions_.want(services)); }

void FeedClient::resolve(const std::string& address) { send_to_all(subscriptions_.resolve(address)); }

void FeedClient::unresolve(const std::string& address) { send_to_all(subscriptions_.unresolve(address)); }

void FeedClient::set_node(std::string node) { send_to_all(subscriptions_.set_node(std::move(node))); }

void FeedClient::connect() {
  if (next_ || address_.finding()) return;
  address_.find([this](const Result<net::SocketAddress>& address) {
    if (!address) return fail(address.error().text, {}, {});
    open(*address);
  });
}

void FeedClient::open(const net::SocketAddress& address) {
  next_ = std::make_unique<Link>(context_);
  Link& link = *next_;
  link.exchange = std::make_unique<OperatorExchange>(
      loop_, address, link.context, config_.host, backoff_.patience(),
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
  for (const feed::ToOperator& message : subscriptions_.beginning()) send(link, message);
  link.subscribed = true;
}

Result<void> FeedClient::on_head(Link& link, const http::ResponseHead& head) {
  if (head.status != 200) {
    link.retry_after = retry_after(head);
    return failure(fmt::format("the operator answers {}", head.status));
  }
  link.answered = true;
  link.answered_at = loop_.now();
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

void FeedClient::send_to_all(const FeedSubscriptions::Messages& messages) {
  for (Link* const link : {current_.get(), next_.get()}) {
    if (link == nullptr || !link->subscribed) continue;
    for (const feed::ToOperator& message : messages) send(*link, message);
  }
}

Result<void> FeedClient::take(Link& link, std::string_view line) {
  auto message = feed::decode_to_sidecar(line);
  if (!message) return failure(message.error().text);
  if (const auto answer = subscriptions_.take(std::move(*message))) send(link, *answer);
  return {};
}

void FeedClient::on_end(const Link& link, const std::string& reason) {
  const auto retry_after = link.retry_after;
  const auto lived = link.answered ? loop_.now() - link.answered_at : net::Clock::duration{};
  bury(std::move(&link == next_.get() ? next_ : current_));
  fail(reason, lived, retry_after);
}

void FeedClient::fail(const std::string& reason, net::Clock::duration lived, std::chrono::seconds retry_after) {
  if (!connected()) lost_ = true;
  if (next_ || address_.finding()) return;  // that is the next try
  const auto delay = backoff_.next(lived, retry_after);
  log::warn(connected() ? "feed not moved" : "feed lost",
            {{"operator", config_.host}, {"reason", reason}, {"retry_ms", std::to_string(delay.count())}});
  connect_timer_.set(delay);
}

void FeedClient::bury(std::unique_ptr<Link> link) {
  link->exchange->close();
  // One of its callbacks may be under way.
  loop_.defer([dead = std::shared_ptr<Link>(std::move(link))] {});
}

}  // namespace outrigger::uplink
