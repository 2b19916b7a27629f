#pragma once
/// HTTP messages as the parser leaves them. The views point into the bytes that were parsed, to static text, or to what
/// the head itself holds. No I/O, no clock.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace outrigger::http {

struct Field {
  std::string_view name;   ///< as it came
  std::string_view value;  ///< without the white space around it
  /// Came over HTTP/2 as one that no compression may ever index, and goes on so (RFC 7541 section 7.1.3).
  bool sensitive = false;
};

/// How a message's body ends (RFC 9112 section 6.3).
enum class Framing : std::uint8_t { none, length, chunked, until_close };

enum class Version : std::uint8_t { http10, http11, http2 };

struct RequestHead {
  std::string_view method;
  std::string_view target;  ///< origin-form, or "*"; an absolute-form target is split into `authority` and this
  /// What `target` is a view of where the input has it nowhere: of an absolute-form with a query and no path.
  std::shared_ptr<const std::string> made_target = nullptr;
  std::string_view authority;  ///< from the target if that was absolute, else from Host or :authority
  std::string_view scheme = "http";
  Version version = Version::http11;  ///< as it came
  std::vector<Field> fields;          ///< all of them, also the hop-by-hop ones, in order
  Framing framing = Framing::none;
  std::uint64_t content_length = 0;
  bool keep_alive = true;        ///< what this client asks for its connection; HTTP/2: always
  bool expect_continue = false;  ///< 100-continue, and content follows (RFC 9110 section 10.1.1)
  /// The protocol to which the client asks to switch, if that may be tunnelled (control_fields.h); else empty.
  std::string_view upgrade;
  bool accepts_trailers = false;  ///< TE says so (RFC 9110 section 10.1.4): trailers are sent to this client
  /// Of TRACE and OPTIONS alone. 0: the request may go no further (RFC 9110 section 7.6.2).
  std::optional<std::uint64_t> max_forwards;
  bool sensitive = false;  ///< so came a pseudo-field, and so go all of them on: see Field
};

struct ResponseHead {
  std::uint16_t status = 0;
  std::string_view reason;
  Version version = Version::http11;
  std::vector<Field> fields;
  Framing framing = Framing::none;
  std::uint64_t content_length = 0;
  bool keep_alive = true;
  std::string_view upgrade;  ///< of a 101 the protocol switched to, of a 426 those asked for; else empty
  bool sensitive = false;    ///< so came :status, and so it goes on: see Field
};

/// True when `value`, a comma-separated list of tokens, has `token` (ASCII case ignored).
bool has_token(std::string_view value, std::string_view token);
/// ASCII case ignored. Requires texts of one size.
bool same_letters(std::string_view a, std::string_view b);
/// Most names are told apart by their size alone.
inline bool same_name(std::string_view a, std::string_view b) { return a.size() == b.size() && same_letters(a, b); }
/// The first field of that name, or null.
const Field* find_field(const std::vector<Field>& fields, std::string_view name);

}  // namespace outrigger::http
