#pragma once
/// The forms of a request's target and its authority (RFC 9112 section 3.2, RFC 3986 section 3.2). Any thread.
#include <string_view>

namespace outrigger::http {

/// A target taken apart: what goes into the request line of the next hop, and whom it names.
struct RequestTarget {
  std::string_view path;       ///< with its query; or "*"; of an absolute-form that may begin with the query
  std::string_view authority;  ///< of an absolute-form target only
  bool secured = false;        ///< an absolute-form target of https
};

/// Reads origin-form, asterisk-form (for OPTIONS alone) and absolute-form (http and https) targets. Stricter than
/// RFC 3986 in one way: user information is refused. Laxer in one: clients send "|", "{" or "^" unescaped, so any
/// visible ASCII character but "#" may stand in it. Returns the broken rule, or null.
const char* read_request_target(std::string_view method, std::string_view text, RequestTarget& target);

/// uri-host [ ":" port ], with a port of at most 65535. Empty is right in a Host field (RFC 9112 section 3.2).
bool is_authority(std::string_view text);

}  // namespace outrigger::http
