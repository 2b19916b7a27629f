#include "peer.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include "http1_peer.h"
#include "http2_peer.h"

namespace outrigger::sidecar::test {

using std::chrono::milliseconds;

void Peer::step() {
  if (ended_) return;
  std::array<char, 64 * 1024> buffer;
  while (reads_ && !failing_) {
    const ssize_t received = ::recv(fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (received < 0 && errno == EAGAIN) break;
    if (received <= 0) return end();
    if (!take({buffer.data(), static_cast<std::size_t>(received)})) failing_ = true;
    if (ended_) return;
  }
  write_on();
}

void Peer::write_on() {
  for (;;) {
    give(out_);
    if (out_.empty()) break;
    const ssize_t sent = ::send(fd(), out_.data(), out_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EAGAIN) return;
    if (sent < 0) return;  // what the other side did before is still to be read
    out_.erase(0, static_cast<std::size_t>(sent));
  }
  if (failing_ || over()) end();
}

void Peer::end() {
  ended_ = true;
  out_.clear();
  socket_.close();
  on_end();
}

void Peer::close() {
  if (!ended_) end();
}

void Peer::reset() {
  if (ended_) return;
  ended_ = true;
  socket_.reset();
  on_end();
}

std::size_t Endpoint::open_connections() const {
  return static_cast<std::size_t>(
      std::count_if(connections.begin(), connections.end(), [](const auto& connection) { return connection->open(); }));
}

void Endpoint::accept_waiting() {
  while (listener_.pending()) {
    if (speaks_ == Speaks::http2) {
      connections.push_back(std::make_unique<Http2Peer>(listener_.accept(), limits_, *this));
    } else {
      connections.push_back(std::make_unique<Http1ServerPeer>(listener_.accept(), *this));
    }
  }
}

Client::Client(std::uint16_t port, Speaks speaks, const http::Http2Limits& limits, int receive_buffer_bytes)
    : port_(port), speaks_(speaks), receive_buffer_bytes_(receive_buffer_bytes) {
  if (speaks == Speaks::http1) return;
  connections.push_back(std::make_unique<Http2Peer>(Socket::connect(port, receive_buffer_bytes), limits));
}

Talk& Client::open() {
  if (speaks_ == Speaks::http2) return static_cast<Http2Peer&>(*connections.front()).open_stream();
  auto connection = std::make_unique<Http1ClientPeer>(Socket::connect(port_, receive_buffer_bytes_));
  Talk& talk = connection->talk();
  connections.push_back(std::move(connection));
  return talk;
}

Endpoint& Stage::endpoint(Speaks speaks, const http::Http2Limits& limits) {
  return *endpoints_.emplace_back(std::make_unique<Endpoint>(speaks, limits));
}

Client& Stage::client(std::uint16_t port, Speaks speaks, const http::Http2Limits& limits, int receive_buffer_bytes) {
  Client& client = *clients_.emplace_back(std::make_unique<Client>(port, speaks, limits, receive_buffer_bytes));
  if (speaks == Speaks::http2) {
    // Before them it takes no more streams than the protocol assumes.
    const auto& connection = static_cast<const Http2Peer&>(*client.connections.front());
    until("the server's settings", [&] { return !connection.received().empty() || !connection.open(); });
  }
  return client;
}

std::vector<Peer*> Stage::peers() const {
  std::vector<Peer*> peers;
  const auto add = [&](const auto& connections) {
    for (const auto& connection : connections) peers.push_back(connection.get());
  };
  for (const auto& endpoint : endpoints_) add(endpoint->connections);
  for (const auto& client : clients_) add(client->connections);
  return peers;
}

void Stage::move_on() {
  for (const auto& endpoint : endpoints_) endpoint->accept_waiting();
  // Twice: a handler of one may have had another say something.
  for (int round = 0; round < 2; ++round) {
    for (Peer* const peer : peers()) peer->step();
  }
}

bool Stage::wait(milliseconds time) const {
  std::vector<pollfd> fds;
  for (const Peer* const peer : peers()) {
    if (!peer->open()) continue;
    const auto events = static_cast<short>((peer->reads() ? POLLIN : 0) | (peer->wants_write() ? POLLOUT : 0));
    if (events != 0) fds.push_back({.fd = peer->fd(), .events = events, .revents = 0});
  }
  for (const auto& endpoint : endpoints_)
    fds.push_back({.fd = endpoint->listener_.fd(), .events = POLLIN, .revents = 0});
  return ::poll(fds.data(), fds.size(), static_cast<int>(time.count())) > 0;
}

void Stage::until(const char* what, const std::function<bool()>& is_so) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  for (move_on(); !is_so(); move_on()) {
    if (std::chrono::steady_clock::now() > deadline) give_up(what);
    // Some of what is waited for is not seen by a socket: the worker's counts.
    wait(milliseconds(20));
  }
}

void Stage::settle(milliseconds quiet) {
  do {
    move_on();
  } while (wait(quiet));
}

}  // namespace outrigger::sidecar::test
