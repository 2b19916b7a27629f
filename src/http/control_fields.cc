#include "http/control_fields.h"

#include <algorithm>
#include <array>
#include <limits>

#include "http/request_target.h"
#include "http/syntax.h"

namespace outrigger::http {
namespace {

const char* read_content_length(std::string_view value, ControlFields& control) {
  if (control.content_length) return "more than one Content-Length";
  control.content_length = parse_decimal(value);
  return control.content_length ? nullptr : "malformed Content-Length";
}

const char* read_transfer_encoding(std::string_view value, ControlFields& control) {
  if (control.chunked) return "more than one Transfer-Encoding";
  control.chunked = same_name(value, "chunked");
  return control.chunked ? nullptr : "a Transfer-Encoding other than chunked";
}

const char* read_connection(std::string_view value, std::size_t& options, bool& names_upgrade, ControlFields& control) {
  while (const auto option = next_element(value)) {
    if (++options > kMaxConnectionOptions) return "too many Connection options";
    if (same_name(*option, "close")) control.close = true;
    if (same_name(*option, "keep-alive")) control.keep_alive = true;
    if (same_name(*option, "upgrade")) names_upgrade = true;
  }
  return nullptr;
}

/// token [ "/" token ]
bool is_protocol(std::string_view text) {
  const std::size_t slash = text.find('/');
  return is_token(text.substr(0, slash)) && (slash == std::string_view::npos || is_token(text.substr(slash + 1)));
}

bool carries_http(std::string_view protocol) {
  constexpr auto kNames = std::to_array<std::string_view>({"HTTP", "h2", "h2c", "h3", "TLS"});
  const std::string_view name = protocol.substr(0, protocol.find('/'));
  return std::any_of(kNames.begin(), kNames.end(), [&](std::string_view known) { return same_name(name, known); });
}

}  // namespace

const char* read_control_fields(const std::vector<Field>& fields, bool http11, ControlFields& control) {
  std::size_t options = 0;
  bool names_upgrade = false;
  for (const auto& [name, value, sensitive] : fields) {
    const char* problem = nullptr;
    switch (name.size()) {  // most names are told apart by their length alone
      case std::string_view{"Expect"}.size():
        if (same_name(name, "Expect") && has_token(value, "100-continue")) control.expect_continue = http11;
        break;
      case std::string_view{"TE"}.size():
        if (same_name(name, "TE") && has_token(value, "trailers")) control.accepts_trailers = http11;
        break;
      case std::string_view{"Upgrade"}.size():
        if (same_name(name, "Upgrade") && control.upgrade_fields++ == 0) control.upgrade = value;
        break;
      case std::string_view{"Connection"}.size():
        if (same_name(name, "Connection")) problem = read_connection(value, options, names_upgrade, control);
        break;
      case std::string_view{"Content-Length"}.size():
        if (same_name(name, "Content-Length")) problem = read_content_length(value, control);
        break;
      case std::string_view{"Transfer-Encoding"}.size():
        if (same_name(name, "Transfer-Encoding")) problem = read_transfer_encoding(value, control);
        break;
      default: break;
    }
    if (problem != nullptr) return problem;
  }
  if (control.chunked && control.content_length) return "both Transfer-Encoding and Content-Length";
  if (control.chunked && !http11) return "Transfer-Encoding in HTTP/1.0";
  if (!names_upgrade || !http11) {
    control.upgrade_fields = 0;
    control.upgrade = {};
  }
  return nullptr;
}

std::string_view tunnel_protocol(const ControlFields& control) {
  std::string_view rest = control.upgrade;
  const std::string_view protocol = next_element(rest).value_or("");
  const bool alone = control.upgrade_fields == 1 && !next_element(rest);
  return alone && is_protocol(protocol) && !carries_http(protocol) ? protocol : std::string_view{};
}

const char* read_max_forwards(std::string_view method, const std::vector<Field>& fields,
                              std::optional<std::uint64_t>& max_forwards) {
  max_forwards.reset();
  if (method != "TRACE" && method != "OPTIONS") return nullptr;
  for (const auto& [name, value, sensitive] : fields) {
    if (!same_name(name, "Max-Forwards")) continue;
    if (max_forwards) return "more than one Max-Forwards";
    if (value.empty() || !std::all_of(value.begin(), value.end(), is_digit)) return "malformed Max-Forwards";
    max_forwards = parse_decimal(value).value_or(std::numeric_limits<std::uint64_t>::max());
  }
  return nullptr;
}

const char* read_host(const std::vector<Field>& fields, bool http11, std::string_view& host) {
  const Field* first = nullptr;
  for (const Field& field : fields) {
    if (!same_name(field.name, "Host")) continue;
    if (first != nullptr) return "more than one Host";
    first = &field;
  }
  if (first == nullptr) return http11 ? "no Host" : nullptr;
  if (!is_authority(first->value)) return "malformed Host";
  host = first->value;
  return nullptr;
}

}  // namespace outrigger::http
