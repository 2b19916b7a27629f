#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/message.h"
#include "net/event_loop.h"
#include "sidecar/client_stream.h"
#include "sidecar/lease.h"
#include "sidecar/listener_target.h"
#include "sidecar/router.h"
#include "sidecar/unresolved_destinations.h"
#include "sidecar/upstream_stream.h"
#include "sidecar/waiting_room.h"

namespace outrigger::sidecar {

class Worker;

/// What a client is told where a worker may hold no more.
inline constexpr std::string_view kNoRoomError = "proxy_internal_response";
inline constexpr std::string_view kNoRoomText = "too much waits to be sent";

/// One request and its answer, whatever the two sides speak: picks an endpoint, passes both messages on with
/// backpressure, tries another endpoint where nothing can be lost by it, and counts. Owned by its ClientStream,
/// worker's thread only. Any call may end it by ClientStream::exchange_over() or abort(), after which it must not be
/// touched.
class Exchange final : private WaitingRoom::Guest, private UnresolvedDestinations::Guest {
 public:
  /// How much of a request's body is kept for another try.
  static constexpr std::size_t kMaxKeptBody = 64 * 1024;

  /// `target` outlives it.
  Exchange(Worker& worker, ClientStream& client, const ListenerTarget& target);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // --- by the client's side
  /// The request: its head, its body in pieces, its end; then flush_request(), once for all that came together.
  /// `whole`: it ends with what comes now.
  void start(const http::RequestHead& head, bool whole);
  void on_request_data(std::string_view bytes);
  void on_request_end(const std::vector<http::Field>& trailers);
  void flush_request();
  /// The request cannot be read any further, and what it is to be answered, if it is not being answered already.
  void on_request_broken(std::uint16_t status, std::string_view problem);
  bool request_whole() const { return request_whole_; }
  /// The client takes more again.
  void on_client_drained();
  /// The client is gone: nothing is answered any more.
  void on_client_gone();
  /// Either side has come to hold more, and the worker may not (HeldBytes::exhausted()): ends it, with 503 if that can
  /// still be said.
  void end_for_room();

  // --- by the endpoint's side
  /// The answer: heads, body and end; then flush_response(), once for all that came together.
  void on_upstream_head(const http::ResponseHead& head);
  void on_upstream_data(std::string_view bytes);
  void on_upstream_end(const std::vector<http::Field>& trailers);
  void flush_response();
  /// A 101, and the connection on which it came; its lease is added here.
  void on_upstream_upgraded(const http::ResponseHead& head, UpgradedConnection connection);
  /// `problem`: of an invalid answer, for the client. `reset_code`: with which an HTTP/2 endpoint has reset the stream.
  void on_upstream_failed(UpstreamFailure failure, std::string_view problem = {},
                          std::optional<std::uint32_t> reset_code = {});
  void on_upstream_drained();

 private:
  struct KeptField {
    std::string name;
    std::string value;
    bool sensitive;
  };

  void on_place() override;
  void on_no_place() override;
  void on_told() override;

  void keep_head(const http::RequestHead& head);
  /// Has the Service that the request's host names as its destination. False: it waits to be told of it, or has been
  /// answered.
  bool find_service(const http::RequestHead& head, bool has_waited);
  /// Which cluster it is for. False: it has been answered.
  bool find_cluster(const http::RequestHead& head);

  /// What of the request decides where in the cluster it goes, and what is spoken there.
  void read_keys(const http::RequestHead& head);
  balance::Request balance_request() const;
  /// Whoever carries the cluster's load now, or that of another where it cannot be carried.
  void go_to_carrier();
  /// Tries endpoints until one takes the request. `head`: null when the request is sent from what is kept.
  void try_endpoint(const http::RequestHead* head);
  /// Whether the failed try may be followed by another: what was sent must not be processed twice unless the method is
  /// idempotent (RFC 9110 section 9.2.2), and not at all once it is not whole any more.
  bool may_try_again(UpstreamFailure failure);
  bool may_connect_elsewhere();
  bool may_try_again_after(std::uint16_t status);
  bool may_resend();
  bool within_retry_budget();
  void try_again();
  void wait_for_place();
  void send_kept();
  /// It, as views into kept_head_; requires that it is kept.
  http::RequestHead kept_head() const;
  void keep(std::string_view bytes);
  void drop_kept();

  void account();
  void answer_or_abort(std::uint16_t status, std::string_view proxy_error, std::string_view text);
  void answer(std::uint16_t status, std::string_view proxy_error, std::string_view text);
  void answer_failure(UpstreamFailure failure, std::string_view problem);
  void leave_endpoint(Outcome outcome) { leave_endpoint(outcome, verdict_of(outcome)); }
  void leave_endpoint(Outcome outcome, balance::Verdict verdict);
  void count(std::uint16_t status);
  void on_time_out();

  Worker& worker_;
  ClientStream& client_;
  const ListenerTarget& target_;
  Destination* destination_ = nullptr;
  Destination* wanted_cluster_ = nullptr;
  Destination* cluster_ = nullptr;  ///< it, or what it fails over to
  std::uint64_t hash_ = 0;
  std::optional<std::uint64_t> wanted_endpoint_;
  Lease lease_;
  UpstreamStream* upstream_ = nullptr;
  std::vector<balance::Backend*> tried_;

  std::string kept_head_;             ///< as HTTP/1.1 writes it
  bool kept_head_sensitive_ = false;  ///< something in it is: sent again, it all is
  std::string kept_body_;
  std::vector<KeptField> kept_trailers_;
  bool kept_ = true;      ///< that is all that has come of the request
  std::size_t held_ = 0;  ///< bytes of it, of what the worker holds
  bool idempotent_ = false;
  http::Version version_ = http::Version::http11;  ///< of the request
  bool http2_upstream_ = false;
  bool request_whole_ = false;
  bool response_begun_ = false;
  bool response_whole_ = false;
  bool interim_sent_ = false;
  bool grpc_failed_ = false;
  bool resent_ = false;  ///< since a pooled connection had ended
  std::uint16_t status_ = 0;
  std::uint32_t failed_connects_ = 0;
  std::uint32_t retries_ = 0;
  std::uint64_t body_bytes_ = 0;

  net::Clock::time_point started_;
  net::Timer timer_;
};

}  // namespace outrigger::sidecar
