#include "faults/simulated_sidecar.h"

#include <gtest/gtest.h>

#include <utility>

#include "feed/version.h"

namespace outrigger::faults {

void SimulatedSidecar::restart() {
  leave(current_);
  leave(next_);
  sets_ = snapshot_;
  std::erase_if(sets_, [this](const auto& entry) { return !wanted_.contains(entry.first); });
  destinations_.clear();
  zone_.clear();
  subscriptions_.emplace(uplink::FeedSubscriptions::Callbacks{
      .on_set =
          [this](const auto& set) {
            EXPECT_EQ(set->version, feed::version_of(set->set));
            sets_[set->set.service] = set;
          },
      .on_absent = [this](const auto& service) { sets_.erase(service); },
      .on_destination = [this](const auto& address, const auto& service) { destinations_[address] = service; },
      .on_zone = [this](const auto& zone) { zone_ = zone; },
      .on_word = [] {}});
  subscriptions_->set_node(node_);
  for (const auto& [service, set] : sets_) subscriptions_->know(set);
  subscriptions_->want(wanted_);
  for (const std::string& address : asked_) subscriptions_->resolve(address);
}

void SimulatedSidecar::want(const model::ServicePort& service, bool wanted) {
  if (wanted) {
    wanted_.insert(service);
  } else {
    wanted_.erase(service);
    sets_.erase(service);
  }
  say(subscriptions_->want(wanted_));
}

void SimulatedSidecar::resolve(const std::string& address) {
  asked_.insert(address);
  // What is no Service is told again when it has become one, without being asked for again.
  if (const auto told = destinations_.find(address); told != destinations_.end() && told->second) {
    destinations_.erase(told);
  }
  say(subscriptions_->resolve(address));
}

void SimulatedSidecar::unresolve(const std::string& address) {
  asked_.erase(address);
  destinations_.erase(address);
  say(subscriptions_->unresolve(address));
}

void SimulatedSidecar::move_to(SimulatedReplica& replica) {
  if (moving()) return;
  next_ = {&replica, std::make_shared<SimulatedLink>(), std::make_unique<LineSplitter>(feed::kMaxLineToSidecar), false};
  for (const feed::ToOperator& message : subscriptions_->beginning()) say(next_, message);
  replica.connect(next_.link);
}

void SimulatedSidecar::read(std::size_t bytes) {
  read_current(bytes);
  if (!next_.link) return;
  read(next_, next_.answered ? bytes : SimulatedLink::kHead.size());
  if (!next_.link || !next_.answered) return;
  leave(current_);
  current_ = std::exchange(next_, {});
  read(current_, bytes);
}

void SimulatedSidecar::read(Stream& stream, std::size_t bytes) {
  const std::string some = stream.link->read(bytes);
  const auto done = stream.lines->feed(some, [&](std::string_view line) -> Result<void> {
    take_line(stream, line);
    return {};
  });
  EXPECT_TRUE(done);
  if (stream.link->ended()) leave(stream);
}

void SimulatedSidecar::take_line(Stream& stream, std::string_view line) {
  if (!std::exchange(stream.answered, true)) {
    EXPECT_EQ(line, SimulatedLink::kHead.substr(0, line.size()));
    return;
  }
  auto message = feed::decode_to_sidecar(line);
  ASSERT_TRUE(message) << message.error().text;
  if (const auto answer = subscriptions_->take(std::move(*message))) say(stream, *answer);
}

void SimulatedSidecar::say(const uplink::FeedSubscriptions::Messages& messages) {
  for (Stream* const stream : {&current_, &next_}) {
    if (!stream->link) continue;
    for (const feed::ToOperator& message : messages) say(*stream, message);
  }
}

void SimulatedSidecar::say(Stream& stream, const feed::ToOperator& message) {
  std::string line = feed::encode(message);
  line.pop_back();
  stream.link->said.push_back(std::move(line));
}

void SimulatedSidecar::leave(Stream& stream) {
  if (stream.link) stream.link->left_by_sidecar = true;
  stream = {};
}

}  // namespace outrigger::faults
