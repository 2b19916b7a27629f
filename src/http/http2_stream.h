#pragma once
/// What an HTTP/2 session knows of one stream, and its streams found by their identifiers. One owner.
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/http2_session.h"

namespace outrigger::http {

struct Http2Stream {
  StreamId id = 0;
  Http2StreamHandler* handler = nullptr;  ///< null: nobody hears of it
  Http2Stream* next = nullptr;            ///< in its bucket

  std::string body;  ///< what is to be sent, from body_sent on
  std::size_t body_sent = 0;
  struct Trailer {
    std::size_t name_end;
    std::size_t value_end;
    bool sensitive;
  };
  std::string trailer_text;  ///< name after value after name...
  std::vector<Trailer> trailers;
  std::size_t withheld = 0;  ///< bytes received while paused: their window stays shut

  bool to_head = false;    ///< client role: the request is a HEAD
  bool opened = false;     ///< the other side knows of it: what is sent now comes behind the head
  bool head_read = false;  ///< the other side's final head has come
  bool end_read = false;   ///< and all of its half
  bool end_sent = false;
  bool finished = false;  ///< our half ends behind what is queued
  bool deferred = false;  ///< nghttp2 waits to be told that there is something to send
  bool detached = false;
  bool paused = false;
  bool reset = false;  ///< RST_STREAM is queued: nothing more is said or heard but on_closed()
  Http2Error reset_with = Http2Error::no_error;
  bool abandon_rest = false;  ///< once our half is out, the other one is not waited for

  std::size_t queued() const { return body.size() - body_sent; }
  std::string_view to_send() const { return std::string_view{body}.substr(body_sent); }
};

/// Identifiers of one side count up by two, so that a few low bits spread them evenly.
class Http2Streams {
 public:
  Http2Stream& open(StreamId id);
  Http2Stream* find(StreamId id) const;
  /// Null when there is none.
  Http2Stream* any() const;
  /// Takes it out; it stays good until recycle().
  void close(Http2Stream& stream);
  void recycle(Http2Stream& stream);
  std::size_t size() const { return size_; }

  Http2Streams() = default;
  Http2Streams(const Http2Streams&) = delete;
  Http2Streams& operator=(const Http2Streams&) = delete;
  ~Http2Streams();

 private:
  static constexpr std::size_t kBuckets = 64;
  static constexpr std::size_t kKeptStreams = 16;  ///< for reuse, of those that are over

  static std::size_t bucket(StreamId id) { return (static_cast<std::uint32_t>(id) >> 1) % kBuckets; }

  std::array<Http2Stream*, kBuckets> buckets_{};
  std::vector<std::unique_ptr<Http2Stream>> unused_;
  std::size_t size_ = 0;
};

}  // namespace outrigger::http
