#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "http/body_reader.h"
#include "http/head_parser.h"
#include "http/head_writer.h"
#include "net/event_loop.h"
#include "net/file_descriptor.h"
#include "sidecar/client_stream.h"
#include "sidecar/connection.h"
#include "sidecar/exchange.h"
#include "sidecar/listener_target.h"
#include "sidecar/send_queue.h"

namespace outrigger::sidecar {

class Worker;

/// A client's HTTP/1.1 connection: reads requests, has one exchange at a time, keeps pipelined bytes for the next.
/// Holds no buffer while it is idle. Worker's thread only.
class Http1Client final : public Connection, private ClientStream, private net::EventHandler {
 public:
  Http1Client(Worker& worker, net::FileDescriptor fd, std::shared_ptr<const ListenerTarget> target);
  ~Http1Client() override;

  /// What has been read already, its first byte `since` then. Call at most once, first, and when the worker has it.
  void begin(std::string_view bytes, net::Clock::time_point since) {
    last_active_ = since;
    process(bytes);
  }

  void close() override;
  void drain() override;

 private:
  /// What is there while there is a request.
  struct Request {
    Request(Worker& worker, Http1Client& client, const ListenerTarget& target) : exchange(worker, client, target) {}
    http::ClientSide side;
    http::Framing framing = http::Framing::none;           ///< of the request
    http::Framing response_framing = http::Framing::none;  ///< towards the client
    bool asked_to_close = false;                           ///< by the client, which sends no more
    bool answered = false;                                 ///< the response's head has been written
    bool answered_whole = false;                           ///< as has its end
    bool broken = false;                                   ///< writing has failed
    http::BodyReader body;
    Exchange exchange;
  };

  void send_head(const http::ResponseHead& head) override;
  void send_data(std::string_view bytes) override;
  void send_end(const std::vector<http::Field>& trailers) override;
  void send_answer(std::uint16_t status, std::string_view proxy_error, std::string_view text) override;
  [[nodiscard]] bool flush() override;
  bool full() const override { return queue_.blocked(); }
  bool holds() const override { return queue_.blocked(); }
  void pause_reading(bool paused) override;
  std::string address() const override;
  void become_tunnel(const http::ResponseHead& head, UpgradedConnection upstream) override;
  void exchange_over() override;
  void abort() override;
  bool pass_reset_on(std::uint32_t) override { return false; }

  void on_events(std::uint32_t events) override;
  void read_some();
  void process(std::string_view bytes);
  /// Takes what it can off `bytes`: returns false when nothing more can be done with them now.
  bool step(std::string_view& bytes);
  bool begin_request(std::string_view& bytes);
  /// Takes what is the request's off `bytes`, in pieces; returns the broken rule, or null.
  const char* read_body(std::string_view& bytes);
  void pass_body_on();
  /// `request`: what has come of it.
  void refuse(std::uint16_t status, std::string_view proxy_error, std::string_view problem, std::string_view request);
  void account();
  void end_for_room();
  void drop_held();
  void on_drained();
  /// Nothing is under way: if the sidecar is to end, this is the place.
  void await_request();
  /// With a request, if only its beginning, or an answer.
  bool busy() const { return request_ || head_begun_ || closing_ || queue_.blocked(); }
  void end_politely();
  void reset();
  void set_interest();
  net::Clock::time_point due() const;
  void arm_timer();
  void on_timer();

  Worker& worker_;
  net::FileDescriptor fd_;
  std::uint32_t interest_ = EPOLLIN;
  std::shared_ptr<const ListenerTarget> target_;
  http::HeadParser parser_;
  std::string held_;           ///< a partial head, or what was pipelined behind the current request
  std::size_t accounted_ = 0;  ///< of what the worker holds
  SendQueue queue_;
  std::unique_ptr<Request> request_;
  net::Timer timer_;
  net::Clock::time_point last_active_;
  net::Clock::time_point due_;          ///< what timer_ is set to
  net::Clock::time_point phase_since_;  ///< when the head under way began
  bool paused_ = false;                 ///< by the exchange
  bool ended_ = false;                  ///< the client sends no more
  bool closing_ = false;                ///< once everything queued is sent
  bool may_send_more_ = false;          ///< closing, which the client has not been told or has not asked for
  bool processing_ = false;
  bool closed_ = false;
  bool head_begun_ = false;  ///< held_ is the beginning of a request's head
};

}  // namespace outrigger::sidecar
