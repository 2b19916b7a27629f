#pragma once
#include "http/message.h"
#include "net/http_server.h"

namespace outrigger::net {

class HttpConnection;

/// An HttpServer's exchange. Belongs to its connection until it has ended; stays in memory until the loop's round is
/// over, so that a late use is a CHECK.
class ServedExchange final : public HttpExchange {
 public:
  ServedExchange(HttpConnection& connection, const http::RequestHead& head);

  std::string_view method() const override { return method_; }
  std::string_view path() const override { return std::string_view(target_).substr(0, path_size_); }
  std::string_view query() const override;
  bool from_loopback() const override { return peer().is_loopback(); }
  const SocketAddress& peer() const override;
  std::string_view authorization() const override { return authorization_; }
  std::optional<PeerCertificate> certificate() const override;

  void respond(std::uint16_t status, std::string_view content_type, std::string_view body,
               std::chrono::seconds retry_after = {}) override;
  void start_stream(std::string_view content_type) override;
  void send(std::shared_ptr<const std::string> chunk) override;
  void end_stream() override;
  std::size_t unsent() const override;
  std::uint64_t sent() const override;

  // For its connection.
  bool answered() const { return answer_ != Answer::none; }
  bool complete() const { return answer_ == Answer::complete; }
  /// Calls on_body_end, once.
  void tell_body_end();
  /// Calls on_end; after it there is no connection any more.
  void end();

 private:
  enum class Answer : std::uint8_t { none, streaming, dropping, complete };

  HttpConnection& connection() const;
  void write_answer(std::uint16_t status, std::string_view content_type, std::string_view body,
                    std::chrono::seconds retry_after = {});
  void write_head(std::uint16_t status, std::string_view content_type, http::Framing framing, std::size_t size,
                  std::chrono::seconds retry_after, std::string& out) const;

  HttpConnection* connection_;
  std::string method_;
  std::string target_;
  std::size_t path_size_;
  std::string authorization_;
  bool http11_;
  bool body_end_told_ = false;
  Answer answer_ = Answer::none;
};

}  // namespace outrigger::net
