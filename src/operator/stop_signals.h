#pragma once
#include "net/event_loop.h"

namespace outrigger::op {

/// SIGTERM and SIGINT stop the loop. Made before the process has a second thread, so that all of them block the two.
class StopSignals final : private net::EventHandler {
 public:
  explicit StopSignals(net::EventLoop& loop);
  ~StopSignals();

 private:
  void on_events(std::uint32_t events) override;

  net::EventLoop& loop_;
  net::FileDescriptor fd_;
};

}  // namespace outrigger::op
