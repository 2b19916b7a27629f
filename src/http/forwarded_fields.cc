#include "http/forwarded_fields.h"

#include <charconv>

#include "http/syntax.h"
#include "result/result.h"

namespace outrigger::http {
namespace {

constexpr std::string_view kUnknown = "unknown";

bool is_one_of(std::string_view name, std::span<const std::string_view> names) {
  return std::any_of(names.begin(), names.end(), [&](std::string_view known) { return same_name(name, known); });
}

/// Fields for the last recipient, which no Connection option may take away (RFC 9110 section 7.6.1).
bool is_end_to_end(std::string_view name) {
  constexpr auto kNames = std::to_array<std::string_view>(
      {"Allow", "Authorization", "Cache-Control", "Content-Encoding", "Content-Type", "Cookie", "Date", "Expect",
       "Forwarded", "Host", "Location", "Max-Forwards", "Set-Cookie", "Via", "WWW-Authenticate", "X-Forwarded-For",
       "X-Forwarded-Host", "X-Forwarded-Proto"});
  return is_one_of(name, kNames);
}

// clang-format off
constexpr std::string_view kNeverTrailers[] = {
    "Host", "Max-Forwards", "Via", "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto",
    "Expect", "Cache-Control", "Pragma", "Range",
    "If-Match", "If-Modified-Since", "If-None-Match", "If-Range", "If-Unmodified-Since",
    "Authorization", "Proxy-Authenticate", "Proxy-Authorization", "WWW-Authenticate", "Cookie", "Set-Cookie",
    "Age", "Date", "Expires", "Location", "Retry-After", "Vary", "Warning",
    "Content-Encoding", "Content-Range", "Content-Type", "Trailer",
};
// clang-format on

/// RFC 9110 section 7.6.3: the version that was received.
std::string_view via(Version version) {
  switch (version) {
    case Version::http10: return "1.0 outrigger";
    case Version::http11: return "1.1 outrigger";
    case Version::http2: return "2.0 outrigger";
  }
  CHECK(false);
}

/// A forwarded-pair's value (RFC 7239 section 4). Authorities and addresses have nothing that quoting must escape.
void append_quoted(std::string_view value, std::string& text) {
  if (is_token(value)) {
    text += value;
  } else {
    text.append("\"").append(value).append("\"");
  }
}

}  // namespace

bool tells_length(const ResponseHead& head) {
  return head.status >= 200 && head.status != 204 && find_field(head.fields, "Content-Length") != nullptr;
}

bool tells_length(const RequestHead& head) {
  return head.framing == Framing::none && find_field(head.fields, "Content-Length") != nullptr;
}

bool is_own_per_hop(std::string_view name) {
  switch (name.size()) {
    case 2: return same_name(name, "TE");
    case 4: return same_name(name, "Host");
    case 7: return same_name(name, "Upgrade");
    case 10: return same_name(name, "Connection") || same_name(name, "Keep-Alive");
    case 14: return same_name(name, "Content-Length") || same_name(name, "HTTP2-Settings");
    case 16: return same_name(name, "Proxy-Connection");
    case 17: return same_name(name, "Transfer-Encoding");
    default: return false;
  }
}

bool may_be_trailer(std::string_view name) { return !is_own_per_hop(name) && !is_one_of(name, kNeverTrailers); }

NominatedFields::NominatedFields(const std::vector<Field>& fields) : fields_(fields) {
  for (const Field& field : fields) {
    if (!same_name(field.name, "Connection")) continue;
    for (std::string_view rest = field.value; const auto option = next_element(rest);) {
      if (!same_name(*option, "close") && !same_name(*option, "keep-alive")) any_ = true;
    }
  }
}

bool NominatedFields::is_named(std::string_view name) const {
  return !is_end_to_end(name) && std::any_of(fields_.begin(), fields_.end(), [&](const Field& field) {
    return same_name(field.name, "Connection") && has_token(field.value, name);
  });
}

std::string NominatedFields::options() const {
  std::string list;
  for (const Field& field : fields_) {
    if (same_name(field.name, "Connection")) list.append(field.value) += ',';
  }
  return list;
}

RequestFields::RequestFields(const RequestHead& head, const Hop& hop)
    : head_(head), joins_x_forwarded_for_(hop.forwarded == Forwarded::x_forwarded) {
  if (hop.forwarded == Forwarded::forwarded) add_forwarded(hop.client);
  if (hop.forwarded == Forwarded::x_forwarded) add_x_forwarded(hop.client);
  if (head.max_forwards) {
    const std::uint64_t left = *head.max_forwards - (*head.max_forwards > 0 ? 1 : 0);
    char* const digits = max_forwards_.data();
    add("Max-Forwards", {digits, std::to_chars(digits, digits + max_forwards_.size(), left).ptr});
  }
  if (hop.via) add("Via", via(head.version));
}

bool RequestFields::is_changed(const Field& field) const {
  switch (field.name.size()) {
    case std::string_view{"Expect"}.size():
      return !head_.expect_continue && same_name(field.name, "Expect") && has_token(field.value, "100-continue");
    case std::string_view{"Max-Forwards"}.size(): return head_.max_forwards && same_name(field.name, "Max-Forwards");
    case std::string_view{"X-Forwarded-For"}.size():
      return joins_x_forwarded_for_ && same_name(field.name, "X-Forwarded-For");
    default: return false;
  }
}

void RequestFields::add_forwarded(std::string_view client) {
  text_ = "for=";
  if (client.find(':') == std::string_view::npos) {
    append_quoted(client.empty() ? kUnknown : client, text_);
  } else {
    text_.append("\"[").append(client).append("]\"");
  }
  text_.append(";proto=").append(head_.scheme);
  if (!head_.authority.empty()) {
    text_ += ";host=";
    append_quoted(head_.authority, text_);
  }
  add("Forwarded", text_);
}

void RequestFields::add_x_forwarded(std::string_view client) {
  bool sensitive = false;
  for (const Field& field : head_.fields) {
    if (!same_name(field.name, "X-Forwarded-For") || field.value.empty()) continue;
    text_.append(field.value).append(", ");
    sensitive = sensitive || field.sensitive;
  }
  text_ += client.empty() ? kUnknown : client;
  add("X-Forwarded-For", text_, sensitive);
  if (find_field(head_.fields, "X-Forwarded-Proto") == nullptr) add("X-Forwarded-Proto", head_.scheme);
  const bool has_host = head_.authority.empty() || find_field(head_.fields, "X-Forwarded-Host") != nullptr;
  if (!has_host) add("X-Forwarded-Host", head_.authority);
}

}  // namespace outrigger::http
