/// The input is a request and a response at once, given to our parser and to Boost.Beast's. Properties: what ours
/// accepts Beast accepts, as the same message; what only one of them accepts differs by one of the rules listed here,
/// each with where it stands; a chunked body that both accept holds the same data.
#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstdint>
#include <iostream>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "http/body_reader.h"
#include "http/in_pieces.h"
#include "http/syntax.h"
#include "result/result.h"

using namespace outrigger::http;
namespace beast = boost::beast;

namespace {

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

/// A message as either parser has it, in one form to be compared.
struct Message {
  std::string start;  ///< method and target, or status and reason
  bool http11 = true;
  std::vector<std::pair<std::string, std::string>> fields;  ///< names in lower case, sorted; of one name, in order
  std::string framing;

  bool operator==(const Message&) const = default;

  /// The values of that field. `name` in lower case.
  std::vector<std::string> values(std::string_view name) const {
    std::vector<std::string> found;
    for (const auto& [known, value] : fields) {
      if (known == name) found.push_back(value);
    }
    return found;
  }
};

void add_field(std::string_view name, std::string_view value, Message& message) {
  std::string lower_case{name};
  for (char& c : lower_case) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  message.fields.emplace_back(lower_case, value);
}

void sort_fields(Message& message) {
  std::stable_sort(message.fields.begin(), message.fields.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
}

std::string framing_text(bool chunked, bool until_close, std::uint64_t length) {
  return chunked ? "chunked" : until_close ? "until close" : std::to_string(length);
}

Message ours(const RequestHead& head, std::string_view target) {
  Message message;
  message.start = std::string{head.method} + " " + std::string{target};
  message.http11 = head.version == Version::http11;
  for (const Field& field : head.fields) add_field(field.name, field.value, message);
  message.framing = framing_text(head.framing == Framing::chunked, false, head.content_length);
  sort_fields(message);
  return message;
}

Message ours(const ResponseHead& head, std::string_view) {
  Message message;
  // Beast fills in a reason where there is none.
  const auto usual = beast::http::obsolete_reason(beast::http::int_to_status(head.status));
  message.start = std::to_string(head.status) + " " + std::string{head.reason.empty() ? view(usual) : head.reason};
  message.http11 = head.version == Version::http11;
  for (const Field& field : head.fields) add_field(field.name, field.value, message);
  const std::uint64_t length = head.framing == Framing::length ? head.content_length : 0;
  message.framing = framing_text(head.framing == Framing::chunked, head.framing == Framing::until_close, length);
  sort_fields(message);
  return message;
}

template <bool kIsRequest>
std::string start_of(const beast::http::header<kIsRequest>& head) {
  if constexpr (kIsRequest) {
    return std::string{view(head.method_string())} + " " + std::string{view(head.target())};
  } else {
    return std::to_string(head.result_int()) + " " + std::string{view(head.reason())};
  }
}

template <bool kIsRequest>
struct BeastResult {
  bool accepted = false;
  Message message;
};

template <bool kIsRequest>
BeastResult<kIsRequest> parse_with_beast(std::string_view bytes) {
  beast::http::parser<kIsRequest, beast::http::empty_body> parser;
  parser.eager(false);
  parser.header_limit(1'000'000);
  parser.body_limit(std::numeric_limits<std::uint64_t>::max());
  beast::error_code error;
  parser.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
  BeastResult<kIsRequest> result;
  result.accepted = !error && parser.is_header_done();
  if (!result.accepted) return result;
  const auto& head = parser.get().base();
  result.message.start = start_of<kIsRequest>(head);
  result.message.http11 = head.version() == 11;
  for (const auto& field : head) add_field(view(field.name_string()), view(field.value()), result.message);
  const bool no_body = !kIsRequest && parser.is_done();
  result.message.framing = framing_text(!no_body && parser.chunked(), !kIsRequest && parser.need_eof(),
                                        no_body ? 0 : parser.content_length().value_or(0));
  sort_fields(result.message);
  return result;
}

std::string_view first_line(std::string_view bytes) { return bytes.substr(0, bytes.find("\r\n")); }

// --- what only ours accepts

/// RFC 9112 section 2.2: an empty line before a request line is passed over.
bool begins_with_empty_line(std::string_view bytes) { return bytes.starts_with("\r\n"); }
/// RFC 9110 section 2.5: a minor version that is not known is processed as the highest known.
bool has_later_minor_version(std::string_view bytes) {
  const std::string_view line = first_line(bytes);
  const std::size_t at = line.starts_with("HTTP/") ? 0 : std::max<std::size_t>(line.size(), 8) - 8;
  return line.substr(at).starts_with("HTTP/1.") && line.substr(at + 7, 1) >= "2";
}
/// RFC 9112 section 4: a reason is nothing that a client needs; many servers leave the space out with it.
bool ends_with_status(std::string_view bytes) { return first_line(bytes).size() == 12; }
/// RFC 9110 section 7.6.1: an option is looked for in Connection; what else stands there is nobody's business.
bool has_connection_that_is_no_list(const Message& message) {
  const auto is_no_list = [](std::string_view value) {
    while (const auto option = next_element(value)) {
      if (!is_token(*option)) return true;
    }
    return false;
  };
  for (const auto* name : {"connection", "proxy-connection", "upgrade"}) {
    const auto values = message.values(name);
    if (std::any_of(values.begin(), values.end(), is_no_list)) return true;
  }
  return false;
}

bool beast_may_refuse(std::string_view bytes, const Message& message) {
  return begins_with_empty_line(bytes) || has_later_minor_version(bytes) ||
         (bytes.starts_with("HTTP/") && ends_with_status(bytes)) || has_connection_that_is_no_list(message);
}

// --- what only Beast accepts

std::string_view head_of(std::string_view bytes) { return bytes.substr(0, bytes.find("\r\n\r\n")); }

/// RFC 9112 section 5.2.
bool has_folded_line(std::string_view bytes) {
  const std::string_view head = head_of(bytes);
  return head.find("\r\n ") != std::string_view::npos || head.find("\r\n\t") != std::string_view::npos;
}
/// RFC 9112 section 5.1.
bool has_blank_before_colon(std::string_view bytes) {
  const std::string_view head = head_of(bytes);
  for (std::size_t line = head.find("\r\n"); line != std::string_view::npos; line = head.find("\r\n", line + 2)) {
    const std::size_t colon = head.find(':', line);
    if (colon != std::string_view::npos && is_blank(head[colon - 1])) return true;
  }
  return false;
}
/// RFC 9110 section 5.5, RFC 9112 section 2.2: NUL, a bare CR or LF, or another control character.
bool has_control_character(std::string_view bytes) {
  std::string text{head_of(bytes)};
  for (std::size_t at = 0; (at = text.find("\r\n", at)) != std::string::npos;) text.erase(at, 2);
  return std::any_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < 0x20 && c != '\t') || c == 0x7f; });
}
/// RFC 9112 section 6.1: exactly one `chunked`, not beside a Content-Length, not in HTTP/1.0.
bool has_doubtful_transfer_encoding(const Message& message) {
  const auto codings = message.values("transfer-encoding");
  if (codings.empty()) return false;
  return codings.size() > 1 || !beast::iequals(codings.front(), "chunked") ||
         !message.values("content-length").empty() || !message.http11;
}
bool is_made_of(std::string_view text, std::string_view marks) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || marks.find(c) != std::string_view::npos;
  });
}
bool is_number(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_digit); }

