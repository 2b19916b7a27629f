#include "sidecar/upstream_connection.h"

#include "sidecar/exchange.h"
#include "sidecar/router.h"

namespace outrigger::sidecar {

UpstreamConnection::UpstreamConnection(net::EventLoop& loop, net::FileDescriptor fd, balance::Backend& backend)
    : loop_(loop), fd_(std::move(fd)), backend_(backend) {
  loop_.add(fd_.get(), interest_, *this);
}

UpstreamConnection::~UpstreamConnection() { loop_.remove(fd_.get(), *this); }

void UpstreamConnection::set_interest(std::uint32_t events) {
  if (events == interest_) return;
  interest_ = events;
  loop_.modify(fd_.get(), interest_, *this);
}

void UpstreamConnection::becomes_idle(net::Clock::time_point now) {
  exchange_ = nullptr;
  std::string().swap(partial_head);
  idle_since_ = now;
  set_interest(EPOLLIN);
}

void UpstreamConnection::on_events(std::uint32_t events) {
  if (exchange_ != nullptr) return exchange_->on_upstream_events(events);
  // Idle: the endpoint has closed it, or sends what nobody asked for. This ends the object.
  auto& idle = state_of(backend_).idle;
  std::erase_if(idle, [this](const auto& connection) { return connection.get() == this; });
}

}  // namespace outrigger::sidecar
