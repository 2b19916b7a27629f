#include "feed_subscriber.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "feed/version.h"
#include "net/http_server.h"
#include "uplink/operator_exchange.h"

namespace bench {
namespace {

namespace feed = outrigger::feed;
using outrigger::failure;
using outrigger::Result;

constexpr std::chrono::seconds kSilence = outrigger::uplink::OperatorExchange::kSilence;
constexpr std::size_t kMaxLines = 8'192;

Digest digest_of(const feed::FullSet& full) {
  Digest digest = 0;
  for (const auto& endpoint : full.set.endpoints) digest += bench::digest_of(address_of(endpoint.address).value_or(0));
  return digest;
}

outrigger::model::ServicePort port_of(std::size_t service) {
  return *outrigger::model::ServicePort::parse(FeedCluster::name_of(service));
}

}  // namespace

FeedSubscriber::FeedSubscriber(Crowd& crowd, const std::vector<std::size_t>& services)
    : crowd_(crowd),
      backoff_(crowd.random()),
      retry_(crowd.loop, [this] { connect(); }),
      silence_(crowd.loop, [this] { lose(); }) {
  for (const std::size_t service : services) slots_.push_back({.service = service});
}

std::size_t FeedSubscriber::differing() const {
  return static_cast<std::size_t>(std::ranges::count_if(slots_, [this](const Slot& slot) {
    return !slot.set || digest_of(*slot.set) != crowd_.cluster.digest(slot.service);
  }));
}

void FeedSubscriber::connect() {
  auto stream = outrigger::net::Stream::connect(crowd_.loop, crowd_.feed, crowd_.context, crowd_.feed.host(),
                                                {.on_open = [this] { on_open(); },
                                                 .on_bytes = [this](std::string_view bytes) { on_bytes(bytes); },
                                                 .on_drained = {},
                                                 .on_end = [this](const std::string&) { lose(); }});
  if (!stream) return lose();
  stream_ = std::move(*stream);
  silence_.set(backoff_.patience());
}

void FeedSubscriber::on_open() {
  head_read_ = false;
  partial_head_.clear();
  lines_ = outrigger::LineSplitter(feed::kMaxLineToSidecar);
  stream_->write(
      fmt::format("POST /v1/feed HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-ndjson\r\n"
                  "Transfer-Encoding: chunked\r\n\r\n",
                  crowd_.feed.text()));
  feed::Subscribe subscribe;
  for (const Slot& slot : slots_) {
    subscribe.services.emplace(port_of(slot.service), slot.set ? slot.set->version : "");
  }
  send(outrigger::net::chunked(feed::encode(subscribe)));
}

void FeedSubscriber::send(std::shared_ptr<const std::string> chunk) {
  crowd_.bytes_out += chunk->size();
  stream_->write(std::move(chunk));
}

void FeedSubscriber::on_bytes(std::string_view bytes) {
  silence_.set(kSilence);
  if (!read(bytes)) lose();
}

Result<void> FeedSubscriber::read(std::string_view bytes) {
  std::string joined;
  if (!head_read_) {
    joined = std::move(partial_head_) + std::string(bytes);
    outrigger::http::ResponseHead head;
    outrigger::http::HeadParser parser;
    const auto parsed = parser.response(joined, false, head);
    if (parsed.state == outrigger::http::ParseState::more) {
      partial_head_ = std::move(joined);
      return {};
    }
    if (parsed.state == outrigger::http::ParseState::bad || head.status != 200) return failure("no feed");
    head_read_ = true;
    body_ = outrigger::http::BodyReader(head.framing, head.content_length);
    bytes = std::string_view(joined).substr(parsed.head_bytes);
  }
  while (!bytes.empty() && !body_.done()) {
    const auto step = body_.read(bytes);
    if (step.problem != nullptr) return failure(step.problem);
    bytes.remove_prefix(step.consumed);
    auto done = lines_.feed(step.data, [this](std::string_view line) { return take(line); });
    if (!done) return done;
  }
  return body_.done() ? failure("ended") : Result<void>{};
}

Result<void> FeedSubscriber::take(std::string_view line) {
  backoff_.begin_anew();
  if (line.starts_with("{\"heartbeat\"")) return {};
  crowd_.bytes_in += line.size() + 1;
  ++crowd_.lines_in;
  const auto told = decoded(line);
  if (!told) return tl::unexpected(told.error());
  Slot* const slot = slot_of((*told)->service);
  if (slot == nullptr) return failure("a service that was not asked for");
  apply(*slot, **told);
  return {};
}

Result<std::shared_ptr<const Told>> FeedSubscriber::decoded(std::string_view line) {
  const auto known = crowd_.lines.find(std::string(line));
  if (known != crowd_.lines.end()) return known->second;
  auto message = feed::decode_to_sidecar(line);
  if (!message) return tl::unexpected(message.error());
  auto told = std::make_shared<Told>();
  std::string name;
  if (const auto* const full = std::get_if<feed::FullSet>(&*message)) {
    told->set = std::make_shared<const feed::FullSet>(*full);
    name = full->set.service.text();
    told->version = full->version;
  } else if (const auto* const delta = std::get_if<feed::Delta>(&*message)) {
    name = delta->service.text();
    told->from = delta->from;
    told->version = delta->version;
    Slot* const slot = slot_of(FeedCluster::service_of(name).value_or(SIZE_MAX));
    if (slot == nullptr) return failure("a service that was not asked for");
    told->service = slot->service;
    if (!slot->set || slot->set->version != delta->from) return std::shared_ptr<const Told>(std::move(told));
    auto next = feed::apply(*slot->set, *delta);
    if (!next) return tl::unexpected(next.error());
    told->set = std::make_shared<const feed::FullSet>(std::move(*next));
  } else if (const auto* const current = std::get_if<feed::Current>(&*message)) {
    name = current->service.text();
    told->current = true;
    told->version = current->version;
  } else if (const auto* const absent = std::get_if<feed::Absent>(&*message)) {
    name = absent->service.text();
  } else {
    return failure("a message that was not asked for");
  }
  const auto service = FeedCluster::service_of(name);
  if (!service || *service >= crowd_.cluster.services()) return failure("an unknown service");
  told->service = *service;
  if (told->set) {
    const auto step = crowd_.cluster.step_with(*service, digest_of(*told->set));
    if (!step) return failure("endpoints that never were");
    told->step = *step;
  }
  if (!told->current) {
    told->ack = outrigger::net::chunked(feed::encode(feed::Ack{port_of(*service), told->version}));
  }
  if (crowd_.lines.size() >= kMaxLines) crowd_.lines.clear();
  crowd_.lines.emplace(line, told);
  return std::shared_ptr<const Told>(std::move(told));
}

void FeedSubscriber::apply(Slot& slot, const Told& told) {
  const bool fits = told.from.empty() || (slot.set && slot.set->version == told.from);
  if (!fits) {
    ++crowd_.misfits;
    return send(outrigger::net::chunked(feed::encode(feed::Subscribe{{{port_of(slot.service), ""}}})));
  }
  if (!told.current) {
    const std::uint32_t before = std::exchange(slot.step, told.step);
    slot.set = told.set;
    send(told.ack);
    crowd_.propagation.seen(slot.service, before, slot.step, Clock::now());
  }
  if (std::exchange(slot.answered, true)) return;
  if (++answered_ < slots_.size()) return;
  ++crowd_.answered;
  crowd_.on_answered();
}

void FeedSubscriber::lose() {
  if (retry_.is_set()) return;
  ++crowd_.losses;
  silence_.cancel();
  if (stream_) {
    stream_->close();
    crowd_.loop.defer([stream = std::shared_ptr<outrigger::net::Stream>(std::move(stream_))] {});
  }
  if (answered()) --crowd_.answered;
  for (Slot& slot : slots_) slot.answered = false;
  answered_ = 0;
  retry_.set(backoff_.next({}, {}));
}

FeedSubscriber::Slot* FeedSubscriber::slot_of(std::size_t service) {
  const auto found = std::ranges::find(slots_, service, &Slot::service);
  return found == slots_.end() ? nullptr : &*found;
}

}  // namespace bench
