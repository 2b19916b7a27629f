#pragma once
#include <functional>
#include <map>

#include "net/event_loop.h"

namespace outrigger::net {

/// Signals as events of a loop, from construction on. Made before the process has a second thread, so that all of them
/// block these signals. SIGPIPE is ignored as well. Loop's thread only.
class SignalWatch final : private EventHandler {
 public:
  SignalWatch(EventLoop& loop, std::map<int, std::function<void()>> on_signal);
  ~SignalWatch();

 private:
  void on_events(std::uint32_t events) override;

  EventLoop& loop_;
  std::map<int, std::function<void()>> on_signal_;
  FileDescriptor fd_;
};

/// Raises the soft limit of open descriptors to the hard one: the usual soft limit, 1,024, is 1,024 connections.
void raise_descriptor_limit();
/// How many descriptors this process may have.
std::size_t descriptor_limit();
/// The number that the next descriptor gets: the lowest that is free, so as many are open at least. descriptor_limit()
/// when there is none left.
std::size_t next_descriptor();

}  // namespace outrigger::net
