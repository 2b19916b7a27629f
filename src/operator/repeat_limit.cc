#include "operator/repeat_limit.h"

#include <utility>

namespace outrigger::op {

std::string host_of(const net::SocketAddress& peer) {
  const std::string text = peer.text();
  return text.substr(0, text.rfind(':'));
}
namespace {

constexpr const char* kOthers = "";

}  // namespace

std::optional<std::uint64_t> RepeatLimit::pass(const std::string& key, TimePoint now) {
  auto found = last_.find(key);
  if (found == last_.end() && last_.size() >= kMaxKeys) {
    std::erase_if(last_, [now](const auto& last) { return now - last.second.passed >= kInterval; });
    found = last_.size() >= kMaxKeys ? last_.find(kOthers) : last_.end();
  }
  if (found == last_.end()) {
    last_.emplace(last_.size() >= kMaxKeys ? kOthers : key, Last{now});
    return 0;
  }
  Last& last = found->second;
  if (now - last.passed < kInterval) {
    ++last.held_back;
    return std::nullopt;
  }
  last.passed = now;
  return std::exchange(last.held_back, 0);
}

}  // namespace outrigger::op
