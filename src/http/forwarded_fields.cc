#include "http/forwarded_fields.h"

#include "http/syntax.h"
#include "result/result.h"

namespace outrigger::http {
namespace {

/// Fields for the last recipient, which no Connection option may take away (RFC 9110 section 7.6.1).
bool is_end_to_end(std::string_view name) {
  constexpr auto kNames = std::to_array<std::string_view>(
      {"Authorization", "Cache-Control", "Content-Encoding", "Content-Type", "Cookie", "Date", "Expect", "Forwarded",
       "Host", "Location", "Set-Cookie", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"});
  return std::any_of(kNames.begin(), kNames.end(), [&](std::string_view known) { return same_name(name, known); });
}

}  // namespace

std::string_view via(Version received) {
  switch (received) {
    case Version::http10: return "1.0 outrigger";
    case Version::http11: return "1.1 outrigger";
    case Version::http2: return "2.0 outrigger";
  }
  CHECK(false);
}

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
    case 14: return same_name(name, "Content-Length");
    case 16: return same_name(name, "Proxy-Connection");
    case 17: return same_name(name, "Transfer-Encoding");
    default: return false;
  }
}

NominatedFields::NominatedFields(const std::vector<Field>& fields) {
  for (const auto& [name, value] : fields) {
    if (same_name(name, "Connection")) add(value);
  }
}

void NominatedFields::add(std::string_view options) {
  while (const auto option = next_element(options)) {
    if (same_name(*option, "close") || same_name(*option, "keep-alive") || is_end_to_end(*option)) continue;
    CHECK(count_ < static_cast<std::ptrdiff_t>(kMaxConnectionOptions));  // the parser refuses more
    names_[static_cast<std::size_t>(count_++)] = *option;
  }
}

}  // namespace outrigger::http
