#pragma once
#include <functional>

#include "net/event_loop.h"
#include "net/file_descriptor.h"

namespace outrigger::net {

/// Accepts connections from a listening socket. Out of descriptors or memory it rests a moment, since the connections
/// that wait would be told again at once. Loop's thread only.
class Acceptor final : private EventHandler {
 public:
  Acceptor(EventLoop& loop, FileDescriptor listener, std::function<void(FileDescriptor)> on_accepted);
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  const FileDescriptor& listener() const { return listener_; }

 private:
  void on_events(std::uint32_t events) override;
  void rest(int error);

  EventLoop& loop_;
  FileDescriptor listener_;
  std::function<void(FileDescriptor)> on_accepted_;
  Timer resume_;
};

}  // namespace outrigger::net