/// RFC 9112 section 6.3: one number, once.
bool has_doubtful_content_length(const Message& message) {
  const auto lengths = message.values("content-length");
  return lengths.size() > 1 || (lengths.size() == 1 && (!is_number(lengths.front()) || lengths.front().size() > 19));
}

/// A name or an address, and perhaps a short port: what nobody may refuse.
bool is_plain_authority(std::string_view text) {
  const std::size_t port = text.ends_with(']') ? std::string_view::npos : text.rfind(':');
  const std::string_view host = text.substr(0, port);
  if (port != std::string_view::npos && (!is_number(text.substr(port + 1)) || text.size() - port > 5)) return false;
  if (host.size() >= 4 && host.front() == '[' && host.back() == ']') {
    return std::all_of(host.begin() + 1, host.end() - 1,
                       [](char c) { return hex_digit(c) >= 0 || c == ':' || c == '.'; });
  }
  return !host.empty() && is_made_of(host, ".-");
}

/// RFC 9112 section 3.2: one Host, of a form that leaves no doubt.
bool has_doubtful_host(const Message& message) {
  const auto hosts = message.values("host");
  if (hosts.empty()) return message.http11;
  return hosts.size() > 1 || (!hosts.front().empty() && !is_plain_authority(hosts.front()));
}
/// RFC 9112 section 3.2: CONNECT is not offered; user information, fragments, https and other schemes are refused.
bool has_doubtful_target(const Message& message) {
  const std::size_t method_end = message.start.find(' ');
  const std::string_view method = std::string_view{message.start}.substr(0, method_end);
  std::string_view target = std::string_view{message.start}.substr(method_end + 1);
  if (method == "CONNECT") return true;
  if (target == "*") return method != "OPTIONS";
  if (same_name(target.substr(0, 7), "http://")) {
    const std::size_t path = std::min(target.find_first_of("/?", 7), target.size());
    if (!is_plain_authority(target.substr(7, path - 7))) return true;
    target.remove_prefix(path);
  } else if (!target.starts_with('/')) {
    return true;
  }
  return !std::all_of(target.begin(), target.end(), [](char c) { return c > ' ' && c < 0x7f && c != '#'; });
}
/// RFC 9110 section 7.6.2: digits, once. Section 9.3.8: no content in a TRACE.
bool has_doubtful_trace(const Message& message) {
  const bool trace = message.start.starts_with("TRACE ");
  if (!trace && !message.start.starts_with("OPTIONS ")) return false;
  const auto values = message.values("max-forwards");
  return (trace && message.framing != "0") || values.size() > 1 || (values.size() == 1 && !is_number(values.front()));
}
/// RFC 9110 section 15: a status is 100 to 599. Section 15.2.2: a 101 says what was switched to.
bool has_doubtful_status(const Message& message) {
  const int status = std::stoi(message.start);
  return status < 100 || status > 599 || status == 101;
}
/// The limits that docs/ARCHITECTURE.md has.
bool exceeds_a_limit(std::string_view bytes, const Message& message) {
  const auto options = message.values("connection");
  std::size_t commas = options.size();
  for (const std::string& value : options)
    commas += static_cast<std::size_t>(std::count(value.begin(), value.end(), ','));
  return commas > 32 || message.fields.size() > 256 || first_line(bytes).size() > 16 * 1024 ||
         head_of(bytes).size() > 64 * 1024 - 4;
}

