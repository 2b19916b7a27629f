#pragma once
/// Writes heads anew: nothing of the input's framing is copied. Appends to `out`. No state.
/// forwarded_fields.h says which fields go on, and what is added to them.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "http/forwarded_fields.h"
#include "http/message.h"

namespace outrigger::http {

/// The head to send upstream for a client's request: HTTP/1.1, keep-alive; Host first, from `head.authority`; then
/// framing, written from `head.framing` (chunked stays chunked, a length stays a length, none writes no framing field
/// but a Content-Length of 0 that was there), Upgrade from `head.upgrade`, TE from `head.accepts_trailers`. Requires
/// framing other than until_close.
void write_request_head(const RequestHead& head, const Hop& hop, std::string& out);

/// The head to send to the client. A body whose end is unknown is chunked for HTTP/1.1 clients, else ended by close.
/// `close`: the connection ends after this response, and says so; to HTTP/1.0 clients keep-alive is said.
/// `to_head`: answers HEAD: Content-Length is passed on, no body follows. `accepts_trailers`: a body whose length is
/// told is chunked all the same when it has come over HTTP/2 and Trailer announces what follows it, or that would be
/// lost.
struct ClientSide {
  bool http11 = true;
  bool close = false;
  bool to_head = false;
  bool accepts_trailers = false;
  /// Now, as http_date() writes it, or nothing: for a final response that has no Date (RFC 9110 section 6.6.1).
  std::string_view date = {};
};
/// Returns the framing of what follows towards the client: none, length, chunked or until_close. With until_close the
/// head says `Connection: close` even if the client side did not ask for it. 1xx responses carry no Connection field
/// but a 101's, which is written with Upgrade from `head.upgrade`, as a 426's is; the caller keeps them from HTTP/1.0
/// clients (RFC 9110 section 15.2).
Framing write_response_head(const ResponseHead& head, const ClientSide& client, std::string& out);

/// An answer of the sidecar itself, head and body: text/plain, with Proxy-Status (RFC 9209) when `proxy_error` is
/// given, e.g. "connection_refused". Requires a status that may have a body, and a token or nothing as `proxy_error`.
void write_local_response(std::uint16_t status, std::string_view proxy_error, std::string_view text,
                          const ClientSide& client, std::string& out);

/// The value of Proxy-Status (RFC 9209) for that error type; empty for none.
std::string proxy_status(std::string_view proxy_error);

/// "HTTP/1.1 100 Continue\r\n\r\n"
std::string_view continue_response();

/// The standard reason phrase, or "Unknown".
std::string_view reason_phrase(std::uint16_t status);

/// Chunked framing around `size` bytes of data; requires size > 0.
void write_chunk_start(std::size_t size, std::string& out);
inline constexpr std::string_view kChunkEnd = "\r\n";
/// The end of a chunked body without trailers, and of one with those given (RFC 9112 section 7.1.2). Requires fields
/// that were checked, as BodyReader::trailers() are.
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";
void write_last_chunk(std::span<const Field> trailers, std::string& out);

}  // namespace outrigger::http
