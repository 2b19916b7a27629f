#include "sidecar/undetermined_client.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "net/socket.h"
#include "sidecar/protocol_detection.h"
#include "sidecar/request_keys.h"
#include "sidecar/tunnel.h"
#include "sidecar/upstream_pool.h"
#include "sidecar/worker.h"

namespace outrigger::sidecar {

UndeterminedClient::UndeterminedClient(Worker& worker, net::FileDescriptor client,
                                       std::shared_ptr<const ListenerTarget> target)
    : worker_(worker),
      client_(std::move(client)),
      target_(std::move(target)),
      timer_(worker.loop(), [this] { on_timer(); }),
      endpoints_may_speak_first_(target_->by_host.empty() &&
                                 target_->destination->cluster.options().protocol == model::Protocol::automatic) {
  worker_.loop().add(client_.get(), EPOLLIN, *this);
  timer_.set(endpoints_may_speak_first_ ? kPatience : target_->destination->cluster.options().idle_timeout);
}

UndeterminedClient::~UndeterminedClient() { CHECK(closed_); }

void UndeterminedClient::on_events(std::uint32_t) {
  const auto scratch = worker_.scratch();
  const ssize_t received = ::recv(client_.get(), scratch.data(), scratch.size(), 0);
  if (received < 0) {
    if (errno != EAGAIN && errno != EINTR) close();
    return;
  }
  if (received == 0) return on_client_end();
  wait_no_longer();
  if (received_.empty()) first_byte_at_ = worker_.loop().now();
  received_.append(scratch.data(), static_cast<std::size_t>(received));
  switch (detect(received_)) {
    case Detected::more: return await_more();
    case Detected::http1: return become_http1();
    case Detected::http2: return worker_.become_http2(leave_with(DetectedProtocol::http2), target_, received_);
    case Detected::tcp: return become_tunnel(DetectedProtocol::tcp);
  }
}

void UndeterminedClient::on_client_end() {
  // Half-closed, it may still want what an endpoint says to this.
  if (!endpoints_may_speak_first_ || (received_.empty() && !upstream_)) return close();
  become_tunnel(received_.empty() ? DetectedProtocol::unknown : DetectedProtocol::tcp);
}

void UndeterminedClient::await_more() {
  const bool slow = !endpoints_may_speak_first_ || begins_like_http(received_);
  timer_.set(slow ? first_byte_at_ + worker_.settings().head_timeout - worker_.loop().now() : kPatience);
}

void UndeterminedClient::on_timer() {
  if (!received_.empty()) {
    const bool slow = !endpoints_may_speak_first_ || begins_like_http(received_);
    return slow ? become_http1() : become_tunnel(DetectedProtocol::tcp);
  }
  if (upstream_ && !upstream_->connected) return on_upstream_failed(Outcome::connect_failure);
  if (!endpoints_may_speak_first_ || upstream_) return close();  // silent for as long as a connection may be idle
  connect();
}

void UndeterminedClient::connect() {
  Destination* destination = waits_at_;
  if (destination == nullptr) {
    destination = worker_.router().find(*target_->destination, {}, tried_);
    if (destination == nullptr) return close_unserved();
    destination = &worker_.router().carrier(*destination, tried_);
  }
  Destination& cluster = *destination;
  const bool place = cluster.has_place() && cluster.has_connection_place();
  if (!place || cluster.waiting_room.would_be_overtaken_by(*this)) return wait_for_place(cluster);
  const balance::Call call = cluster.cluster.pick(connection_request(cluster, client_.get(), tried_));
  if (call.backend == nullptr) return close_unserved();
  auto upstream = std::make_unique<Upstream>(*this);
  upstream->lease = Lease(cluster, call);
  StartedConnect started = start_connect(worker_, *call.backend);
  upstream->fd = std::move(started.fd);
  if (!upstream->fd) {
    if (started.no_descriptor) {
      upstream->lease.give_back();
      return wait_for_place(cluster);
    }
    upstream->lease.finish(Outcome::connect_failure);
    return try_another(*call.backend);
  }
  wait_no_longer();
  upstream->slot = ConnectionSlot(cluster);
  upstream_ = std::move(upstream);
  worker_.loop().add(upstream_->fd.get(), EPOLLOUT, *upstream_);
  timer_.set(cluster.cluster.options().connect_timeout);
}

void UndeterminedClient::wait_for_place(Destination& cluster) {
  if (cluster.waiting_room.size() >= cluster.limits.pending) return close_unserved();
  hold_instead(waits_at_, cluster);
  waits_at_->waiting_room.enter(*this, waits_at_->cluster.options().connect_timeout);
}

void UndeterminedClient::wait_no_longer() {
  if (waits_at_ == nullptr) return;
  waits_at_->waiting_room.leave(*this);
  --std::exchange(waits_at_, nullptr)->users;
}

void UndeterminedClient::close_unserved() {
  net::reset_on_close(client_.get());
  close();
}

void UndeterminedClient::on_upstream_events(std::uint32_t events) {
  if (upstream_->connected) return on_upstream_silent_no_more();
  if (net::connect_error(upstream_->fd.get()) != 0 || (events & (EPOLLERR | EPOLLHUP)) != 0) {
    return on_upstream_failed(Outcome::connect_failure);
  }
  on_connected();
}

void UndeterminedClient::on_connected() {
  upstream_->connected = true;
  upstream_->lease.answered();
  upstream_->since = worker_.loop().now();
  worker_.loop().modify(upstream_->fd.get(), EPOLLIN, *upstream_);
  if (received_.empty()) timer_.set(upstream_->lease.cluster().cluster.options().idle_timeout);
}

void UndeterminedClient::on_upstream_failed(Outcome outcome) {
  balance::Backend& backend = upstream_->lease.backend();
  forget_upstream(outcome);
  if (received_.empty()) try_another(backend);  // else the client is about to say what it is
}

void UndeterminedClient::try_another(balance::Backend& failed) {
  tried_.push_back(&failed);
  tried_.size() < kMaxConnects ? connect() : close_unserved();
}

void UndeterminedClient::on_upstream_silent_no_more() {
  constexpr std::string_view kHttp = "HTTP/";
  std::array<char, kHttp.size()> first;
  const ssize_t size = ::recv(upstream_->fd.get(), first.data(), first.size(), MSG_PEEK);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  const bool at_once = worker_.loop().now() - upstream_->since < kGreeting;
  const bool http = size > 0 && std::string_view(first.data(), static_cast<std::size_t>(size)) == kHttp;
  if (http || (size <= 0 && !at_once)) {
    // It did not like the silence: the client may still be about to speak.
    endpoints_may_speak_first_ = false;
    return forget_upstream(size < 0 ? Outcome::reset : Outcome::success);
  }
  if (size < 0) return on_upstream_failed(Outcome::reset);
  if (size > 0 && at_once) worker_.seen_server_first().remember(upstream_->lease.cluster().service.text());
  become_tunnel(size > 0 ? DetectedProtocol::server_first : DetectedProtocol::unknown);
}

void UndeterminedClient::become_http1() {
  net::FileDescriptor client = leave_with(DetectedProtocol::http1);
  worker_.become_http1(std::move(client), target_, received_, first_byte_at_);
}

void UndeterminedClient::become_tunnel(DetectedProtocol protocol) {
  if (upstream_ && !upstream_->connected) give_upstream_back();  // the tunnel tries others, too, if it must
  // Whoever has spoken: the connection that is there is used.
  std::unique_ptr<Upstream> upstream = std::move(upstream_);
  if (upstream) worker_.loop().remove(upstream->fd.get(), *upstream);
  net::FileDescriptor client = leave_with(protocol);
  Tunnel& tunnel = worker_.become_tunnel(std::move(client), std::move(received_));
  if (!upstream) return tunnel.balance(*target_->destination);
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

void UndeterminedClient::forget_upstream(Outcome outcome) {
  upstream_->lease.finish(outcome);
  bury_upstream();
}

/// It was not used.
void UndeterminedClient::give_upstream_back() {
  upstream_->lease.give_back();
  bury_upstream();
}

void UndeterminedClient::bury_upstream() {
  worker_.loop().remove(upstream_->fd.get(), *upstream_);
  upstream_->fd.reset();
  upstream_->slot.free();
  worker_.bury(std::move(upstream_));
}

void UndeterminedClient::drain() {
  on_events(EPOLLIN);  // a request that has arrived is answered, if only its beginning has
  if (!closed_ && received_.empty()) close();
}

void UndeterminedClient::close() {
  if (std::exchange(closed_, true)) return;
  timer_.cancel();
  wait_no_longer();
  if (upstream_) give_upstream_back();
  if (client_) {
    worker_.loop().remove(client_.get(), *this);
    client_.reset();
  }
  worker_.bury_connection(*this);
}

}  // namespace outrigger::sidecar
