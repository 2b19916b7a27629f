#pragma once
/// The inside of an Http2Session: what its sources share, and nobody else includes. http2_session_received.cc has what
/// comes, http2_session_sent.cc what goes, http2_session.cc the connection.
#include <nghttp2/nghttp2.h>

#include <array>
#include <charconv>
#include <span>

#include "http/http2_flood_guard.h"
#include "http/http2_head_reader.h"
#include "http/http2_session.h"
#include "http/http2_skipped_streams.h"
#include "http/http2_stream.h"

namespace outrigger::http {

inline std::uint8_t* bytes_of(std::string_view text) {
  // nghttp2 copies what it is given; its type is not const for other uses.
  return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
}

inline nghttp2_nv as_nv(std::string_view name, std::string_view value, bool sensitive) {
  const std::uint8_t flags = sensitive ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE;
  return {bytes_of(name), bytes_of(value), name.size(), value.size(), flags};
}

inline std::string_view as_text(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

inline std::size_t bytes_of_fields(std::span<const nghttp2_nv> fields) {
  std::size_t bytes = 0;
  for (const nghttp2_nv& field : fields) bytes += field.namelen + field.valuelen;
  return bytes;
}

/// The fields of a head to be sent; nghttp2 takes a copy and writes names in lower case.
class FieldList {
 public:
  void start_over() { fields_.clear(); }
  void put(std::string_view name, std::string_view value, bool sensitive = false) {
    fields_.push_back(as_nv(name, value, sensitive));
  }
  void put(const Field& field) { put(field.name, field.value, field.sensitive); }
  void put_content_length(std::uint64_t length) {
    const auto end = std::to_chars(digits_.data(), digits_.data() + digits_.size(), length).ptr;
    put("content-length", {digits_.data(), static_cast<std::size_t>(end - digits_.data())});
  }
  const nghttp2_nv* data() const { return fields_.data(); }
  std::size_t size() const { return fields_.size(); }
  std::size_t bytes() const { return bytes_of_fields(fields_); }

 private:
  std::vector<nghttp2_nv> fields_;
  std::array<char, 20> digits_{};
};

class Http2Session::Impl {
 public:
  Impl(Role role, const Http2Limits& limits, Http2SessionHandler& handler);

  bool receive(std::string_view bytes, std::string_view date);
  void write(std::string& out, std::size_t enough);
  bool wants_write() const { return !abandoned_ && nghttp2_session_want_write(session_.get()) != 0; }
  bool over() const { return abandoned_ || (nghttp2_session_want_read(session_.get()) == 0 && !wants_write()); }
  void abandon(Http2Error error);

  StreamId request(const RequestHead& head, const Hop& hop, bool end, Http2StreamHandler& handler);
  bool can_request() const;
  bool closing() const {
    return draining_ || broken_ || abandoned_ || nghttp2_session_check_request_allowed(session_.get()) == 0;
  }
  void respond(StreamId id, const ResponseHead& head, bool end, std::string_view date);

  void send(StreamId id, std::string_view bytes);
  void finish(StreamId id, std::span<const Field> trailers);
  void reset(StreamId id, Http2Error error);
  void detach(StreamId id);
  void pause(StreamId id, bool paused);
  std::size_t queued(StreamId id) const;
  std::size_t queued() const { return queued_; }
  std::size_t held() const { return queued_ + queued_fields_; }
  std::size_t open_streams() const { return streams_.size(); }
  StreamId partial_head() const { return partial_head_; }
  void end(Http2Error error);
  void drain();

 private:
  static nghttp2_session_callbacks* make_callbacks();
  struct Delete {
    void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
  };

  void submit_settings(const Http2Limits& limits);

  // What came.
  int frame_begin(const nghttp2_frame_hd& head);
  int headers_begin(const nghttp2_frame& frame);
  int field(const nghttp2_frame& frame, std::string_view name, std::string_view value, bool sensitive);
  int frame_received(const nghttp2_frame& frame);
  void headers_received(Http2Stream& stream, const nghttp2_frame& frame);
  void request_received(Http2Stream& stream, bool ends);
  void response_received(Http2Stream& stream, bool ends);
  void trailers_received(Http2Stream& stream);
  int data_received(StreamId id, std::string_view bytes);
  void settings_received();
  void ping_answered(const nghttp2_frame& frame);
  void stream_closed(StreamId id, std::uint32_t error);
  void consume(StreamId id, std::size_t bytes);

  // What goes.
  ssize_t next_data(Http2Stream& stream, std::size_t at_most, std::uint32_t& flags);
  int data_sent(Http2Stream& stream, const std::uint8_t* frame_head, std::size_t size);
  void frame_sent(const nghttp2_frame& frame);
  /// A head, or trailers, are not queued any more.
  void fields_left(const nghttp2_frame& frame);
  void frame_not_sent(const nghttp2_frame& frame);
  void submit_trailers(Http2Stream& stream);
  void resume(Http2Stream& stream);
  void answer(Http2Stream& stream, std::uint16_t status);
  void refuse(Http2Stream& stream, Http2Error error);
  void reset(Http2Stream& stream, Http2Error error);
  std::string_view status_text(std::uint16_t status);

  /// What a callback returns behind a call of a handler: that may have given up the session under it.
  int go_on() const { return abandoned_ ? NGHTTP2_ERR_CALLBACK_FAILURE : 0; }
  nghttp2_data_provider data_of(Http2Stream& stream);

  const Role role_;
  const std::uint32_t max_concurrent_streams_;
  Http2SessionHandler& handler_;
  Http2Streams streams_;
  Http2HeadReader reader_;
  Http2FloodGuard guard_;
  Http2SkippedStreams skipped_;
  RequestHead request_;
  ResponseHead response_;
  std::vector<Field> trailers_;
  FieldList fields_;
  std::array<char, 3> status_{};
  std::string_view date_;          ///< during receive()
  StreamId partial_head_ = 0;      ///< begun, not whole
  std::size_t queued_ = 0;         ///< of bodies
  std::size_t queued_fields_ = 0;  ///< of heads and trailers
  std::uint32_t peer_max_streams_ = 0;
  std::string* out_ = nullptr;  ///< during write()
  std::size_t enough_ = 0;
  bool broken_ = false;
  bool abandoned_ = false;
  bool draining_ = false;
  std::unique_ptr<nghttp2_session, Delete> session_;
};

}  // namespace outrigger::http
