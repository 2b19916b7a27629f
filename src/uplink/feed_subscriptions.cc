#include "uplink/feed_subscriptions.h"

#include <utility>
#include <variant>

#include "feed/version.h"
#include "log/log.h"

namespace outrigger::uplink {

void FeedSubscriptions::know(std::shared_ptr<const feed::FullSet> set) { known_[set->set.service] = std::move(set); }

FeedSubscriptions::Messages FeedSubscriptions::want(const std::set<model::ServicePort>& services) {
  feed::Subscribe more;
  feed::Unsubscribe less;
  for (const model::ServicePort& service : services) {
    if (!wanted_.contains(service)) more.services.emplace(service, version_of(service));
  }
  for (const model::ServicePort& service : wanted_) {
    if (services.contains(service)) continue;
    less.services.push_back(service);
    known_.erase(service);
  }
  wanted_ = services;
  Messages messages;
  if (!more.services.empty()) messages.emplace_back(std::move(more));
  if (!less.services.empty()) messages.emplace_back(std::move(less));
  return messages;
}

FeedSubscriptions::Messages FeedSubscriptions::resolve(const std::string& address) {
  if (!unresolved_.insert(address).second) return {};
  return {feed::Resolve{{address}}};
}

FeedSubscriptions::Messages FeedSubscriptions::unresolve(const std::string& address) {
  if (unresolved_.erase(address) == 0) return {};
  return {feed::Unresolve{{address}}};
}

FeedSubscriptions::Messages FeedSubscriptions::set_node(std::string node) {
  if (node == node_) return {};
  node_ = std::move(node);
  if (node_.empty()) return {};
  return {feed::Subscribe{.services = {}, .node = node_}};
}

FeedSubscriptions::Messages FeedSubscriptions::beginning() const {
  feed::Subscribe subscribe{.services = {}, .node = node_};
  for (const model::ServicePort& service : wanted_) subscribe.services.emplace(service, version_of(service));
  Messages messages{std::move(subscribe)};
  if (!unresolved_.empty()) messages.emplace_back(feed::Resolve{{unresolved_.begin(), unresolved_.end()}});
  return messages;
}

std::optional<feed::ToOperator> FeedSubscriptions::take(feed::ToSidecar&& message) {
  auto answer = std::visit([this](auto& body) { return apply(std::move(body)); }, message);
  callbacks_.on_word();
  return answer;
}

std::string FeedSubscriptions::version_of(const model::ServicePort& service) const {
  const auto known = known_.find(service);
  return known != known_.end() ? known->second->version : "";
}

std::optional<feed::ToOperator> FeedSubscriptions::apply(feed::FullSet&& full) {
  if (!wanted_.contains(full.set.service)) return std::nullopt;
  const auto set = std::make_shared<const feed::FullSet>(std::move(full));
  known_[set->set.service] = set;
  callbacks_.on_set(set);
  return feed::Ack{set->set.service, set->version};
}

std::optional<feed::ToOperator> FeedSubscriptions::apply(feed::Delta&& delta) {
  if (!wanted_.contains(delta.service)) return std::nullopt;
  const auto known = known_.find(delta.service);
  // The stream before has told of it.
  if (known != known_.end() && known->second->version == delta.version) return std::nullopt;
  auto next =
      known != known_.end() ? feed::apply(*known->second, delta) : Result<feed::FullSet>(failure("a delta to nothing"));
  if (!next) {
    log::warn("feed: a delta does not fit, asking for the whole set", {{"reason", next.error().text}});
    return feed::Subscribe{{{delta.service, ""}}};
  }
  known->second = std::make_shared<const feed::FullSet>(std::move(*next));
  callbacks_.on_set(known->second);
  return feed::Ack{delta.service, delta.version};
}

std::optional<feed::ToOperator> FeedSubscriptions::apply(feed::Current&& current) {
  if (!wanted_.contains(current.service) || version_of(current.service) == current.version) return std::nullopt;
  // The stream before has told of something else since this one began; nothing may ever correct that, as for this
  // operator all is said.
  return feed::Subscribe{{{current.service, version_of(current.service)}}};
}

std::optional<feed::ToOperator> FeedSubscriptions::apply(feed::Absent&& absent) {
  if (!wanted_.contains(absent.service)) return std::nullopt;
  known_.erase(absent.service);
  callbacks_.on_absent(absent.service);
  return feed::Ack{absent.service, ""};
}

std::optional<feed::ToOperator> FeedSubscriptions::apply(feed::Destination&& destination) {
  if (!unresolved_.contains(destination.address)) return std::nullopt;
  if (destination.service) unresolved_.erase(destination.address);
  callbacks_.on_destination(destination.address, destination.service);
  return std::nullopt;
}

std::optional<feed::ToOperator> FeedSubscriptions::apply(feed::Place&& place) {
  if (!node_.empty()) callbacks_.on_zone(place.zone);
  return std::nullopt;
}

}  // namespace outrigger::uplink
