#include "sidecar/protocol_detection.h"

#include <algorithm>
#include <array>

#include "http/syntax.h"

namespace outrigger::sidecar {
namespace {

constexpr std::string_view kHttp2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::size_t kMaxMethod = 32;
constexpr std::array<std::string_view, 2> kSchemes = {"http://", "https://"};
constexpr std::array<std::string_view, 9> kUsualBeginnings = {"GET ",   "HEAD ",    "POST ",  "PUT ", "DELETE ",
                                                              "PATCH ", "OPTIONS ", "TRACE ", "PRI "};
constexpr std::array<std::uint16_t, 15> kServerFirstPorts = {21,  22,   23,   25,   110,  119,  143,  587,
                                                             873, 2525, 3306, 4222, 4444, 5900, 11211};

static_assert(kHttp2Preface.size() <= kMaxDetectionBytes);
static_assert(kMaxMethod + 1 + kSchemes.back().size() <= kMaxDetectionBytes);
static_assert(std::is_sorted(kServerFirstPorts.begin(), kServerFirstPorts.end()));

/// `expected` is in small letters.
Detected begins_with(std::string_view bytes, std::string_view expected, Detected verdict) {
  const std::size_t size = std::min(bytes.size(), expected.size());
  const bool same = std::equal(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size), expected.begin(),
                               [](char byte, char small) { return http::lower(byte) == small; });
  if (!same) return Detected::tcp;
  return size == expected.size() ? verdict : Detected::more;
}

Detected detect_target(std::string_view bytes) {
  if (bytes.empty()) return Detected::more;
  if (bytes.front() == '/' || bytes.front() == '*') return Detected::http1;
  // The schemes differ after what they share, so at most one of them says other than tcp once they do.
  const Detected plain = begins_with(bytes, kSchemes[0], Detected::http1);
  return plain == Detected::tcp ? begins_with(bytes, kSchemes[1], Detected::http1) : plain;
}

Detected detect_request_line(std::string_view bytes) {
  const auto end = std::find_if_not(bytes.begin(), bytes.end(), http::is_token_char);
  const auto method = static_cast<std::size_t>(end - bytes.begin());
  if (method > kMaxMethod) return Detected::tcp;
  if (end == bytes.end()) return Detected::more;
  if (method == 0 || *end != ' ') return Detected::tcp;
  return detect_target(bytes.substr(method + 1));
}

}  // namespace

Detected detect(std::string_view first_bytes) {
  const std::size_t size = std::min(first_bytes.size(), kHttp2Preface.size());
  // Its first line is one of HTTP/1, too, until it is whole.
  if (first_bytes.substr(0, size) == kHttp2Preface.substr(0, size)) {
    return size == kHttp2Preface.size() ? Detected::http2 : Detected::more;
  }
  return detect_request_line(first_bytes.substr(0, kMaxDetectionBytes));
}

bool begins_like_http(std::string_view first_bytes) {
  return std::any_of(kUsualBeginnings.begin(), kUsualBeginnings.end(), [&](std::string_view usual) {
    return first_bytes.starts_with(usual) || usual.starts_with(first_bytes);
  });
}

bool is_server_first_port(std::uint16_t port) {
  return std::binary_search(kServerFirstPorts.begin(), kServerFirstPorts.end(), port);
}

void SeenServerFirst::remember(std::string_view destination) {
  if (contains(destination)) return;
  if (recent_.size() == kMaxDestinations) {
    positions_.erase(recent_.back());
    recent_.pop_back();
  }
  recent_.emplace_front(destination);
  positions_.emplace(recent_.front(), recent_.begin());
}

bool SeenServerFirst::contains(std::string_view destination) {
  const auto found = positions_.find(destination);
  if (found == positions_.end()) return false;
  recent_.splice(recent_.begin(), recent_, found->second);
  return true;
}

}  // namespace outrigger::sidecar
