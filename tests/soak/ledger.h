#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "http/http2_session.h"
#include "net/event_loop.h"
#include "soak/script.h"

namespace outrigger::soak {

/// What a client sends.
struct Plan {
  std::string service;
  std::string kind;  ///< a row of the table
  Script script;
  std::string method = "GET";
  std::string body = {};
  bool chunked = false;         ///< HTTP/1.1: so the body is framed
  bool http2_endpoint = false;  ///< its endpoints are spoken to in HTTP/2
  bool tunnel = false;

  bool idempotent() const { return method != "POST"; }
  /// Held whole by the sidecar, so that it may be sent again.
  bool held() const { return body.size() <= 64 * 1024; }
};

/// What became of it.
struct Seen {
  net::Clock::time_point sent{};
  std::uint16_t status = 0;      ///< 0: no answer
  std::string proxy_error = {};  ///< what the sidecar says of an answer of its own
  std::optional<int> grpc_status = {};
  bool whole = false;
  bool content_right = true;
  bool not_connected = false;  ///< the sidecar took no connection
  bool behind_an_end = false;  ///< pipelined behind an answer that ended the connection
  bool hung = false;           ///< given up at its deadline
  std::optional<http::Http2Error> reset = {};
};

/// Counts what became of requests, and judges it by what the documentation promises and by what has been done to the
/// endpoints and to the sidecar meanwhile. One thread.
class Ledger {
 public:
  explicit Ledger(const net::EventLoop& loop) : loop_(loop) {}

  // --- what is done to endpoints and sidecar
  /// An endpoint of the service resets its connections, now and perhaps refuses new ones until fault_ends().
  void fault_begins(const std::string& service);
  void fault_ends(const std::string& service);
  /// An endpoint of the service has sent a GOAWAY: what it leaves out has to go to another one.
  void went_away(const std::string& service);
  /// The sidecar has been told to end; until drain_ends() it may be away.
  void drain_begins() { drain_began_ = loop_.now(); }
  void drain_ends();

  void record(const Plan& plan, const Seen& seen);
  /// The client went away by itself.
  void record_left(const Plan& plan) { ++outcomes_[plan.kind]["left by the client"]; }

  std::uint64_t requests() const { return requests_; }
  std::uint64_t outcomes(const std::string& kind, const std::string& outcome) const;
  /// Of that kind, those left by the client included.
  std::uint64_t total(const std::string& kind) const;
  std::uint64_t explained() const;
  /// At most the first hundred, in words.
  const std::vector<std::string>& unexplained() const { return unexplained_; }
  std::string table() const;

 private:
  struct Span {
    net::Clock::time_point from;
    std::optional<net::Clock::time_point> to = {};
  };

  /// Of what has gone wrong, why that may be; empty when it may not be.
  std::string explanation(const Plan& plan, const Seen& seen) const;
  /// Those that may have met a request that was sent then.
  std::size_t count_since(const std::map<std::string, std::deque<Span>>& spans, const Plan& plan,
                          const Seen& seen) const;

  const net::EventLoop& loop_;
  std::map<std::string, std::deque<Span>> faults_;
  std::map<std::string, std::deque<Span>> goaways_;
  std::deque<Span> drains_;
  std::optional<net::Clock::time_point> drain_began_;
  std::uint64_t requests_ = 0;
  std::map<std::string, std::map<std::string, std::uint64_t>> outcomes_;  ///< by kind
  std::map<std::string, std::uint64_t> explained_;
  std::vector<std::string> unexplained_;
};

}  // namespace outrigger::soak
