#include "sidecar/undetermined_client.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "net/socket.h"
#include "sidecar/protocol_detection.h"
#include "sidecar/tunnel.h"
#include "sidecar/worker.h"

namespace outrigger::sidecar {

UndeterminedClient::UndeterminedClient(Worker& worker, net::FileDescriptor client,
                                       std::shared_ptr<const ListenerTarget> target)
    : worker_(worker),
      client_(std::move(client)),
      target_(std::move(target)),
      timer_(worker.loop(), [this] { on_timer(); }),
      endpoints_may_speak_first_(target_->destination->cluster.options().protocol == model::Protocol::automatic) {
  worker_.loop().add(client_.get(), EPOLLIN, *this);
  timer_.set(endpoints_may_speak_first_ ? kPatience : target_->destination->cluster.options().idle_timeout);
}

UndeterminedClient::~UndeterminedClient() { CHECK(closed_); }

void UndeterminedClient::on_events(std::uint32_t) {
  const auto scratch = worker_.scratch();
  const ssize_t received = ::recv(client_.get(), scratch.data(), scratch.size(), 0);
  if (received < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (received <= 0) return close();
  received_.append(scratch.data(), static_cast<std::size_t>(received));
  switch (detect(received_)) {
    case Detected::more: return;
    case Detected::http1: return worker_.become_http1(leave_with(DetectedProtocol::http1), target_, received_);
    case Detected::http2: return worker_.become_http2(leave_with(DetectedProtocol::http2), target_, received_);
    case Detected::tcp: return become_tunnel(DetectedProtocol::tcp);
  }
}

void UndeterminedClient::on_timer() {
  if (!endpoints_may_speak_first_ || upstream_) return close();  // silent for as long as a connection may be idle
  Destination& cluster = *target_->destination;
  timer_.set(cluster.cluster.options().idle_timeout);
  if (!cluster.has_place() || !cluster.has_connection_place()) return;
  balance::Backend* const backend = cluster.cluster.pick();
  if (backend == nullptr) return;
  Lease lease(cluster, *backend);
  auto socket = net::start_connect(state_of(*backend).address);
  if (!socket) return lease.finish(Outcome::connect_failure);
  upstream_ = std::make_unique<Upstream>(*this);
  upstream_->fd = std::move(*socket);
  upstream_->lease = std::move(lease);
  upstream_->slot = ConnectionSlot(cluster);
  worker_.loop().add(upstream_->fd.get(), EPOLLIN, *upstream_);
}

void UndeterminedClient::on_upstream_events(std::uint32_t events) {
  // It has gone, or cannot be reached: another one may.
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) forget_upstream();
  if (upstream_) worker_.seen_server_first().remember(target_->destination->service.text());
  become_tunnel(upstream_ ? DetectedProtocol::server_first : DetectedProtocol::unknown);
}

void UndeterminedClient::become_tunnel(DetectedProtocol protocol) {
  // Whoever has spoken: the connection that is there is used.
  std::unique_ptr<Upstream> upstream = std::move(upstream_);
  if (upstream) worker_.loop().remove(upstream->fd.get(), *upstream);
  net::FileDescriptor client = leave_with(protocol);
  Tunnel& tunnel = worker_.become_tunnel(std::move(client), std::move(received_));
  if (!upstream) return tunnel.balance(target_->destination);
  tunnel.join(std::move(upstream->fd), {}, std::move(upstream->lease), std::move(upstream->slot));
  worker_.bury(std::move(upstream));  // its event may be the one that is being told
}

net::FileDescriptor UndeterminedClient::leave_with(DetectedProtocol protocol) {
  worker_.count_detection(protocol);
  worker_.loop().remove(client_.get(), *this);
  net::FileDescriptor client = std::move(client_);
  close();
  return client;
}

void UndeterminedClient::forget_upstream() {
  if (!upstream_) return;
  worker_.loop().remove(upstream_->fd.get(), *upstream_);
  upstream_->lease.finish(Outcome::cancelled);
  worker_.bury(std::move(upstream_));
}

void UndeterminedClient::close() {
  if (std::exchange(closed_, true)) return;
  timer_.cancel();
  forget_upstream();
  if (client_) {
    worker_.loop().remove(client_.get(), *this);
    client_.reset();
  }
  worker_.bury_connection(*this);
}

}  // namespace outrigger::sidecar
