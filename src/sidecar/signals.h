#pragma once
#include <functional>

#include "net/event_loop.h"

namespace outrigger::sidecar {

/// SIGTERM, SIGINT and SIGHUP as events of a loop. block() must be called before any thread is started.
class Signals final : private net::EventHandler {
 public:
  static void block();

  Signals(net::EventLoop& loop, std::function<void()> on_end, std::function<void()> on_reload);
  ~Signals();

 private:
  void on_events(std::uint32_t events) override;

  net::EventLoop& loop_;
  std::function<void()> on_end_;
  std::function<void()> on_reload_;
  net::FileDescriptor fd_;
};

}  // namespace outrigger::sidecar
