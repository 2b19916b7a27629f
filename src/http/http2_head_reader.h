#pragma once
/// Reads an HTTP/2 field section (RFC 9113 section 8) as the head that an HTTP/1.1 parser would have made of it, by the
/// same rules: it may go on to an HTTP/1.1 endpoint. That pseudo-fields come first, once and complete, that none is in
/// trailers, and that no field is connection-specific, the framing layer has seen to. One owner; reused for one section
/// after the other.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace outrigger::http {

class Http2HeadReader {
 public:
  struct Limits {
    std::size_t max_bytes;  ///< as RFC 9113 section 6.5.2 counts: 32 for each field beside its text
    std::size_t max_target_bytes;
    std::size_t max_fields;
  };

  explicit Http2HeadReader(const Limits& limits) : limits_(limits) {}

  void start_over();
  /// Takes a copy. What is above the limits is counted, not kept.
  void add(std::string_view name, std::string_view value, bool sensitive);
  bool too_large() const { return too_large_; }
  /// So far above the limits that reading on would only serve who sent it.
  bool hopeless() const { return bytes_ > kHopeless * limits_.max_bytes; }

  /// 0, or the status that HTTP/1.1 has for what is wrong: 400 malformed, 414, 431, 501 for CONNECT. `ends`: nothing
  /// follows. Views are good until the next start_over(). Several Cookie fields become one (RFC 9113 section 8.2.3).
  std::uint16_t read_request(bool ends, RequestHead& head);
  /// False: malformed, or too large. `to_head`: answers HEAD.
  bool read_response(bool ends, bool to_head, ResponseHead& head);
  /// False: as above. Those that may not be trailers are dropped (forwarded_fields.h).
  bool read_trailers(std::vector<Field>& fields);

 private:
  struct Text {
    std::size_t at = 0;
    std::size_t size = 0;
  };
  struct Entry {
    Text name;
    Text value;
    bool sensitive;
  };

  static constexpr std::size_t kHopeless = 4;

  Text keep(std::string_view text);
  std::string_view view(Text text) const { return std::string_view{text_}.substr(text.at, text.size); }
  void add_pseudo(std::string_view name, std::string_view value);
  void join_cookies();
  bool read_fields(std::vector<Field>& fields);

  Limits limits_;
  std::string text_;
  std::vector<Entry> entries_;
  Text method_, scheme_, authority_, path_, status_;
  std::size_t bytes_ = 0;
  std::size_t fields_ = 0;
  std::size_t cookies_ = 0;
  bool too_large_ = false;
  bool target_too_large_ = false;
  bool sensitive_ = false;  ///< a pseudo-field
};

}  // namespace outrigger::http
