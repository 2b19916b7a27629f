#include "net/http_server.h"

#include "http/head_writer.h"
#include "net/acceptor.h"
#include "net/http_connection.h"

namespace outrigger::net {

std::shared_ptr<const std::string> chunked(std::string_view data) {
  std::string chunk;
  http::write_chunk_start(data.size(), chunk);
  chunk += data;
  chunk += http::kChunkEnd;
  return std::make_shared<const std::string>(std::move(chunk));
}

HttpServer::HttpServer(EventLoop& loop, FileDescriptor listener, SslContext context, Handler handler,
                       const HttpServerLimits& limits)
    : loop_(loop),
      context_(std::move(context)),
      handler_(std::move(handler)),
      limits_(limits),
      watcher_{.on_handshake = [this](HttpConnection& begun) { wait_for_turn(begun); },
               .on_open = [this](HttpConnection& open) { end_turn(open); },
               .on_handshake_failure =
                   [this](const SocketAddress& peer, const std::string& reason) {
                     if (on_handshake_failure_) on_handshake_failure_(peer, reason);
                   },
               .on_gone = [this](HttpConnection& ended) { forget(ended); }},
      turn_(loop, [this] { end_old_turns(); }),
      acceptor_(std::make_unique<Acceptor>(loop, std::move(listener),
                                           [this](FileDescriptor fd) { accept(std::move(fd)); })) {}

HttpServer::~HttpServer() {
  acceptor_.reset();
  // What exchanges do when they end may still look at connections().
  while (!connections_.empty()) {
    const auto connection = std::move(connections_.begin()->second);
    connections_.erase(connections_.begin());
  }
}

void HttpServer::set_context(SslContext context) {
  CHECK(context_ && context);
  context_ = std::move(context);
}

void HttpServer::close_after_answers() {
  closing_ = true;
  for (const auto& [key, connection] : connections_) connection->close_after_answer();
}

void HttpServer::stop_listening() { acceptor_.reset(); }

SocketAddress HttpServer::address() const {
  CHECK(acceptor_);
  const auto address = local_address(acceptor_->listener().get());
  CHECK(address);
  return *address;
}

void HttpServer::accept(FileDescriptor fd) {
  if (connections_.size() >= limits_.max_connections) return;
  const auto peer = peer_address(fd.get());
  if (!peer) return;
  auto connection =
      std::make_unique<HttpConnection>(loop_, std::move(fd), context_, *peer, limits_, handler_, watcher_);
  if (closing_) connection->close_after_answer();
  connections_.emplace(connection.get(), std::move(connection));
}

void HttpServer::wait_for_turn(HttpConnection& connection) {
  waiting_.push_back(&connection);
  give_turns();
}

void HttpServer::end_turn(const HttpConnection& connection) {
  std::erase(waiting_, &connection);
  std::erase_if(handshakes_, [&](const Handshake& each) { return each.connection == &connection; });
  give_turns();
}

void HttpServer::end_old_turns() {
  std::erase_if(handshakes_, [this](const Handshake& each) { return each.turn_ends_at <= loop_.now(); });
  give_turns();
}

void HttpServer::give_turns() {
  while (!waiting_.empty() && handshakes_.size() < limits_.max_handshakes) {
    HttpConnection& next = *waiting_.front();
    waiting_.pop_front();
    handshakes_.push_back({&next, loop_.now() + limits_.handshake_turn});
    next.take_up_handshake();
  }
  if (handshakes_.empty()) {
    turn_.cancel();
  } else {
    turn_.set(handshakes_.front().turn_ends_at - loop_.now());
  }
}

void HttpServer::forget(HttpConnection& connection) {
  end_turn(connection);
  const auto found = connections_.find(&connection);
  CHECK(found != connections_.end());
  // It is still on the stack; and the server may be gone before the round is over.
  loop_.defer([ended = std::shared_ptr<HttpConnection>(std::move(found->second))] {});
  connections_.erase(found);
}

}  // namespace outrigger::net
