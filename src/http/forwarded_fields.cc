#include "http/forwarded_fields.h"

#include "http/syntax.h"
#include "result/result.h"

namespace outrigger::http {
namespace {

bool is_one_of(std::string_view name, std::span<const std::string_view> names) {
  return std::any_of(names.begin(), names.end(), [&](std::string_view known) { return same_name(name, known); });
}

/// Fields for the last recipient, which no Connection option may take away (RFC 9110 section 7.6.1).
bool is_end_to_end(std::string_view name) {
  constexpr auto kNames = std::to_array<std::string_view>(
      {"Authorization", "Cache-Control", "Content-Encoding", "Content-Type", "Cookie", "Date", "Expect", "Forwarded",
       "Host", "Location", "Set-Cookie", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"});
  return is_one_of(name, kNames);
}

}  // namespace

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

bool may_be_trailer(std::string_view name) {
  static constexpr std::string_view kNever[]{"Age",
                                             "Authorization",
                                             "Cache-Control",
                                             "Content-Encoding",
                                             "Content-Range",
                                             "Content-Type",
                                             "Cookie",
                                             "Date",
                                             "Expect",
                                             "Expires",
                                             "Forwarded",
                                             "If-Match",
                                             "If-Modified-Since",
                                             "If-None-Match",
                                             "If-Range",
                                             "If-Unmodified-Since",
                                             "Location",
                                             "Max-Forwards",
                                             "Pragma",
                                             "Proxy-Authenticate",
                                             "Proxy-Authorization",
                                             "Range",
                                             "Retry-After",
                                             "Set-Cookie",
                                             "Trailer",
                                             "Vary",
                                             "Via",
                                             "Warning",
                                             "WWW-Authenticate",
                                             "X-Forwarded-For",
                                             "X-Forwarded-Host",
                                             "X-Forwarded-Proto"};
  return !is_own_per_hop(name) && !is_one_of(name, kNever);
}

NominatedFields::NominatedFields(const std::vector<Field>& fields) {
  for (const auto& [name, value] : fields) {
    if (same_name(name, "Connection")) add(value);
  }
}

void NominatedFields::add(std::string_view options) {
  while (const auto option = next_element(options)) {
    if (same_name(*option, "close") || same_name(*option, "keep-alive") || is_end_to_end(*option)) continue;
    CHECK(count_ < kMaxConnectionOptions);  // the parser refuses more
    names_[count_++] = *option;
  }
}

}  // namespace outrigger::http
