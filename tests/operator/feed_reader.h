#pragma once
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "feed/version.h"
#include "operator/feed_stream.h"

namespace outrigger::op {

/// What a sidecar has, from the lines it has read: full sets taken, deltas applied and checked.
class FeedReader {
 public:
  void read(std::string_view line) {
    const auto message = feed::decode_to_sidecar(line);
    ASSERT_TRUE(message) << message.error().text;
    std::visit([this](const auto& body) { take(body); }, *message);
  }

  std::map<model::ServicePort, feed::FullSet> sets;
  std::map<std::string, std::optional<model::ServicePort>> destinations;  ///< by address, as told last
  std::vector<std::string> kinds;  ///< "set", "delta", ... in the order they came
  std::vector<std::string> zones;  ///< of "place", in the order they came

 private:
  void take(const feed::FullSet& full) {
    EXPECT_EQ(full.version, feed::version_of(full.set));
    sets[full.set.service] = full;
    kinds.push_back("set");
  }
  void take(const feed::Delta& delta) {
    kinds.push_back("delta");
    ASSERT_TRUE(sets.contains(delta.service));
    auto next = feed::apply(sets[delta.service], delta);
    ASSERT_TRUE(next) << next.error().text;
    sets[delta.service] = *next;
  }
  void take(const feed::Current& current) {
    kinds.push_back("current");
    ASSERT_TRUE(sets.contains(current.service));
    EXPECT_EQ(sets[current.service].version, current.version);
  }
  void take(const feed::Absent& absent) {
    kinds.push_back("absent");
    sets.erase(absent.service);
  }
  void take(const feed::Destination& destination) {
    kinds.push_back("destination");
    destinations[destination.address] = destination.service;
  }
  void take(const feed::Place& place) {
    kinds.push_back("place");
    zones.push_back(place.zone);
  }
  void take(const feed::Heartbeat&) { kinds.push_back("heartbeat"); }
};

/// A subscriber's stream in memory. The "kernel" takes nothing until it is asked to.
class MemoryStream final : public FeedStream {
 public:
  void send(Block block) override {
    unsent_ += block->size();
    largest_unsent = std::max(largest_unsent, unsent_);
    queue_.push_back(std::move(block));
  }
  std::size_t unsent() const override { return unsent_; }
  std::uint64_t sent() const override { return sent_; }
  std::string peer() const override { return "memory"; }

  /// The kernel takes what is queued and the reader reads it.
  void drain() {
    while (!queue_.empty()) {
      const Block block = std::move(queue_.front());
      queue_.pop_front();
      sent_ += block->size();
      unsent_ -= block->size();
      ASSERT_TRUE(block->ends_with('\n'));
      reader.read(std::string_view(*block).substr(0, block->size() - 1));
    }
  }

  FeedReader reader;
  std::size_t largest_unsent = 0;

 private:
  std::deque<Block> queue_;
  std::size_t unsent_ = 0;
  std::uint64_t sent_ = 0;
};

}  // namespace outrigger::op
