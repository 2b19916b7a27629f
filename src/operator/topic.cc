#include "operator/topic.h"

#include <utility>

#include "feed/version.h"

namespace outrigger::op {
namespace {

template <class Message>
Block once(Block& line, const Framing& framing, Message&& message) {
  if (!line) line = framing(feed::encode(feed::ToSidecar(std::forward<Message>(message))));
  return line;
}

}  // namespace

const std::string& Topic::version() const {
  static const std::string kNone;
  return set_ ? set_->version : kNone;
}

std::vector<std::string> Topic::addresses() const {
  if (!set_) return {};
  std::vector<std::string> addresses = set_->set.addresses;
  addresses.push_back(service_.text());
  return addresses;
}

void Topic::replace(std::shared_ptr<const feed::FullSet> next) {
  delta_ = set_ && next ? feed::difference(*set_, *next) : std::nullopt;
  set_ = std::move(next);
  full_line_ = delta_line_ = current_line_ = nullptr;
}

Block Topic::line_from(std::string_view version, bool answered, const Framing& framing) {
  if (answered && version == this->version()) return nullptr;
  if (absent()) return once(absent_line_, framing, feed::Absent{service_});
  if (version == set_->version) return once(current_line_, framing, feed::Current{service_, set_->version});
  if (delta_ && version == delta_->from) return once(delta_line_, framing, *delta_);
  return once(full_line_, framing, *set_);
}

}  // namespace outrigger::op
