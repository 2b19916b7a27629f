#pragma once
/// Either side of an HTTP/2 connection, for tests.
#include <list>

#include "peer.h"

namespace outrigger::sidecar::test {

class Http2Peer final : public Peer, private http::Http2SessionHandler {
 public:
  /// A client's side.
  Http2Peer(Socket socket, const http::Http2Limits& limits);
  /// An endpoint's.
  Http2Peer(Socket socket, const http::Http2Limits& limits, Endpoint& endpoint);
  ~Http2Peer() override;

  Talk& open_stream();
  http::Http2Session& session() { return session_; }
  /// The frames that have come, whole ones, in order.
  const std::string& received() const { return received_; }

 private:
  class Stream;

  bool take(std::string_view bytes) override;
  void give(std::string& out) override;
  bool over() const override { return session_.over(); }
  void on_end() override { session_.abandon(http::Http2Error::connect_error); }
  http::Http2StreamHandler* on_request(http::StreamId id, const http::RequestHead& head) override;
  void on_capacity_changed() override {}

  Endpoint* endpoint_ = nullptr;
  std::string received_;
  std::list<Stream> streams_;
  http::Http2Session session_;
};

}  // namespace outrigger::sidecar::test
