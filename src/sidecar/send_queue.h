#pragma once
#include <span>
#include <string>
#include <string_view>

namespace outrigger::sidecar {

/// What a socket would not take yet. Empty almost always; who writes stops reading the other side while it is not, so
/// it holds at most what one read brought. One owner.
class SendQueue {
 public:
  /// Sends the pieces in order with one system call when nothing is queued, and queues what was not taken. False: the
  /// connection is broken (errno says how).
  bool send(int fd, std::span<const std::string_view> pieces);
  /// Sends what is queued as far as it goes. False: broken.
  bool flush(int fd);

  bool empty() const { return bytes_.empty(); }
  std::size_t size() const { return bytes_.size(); }
  void clear() { std::string().swap(bytes_); }

 private:
  std::string bytes_;
};

}  // namespace outrigger::sidecar
