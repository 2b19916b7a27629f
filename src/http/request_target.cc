#include "http/request_target.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "http/message.h"
#include "http/syntax.h"

namespace outrigger::http {
namespace {

bool is_target_char(char c) { return c > 0x20 && c < 0x7f && c != '#'; }

bool is_registered_name(std::string_view text) {
  static constexpr CharacterSet kPlain = letters_digits_and("-._~!$&'()*+,;=");
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (kPlain[static_cast<unsigned char>(c)]) continue;
    if (c != '%' || text.size() - i < 3 || hex_digit(text[i + 1]) < 0 || hex_digit(text[i + 2]) < 0) return false;
    i += 2;
  }
  return true;
}

bool is_ipv6_literal(std::string_view text) {
  return text.size() >= std::string_view{"[::]"}.size() && text.front() == '[' && text.back() == ']' &&
         std::all_of(text.begin() + 1, text.end() - 1,
                     [](char c) { return hex_digit(c) >= 0 || c == ':' || c == '.'; });
}

bool is_port(std::string_view text) {
  if (text.empty()) return true;
  const std::optional<std::uint64_t> port = parse_decimal(text);
  return port && *port <= 65535;
}

/// Takes `scheme` off `text`, if that is how it begins.
bool take_scheme(std::string_view scheme, std::string_view& text) {
  if (!same_name(text.substr(0, scheme.size()), scheme)) return false;
  text.remove_prefix(scheme.size());
  return true;
}

}  // namespace

bool is_authority(std::string_view text) {
  const std::size_t host_end = text.starts_with('[') ? text.find(']') + 1 : std::min(text.find(':'), text.size());
  const std::string_view host = text.substr(0, host_end);
  const std::string_view rest = text.substr(host_end);
  if (!rest.empty() && (rest.front() != ':' || !is_port(rest.substr(1)))) return false;
  if (host.empty()) return text.empty();
  return host.front() == '[' ? is_ipv6_literal(host) : is_registered_name(host);
}

const char* read_request_target(std::string_view method, std::string_view text, RequestTarget& target) {
  if (!std::all_of(text.begin(), text.end(), [](char c) { return is_target_char(c); }))
    return "a character not allowed in a target";
  target = {text, {}, false};
  if (text.starts_with('/')) return nullptr;
  if (text == "*") return method == "OPTIONS" ? nullptr : "the target * is for OPTIONS alone";

  target.secured = take_scheme("https://", text);
  if (!target.secured && !take_scheme("http://", text)) return "the target is neither a path nor an http or https URI";
  const std::size_t authority_end = std::min(text.find_first_of("/?"), text.size());
  target.authority = text.substr(0, authority_end);
  if (target.authority.empty() || !is_authority(target.authority)) return "malformed authority in the target";
  target.path = text.substr(authority_end);
  // RFC 9112 section 3.2.4: OPTIONS on a whole server reaches it as "*".
  if (target.path.empty()) target.path = method == "OPTIONS" ? "*" : "/";
  return nullptr;
}

}  // namespace outrigger::http