bool we_may_refuse(std::string_view bytes, const Message& message, bool is_request) {
  return has_folded_line(bytes) || has_blank_before_colon(bytes) || has_control_character(bytes) ||
         has_doubtful_transfer_encoding(message) || has_doubtful_content_length(message) ||
         exceeds_a_limit(bytes, message) ||
         (is_request ? has_doubtful_host(message) || has_doubtful_target(message) || has_doubtful_trace(message)
                     : has_doubtful_status(message));
}

// ---

void print(const char* who, const Message& message) {
  std::cerr << who << ": " << (message.http11 ? "1.1 " : "1.0 ") << message.start << " body " << message.framing;
  for (const auto& [name, value] : message.fields) std::cerr << " [" << name << "=" << value << "]";
  std::cerr << std::endl;
}

/// `target`: as it came, which the parser takes apart.
template <bool kIsRequest, class Head>
void compare(std::string_view bytes, const Parsed<Head>& parsed, std::string_view target) {
  const auto theirs = parse_with_beast<kIsRequest>(bytes);
  if (parsed.result.state != ParseState::complete) {
    if (!theirs.accepted || we_may_refuse(bytes, theirs.message, kIsRequest)) return;
    print("only Beast accepts", theirs.message);
    if (parsed.result.problem != nullptr) std::cerr << parsed.result.problem << std::endl;
    CHECK(false);
  }
  const Message message = ours(parsed.head, target);
  if (!theirs.accepted) {
    if (beast_may_refuse(bytes, message)) return;
    print("only we accept", message);
    CHECK(false);
  }
  if (message == theirs.message) return;
  print("ours", message);
  print("Beast's", theirs.message);
  CHECK(false);
}

void compare_chunks(std::string_view bytes) {
  BodyReader reader{Framing::chunked, 0};
  std::string data;
  for (std::string_view rest = bytes; !rest.empty() && !reader.done();) {
    const BodyReader::Step step = reader.read(rest);
    if (step.problem != nullptr) return;
    data += step.data;
    rest.remove_prefix(step.consumed);
  }
  if (!reader.done()) return;

  beast::http::request_parser<beast::http::string_body> parser;
  parser.eager(true);
  parser.header_limit(1'000'000);
  parser.body_limit(std::numeric_limits<std::uint64_t>::max());
  const std::string whole = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string{bytes};
  std::string_view rest = whole;
  for (beast::error_code error; !rest.empty() && !parser.is_done();) {
    const std::size_t used = parser.put(boost::asio::buffer(rest.data(), rest.size()), error);
    if (error || used == 0) return;
    rest.remove_prefix(used);
  }
  if (parser.is_done()) CHECK(parser.get().body() == data);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  if (bytes.empty()) return 0;
  const std::string_view line = first_line(bytes);
  const std::size_t method_end = std::min(line.find(' '), line.size());
  const std::size_t target_end = std::max(std::min(line.rfind(' '), line.size()), method_end);
  const std::string_view target =
      target_end > method_end ? line.substr(method_end + 1, target_end - method_end - 1) : "";

  compare<true>(bytes, parse_request(bytes, always(size)), target);
  compare<false>(bytes, parse_response(bytes, false, always(size)), {});
  compare_chunks(bytes);
  const std::size_t head_end = bytes.find("\r\n\r\n");
  if (head_end != std::string_view::npos) compare_chunks(bytes.substr(head_end + 4));
  return 0;
}
