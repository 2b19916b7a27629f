#pragma once
/// Parses a message that arrives cut in pieces, as a connection would: after each piece the parser is shown everything
/// received so far, in a buffer that has moved, so that a view kept across calls is caught by the address sanitizer.
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>

#include "http/head_parser.h"

namespace outrigger::http {

/// How many bytes the next piece has; at least 1.
using PieceSize = std::function<std::size_t()>;

inline PieceSize always(std::size_t bytes) {
  return [bytes] { return bytes; };
}

inline PieceSize random_pieces(unsigned seed, std::size_t at_most) {
  return [random = std::mt19937{seed}, at_most]() mutable {
    return std::uniform_int_distribution<std::size_t>{1, at_most}(random);
  };
}

/// What came out of parsing: the views of `head` point into `received`.
template <class Head>
struct Parsed {
  ParseResult result;
  Head head;
  std::unique_ptr<std::string> received;
};

template <class Head, class Parse>
Parsed<Head> parse_in_pieces(std::string_view message, const PieceSize& piece_size, const Parse& parse) {
  Parsed<Head> parsed;
  std::size_t received = 0;
  while (parsed.result.state == ParseState::more && received < message.size()) {
    received = std::min(message.size(), received + piece_size());
    parsed.received = std::make_unique<std::string>(message.substr(0, received));
    parsed.result = parse(*parsed.received, parsed.head);
  }
  return parsed;
}

inline Parsed<RequestHead> parse_request(std::string_view message, const PieceSize& piece_size,
                                         const HeadLimits& limits = {}) {
  HeadParser parser{limits};
  return parse_in_pieces<RequestHead>(
      message, piece_size, [&](std::string_view bytes, RequestHead& head) { return parser.request(bytes, head); });
}

inline Parsed<ResponseHead> parse_response(std::string_view message, bool to_head, const PieceSize& piece_size,
                                           const HeadLimits& limits = {}) {
  HeadParser parser{limits};
  return parse_in_pieces<ResponseHead>(message, piece_size, [&](std::string_view bytes, ResponseHead& head) {
    return parser.response(bytes, to_head, head);
  });
}

}  // namespace outrigger::http
