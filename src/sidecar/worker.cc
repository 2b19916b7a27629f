#include "sidecar/worker.h"

#include <cerrno>
#include <cstring>

#include "log/log.h"
#include "net/original_destination.h"
#include "net/signal_watch.h"
#include "sidecar/http1_client.h"
#include "sidecar/http2_client.h"
#include "sidecar/http2_transport.h"
#include "sidecar/lingering_close.h"
#include "sidecar/tunnel.h"
#include "sidecar/undetermined_client.h"
#include "sidecar/unresolved_client.h"

namespace outrigger::sidecar {
namespace {

constexpr auto kUpstreamIdle = std::chrono::seconds(60);
constexpr auto kPause = std::chrono::milliseconds(20);
constexpr int kMaxAccepts = 64;  ///< in one round, so that a flood of connections does not starve the others

http::HeadLimits head_limits_of(const HttpSettings& settings) {
  return {.max_head_bytes = settings.max_head_bytes,
          .max_target_bytes = settings.max_target_bytes,
          .max_fields = settings.max_fields};
}

}  // namespace

class Worker::Listener final : private net::EventHandler {
 public:
  Listener(Worker& worker, net::FileDescriptor socket, ListenerTarget target)
      : worker_(worker),
        socket_(std::move(socket)),
        target_(std::make_shared<ListenerTarget>(std::move(target))),
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
      if (worker_.full()) {
        pause();
        return false;
      }
      net::FileDescriptor fd = net::accept_on(socket_.get());
      if (fd) {
        worker_.accept(std::move(fd), target_);
        continue;
      }
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        log::warn("accept: paused", {{"reason", std::strerror(errno)}});
        pause();
      }
      return false;
    }
    return true;
  }

  /// Level-triggered, it would be told again at once: lets connections end first.
  void pause() {
    worker_.loop().modify(socket_.get(), 0, *this);
    resume_.set(kPause);
  }

  Worker& worker_;
  net::FileDescriptor socket_;
  std::shared_ptr<ListenerTarget> target_;
  net::Timer resume_;
};

Worker::Worker(std::size_t index, std::uint64_t seed, const HttpSettings& settings, const WorkerLimits& limits,
               WorkerCells& cells)
    : random_(seed),
      cells_(cells),
      settings_(settings),
      limits_(limits),
      head_limits_(head_limits_of(settings)),
      router_(index, random_, loop_),
      pipes_(limits.pipes),
      relay_resources_{loop_, scratch_, pipes_, buffers_.held()},
      unresolved_(loop_, cells.no_answers),
      idle_timer_(loop_, [this] { close_idle_upstreams(); }) {
  held().set_limit(limits_.buffered_bytes);
  thread_ = std::thread([this] { loop_.run(); });
}

