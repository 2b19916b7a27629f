#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace outrigger::http {

/// Every limit of a head. Defaults are what docs/ARCHITECTURE.md documents.
struct HeadLimits {
  std::size_t max_head_bytes = 64 * 1024;    ///< request line to empty line: 431, towards a client
  std::size_t max_target_bytes = 16 * 1024;  ///< 414; also a request line that is that much longer than a short one
  std::size_t max_fields = 256;              ///< 431
};

enum class ParseState : std::uint8_t { complete, more, bad };

struct ParseResult {
  ParseState state = ParseState::more;
  std::size_t head_bytes = 0;     ///< complete: length of the head, its empty line included
  std::uint16_t status = 0;       ///< bad request: 400, 414, 421, 431, 501 or 505; bad response: 502
  const char* problem = nullptr;  ///< bad: which rule, for Proxy-Status and logs; static text without input bytes
};

/// Finds and reads a message's head, strictly after RFC 9112; anything lenient is refused but three things that the
/// RFC allows: one empty line before a request line (section 2.2), which then counts into head_bytes; a status line
/// that ends with its three digits (section 4); an HTTP/1.0 request without Host. request_target.h and
/// control_fields.h say what targets, Host and framing fields are refused.
/// Incremental: remembers how far it looked, so that a head that trickles in is scanned once and its lines are read
/// at most twice. The first broken line decides, however the bytes are cut. One parser a connection and direction;
/// one owner.
class HeadParser {
 public:
  explicit HeadParser(const HeadLimits& limits = {}) : limits_(limits) {}

  /// `bytes` is everything received since the message's first byte; it may have moved since the last call. On complete
  /// and bad the parser is ready for the next message. `head` is reused: its vector keeps its capacity, and it means
  /// something on complete alone.
  ParseResult request(std::string_view bytes, RequestHead& head);
  /// `to_head`: the response answers a HEAD request, so it has no body whatever its fields say.
  ParseResult response(std::string_view bytes, bool to_head, ResponseHead& head);

 private:
  template <class StartLine>
  ParseResult read_lines(std::string_view bytes, std::vector<Field>& fields, const StartLine& start_line);
  ParseResult finish(ParseResult result, std::vector<Field>& fields);
  void start_over();

  HeadLimits limits_;
  std::size_t scanned_ = 0;     ///< how far no line end is left unseen
  std::size_t line_start_ = 0;  ///< of the first line not read yet
  std::size_t fields_read_ = 0;
  bool start_line_read_ = false;
};

}  // namespace outrigger::http
