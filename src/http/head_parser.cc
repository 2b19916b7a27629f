#include "http/head_parser.h"

#include <algorithm>
#include <limits>

#include "http/control_fields.h"
#include "http/request_target.h"
#include "http/syntax.h"

namespace outrigger::http {
namespace {

/// A method of any sense, two spaces, a version and the line end.
constexpr std::size_t kRequestLineBesideTarget = 64;

struct Fault {
  std::uint16_t status = 0;
  const char* problem = nullptr;  ///< null: no fault
};

ParseResult bad(const Fault& fault) { return {ParseState::bad, 0, fault.status, fault.problem}; }

/// A minor version above 1 is taken for 1.1 (RFC 9110 section 2.5).
enum class VersionText : std::uint8_t { http11, http10, other, malformed };

VersionText read_version(std::string_view text) {
  if (text == "HTTP/1.1") return VersionText::http11;
  const bool well_formed = text.size() == std::string_view{"HTTP/1.1"}.size() && text.starts_with("HTTP/") &&
                           is_digit(text[5]) && text[6] == '.' && is_digit(text[7]);
  if (!well_formed) return VersionText::malformed;
  if (text[5] != '1') return VersionText::other;
  return text[7] == '0' ? VersionText::http10 : VersionText::http11;
}

/// `method SP target SP version`
struct RequestLine {
  static constexpr bool kMayFollowEmptyLine = true;
  static constexpr std::uint16_t kFaultStatus = 400;
  static constexpr std::uint16_t kTooLargeStatus = 431;

  const HeadLimits& limits;
  RequestHead& head;

  std::size_t max_bytes() const { return limits.max_target_bytes + kRequestLineBesideTarget; }
  Fault too_long() const { return {414, "the request line is too long"}; }

  Fault operator()(std::string_view line) const {
    const std::size_t method_end = std::min(line.find(' '), line.size());
    head.method = line.substr(0, method_end);
    if (!is_token(head.method)) return {400, "the method is not a token"};
    constexpr std::size_t kVersionBytes = std::string_view{" HTTP/1.1"}.size();
    if (line.size() - method_end <= kVersionBytes || line[line.size() - kVersionBytes] != ' ') {
      return {400, "the request line is not method, target and version"};
    }
    const VersionText version = read_version(line.substr(line.size() - kVersionBytes + 1));
    if (version == VersionText::malformed) return {400, "malformed HTTP version"};
    if (version == VersionText::other) return {505, "a major version of HTTP other than 1"};
    head.version = version == VersionText::http11 ? Version::http11 : Version::http10;

    const std::string_view text = line.substr(method_end + 1, line.size() - kVersionBytes - method_end - 1);
    if (text.size() > limits.max_target_bytes) return {414, "the target is too long"};
    if (head.method == "CONNECT") return {501, "CONNECT is not offered"};
    RequestTarget target;
    if (const char* problem = read_request_target(head.method, text, target)) return {400, problem};
    // RFC 9110 section 7.4: what is to be had over a secured connection alone is not to be had here.
    if (target.secured) return {421, "an https target over a connection that is not secured"};
    head.target = target.path;
    head.made_target.reset();
    if (target.path.starts_with('?')) {  // RFC 9112 section 3.2.1: the path is sent, though it is empty
      head.made_target = std::make_shared<const std::string>("/" + std::string(target.path));
      head.target = *head.made_target;
    }
    head.authority = target.authority;
    return {};
  }
};

/// `version SP status [SP [reason]]`
struct StatusLine {
  static constexpr bool kMayFollowEmptyLine = false;
  static constexpr std::uint16_t kFaultStatus = 502;
  static constexpr std::uint16_t kTooLargeStatus = 502;

  ResponseHead& head;

  std::size_t max_bytes() const { return std::numeric_limits<std::size_t>::max(); }
  Fault too_long() const { return {502, "the status line is too long"}; }

