#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/message.h"

namespace outrigger::http {

/// Takes a message's body out of its framing, a piece at a time, without copying (RFC 9112 sections 6 and 7). Trailers
/// are checked and dropped, as section 7.1.2 allows. Refused are: a chunk size of more than 16 digits, a chunk's
/// extensions of more than kMaxChunkExtensionBytes, trailers of more than kMaxTrailerBytes, control characters in
/// either, and any line end but CRLF. One owner.
class BodyReader {
 public:
  static constexpr std::uint32_t kMaxChunkExtensionBytes = 4 * 1024;
  static constexpr std::uint32_t kMaxTrailerBytes = 16 * 1024;

  BodyReader() = default;  ///< no body: done at once
  BodyReader(Framing framing, std::uint64_t content_length);

  struct Step {
    std::size_t consumed = 0;       ///< how many of the given bytes are used up; never past the body's end
    std::string_view data;          ///< body bytes among them, may be empty
    const char* problem = nullptr;  ///< the framing is broken: static text; the reader must not be used further
  };
  /// Call again while bytes are left, !done() and no problem.
  Step read(std::string_view bytes);

  bool done() const { return state_ == State::done; }
  /// Every byte until the connection closes is body, so that close() tells a whole body from a cut one.
  bool until_close() const { return framing_ == Framing::until_close; }

 private:
  enum class State : std::uint8_t {
    data,
    chunk_size,
    chunk_size_blank,
    chunk_extension,
    chunk_size_lf,
    chunk_data,
    chunk_data_cr,
    chunk_data_lf,
    trailer_start,
    trailer_name,
    trailer_value,
    trailer_lf,
    last_lf,
    done
  };

  std::string_view take_data(std::string_view bytes);
  const char* read_framing(char c);
  const char* read_size(char c);
  const char* read_size_end(char c);
  const char* read_trailer(char c);

  Framing framing_ = Framing::none;
  State state_ = State::done;
  std::uint8_t size_digits_ = 0;
  std::uint64_t left_ = 0;      ///< bytes of the body or of this chunk
  std::uint32_t overhead_ = 0;  ///< bytes of this chunk's extension, or of the trailers: bounded
};

}  // namespace outrigger::http
