#pragma once
/// The fields by which a message steers its framing and its connection (RFC 9112 sections 3.2, 6 and 9). Any thread.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace outrigger::http {

/// How many options all Connection fields of a message may name together: bounds the work of leaving those fields out.
inline constexpr std::size_t kMaxConnectionOptions = 32;

/// What Upgrade says is taken only where Connection names it, and never from HTTP/1.0 (RFC 9110 section 7.8).
struct ControlFields {
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool close = false;
  bool keep_alive = false;
  bool expect_continue = false;  ///< never in HTTP/1.0 (RFC 9110 section 10.1.1)
  std::size_t upgrade_fields = 0;
  std::string_view upgrade;       ///< the first one's value
  bool accepts_trailers = false;  ///< never in HTTP/1.0 (RFC 9110 section 10.1.4)
};

/// Returns the broken rule, or null. A Transfer-Encoding other than exactly one `chunked` is refused, whether its
/// codings are known or not, as are one in HTTP/1.0, one beside a Content-Length, and a second Content-Length even if
/// it is the same.
const char* read_control_fields(const std::vector<Field>& fields, bool http11, ControlFields& control);

/// The one protocol that Upgrade names in the one field of it, if a connection that speaks it may be a tunnel: not
/// HTTP in any form (h2c, or HTTP behind TLS), which would go past everything that a proxy does. Else empty: a server
/// may ignore any Upgrade (RFC 9110 section 7.8), and the request is answered as if it had none.
std::string_view tunnel_protocol(const ControlFields& control);

/// The Max-Forwards of a TRACE or OPTIONS (RFC 9110 section 7.6.2): of any other method it is a field like others. What
/// is too large for the type becomes its largest value. Returns the broken rule, or null.
const char* read_max_forwards(std::string_view method, const std::vector<Field>& fields,
                              std::optional<std::uint64_t>& max_forwards);

/// The one Host of a request, which HTTP/1.0 may lack: `host` is then left alone. Returns the broken rule, or null.
const char* read_host(const std::vector<Field>& fields, bool http11, std::string_view& host);

}  // namespace outrigger::http
