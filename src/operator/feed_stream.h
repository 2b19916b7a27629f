#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "model/service_port.h"

namespace outrigger::op {

/// Bytes ready for the wire, shared by everyone they are sent to.
using Block = std::shared_ptr<const std::string>;

/// A subscriber's way out. Owned by one thread.
class FeedStream {
 public:
  virtual void send(Block block) = 0;
  /// Bytes queued that the kernel has not taken.
  virtual std::size_t unsent() const = 0;
  /// Bytes the kernel has taken; sent() + unsent() never falls.
  virtual std::uint64_t sent() const = 0;
  /// Whether it may know of this Service. Asked at each subscription.
  virtual bool may_see(const model::ServicePort&) const { return true; }
  /// Who it is, for people.
  virtual std::string peer() const = 0;

 protected:
  ~FeedStream() = default;
};

}  // namespace outrigger::op
