#pragma once
/// What is asked of an endpoint, written into the request's path, so that whoever asks knows what is to come:
/// "/reset-mid-body/20000/0".
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace outrigger::soak {

enum class Behaviour : std::uint8_t {
  whole,           ///< a body with its length
  chunked,         ///< HTTP/2: without a length
  until_close,     ///< a body that ends with the connection
  unavailable,     ///< 503
  slow,            ///< a byte every `pause_ms`
  echo,            ///< the request's body, as it comes (HTTP/2), with gRPC's trailers
  go_away,         ///< HTTP/2: an answer, and no further streams on this connection
  refuse,          ///< HTTP/2: REFUSED_STREAM
  reset_before,    ///< the answer's first byte
  reset_mid_head,  ///< HTTP/1.1 alone, as garbage is
  reset_mid_body,
  close_mid_body,
  garbage,
  never,  ///< no answer at all
};

struct Script {
  Behaviour behaviour = Behaviour::whole;
  std::size_t size = 0;  ///< of the answer's body
  std::uint32_t pause_ms = 0;
};

std::string_view name_of(Behaviour behaviour);
std::string path_of(const Script& script);
/// Nothing when the path is none of path_of().
std::optional<Script> script_of(std::string_view path);

/// A body of that size; no two sizes' bodies begin alike.
std::string content(std::size_t size);

/// A body's length and FNV-1a hash, in pieces.
class Digest {
 public:
  void add(std::string_view bytes);
  std::string text() const;
  bool operator==(const Digest&) const = default;

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325u;
  std::uint64_t length_ = 0;
};
Digest digest_of(std::string_view body);

/// The field in which endpoints say what body they have received.
inline constexpr std::string_view kBodyField = "x-body";

}  // namespace outrigger::soak
