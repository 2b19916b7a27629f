#include "soak/endpoint.h"

#include "net/socket.h"
#include "result/result.h"

namespace outrigger::soak {

class Endpoint::Connection final : private Wire {
 public:
  Connection(Endpoint& endpoint, net::FileDescriptor fd)
      : endpoint_(endpoint), timer_(endpoint.loop_, [this] { std::exchange(task_, nullptr)(); }) {
    if (endpoint_.echo_) protocol_ = make_echo(*this);
    stream_ = net::Stream::accepted(endpoint_.loop_, std::move(fd), nullptr,
                                    {.on_open = {},
                                     .on_bytes = [this](std::string_view bytes) { on_bytes(bytes); },
                                     .on_drained = [this] { reset_when_sent(); },
                                     .on_end = [this](const std::string&) { end(); }});
  }

  /// Whatever is queued.
  void reset_now() {
    if (ended_) return;
    net::reset_on_close(stream_->descriptor().get());
    stream_->close();
    end();
  }

 private:
  void write(std::string bytes) override { stream_->write(std::move(bytes)); }
  void finish() override { stream_->finish(); }
  void reset() override {
    resetting_ = true;
    reset_when_sent();
  }
  void note_goaway() override { endpoint_.on_goaway_(); }
  void later(net::Clock::duration delay, std::function<void()> task) override {
    task_ = std::move(task);
    timer_.set(delay);
  }

  void on_bytes(std::string_view bytes) {
    if (ended_ || resetting_) return;
    if (!protocol_) protocol_ = bytes.starts_with("PRI") ? make_http2(*this) : make_http1(*this);
    protocol_->on_bytes(bytes);
  }

  void reset_when_sent() {
    if (resetting_ && !ended_ && stream_->unsent() == 0) reset_now();
  }

  void end() {
    if (std::exchange(ended_, true)) return;
    timer_.cancel();
    endpoint_.loop_.defer([&all = endpoint_.connections_, this] { all.erase(this); });
  }

  Endpoint& endpoint_;
  net::Timer timer_;
  std::function<void()> task_;
  std::unique_ptr<Protocol> protocol_;
  std::unique_ptr<net::Stream> stream_;
  bool resetting_ = false;
  bool ended_ = false;
};

Endpoint::Endpoint(net::EventLoop& loop, const std::string& address, bool echo, std::function<void()> on_goaway)
    : loop_(loop), address_(address), echo_(echo), on_goaway_(std::move(on_goaway)) {
  bring_up();
}

Endpoint::~Endpoint() = default;

void Endpoint::bring_up() {
  if (up()) return;
  auto listener = net::listen_on(*net::SocketAddress::parse(address_), /*reuse_port=*/false);
  CHECK(listener.has_value());
  acceptor_ = std::make_unique<net::Acceptor>(loop_, std::move(*listener), [this](net::FileDescriptor fd) {
    auto connection = std::make_unique<Connection>(*this, std::move(fd));
    connections_.emplace(connection.get(), std::move(connection));
  });
}

void Endpoint::take_down() {
  acceptor_.reset();
  reset_connections();
}

void Endpoint::reset_connections() {
  for (const auto& [key, connection] : connections_) connection->reset_now();
}

}  // namespace outrigger::soak
