#include "sidecar/worker.h"

#include <cerrno>
#include <cstring>

#include "log/log.h"
#include "sidecar/upstream_connection.h"

namespace outrigger::sidecar {
namespace {

constexpr auto kUpstreamIdle = std::chrono::seconds(60);
constexpr std::size_t kMaxBuffers = 64;
constexpr std::size_t kMaxBufferBytes = 16 * 1024;
constexpr int kMaxAccepts = 64;  ///< in one round, so that a flood of connections does not starve the others

}  // namespace

class Worker::Listener final : private net::EventHandler {
 public:
  Listener(Worker& worker, net::FileDescriptor socket, std::shared_ptr<Destination> destination)
      : worker_(worker),
        socket_(std::move(socket)),
        target_(std::make_shared<ListenerTarget>(ListenerTarget{std::move(destination)})),
        resume_(worker.loop(), [this] { worker_.loop().modify(socket_.get(), EPOLLIN, *this); }) {
    worker_.loop().add(socket_.get(), EPOLLIN, *this);
  }
  /// Takes what the kernel has accepted already: closing the socket would reset it.
  ~Listener() {
    while (accept_some()) {
    }
    worker_.loop().remove(socket_.get(), *this);
  }

  void turn_to(std::shared_ptr<Destination> destination) { target_->destination = std::move(destination); }

 private:
  void on_events(std::uint32_t) override { accept_some(); }

  /// Whether there may be more.
  bool accept_some() {
    for (int i = 0; i < kMaxAccepts; ++i) {
      net::FileDescriptor fd = net::accept_on(socket_.get());
      if (fd) {
        worker_.accept(std::move(fd), target_);
        continue;
      }
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        // Level-triggered, it would be told again at once: let connections end first.
        log::warn("accept: paused", {{"reason", std::strerror(errno)}});
        worker_.loop().modify(socket_.get(), 0, *this);
        resume_.set(std::chrono::milliseconds(100));
      }
      return false;
    }
    return true;
  }

  Worker& worker_;
  net::FileDescriptor socket_;
  std::shared_ptr<ListenerTarget> target_;
  net::Timer resume_;
};

Worker::Worker(std::size_t index, std::uint64_t seed, WorkerCells& cells)
    : random_(seed), cells_(cells), router_(index, random_), idle_timer_(loop_, [this] { close_idle_upstreams(); }) {
  thread_ = std::thread([this] { loop_.run(); });
}

Worker::~Worker() {
  loop_.stop();
  thread_.join();
  listeners_.clear();
  // Closing a connection buries it: each takes itself out of the map.
  while (!connections_.empty()) connections_.begin()->second->close();
}

void Worker::apply(std::shared_ptr<const RoutingTable> table, const Turns& turned) {
  loop_.post([this, table = std::move(table), turned] {
    for (const auto& [name, service] : turned) {
      const auto listener = listeners_.find(name);
      if (listener != listeners_.end()) listener->second->turn_to(router_.destination(service));
    }
    router_.apply(*table);
  });
}

void Worker::add_listener(const std::string& name, const model::ServicePort& service, net::FileDescriptor socket) {
  // std::function wants copies, a descriptor has none.
  auto shared = std::make_shared<net::FileDescriptor>(std::move(socket));
  loop_.post([this, name, service, shared] {
    if (draining_) return;
    listeners_[name] = std::make_unique<Listener>(*this, std::move(*shared), router_.destination(service));
  });
}

void Worker::remove_listener(const std::string& name) {
  loop_.post([this, name] { listeners_.erase(name); });
}

void Worker::drain() {
  loop_.post([this] {
    draining_ = true;
    listeners_.clear();
    std::vector<ClientConnection*> open;
    for (const auto& [connection, owner] : connections_) open.push_back(connection);
    for (ClientConnection* connection : open) connection->drain();
  });
}

std::string Worker::take_buffer() {
  if (buffers_.empty()) return {};
  std::string buffer = std::move(buffers_.back());
  buffers_.pop_back();
  return buffer;
}

void Worker::return_buffer(std::string buffer) {
  if (buffer.capacity() < 64 || buffer.capacity() > kMaxBufferBytes || buffers_.size() == kMaxBuffers) return;
  buffer.clear();
  buffers_.push_back(std::move(buffer));
}

void Worker::accept(net::FileDescriptor fd, std::shared_ptr<const ListenerTarget> target) {
  auto connection = std::make_unique<ClientConnection>(*this, std::move(fd), std::move(target));
  ClientConnection* key = connection.get();
  connections_.emplace(key, std::move(connection));
  cells_.connections_active.set(static_cast<std::int64_t>(connections_.size()));
}

void Worker::bury(ClientConnection& connection) {
  const auto found = connections_.find(&connection);
  if (found == connections_.end()) return;  // its destructor closes too
  loop_.defer([owner = std::shared_ptr<ClientConnection>(std::move(found->second))] {});
  connections_.erase(found);
  cells_.connections_active.set(static_cast<std::int64_t>(connections_.size()));
}

void Worker::idle_connections_exist() {
  if (!idle_timer_.is_set()) idle_timer_.set(kUpstreamIdle / 2);
}

void Worker::close_idle_upstreams() {
  if (router_.close_idle(loop_.now() - kUpstreamIdle)) idle_timer_.set(kUpstreamIdle / 2);
}

}  // namespace outrigger::sidecar
