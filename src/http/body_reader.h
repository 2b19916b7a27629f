#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace outrigger::http {

/// Takes a message's body out of its framing, a piece at a time, without copying (RFC 9112 sections 6 and 7). Refused
/// are: a chunk size of more than 16 digits, a chunk's extensions of more than kMaxChunkExtensionBytes, trailers of
/// more than kMaxTrailerBytes or kMaxTrailerFields, control characters in either, and any line end but CRLF. One owner.
class BodyReader {
 public:
  static constexpr std::uint32_t kMaxChunkExtensionBytes = 4 * 1024;
  static constexpr std::uint32_t kMaxTrailerBytes = 16 * 1024;
  static constexpr std::uint32_t kMaxTrailerFields = 128;

  BodyReader();  ///< no body: done at once
  BodyReader(Framing framing, std::uint64_t content_length);
  /// The body behind that head. Trailers that its Connection fields name are dropped (RFC 9110 section 7.6.1).
  explicit BodyReader(const RequestHead& head);
  explicit BodyReader(const ResponseHead& head);
  BodyReader(BodyReader&&) noexcept;
  BodyReader& operator=(BodyReader&&) noexcept;
  ~BodyReader();

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
  /// The trailers that go on, once done(): without those that may not be trailers (forwarded_fields.h). Views good as
  /// long as the reader is, also if it moves.
  const std::vector<Field>& trailers() const;
  /// Bytes that it has copied.
  std::size_t held() const { return trailers_ ? held_by_trailers() : 0; }

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

  struct Trailers;

  std::size_t held_by_trailers() const;
  void leave_out_nominated(const std::vector<Field>& fields);
  std::string_view take_data(std::string_view bytes);
  const char* read_framing(char c);
  const char* read_size(char c);
  const char* read_size_end(char c);
  const char* read_trailer(char c);

  Framing framing_ = Framing::none;
  State state_ = State::done;
  std::uint8_t size_digits_ = 0;
  std::uint64_t left_ = 0;              ///< bytes of the body or of this chunk
  std::uint32_t overhead_ = 0;          ///< bytes of this chunk's extension, or of the trailers: bounded
  std::unique_ptr<Trailers> trailers_;  ///< null while there are none
};

}  // namespace outrigger::http
