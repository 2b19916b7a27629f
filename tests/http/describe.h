#pragma once
/// Heads as text, so that tests compare whole heads and a difference can be read.
#include <array>
#include <string>

#include "http/head_parser.h"
#include "http/message.h"

namespace outrigger::http {

inline std::string describe(Framing framing, std::uint64_t content_length) {
  constexpr std::array<const char*, 4> kNames{"none", "length", "chunked", "until_close"};
  std::string text = kNames[static_cast<std::size_t>(framing)];
  if (framing == Framing::length) text += " " + std::to_string(content_length);
  return text;
}

inline std::string describe(const std::vector<Field>& fields) {
  std::string text;
  for (const Field& field : fields) {
    text += " [" + std::string{field.name} + "=" + std::string{field.value} + (field.sensitive ? " sensitive]" : "]");
  }
  return text;
}

inline std::string describe(Version version) {
  switch (version) {
    case Version::http10: return " 1.0";
    case Version::http11: return " 1.1";
    case Version::http2: return " 2";
  }
  return " ?";
}

inline std::string describe_upgrade(std::string_view protocol) {
  return protocol.empty() ? "" : " upgrade to " + std::string{protocol};
}

/// Without what concerns only the client's connection: its version, keep-alive and the fields.
inline std::string describe_message(const RequestHead& head) {
  return std::string{head.method} + " " + std::string{head.target} + " at '" + std::string{head.authority} + "' body " +
         describe(head.framing, head.content_length) + describe_upgrade(head.upgrade);
}

inline std::string describe(const RequestHead& head) {
  return describe_message(head) + describe(head.version) + (head.keep_alive ? " keep-alive" : " close") +
         (head.expect_continue ? " expects" : "") + (head.accepts_trailers ? " accepts trailers" : "") +
         (head.max_forwards ? " forwards " + std::to_string(*head.max_forwards) : "") + describe(head.fields);
}

inline std::string describe(const ResponseHead& head) {
  return std::to_string(head.status) + " '" + std::string{head.reason} + "' body " +
         describe(head.framing, head.content_length) + describe_upgrade(head.upgrade) + describe(head.version) +
         (head.keep_alive ? " keep-alive" : " close") + describe(head.fields);
}

/// The outcome of a parse, with the head if that is complete.
template <class Head>
std::string describe(const ParseResult& result, const Head& head) {
  switch (result.state) {
    case ParseState::more: return "more";
    case ParseState::bad: return "bad " + std::to_string(result.status) + ": " + result.problem;
    case ParseState::complete: break;
  }
  return std::to_string(result.head_bytes) + " bytes: " + describe(head);
}

}  // namespace outrigger::http
