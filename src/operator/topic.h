#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "feed/message.h"
#include "operator/feed_stream.h"

namespace outrigger::op {

class Subscriber;

/// Makes a line ready for the wire.
using Framing = std::function<Block(std::string_view line)>;

/// One Service port as it is now, the last step to it, and its lines: each encoded when first needed and shared by all
/// who get it. One owner.
class Topic {
 public:
  explicit Topic(model::ServicePort service) : service_(std::move(service)) {}

  const model::ServicePort& service() const { return service_; }
  /// Of the set there is now; empty: absent.
  const std::string& version() const;
  bool absent() const { return set_ == nullptr; }
  /// Where the Service is dialled, and its name; none: absent.
  std::vector<std::string> addresses() const;

  /// The next level; null: absent.
  void replace(std::shared_ptr<const feed::FullSet> next);

  /// The line that brings whoever has `version` (empty: nothing) to version(). Null when that is where they are and
  /// they know it (`answered`).
  Block line_from(std::string_view version, bool answered, const Framing& framing);

  /// Who wants to be told; kept by the publisher, which owns them.
  std::unordered_set<Subscriber*> subscribers;

 private:
  model::ServicePort service_;
  std::shared_ptr<const feed::FullSet> set_;
  std::optional<feed::Delta> delta_;  ///< to set_
  Block full_line_;
  Block delta_line_;
  Block current_line_;
  Block absent_line_;
};

}  // namespace outrigger::op
