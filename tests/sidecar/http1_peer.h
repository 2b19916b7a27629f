#pragma once
/// Either side of an HTTP/1.1 connection, for tests that are the same for HTTP/2.
#include <deque>
#include <optional>

#include "http/body_reader.h"
#include "http/head_parser.h"
#include "peer.h"

namespace outrigger::sidecar::test {

/// What both sides have in common: our message's framing, and the body of theirs.
class Http1Peer : public Peer {
 protected:
  class Stream final : public Talk {
   public:
    Stream(Http1Peer& peer, bool is_client) : peer_(peer), is_client_(is_client) {}
    void send_head(const Head& head, bool end) override;
    void send_data(std::string_view bytes) override;
    void send_end(const Fields& trailers) override;
    void reset(http::Http2Error) override { peer_.reset(); }
    void pause(bool paused) override { peer_.stop_reading(paused); }
    std::size_t queued() const override { return peer_.out_.size(); }
    std::string method;  ///< of the request
    bool sent_end = false;

   private:
    Http1Peer& peer_;
    bool is_client_;
    bool chunked_ = false;
  };

  explicit Http1Peer(Socket socket) : Peer(std::move(socket)) {}
  bool take(std::string_view bytes) override;
  /// Takes a head, if one is there, and starts `body_`.
  virtual bool take_head() = 0;
  virtual void message_over() = 0;

  std::string in_;
  Stream* current_ = nullptr;  ///< whose message comes
  http::BodyReader body_;
  bool in_body_ = false;
  http::HeadParser parser_{{.max_head_bytes = 1 << 20, .max_target_bytes = 1 << 20, .max_fields = 10'000}};
};

class Http1ClientPeer final : public Http1Peer {
 public:
  explicit Http1ClientPeer(Socket socket) : Http1Peer(std::move(socket)), stream_(*this, true) { current_ = &stream_; }
  Talk& talk() { return stream_; }

 private:
  bool take_head() override;
  void message_over() override {}
  void on_end() override;

  http::ResponseHead head_;
  Stream stream_;
};

class Http1ServerPeer final : public Http1Peer {
 public:
  Http1ServerPeer(Socket socket, Endpoint& endpoint) : Http1Peer(std::move(socket)), endpoint_(endpoint) {}

 private:
  bool take_head() override;
  void message_over() override;
  void on_end() override;

  Endpoint& endpoint_;
  http::RequestHead head_;
  std::deque<Stream> streams_;
};

}  // namespace outrigger::sidecar::test
