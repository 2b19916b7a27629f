#include "operator/publisher.h"

#include <fmt/format.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

namespace outrigger::op {
namespace {

/// As good as drawn, and always the same: Fibonacci hashing, as addresses have steps.
std::uint64_t number_of(const FeedStream& stream) {
  return (reinterpret_cast<std::uintptr_t>(&stream) * std::uint64_t{0x9e3779b97f4a7c15}) >> 32;
}

}  // namespace

void Publisher::publish(const Publication& publication) {
  learn_zones(publication.zones);
  for (const ServiceUpdate& update : publication.updates) {
    const std::shared_ptr<Topic> topic = topic_of(update.service);
    const std::vector<std::string> before = topic->addresses();
    topic->replace(update.set);
    learn_addresses(*topic, before);
    for (const auto& subscriber : topic->subscribers) {
      subscriber->mark(update.service, update.read_at);
      flush(*subscriber);
    }
    if (topic->absent() && topic->subscribers.empty()) topics_.erase(update.service);
  }
  if (!publication.complete || std::exchange(complete_, true)) return;
  for (const auto& [stream, subscriber] : subscribers_) flush(*subscriber);
}

void Publisher::learn_addresses(const Topic& topic, const std::vector<std::string>& before) {
  const std::vector<std::string> now = topic.addresses();
  if (now == before) return;
  addresses_.move(topic.service(), before, now);
  for (const std::string& address : now) {
    for (Subscriber* const subscriber : addresses_.waiting_at(address)) {
      subscriber->resolve(address);
      flush(*subscriber);
    }
  }
}

void Publisher::learn_zones(const std::map<std::string, std::string>& zones) {
  if (zones.empty()) return;
  for (const auto& [node, zone] : zones) {
    if (zone.empty()) {
      zones_.erase(node);
    } else {
      zones_[node] = zone;
    }
  }
  for (const auto& [stream, subscriber] : subscribers_) {
    const auto changed = zones.find(subscriber->node());
    if (changed == zones.end()) continue;
    subscriber->set_zone(changed->second);
    flush(*subscriber);
  }
}

void Publisher::add(FeedStream& stream) { subscribers_.emplace(&stream, std::make_unique<Subscriber>(stream)); }

void Publisher::remove(FeedStream& stream) {
  const auto found = subscribers_.find(&stream);
  CHECK(found != subscribers_.end());
  const std::unique_ptr<Subscriber> subscriber = std::move(found->second);
  subscribers_.erase(found);
  for (const std::string& address : subscriber->unresolved()) addresses_.leave(address, *subscriber);
  while (!subscriber->slots().empty()) leave(*subscriber, model::ServicePort(subscriber->slots().begin()->first));
}

Result<void> Publisher::receive(FeedStream& stream, std::string_view line) {
  auto message = feed::decode_to_operator(line);
  if (!message) return failure(message.error().text);
  Subscriber& subscriber = *subscribers_.at(&stream);
  return std::visit([&](auto& body) { return take(subscriber, std::move(body)); }, *message);
}

void Publisher::drained(FeedStream& stream) {
  if (const auto found = subscribers_.find(&stream); found != subscribers_.end()) flush(*found->second);
}

void Publisher::heartbeat(std::size_t part, std::size_t parts) {
  if (!heartbeat_) heartbeat_ = framing_(feed::encode(feed::ToSidecar(feed::Heartbeat{})));
  for (const auto& [stream, subscriber] : subscribers_) {
    if (number_of(*stream) % parts == part) subscriber->send_if_room(heartbeat_);
  }
}

bool Publisher::answered(FeedStream& stream) const {
  const auto found = subscribers_.find(&stream);
  return found == subscribers_.end() || (complete_ && found->second->waiting() == 0);
}

std::string Publisher::describe() const {
  nlohmann::json all = nlohmann::json::array();
  for (const auto& [stream, subscriber] : subscribers_) {
    nlohmann::json services = nlohmann::json::object();
    for (const auto& [service, slot] : subscriber->slots()) {
      services[service.text()] = {{"sent", slot.version}, {"acknowledged", slot.acknowledged}};
    }
    all.push_back({{"peer", stream->peer()},
                   {"unsent_bytes", stream->unsent()},
                   {"waiting_services", subscriber->waiting()},
                   {"services", std::move(services)}});
  }
  return all.dump(1) + "\n";
}

std::shared_ptr<Topic> Publisher::topic_of(const model::ServicePort& service) {
  std::shared_ptr<Topic>& topic = topics_[service];
  if (!topic) topic = std::make_shared<Topic>(service);
  return topic;
}

std::shared_ptr<Topic> Publisher::visible_topic(const Subscriber& subscriber, const model::ServicePort& service) {
  if (subscriber.stream().may_see(service)) return topic_of(service);
  ++out_of_scope_;
  return std::make_shared<Topic>(service);
}

Result<void> Publisher::take(Subscriber& subscriber, feed::Subscribe&& message) {
  if (!message.node.empty()) {
    const auto zone = zones_.find(message.node);
    subscriber.set_node(std::move(message.node));
    subscriber.set_zone(zone == zones_.end() ? std::string() : zone->second);
  }
  for (auto& [service, version] : message.services) {
    if (subscriber.slots().size() >= feed::kMaxSubscriptions && !subscriber.slots().contains(service)) {
      return failure(fmt::format("subscribe: {} is one too many; allowed: {} services a stream", service.text(),
                                 feed::kMaxSubscriptions));
    }
    std::shared_ptr<Topic> topic = visible_topic(subscriber, service);
    topic->subscribers.insert(&subscriber);
    subscriber.subscribe(std::move(topic), std::move(version));
  }
  flush(subscriber);
  return {};
}

Result<void> Publisher::take(Subscriber& subscriber, feed::Unsubscribe&& message) {
  for (const model::ServicePort& service : message.services) leave(subscriber, service);
  return {};
}

Result<void> Publisher::take(Subscriber& subscriber, feed::Resolve&& message) {
  for (const std::string& address : message.addresses) {
    if (subscriber.unresolved().size() >= feed::kMaxResolutions && !subscriber.unresolved().contains(address)) {
      return failure(fmt::format("resolve: {} is one too many; allowed: {} addresses a stream that are no Service's",
                                 address, feed::kMaxResolutions));
    }
    subscriber.resolve(address);
    addresses_.wait(address, subscriber);
  }
  flush(subscriber);
  return {};
}

Result<void> Publisher::take(Subscriber& subscriber, feed::Unresolve&& message) {
  for (const std::string& address : message.addresses) {
    if (subscriber.unresolve(address)) addresses_.leave(address, subscriber);
  }
  return {};
}

Result<void> Publisher::take(Subscriber& subscriber, feed::Ack&& message) {
  constexpr std::size_t kMaxVersion = 64;
  if (message.version.size() > kMaxVersion) {
    return failure(fmt::format("ack: {}; allowed: a version of at most {} bytes", message.service.text(), kMaxVersion));
  }
  subscriber.acknowledge(message.service, std::move(message.version));
  return {};
}

void Publisher::leave(Subscriber& subscriber, const model::ServicePort& service) {
  const std::shared_ptr<Topic> topic = subscriber.unsubscribe(service);
  if (!topic) return;
  topic->subscribers.erase(&subscriber);
  forget_if_idle(*topic);
}

void Publisher::forget_if_idle(const Topic& topic) {
  if (!topic.absent() || !topic.subscribers.empty()) return;
  // One of what may not be seen is another than the one that is known.
  const auto known = topics_.find(topic.service());
  if (known != topics_.end() && known->second.get() == &topic) topics_.erase(known);
}

void Publisher::flush(Subscriber& subscriber) {
  if (complete_) subscriber.flush(framing_, addresses_);
  subscriber.observe_sent(now_(), propagation_);
}

}  // namespace outrigger::op
