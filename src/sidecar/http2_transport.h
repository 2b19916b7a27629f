#pragma once
#include <cstdint>

#include "http/http2_session.h"
#include "net/event_loop.h"
#include "net/file_descriptor.h"
#include "sidecar/send_queue.h"

namespace outrigger::sidecar {

class Worker;

/// A socket that speaks HTTP/2: reads into a session and, once a round of events, writes what all its streams have to
/// say with one system call. Worker's thread only.
class Http2Transport final : private net::EventHandler {
 public:
  class Owner : public http::Http2SessionHandler {
   public:
    /// The session has taken in what came with one read: what its streams pass on should go now.
    virtual void on_batch_over() = 0;
    /// The connection is over: every stream has been told. The owner closes it.
    virtual void on_transport_over() = 0;

   protected:
    ~Owner() = default;
  };

  /// `fd` is connected (server role) or connecting (client role). `owner` outlives it.
  Http2Transport(Worker& worker, net::FileDescriptor fd, http::Http2Session::Role role, Owner& owner);
  ~Http2Transport();

  http::Http2Session& session() { return session_; }
  const http::Http2Session& session() const { return session_; }
  /// Bytes that were read before it was known that this is HTTP/2.
  void receive(std::string_view bytes);
  /// The session has something to say: it is written when this round's events are told.
  void wants_flush();
  /// For the worker, at the end of the round.
  void flush();
  /// Nothing is called any more; the socket is closed.
  void close();
  /// The same, but the socket stays open, with all bytes for the peer at the kernel. Nothing: it is broken, or the peer
  /// has ended it.
  net::FileDescriptor release();

  bool established() const { return established_; }
  net::Clock::time_point last_active() const { return last_active_; }
  /// How often the kernel has been given something: what has come into the session since then has not gone out.
  std::uint64_t sends() const { return sends_; }
  /// The peer does not take what it is sent.
  bool blocked() const { return queue_.blocked(); }

 private:
  void on_events(std::uint32_t events) override;
  void read_some();
  void lose(http::Http2Error error);
  void set_interest();
  void account(std::size_t held);

  Worker& worker_;
  Owner& owner_;
  net::FileDescriptor fd_;
  SendQueue queue_;
  net::Clock::time_point last_active_;
  std::uint64_t sends_ = 0;
  std::uint32_t interest_;
  std::size_t accounted_ = 0;  ///< of what the worker holds
  bool established_;
  bool flush_wanted_ = false;
  bool lost_ = false;
  bool said_all_ = false;  ///< lost since nothing more is to be said
  bool failing_ = false;   ///< the session is broken: what it has to say of that goes out, then it ends
  http::Http2Session session_;
};

}  // namespace outrigger::sidecar