  Fault operator()(std::string_view line) const {
    constexpr std::size_t kStatus = std::string_view{"HTTP/1.1 "}.size();
    constexpr std::size_t kReason = kStatus + 3;
    if (line.size() < kReason || line[kStatus - 1] != ' ' || (line.size() > kReason && line[kReason] != ' ')) {
      return {502, "the status line is not version, status and reason"};
    }
    const VersionText version = read_version(line.substr(0, kStatus - 1));
    if (version != VersionText::http11 && version != VersionText::http10) return {502, "not HTTP/1"};
    head.version = version == VersionText::http11 ? Version::http11 : Version::http10;
    const auto status = parse_decimal(line.substr(kStatus, 3));
    if (!status || *status < 100 || *status > 599) return {502, "a status outside 100 to 599"};
    head.status = static_cast<std::uint16_t>(*status);
    head.reason = line.substr(std::min(kReason + 1, line.size()));
    if (!is_field_value(head.reason)) return {502, "a control character in the reason"};
    return {};
  }
};

/// Returns the broken rule, or null.
const char* read_field_line(std::string_view line, Field& field) {
  const auto* const name_stop = std::find_if_not(line.begin(), line.end(), [](char c) { return is_token_char(c); });
  const auto name_end = static_cast<std::size_t>(name_stop - line.begin());
  if (name_end == 0 || name_end == line.size() || line[name_end] != ':') {
    if (is_blank(line.front())) return "a folded field line";
    if (line.front() == ':') return "an empty field name";
    if (name_end < line.size() && is_blank(line[name_end])) return "white space in or after a field name";
    return name_end == line.size() ? "a field line without a colon" : "a field name is not a token";
  }
  field.name = line.substr(0, name_end);
  field.value = trim(line.substr(name_end + 1));
  return is_field_value(field.value) ? nullptr : "a control character in a field value";
}

/// RFC 9112 section 9.3.
bool wants_keep_alive(bool http11, const ControlFields& control) {
  return !control.close && (http11 || control.keep_alive);
}

const char* settle(RequestHead& head) {
  std::string_view host;
  if (const char* problem = read_host(head.fields, head.version == Version::http11, host)) return problem;
  if (head.authority.empty()) head.authority = host;
  if (const char* problem = read_max_forwards(head.method, head.fields, head.max_forwards)) return problem;
  ControlFields control;
  if (const char* problem = read_control_fields(head.fields, head.version == Version::http11, control)) return problem;
  head.framing = control.chunked ? Framing::chunked : control.content_length ? Framing::length : Framing::none;
  head.content_length = control.content_length.value_or(0);
  head.keep_alive = wants_keep_alive(head.version == Version::http11, control);
  const bool has_body = head.framing == Framing::chunked || head.content_length > 0;
  if (has_body && head.method == "TRACE") return "content in a TRACE";
  head.expect_continue = control.expect_continue && has_body;
  head.accepts_trailers = control.accepts_trailers;
  // Where the new protocol begins is beyond doubt only if nothing else comes behind the head.
  head.upgrade = has_body ? std::string_view{} : tunnel_protocol(control);
  return nullptr;
}

const char* settle(ResponseHead& head, bool to_head) {
  ControlFields control;
  if (const char* problem = read_control_fields(head.fields, head.version == Version::http11, control)) return problem;
  const bool no_body = to_head || head.status < 200 || head.status == 204 || head.status == 304;
  head.framing = no_body                  ? Framing::none
                 : control.chunked        ? Framing::chunked
                 : control.content_length ? Framing::length
                                          : Framing::until_close;
  head.content_length = control.content_length.value_or(0);
  // Framing in a 204 is wrong (RFC 9112 section 6.1, RFC 9110 section 8.6): who knows what comes behind it.
  const bool doubtful = head.status == 204 && (control.chunked || control.content_length.value_or(0) > 0);
  head.keep_alive =
      wants_keep_alive(head.version == Version::http11, control) && head.framing != Framing::until_close && !doubtful;
  head.upgrade = head.status == 101   ? tunnel_protocol(control)
                 : head.status == 426 ? control.upgrade
                                      : std::string_view{};
  if (head.status == 101 && head.upgrade.empty()) return "a 101 without the protocol that was switched to";
  return nullptr;
}

}  // namespace

ParseResult HeadParser::finish(ParseResult result, std::vector<Field>& fields) {
  if (result.state != ParseState::complete) fields.clear();  // the bytes may move or go: no view may outlive them
  if (result.state != ParseState::more) start_over();
  return result;
}

void HeadParser::start_over() {
  scanned_ = line_start_ = fields_read_ = 0;
  start_line_read_ = false;
}

template <class StartLine>
ParseResult HeadParser::read_lines(std::string_view bytes, std::vector<Field>& fields, const StartLine& start_line) {
  const bool resumed = line_start_ > 0;
  const std::string_view window = bytes.substr(0, limits_.max_head_bytes);
  fields.clear();
  for (;;) {
    const bool line_is_bounded = !start_line_read_ && start_line.max_bytes() < window.size() - line_start_;
    const std::size_t window_end = line_is_bounded ? line_start_ + start_line.max_bytes() : window.size();
    const std::size_t line_end = window.substr(0, window_end).find('\n', scanned_);
    if (line_end == std::string_view::npos) {
      scanned_ = window_end;
      if (line_is_bounded) return bad(start_line.too_long());
      if (window.size() == limits_.max_head_bytes) return bad({StartLine::kTooLargeStatus, "the head is too large"});
      return {};
    }
    if (line_end == line_start_ || window[line_end - 1] != '\r') {
      return bad({StartLine::kFaultStatus, "a line feed without a carriage return"});
    }
    const std::size_t line_start = line_start_;
    const std::string_view line = window.substr(line_start, line_end - 1 - line_start);
    line_start_ = scanned_ = line_end + 1;

    if (!start_line_read_) {
      if (line.empty() && line_start == 0 && StartLine::kMayFollowEmptyLine) continue;
      if (const Fault fault = start_line(line); fault.problem != nullptr) return bad(fault);
      start_line_read_ = true;
      continue;
    }
    if (line.empty()) break;
    if (++fields_read_ > limits_.max_fields) return bad({StartLine::kTooLargeStatus, "too many fields"});
    if (const char* problem = read_field_line(line, fields.emplace_back())) {
      return bad({StartLine::kFaultStatus, problem});
    }
  }
  const std::size_t head_bytes = line_start_;
  if (resumed) {
    // Lines read in former calls left views of bytes that may have moved: now that all is there, read it in one go.
    start_over();
    return read_lines(bytes.substr(0, head_bytes), fields, start_line);
  }
  return {ParseState::complete, head_bytes, 0, nullptr};
}

ParseResult HeadParser::request(std::string_view bytes, RequestHead& head) {
  ParseResult result = read_lines(bytes, head.fields, RequestLine{limits_, head});
  if (result.state == ParseState::complete) {
    if (const char* problem = settle(head)) result = bad({400, problem});
  }
  return finish(result, head.fields);
}

ParseResult HeadParser::response(std::string_view bytes, bool to_head, ResponseHead& head) {
  ParseResult result = read_lines(bytes, head.fields, StatusLine{head});
  if (result.state == ParseState::complete) {
    if (const char* problem = settle(head, to_head)) result = bad({502, problem});
  }
  return finish(result, head.fields);
}

}  // namespace outrigger::http
