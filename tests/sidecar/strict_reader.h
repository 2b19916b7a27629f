#pragma once
/// Reads HTTP/1.1 messages as the strictest recipient would, with nothing of the product: a message that this takes can
/// be taken in one way alone (RFC 9112).
#include <string>
#include <string_view>

namespace outrigger::sidecar::test {

struct StrictReading {
  std::size_t size = 0;    ///< of the whole message at the beginning; 0: none
  std::string problem;     ///< empty: none so far, so without a size there is more to come
  std::string start_line;  ///< of a whole message, as are these
  std::string head;
  std::string body;  ///< without its framing

  bool whole() const { return size > 0; }
};

StrictReading read_strict_request(std::string_view bytes);
/// Of one that answers no HEAD. `at_end`: no more comes.
StrictReading read_strict_response(std::string_view bytes, bool at_end);

}  // namespace outrigger::sidecar::test
