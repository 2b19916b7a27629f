/// The input is a request's head and a response's head at once. Properties: a parser takes no more than it was given;
/// where the input is cut changes nothing; a head that was accepted and written anew is accepted again, as the same
/// message.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/describe.h"
#include "http/head_writer.h"
#include "http/in_pieces.h"
#include "result/result.h"

using namespace outrigger::http;

namespace {

/// Small, so that a fuzzer gets to them.
constexpr HeadLimits kLimits{.max_head_bytes = 600, .max_target_bytes = 60, .max_fields = 12};

template <class Head>
void check_same(const Parsed<Head>& one, const Parsed<Head>& other) {
  CHECK(describe(one.result, one.head) == describe(other.result, other.head));
}

void check_rewritten(const RequestHead& head, Forwarded forwarded) {
  std::string out;
  write_request_head(head, {.via = true, .forwarded = forwarded, .client = "2001:db8::1"}, out);
  const auto again = parse_request(out, always(out.size()));
  CHECK(again.result.state == ParseState::complete);
  CHECK(again.result.head_bytes == out.size());
  CHECK(describe_message(again.head) == describe_message(head));
  CHECK(again.head.keep_alive);
  CHECK(again.head.expect_continue == head.expect_continue);
  CHECK(again.head.accepts_trailers == head.accepts_trailers);
  CHECK(again.head.max_forwards.has_value() == head.max_forwards.has_value());
}

void check_rewritten(const ResponseHead& head, const ClientSide& client) {
  std::string out;
  const Framing framing = write_response_head(head, client, out);
  const auto again = parse_response(out, client.to_head, always(out.size()));
  CHECK(again.result.state == ParseState::complete);
  CHECK(again.result.head_bytes == out.size());
  CHECK(again.head.status == head.status);
  CHECK(again.head.reason == head.reason);
  CHECK(again.head.upgrade == head.upgrade);
  CHECK(again.head.framing == framing);
  CHECK(framing != Framing::length || again.head.content_length == head.content_length);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  if (bytes.empty()) return 0;
  const auto seed = static_cast<unsigned>(std::hash<std::string_view>{}(bytes));

  const auto request = parse_request(bytes, always(size), kLimits);
  CHECK(request.result.head_bytes <= size);
  check_same(request, parse_request(bytes, always(1), kLimits));
  check_same(request, parse_request(bytes, random_pieces(seed, 40), kLimits));
  if (request.result.state == ParseState::complete) {
    for (const auto forwarded : {Forwarded::off, Forwarded::forwarded, Forwarded::x_forwarded}) {
      check_rewritten(request.head, forwarded);
    }
  }

  for (const bool to_head : {false, true}) {
    const auto response = parse_response(bytes, to_head, always(size), kLimits);
    CHECK(response.result.head_bytes <= size);
    check_same(response, parse_response(bytes, to_head, always(1), kLimits));
    check_same(response, parse_response(bytes, to_head, random_pieces(seed, 40), kLimits));
    if (response.result.state != ParseState::complete) continue;
    for (const bool http11 : {false, true}) {
      for (const bool close : {false, true}) check_rewritten(response.head, {http11, close, to_head});
    }
  }
  return 0;
}
