#pragma once
/// One HTTP/2 connection's protocol (RFC 9113, RFC 7541), either side of it: bytes in, bytes out, no I/O. The only user
/// of nghttp2. One owner, one thread.
///
/// What comes is checked before anybody hears of it: pseudo-fields, methods, targets, authorities and field values by
/// the rules of HTTP/1.1, since a head may go on to an HTTP/1.1 endpoint; lengths against DATA. A malformed message is
/// reset with protocol_error (RFC 9113 section 8.1.1), and its handler, if it has one already, told so. Stricter than
/// the RFC: a Host beside :authority must be the same, and :scheme is http or https.
///
/// Requests answered here, with a status, Proxy-Status and no body: a target above its limit (414), a field section
/// above its limits (431), CONNECT (501; with :protocol it is malformed, since that is not offered). A field section of
/// more than four times max_head_bytes, trailers and responses above the limits are reset with enhance_your_calm; a
/// single name or value above 64 KiB ends the connection with compression_error.
///
/// Floods end the connection with enhance_your_calm: more than 10,000 frames in a row beyond what use they were
/// (http2_flood_guard.h has how that is counted), about 150 requests sent to be reset by us (less any use in between),
/// 1,000 unsent answers to PING and SETTINGS, 32 entries in a SETTINGS, 8 CONTINUATIONs to a field section. More than
/// 1,000 RST_STREAMs in a row, and 100 a second from then on, end a server's with internal_error.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/forwarded_fields.h"
#include "http/message.h"

namespace outrigger::http {

/// RFC 9113 section 7.
enum class Http2Error : std::uint32_t {
  no_error = 0x0,
  protocol_error = 0x1,
  internal_error = 0x2,
  flow_control_error = 0x3,
  settings_timeout = 0x4,
  stream_closed = 0x5,
  frame_size_error = 0x6,
  refused_stream = 0x7,
  cancel = 0x8,
  compression_error = 0x9,
  connect_error = 0xa,
  enhance_your_calm = 0xb,
  inadequate_security = 0xc,
  http_1_1_required = 0xd,
};

/// What this side allows the other. Defaults are what docs/ARCHITECTURE.md documents.
struct Http2Limits {
  std::uint32_t max_concurrent_streams = 256;     ///< server role: further ones are refused
  std::size_t max_head_bytes = 64 * 1024;         ///< a field section, uncompressed, as RFC 9113 section 6.5.2 counts
  std::size_t max_target_bytes = 16 * 1024;       ///< of :path
  std::size_t max_fields = 256;                   ///< also of trailers
  std::uint32_t stream_window_bytes = 64 * 1024;  ///< of one stream's body, not yet taken on
  std::uint32_t connection_window_bytes = 1024 * 1024;  ///< of all of them
};

using StreamId = std::int32_t;

/// Who hears of one stream. Called from within receive(), write() and abandon() alone. Views are good until the call
/// returns. A handler may go in on_closed(), or once its stream is detached.
class Http2StreamHandler {
 public:
  /// Client role: a response's head; interim ones (1xx) may come before. `framing` is none when the response ends with
  /// it (always for interim ones), length when a body of content_length bytes follows, chunked otherwise.
  virtual void on_head(const ResponseHead& head) = 0;
  /// A piece of the body, not empty. Its window is opened again when the call returns, unless the stream is paused
  /// then.
  virtual void on_data(std::string_view bytes) = 0;
  /// The other side's half is complete. Not called behind a final head whose `framing` is none: that was the end.
  virtual void on_end(const std::vector<Field>& trailers) = 0;
  /// What was queued has gone so far that more is welcome: after queued() was above 0, it is 0 again. Not behind
  /// finish().
  virtual void on_drained() = 0;
  /// The stream is over and this the last call for it. no_error: both halves ended well, or a whole response came
  /// before all of its request had gone (RFC 9113 section 8.1). refused_stream: the other side has not begun with it
  /// (also told by its GOAWAY), so it may be sent elsewhere (RFC 9113 section 8.7). After reset(): the error given
  /// there.
  virtual void on_closed(Http2Error error) = 0;

 protected:
  ~Http2StreamHandler() = default;
};

/// Who hears of the connection.
class Http2SessionHandler {
 public:
  /// Server role: a request. Returns who hears of its stream from now on; null: it is reset with refused_stream, unless
  /// it was detached. The head's `framing` is none when the request ends with it, and then on_end() is not called.
  virtual Http2StreamHandler* on_request(StreamId stream, const RequestHead& head) = 0;
  /// Server role: a request has been answered here, with that.
  virtual void on_answered(std::uint16_t /*status*/) {}
  /// Client role: the other side takes no new streams (GOAWAY), or has changed how many it takes at once.
  virtual void on_capacity_changed() = 0;

