#include "http/http2_head_reader.h"

#include <algorithm>

#include "http/control_fields.h"
#include "http/forwarded_fields.h"
#include "http/request_target.h"
#include "http/syntax.h"

namespace outrigger::http {
namespace {

/// What is kept between heads: an idle connection shall not hold its largest head's room.
constexpr std::size_t kKeptBytes = 4096;
constexpr std::size_t kFieldOverhead = 32;  // RFC 9113 section 6.5.2
constexpr std::string_view kCookie = "cookie";

bool is_lower_token(std::string_view name) {
  return !name.empty() &&
         std::all_of(name.begin(), name.end(), [](char c) { return is_token_char(c) && lower(c) == c; });
}

/// As text that outlives the head; empty when it is neither http nor https.
std::string_view known_scheme(std::string_view scheme) {
  for (const std::string_view known : {"http", "https"}) {
    if (same_name(scheme, known)) return known;
  }
  return {};
}

}  // namespace

void Http2HeadReader::start_over() {
  if (text_.capacity() > kKeptBytes) text_ = {};
  text_.clear();
  entries_.clear();
  method_ = scheme_ = authority_ = path_ = status_ = {};
  bytes_ = fields_ = cookies_ = 0;
  too_large_ = target_too_large_ = sensitive_ = false;
}

Http2HeadReader::Text Http2HeadReader::keep(std::string_view text) {
  const std::size_t at = text_.size();
  text_.append(text);
  return {at, text.size()};
}

void Http2HeadReader::add(std::string_view name, std::string_view value, bool sensitive) {
  bytes_ += name.size() + value.size() + kFieldOverhead;
  if (name.starts_with(':')) {
    sensitive_ = sensitive_ || sensitive;
    add_pseudo(name, value);
  } else if (++fields_ > limits_.max_fields || bytes_ > limits_.max_bytes) {
    too_large_ = true;
  } else {
    if (name == kCookie) ++cookies_;
    const Text kept = keep(name);
    entries_.push_back({kept, keep(value), sensitive});
  }
}

void Http2HeadReader::add_pseudo(std::string_view name, std::string_view value) {
  if (name == ":path" && value.size() > limits_.max_target_bytes) {
    target_too_large_ = true;
  } else if (bytes_ > limits_.max_bytes) {
    too_large_ = true;
  } else if (name == ":method") {
    method_ = keep(value);
  } else if (name == ":path") {
    path_ = keep(value);
  } else if (name == ":scheme") {
    scheme_ = keep(value);
  } else if (name == ":authority") {
    authority_ = keep(value);
  } else if (name == ":status") {
    status_ = keep(value);
  }
}

void Http2HeadReader::join_cookies() {
  const auto is_cookie = [&](const Entry& entry) { return view(entry.name) == kCookie; };
  const auto first = std::find_if(entries_.begin(), entries_.end(), is_cookie);
  std::string joined;
  for (auto entry = first; entry != entries_.end(); ++entry) {
    if (!is_cookie(*entry)) continue;
    if (!joined.empty()) joined += "; ";
    joined += view(entry->value);
    first->sensitive = first->sensitive || entry->sensitive;
  }
  first->value = keep(joined);
  entries_.erase(std::remove_if(first + 1, entries_.end(), is_cookie), entries_.end());
}

bool Http2HeadReader::read_fields(std::vector<Field>& fields) {
  fields.clear();
  for (const Entry& entry : entries_) {
    const Field& field = fields.emplace_back(Field{view(entry.name), view(entry.value), entry.sensitive});
    if (!is_lower_token(field.name) || !is_field_value(field.value)) return false;
  }
  return true;
}

std::uint16_t Http2HeadReader::read_request(bool ends, RequestHead& head) {
  constexpr std::uint16_t kMalformed = 400;
  if (target_too_large_) return 414;
  if (too_large_) return 431;
  if (cookies_ > 1) join_cookies();
  head.method = view(method_);
  if (!is_token(head.method)) return kMalformed;
  if (head.method == "CONNECT") return 501;

  RequestTarget target;
  if (read_request_target(head.method, view(path_), target) != nullptr || !target.authority.empty()) return kMalformed;
  head.target = target.path;
  head.scheme = known_scheme(view(scheme_));
  if (head.scheme.empty()) return kMalformed;

  if (!read_fields(head.fields)) return kMalformed;
  std::string_view host;
  if (read_host(head.fields, false, host) != nullptr) return kMalformed;
  head.authority = authority_.size > 0 ? view(authority_) : host;
  if (head.authority.empty() || !is_authority(head.authority)) return kMalformed;
  // RFC 9113 section 8.3.1: an endpoint that looks at the other of the two would see another request.
  if (!host.empty() && !same_name(host, head.authority)) return kMalformed;

  ControlFields control;
  if (read_control_fields(head.fields, true, control) != nullptr) return kMalformed;
  if (read_max_forwards(head.method, head.fields, head.max_forwards) != nullptr) return kMalformed;
  head.version = Version::http2;
  head.sensitive = sensitive_;
  head.framing = ends ? Framing::none : control.content_length ? Framing::length : Framing::chunked;
  head.content_length = control.content_length.value_or(0);
  const bool has_body = head.framing == Framing::chunked || head.content_length > 0;
  if (has_body && head.method == "TRACE") return kMalformed;
  head.keep_alive = true;
  head.expect_continue = control.expect_continue && has_body;
  head.accepts_trailers = control.accepts_trailers;
  head.upgrade = {};
  return 0;
}

bool Http2HeadReader::read_response(bool ends, bool to_head, ResponseHead& head) {
  if (too_large_) return false;
  const auto status = parse_decimal(view(status_));
  if (!status || *status < 100 || *status > 599 || status_.size != 3 || !read_fields(head.fields)) return false;
  head.status = static_cast<std::uint16_t>(*status);
  ControlFields control;
  if (read_control_fields(head.fields, true, control) != nullptr) return false;
  const bool no_body = to_head || head.status == 204 || head.status == 304;
  head.reason = {};
  head.version = Version::http2;
  head.sensitive = sensitive_;
  head.framing = ends || head.status < 200            ? Framing::none
                 : control.content_length && !no_body ? Framing::length
                                                      : Framing::chunked;
  head.content_length = control.content_length.value_or(0);
  head.keep_alive = true;
  head.upgrade = {};
  return true;
}

bool Http2HeadReader::read_trailers(std::vector<Field>& fields) {
  if (too_large_ || !read_fields(fields)) return false;
  std::erase_if(fields, [](const Field& field) { return !may_be_trailer(field.name); });
  return true;
}

}  // namespace outrigger::http
