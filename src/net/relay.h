#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "net/event_loop.h"
#include "net/file_descriptor.h"
#include "net/held_bytes.h"
#include "net/pipe.h"

namespace outrigger::net {

/// What the relays of one loop share; outlives them.
struct RelayResources {
  EventLoop& loop;
  /// Bytes on their way through, during one call. Relays hold at most as much a direction when a side does not take
  /// them. At least 16 KiB, less never shows that a direction is bulk; more than 64 KiB gains nothing.
  std::span<char> scratch;
  PipePool& pipes;
  /// Where copied bytes that a side does not take are counted; those in pipes are bounded by `pipes`.
  HeldBytes& held;
};

/// Why a relay is over. Only `orderly` looks like an orderly end to a side: all others reset the sides that are left,
/// so that nobody takes what was cut for the whole.
enum class RelayEnd {
  orderly,            ///< both sides ended, and everything they sent was passed on
  reset_by_client,    ///< or the connection to it broke
  reset_by_upstream,  ///< the same; also: it could not be connected to
  idle,               ///< neither sent, nor took, anything for the idle time
  no_room,            ///< it would hold more bytes than there may be (RelayResources::held)
};

/// Moves bytes both ways between a client and an upstream, two TCP sockets. An end of one side is passed on when
/// everything before it is, and the other way goes on. A side that does not take bytes stops the other from being read.
/// A reset is passed on after what came before it.
///
/// Costs one recv and one send a message, and nothing is allocated for it. Large reads make a direction bulk: it goes
/// through a pipe with splice(2), without copying, until what comes is small again; with no pipe to be had it goes on
/// as before. Bytes are held (in the pipe, or copied) only while a side does not take them: an idle relay has no buffer
/// and no pipe.
///
/// Loop's thread only. The process must ignore SIGPIPE, which splice(2) would raise.
class Relay {
 public:
  struct Side {
    FileDescriptor fd;  ///< connected, or still connecting; not registered with the loop
    /// What was read from this side before and goes first to the other; copied.
    std::string_view received = {};
  };
  /// Bytes that the sides took; those of Side::received count.
  struct Bytes {
    std::uint64_t to_client = 0;
    std::uint64_t to_upstream = 0;
  };
  using OnOver = std::function<void(RelayEnd, const Bytes&)>;

  /// `on_over` is called once, both sockets closed, from an event or the timer of the loop, never from a call to the
  /// relay; it may destroy the relay. A connection that does not come about within `idle` is over too.
  Relay(const RelayResources& resources, Side client, Side upstream, Clock::duration idle, OnOver on_over);
  ~Relay() { close(); }
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  /// Resets both sides now. `on_over` is not called.
  void close();
  Bytes bytes() const { return {upstream_.passed_on, client_.passed_on}; }
  /// When a byte last went either way.
  Clock::time_point last_active() const { return last_active_; }

 private:
  /// Bytes of one side that the other has not taken yet.
  struct Held;

  /// One side's socket, and the way of its bytes to the other.
  struct End final : EventHandler {
    End(Relay& owner, Side side);
    ~End();
    void on_events(std::uint32_t events) override { relay.on_events(*this, events); }
    bool to_be_read() const { return !ended && !held; }

    Relay& relay;
    FileDescriptor fd;
    std::uint32_t interest = 0;
    std::uint8_t bulk_reads = 0;  ///< how many more to do with splice(2)
    bool registered = true;
    bool connected = false;   ///< as far as is known
    bool ended = false;       ///< sends no more
    bool end_passed = false;  ///< and the other side has been told
    std::unique_ptr<Held> held;
    std::uint64_t passed_on = 0;
  };

  void on_events(End& end, std::uint32_t events);
  void handle(End& end, std::uint32_t events);
  void read(End& from);
  void receive(End& from);
  bool splice(End& from);
  void on_writable(End& to);
  bool flush(End& from);
  void pass_end_on(End& from);
  void park(End& end);
  void set_interest(End& end);
  void moved(End& from, std::size_t size);
  void broken(End& end);
  void on_timer();
  void over(RelayEnd why) { over_ = why; }
  void tell();
  End& other(const End& end) { return &end == &client_ ? upstream_ : client_; }
  bool to_be_written(const End& end);

  const RelayResources& resources_;
  End client_;
  End upstream_;
  Clock::duration idle_;
  Clock::time_point last_active_;
  Timer timer_;
  OnOver on_over_;
  std::optional<RelayEnd> over_;
};

}  // namespace outrigger::net