 protected:
  ~Http2SessionHandler() = default;
};

class Http2Session {
 public:
  enum class Role : std::uint8_t { client, server };

  /// `handler` outlives the session. The connection's preface (client role) and SETTINGS are ready to be written.
  /// Requires windows of at most 2^31 - 1 bytes.
  Http2Session(Role role, const Http2Limits& limits, Http2SessionHandler& handler);
  /// No handler is called any more: abandon() first where that matters. Not from within a handler's call.
  ~Http2Session();

  /// What came from the other side. False: the connection is broken; write() what is left, which is a GOAWAY that says
  /// why, and close. Some breaches show only in over(), once write() has taken the GOAWAY. Not from within a handler's
  /// call. `date`: now, or nothing, for requests that are answered here (RFC 9110 section 6.6.1).
  [[nodiscard]] bool receive(std::string_view bytes, std::string_view date = {});
  /// Appends what is to be sent to `out`, until there is nothing more or `out` holds `enough` bytes or more. Not from
  /// within a handler's call.
  void write(std::string& out, std::size_t enough);
  bool wants_write() const;
  /// Nothing is left to be said on either side: close. Streams may be left open: abandon() ends them.
  bool over() const;
  /// Every stream is over: on_closed(error) for each. For when the connection is lost or given up; nothing more is
  /// written.
  void abandon(Http2Error error);

  // --- client role
  /// Opens a stream and queues the head. `end`: nothing follows. Requires can_request(). Hop-by-hop fields are left out
  /// (forwarded_fields.h), names written in lower case; a TE that has `trailers` stays as that; Via is appended if
  /// asked. Content-Length is told when `framing` is length, or when the head has one.
  StreamId request(const RequestHead& head, const Hop& hop, bool end, Http2StreamHandler& handler);
  /// The other side takes new streams, and the number open is below both its limit and ours.
  bool can_request() const;
  /// No more streams can ever be opened: GOAWAY came or went, or identifiers have run out.
  bool closing() const;

  // --- server role
  /// Queues a response's head; 1xx: an interim one. `end`: nothing follows. Fields as request() has them. A
  /// Content-Length is told when `framing` is length, or when the head has one (it may answer HEAD). Requires a status
  /// other than 101. A head of more than 256 KiB is not sent, its stream reset with internal_error. `date`: now, or
  /// nothing, for a final response that has no Date (RFC 9110 section 6.6.1).
  void respond(StreamId stream, const ResponseHead& head, bool end, std::string_view date = {});

  // --- both roles. A stream that is gone is passed over.
  /// Queues a copy of a piece of the body. Requires that our half has not ended; so does finish().
  void send(StreamId stream, std::string_view bytes);
  /// Ends our half behind what is queued. Of `trailers`, what is for this hop alone and Content-Length are left out.
  void finish(StreamId stream, std::span<const Field> trailers);
  /// RST_STREAM; what is queued for the stream is dropped. on_closed() follows from within receive() or write(), and
  /// nothing before it.
  void reset(StreamId stream, Http2Error error);
  /// Nobody hears of the stream any more: what comes for it is dropped, what is queued still goes out. Server role:
  /// once that has ended our half, a request that has not ended is given up with no_error (RFC 9113 section 8.1), or
  /// its stream would stay open for as long as the client sends, or waits.
  void detach(StreamId stream);
  /// While paused, no window is opened for what comes: the other side stops after at most stream_window_bytes.
  void pause(StreamId stream, bool paused);
  std::size_t queued(StreamId stream) const;
  /// Bytes of bodies queued on all streams.
  std::size_t queued() const;
  /// The same with those of heads and trailers.
  std::size_t held() const;
  std::size_t open_streams() const;

  /// The stream of the head or the trailers of which only a part has come yet; 0: of none.
  StreamId partial_head() const;
  /// GOAWAY with that: write() it, then it is over.
  void end(Http2Error error);

  /// GOAWAY in two steps (RFC 9113 section 6.8): the first names no last stream, so that what is on its way is still
  /// served; the second, behind the answer to a PING sent with the first, names it. A client's is one GOAWAY. Streams
  /// go on to their ends.
  void drain();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace outrigger::http
