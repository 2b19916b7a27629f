#include "sidecar/tunnel.h"

#include <sys/socket.h>

#include <utility>

#include "sidecar/request_keys.h"
#include "sidecar/upstream_pool.h"
#include "sidecar/worker.h"

namespace outrigger::sidecar {
namespace {

/// For a destination that is no Service: about what the client's kernel would have waited for its first three SYNs.
constexpr auto kPassThroughConnect = std::chrono::seconds(10);
constexpr auto kPassThroughIdle = std::chrono::hours(24);

Outcome outcome_of(net::RelayEnd why) {
  switch (why) {
    case net::RelayEnd::orderly: return Outcome::success;
    case net::RelayEnd::reset_by_client:
    case net::RelayEnd::idle:
    case net::RelayEnd::no_room: return Outcome::cancelled;
    case net::RelayEnd::reset_by_upstream: return Outcome::reset;
  }
  CHECK(false);
}

}  // namespace

Tunnel::Tunnel(Worker& worker, net::FileDescriptor client, std::string received)
    : worker_(worker),
      client_(std::move(client)),
      received_(std::move(received)),
      connect_timer_(worker.loop(), [this] { connect_failed(); }) {
  worker_.held().update(accounted_, received_.size());
}

Tunnel::~Tunnel() { CHECK(closed_); }

void Tunnel::balance(Destination& destination) {
  if (worker_.held().above_limit()) {
    worker_.count_no_room();
    return close();
  }
  Destination* const wanted = worker_.router().find(destination, {});
  if (wanted == nullptr) return close();
  hold_instead(destination_, destination);
  hold_instead(wanted_cluster_, *wanted);
  go_to_carrier();
  try_endpoint();
}

void Tunnel::go_to_carrier() {
  if (cluster_ != nullptr && !Router::can_serve(*wanted_cluster_, tried_)) {
    Destination* const other = worker_.router().find(*destination_, {}, tried_);
    if (other != nullptr) hold_instead(wanted_cluster_, *other);
  }
  hold_instead(cluster_, worker_.router().carrier(*wanted_cluster_, tried_));
}

void Tunnel::try_endpoint() {
  while (tried_.size() < kMaxConnects) {
    const bool place = cluster_->has_place() && cluster_->has_connection_place();
    if (!place || cluster_->waiting_room.would_be_overtaken_by(*this)) return wait_for_place();
    const balance::Call call = cluster_->cluster.pick(connection_request(*cluster_, client_.get(), tried_));
    if (call.backend == nullptr) break;
    lease_ = Lease(*cluster_, call);
    StartedConnect started = start_connect(worker_, *call.backend);
    if (started.fd) {
      slot_ = ConnectionSlot(*cluster_);
      return connect(std::move(started.fd), cluster_->cluster.options().connect_timeout);
    }
    if (started.no_descriptor) {
      lease_.give_back();
      return wait_for_place();
    }
    tried_.push_back(call.backend);
    leave_endpoint(Outcome::connect_failure);
    go_to_carrier();
  }
  close();
}

void Tunnel::wait_for_place() {
  if (cluster_->waiting_room.size() >= cluster_->limits.pending) return close();
  cluster_->waiting_room.enter(*this, cluster_->cluster.options().connect_timeout);
}

void Tunnel::pass_to(const net::SocketAddress& address) {
  worker_.count_pass_through();
  auto upstream = net::start_connect(address);
  if (!upstream) return close();
  connect(std::move(*upstream), kPassThroughConnect);
}

void Tunnel::join(net::FileDescriptor upstream, std::string_view received, Lease lease, ConnectionSlot slot) {
  lease_ = std::move(lease);
  slot_ = std::move(slot);
  upstream_ = std::move(upstream);
  relay(received);
}

void Tunnel::connect(net::FileDescriptor upstream, net::Clock::duration patience) {
  upstream_ = std::move(upstream);
  worker_.loop().add(upstream_.get(), EPOLLOUT, *this);
  connect_timer_.set(patience);
}

void Tunnel::on_events(std::uint32_t events) {
  if (net::connect_error(upstream_.get()) != 0 || (events & (EPOLLERR | EPOLLHUP)) != 0) return connect_failed();
  worker_.loop().remove(upstream_.get(), *this);
  connect_timer_.cancel();
  if (lease_) lease_.answered();
  relay({});
}

void Tunnel::connect_failed() {
  forget_upstream();
  if (!lease_) return close();
  tried_.push_back(&lease_.backend());
  leave_endpoint(Outcome::connect_failure);
  go_to_carrier();
  try_endpoint();
}

void Tunnel::relay(std::string_view from_upstream) {
  const net::Clock::duration idle = lease_ ? lease_.cluster().cluster.options().idle_timeout : kPassThroughIdle;
  relay_.emplace(worker_.relay_resources(), net::Relay::Side{std::move(client_), received_},
                 net::Relay::Side{std::move(upstream_), from_upstream}, idle,
                 [this](net::RelayEnd why, const net::Relay::Bytes&) {
                   if (why == net::RelayEnd::no_room) worker_.count_no_room();
                   // Once there was a connection, how it ends is between the two applications.
                   leave_endpoint(outcome_of(why), balance::Verdict::unknown);
                   close();
                 });
  std::string().swap(received_);
  worker_.held().update(accounted_, 0);
}

void Tunnel::forget_upstream() {
  connect_timer_.cancel();
  if (!upstream_) return;
  worker_.loop().remove(upstream_.get(), *this);
  upstream_.reset();
}

void Tunnel::leave_endpoint(Outcome outcome, balance::Verdict verdict) {
  slot_.free();
  if (lease_) lease_.finish(outcome, verdict);
}

void Tunnel::close() {
  if (std::exchange(closed_, true)) return;
  worker_.held().update(accounted_, 0);
  forget_upstream();
  if (relay_) relay_->close();
  leave_endpoint(Outcome::cancelled);
  if (client_) {
    net::reset_on_close(client_.get());  // not served: no orderly end
    client_.reset();
  }
  if (cluster_ != nullptr) {
    cluster_->waiting_room.leave(*this);
    --std::exchange(cluster_, nullptr)->users;
    --wanted_cluster_->users;
    --destination_->users;
  }
  worker_.bury_connection(*this);
}

}  // namespace outrigger::sidecar