Worker::~Worker() {
  loop_.stop();
  thread_.join();
  listeners_.clear();
  while (!connections_.empty()) connections_.first()->close();
  end_round();
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

void Worker::add_listener(const ListenerConfig& listener, net::FileDescriptor socket) {
  // std::function wants copies, a descriptor has none.
  auto shared = std::make_shared<net::FileDescriptor>(std::move(socket));
  loop_.post([this, listener, shared] {
    if (draining_) return;
    listeners_[listener.name] = std::make_unique<Listener>(
        *this, std::move(*shared),
        ListenerTarget{listener.protocol, listener.transparent ? nullptr : router_.destination(listener.service),
                       listener.by_host});
  });
}

void Worker::configure(const HttpSettings& settings, const WorkerLimits& limits) {
  loop_.post([this, settings, limits] {
    settings_ = settings;
    limits_ = limits;
    held().set_limit(limits.buffered_bytes);
    head_limits_ = head_limits_of(settings);
  });
}

void Worker::set_zone(std::string zone) {
  loop_.post([this, zone = std::move(zone)] { router_.set_zone(zone); });
}

void Worker::set_probed(const model::ServicePort& service, const std::string& address, bool well) {
  loop_.post([this, service, address, well] { router_.set_probed(service, address, well); });
}

void Worker::guard_against_loops(LoopGuard guard) {
  loop_.post([this, guard = std::move(guard)] { loop_guard_ = guard; });
}

void Worker::ask_for_destinations(UnresolvedDestinations::Ask ask, std::chrono::milliseconds patience) {
  loop_.post([this, ask = std::move(ask), patience] { unresolved_.set_ask(ask, patience); });
}

void Worker::settle(const std::string& destination, bool no_service) {
  loop_.post([this, destination, no_service] { unresolved_.settle(destination, no_service); });
}

void Worker::release(Services services, std::function<void(const Services& held)> done) {
  loop_.post([this, services = std::move(services), done = std::move(done)] { done(router_.release(services)); });
}

void Worker::remove_listener(const std::string& name) {
  loop_.post([this, name] { listeners_.erase(name); });
}

void Worker::drain() {
  loop_.post([this] {
    draining_ = true;
    listeners_.clear();
    for (Connection* connection = connections_.first(); connection != nullptr;) {
      Connection* const next = ConnectionList::next(*connection);
      connection->drain();
      connection = next;
    }
    end_round_later();
  });
}

bool Worker::full() {
  if (connections_.size() >= limits_.connections) return true;
  if (newest_descriptor_ < limits_.descriptors) return false;
  newest_descriptor_ = net::next_descriptor();
  return newest_descriptor_ >= limits_.descriptors;
}

http::Http2Limits Worker::http2_limits() const {
  http::Http2Limits limits;
  limits.max_head_bytes = settings_.max_head_bytes;
  limits.max_target_bytes = settings_.max_target_bytes;
  limits.max_fields = settings_.max_fields;
  return limits;
}

const http::Hop& Worker::hop(const ClientStream& client) {
  hop_.via = settings_.via;
  hop_.forwarded = settings_.forwarded;
  if (hop_.forwarded != http::Forwarded::off) {
    hop_client_ = client.address();
    hop_.client = hop_client_;
  }
  return hop_;
}

std::string_view Worker::date() {
  if (loop_.now() >= date_due_) {
    const auto time = std::chrono::system_clock::now().time_since_epoch();
    const auto second = std::chrono::floor<std::chrono::seconds>(time);
    date_ = http::HttpDate(second.count());
    date_due_ = loop_.now() + (second + std::chrono::seconds(1) - time);
  }
  return date_.text();
}

template <class Kind>
Kind& Worker::take_in(std::unique_ptr<Kind> connection) {
  Kind& taken = *connection.release();  // until bury_connection()
  connections_.add(taken);
  cells_.connections_active.set(static_cast<std::int64_t>(connections_.size()));
  return taken;
}

void Worker::accept(net::FileDescriptor fd, std::shared_ptr<const ListenerTarget> target) {
  newest_descriptor_ = static_cast<std::size_t>(fd.get());
  if (!target->destination) return accept_transparent(std::move(fd), target->protocol);
  switch (target->protocol) {
    case ListenerProtocol::http: return become_http1(std::move(fd), std::move(target), {}, loop_.now());
    case ListenerProtocol::http2: return become_http2(std::move(fd), std::move(target), {});
    case ListenerProtocol::tcp: return become_tunnel(std::move(fd), {}).balance(*target->destination);
    case ListenerProtocol::automatic: return accept_unknown(std::move(fd), std::move(target));
  }
}

void Worker::accept_transparent(net::FileDescriptor fd, ListenerProtocol protocol) {
  const auto wanted = net::original_destination(fd.get());
  if (!wanted) return;
  const std::string address = wanted->text();
  if (unresolved_.open(address) && !router_.destination_at(address) && !would_loop(*wanted)) {
    return unresolved_.wait(address,
                            take_in(std::make_unique<UnresolvedClient>(*this, std::move(fd), protocol, *wanted)));
  }
  dispatch(std::move(fd), protocol, *wanted);
}

bool Worker::would_loop(const net::SocketAddress& wanted) const {
  return net::leads_back(wanted, loop_guard_.listening, loop_guard_.machine);
}

void Worker::dispatch(net::FileDescriptor fd, ListenerProtocol protocol, const net::SocketAddress& wanted) {
  if (auto destination = router_.destination_at(wanted.text())) {
    accept(std::move(fd), std::make_shared<ListenerTarget>(ListenerTarget{protocol, std::move(destination)}));
    // It may have waited for its destination until after drain() went through all.
    if (draining_ && !connections_.empty()) connections_.first()->drain();
    return;
  }
  if (would_loop(wanted)) {
    return log::warn("a connection that would lead back to this sidecar is closed", {{"destination", wanted.text()}});
  }
  become_tunnel(std::move(fd), {}).pass_to(wanted);
}

void Worker::accept_unknown(net::FileDescriptor fd, std::shared_ptr<const ListenerTarget> target) {
  Destination& destination = *target->destination;
  const model::Protocol protocol = destination.cluster.options().protocol;
  const bool server_first =
      protocol == model::Protocol::automatic &&
      (is_server_first_port(destination.service.port) || seen_server_first_.contains(destination.service.text()));
  if (protocol == model::Protocol::tcp || server_first) {
    return become_tunnel(std::move(fd), {}).balance(*target->destination);
  }
  take_in(std::make_unique<UndeterminedClient>(*this, std::move(fd), std::move(target)));
}

void Worker::become_http1(net::FileDescriptor fd, std::shared_ptr<const ListenerTarget> target,
                          std::string_view received, net::Clock::time_point since) {
  Http1Client& client = take_in(std::make_unique<Http1Client>(*this, std::move(fd), std::move(target)));
  if (!received.empty()) client.begin(received, since);
}

void Worker::become_http2(net::FileDescriptor fd, std::shared_ptr<const ListenerTarget> target,
                          std::string_view received) {
  Http2Client& client = take_in(std::make_unique<Http2Client>(*this, std::move(fd), std::move(target)));
  if (!received.empty()) client.begin(received);
  if (draining_) client.drain();
}

Tunnel& Worker::become_tunnel(net::FileDescriptor fd, std::string received) {
  return take_in(std::make_unique<Tunnel>(*this, std::move(fd), std::move(received)));
}

void Worker::linger(net::FileDescriptor fd) { take_in(std::make_unique<LingeringClose>(*this, std::move(fd))); }

void Worker::bury_connection(Connection& connection) {
  connections_.remove(connection);
  cells_.connections_active.set(static_cast<std::int64_t>(connections_.size()));
  bury(std::unique_ptr<Mortal>(&connection));
}

void Worker::bury(std::unique_ptr<Mortal> object) {
  graveyard_.push_back(std::move(object));
  end_round_later();
}

void Worker::flush_later(Http2Transport& transport) {
  to_flush_.push_back(&transport);
  end_round_later();
}

void Worker::end_round_later() {
  if (std::exchange(round_end_wanted_, true)) return;
  loop_.defer([this] { end_round(); });
}

void Worker::end_round() {
  if (!to_flush_.empty()) loop_.rest(pacing_.rest(loop_.now()));
  // By index: whoever writes may have others write, or end.
  for (std::size_t i = 0; i < to_flush_.size(); ++i) to_flush_[i]->flush();
  to_flush_.clear();
  while (!graveyard_.empty()) {
    const auto ended = std::exchange(graveyard_, {});
  }
  round_end_wanted_ = false;
  if (draining_ && connections_.empty()) drained_ = true;
}

void Worker::idle_connections_exist() {
  if (!idle_timer_.is_set()) idle_timer_.set(kUpstreamIdle / 2);
}

void Worker::close_idle_upstreams() {
  if (router_.close_idle(loop_.now() - kUpstreamIdle)) idle_timer_.set(kUpstreamIdle / 2);
}

}  // namespace outrigger::sidecar
