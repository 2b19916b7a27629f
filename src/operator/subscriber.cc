#include "operator/subscriber.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "result/result.h"

namespace outrigger::op {

void Subscriber::subscribe(std::shared_ptr<Topic> topic, std::string version) {
  Slot& slot = slots_[topic->service()];
  slot.topic = std::move(topic);
  slot.version = std::move(version);
  slot.answered = false;
  slot.changed.reset();
  wait(slot);
}

std::shared_ptr<Topic> Subscriber::unsubscribe(const model::ServicePort& service) {
  const auto found = slots_.find(service);
  if (found == slots_.end()) return nullptr;
  if (found->second.waiting) waiting_.erase(*found->second.waiting);
  std::shared_ptr<Topic> topic = std::move(found->second.topic);
  slots_.erase(found);
  return topic;
}

void Subscriber::acknowledge(const model::ServicePort& service, std::string version) {
  if (const auto found = slots_.find(service); found != slots_.end()) found->second.acknowledged = std::move(version);
}

void Subscriber::resolve(const std::string& address) {
  unresolved_.insert(address);
  to_resolve_.insert(address);
}

bool Subscriber::unresolve(const std::string& address) {
  to_resolve_.erase(address);
  return unresolved_.erase(address) > 0;
}

void Subscriber::set_node(std::string node) {
  // Also that it is not known: another operator may have told of one.
  told_zone_.reset();
  node_ = std::move(node);
}

void Subscriber::mark(const model::ServicePort& service, TimePoint read_at) {
  const auto found = slots_.find(service);
  CHECK(found != slots_.end());
  Slot& slot = found->second;
  if (slot.answered && !slot.changed) slot.changed = read_at;
  wait(slot);
}

void Subscriber::flush(const Framing& framing, AddressBook& addresses) {
  if (std::exchange(flushing_, true)) return;
  tell_zone(framing);
  tell_destinations(framing, addresses);
  while (!waiting_.empty() && stream_.unsent() <= kMaxUnsent) {
    Slot& slot = slots_.at(waiting_.front());
    waiting_.pop_front();
    slot.waiting.reset();
    const std::optional<TimePoint> changed = std::exchange(slot.changed, std::nullopt);
    Block line = slot.topic->line_from(slot.version, slot.answered, framing);
    slot.version = slot.topic->version();
    slot.answered = true;
    if (line) send(std::move(line), changed);
  }
  flushing_ = false;
}

void Subscriber::send_if_room(Block block) {
  if (stream_.unsent() <= kMaxUnsent) send(std::move(block), std::nullopt);
}

void Subscriber::observe_sent(TimePoint now, metrics::DurationHistogram& propagation) {
  auto first = in_flight_.begin();
  for (; first != in_flight_.end() && first->end <= stream_.sent(); ++first) {
    const auto took = std::chrono::nanoseconds(now - first->changed).count();
    propagation.observe(static_cast<std::uint64_t>(std::max<std::int64_t>(took, 0)));
  }
  in_flight_.erase(in_flight_.begin(), first);
  if (in_flight_.empty()) in_flight_.shrink_to_fit();
}

void Subscriber::tell_zone(const Framing& framing) {
  if (zone_ == told_zone_ || stream_.unsent() > kMaxUnsent) return;
  told_zone_ = zone_;
  send(framing(feed::encode(feed::ToSidecar(feed::Place{zone_}))), std::nullopt);
}

void Subscriber::tell_destinations(const Framing& framing, AddressBook& addresses) {
  while (!to_resolve_.empty() && stream_.unsent() <= kMaxUnsent) {
    const std::string address = std::move(to_resolve_.extract(to_resolve_.begin()).value());
    std::optional<model::ServicePort> service = addresses.find(address);
    if (service && !stream_.may_see(*service)) service.reset();
    if (service) {
      unresolved_.erase(address);
      addresses.leave(address, *this);
    }
    send(framing(feed::encode(feed::ToSidecar(feed::Destination{address, std::move(service)}))), std::nullopt);
  }
}

void Subscriber::wait(Slot& slot) {
  if (!slot.waiting) slot.waiting = waiting_.insert(waiting_.end(), slot.topic->service());
}

void Subscriber::send(Block block, std::optional<TimePoint> changed) {
  stream_.send(std::move(block));
  if (changed) in_flight_.push_back({stream_.sent() + stream_.unsent(), *changed});
}

}  // namespace outrigger::op
