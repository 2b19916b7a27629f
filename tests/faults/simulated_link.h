#pragma once
#include <algorithm>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>

#include "operator/feed_stream.h"

namespace outrigger::faults {

/// A connection between a sidecar and a replica; it is there until both have left it. Bytes wait at the operator until
/// the network has room, and in the network until the sidecar reads.
class SimulatedLink final : public op::FeedStream {
 public:
  static constexpr std::string_view kHead = "HTTP/1.1 200 OK\n";  ///< the answer's, before any line
  static constexpr std::size_t kNetwork = 50'000;                 ///< bytes that the network holds

  void send(op::Block block) override {
    unsent_ += block->size();
    queue_.push_back(std::move(block));
  }
  std::size_t unsent() const override { return unsent_; }
  std::uint64_t sent() const override { return sent_; }
  std::string peer() const override { return "simulated"; }

  /// The network takes what it has room for, but no more than `bytes`.
  void carry(std::size_t bytes) {
    bytes = std::min(bytes, kNetwork - network_.size());
    while (bytes > 0 && !queue_.empty()) {
      const std::string_view rest = std::string_view(*queue_.front()).substr(taken_of_first_);
      const std::size_t part = std::min(bytes, rest.size());
      network_.append(rest.substr(0, part));
      bytes -= part;
      sent_ += part;
      unsent_ -= part;
      taken_of_first_ += part;
      if (part < rest.size()) return;
      queue_.pop_front();
      taken_of_first_ = 0;
    }
  }
  /// The sidecar reads up to `bytes`.
  std::string read(std::size_t bytes) {
    std::string read = network_.substr(0, bytes);
    network_.erase(0, bytes);
    return read;
  }

  /// For the sidecar: all is read, and no more will come.
  bool ended() const { return left_by_operator && network_.empty(); }
  /// Both sides are there, and nothing is on its way.
  bool idle() const { return !left_by_operator && unsent_ == 0 && network_.empty() && said.empty(); }

  std::deque<std::string> said;   ///< by the sidecar: lines that the operator has not read
  bool accepted = false;          ///< the operator has come to it
  bool left_by_sidecar = false;   ///< which reads no more
  bool left_by_operator = false;  ///< from which no more comes

 private:
  std::deque<op::Block> queue_;
  std::size_t taken_of_first_ = 0;
  std::size_t unsent_ = 0;
  std::uint64_t sent_ = 0;
  std::string network_;
};

}  // namespace outrigger::faults
