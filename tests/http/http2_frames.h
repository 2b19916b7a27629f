#pragma once
/// HTTP/2 frames made by hand (RFC 9113 section 4.1), right or wrong, and what a session wrote, frame by frame, as
/// text.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace outrigger::http::frames {

inline constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

enum Type : std::uint8_t {
  kData,
  kHeaders,
  kPriority,
  kRstStream,
  kSettings,
  kPushPromise,
  kPing,
  kGoaway,
  kWindowUpdate,
  kContinuation,
};
inline constexpr std::uint8_t kEndStream = 0x1;
inline constexpr std::uint8_t kAck = 0x1;
inline constexpr std::uint8_t kEndHeaders = 0x4;

using Fields = std::vector<std::pair<std::string, std::string>>;

inline std::string number(std::uint64_t value, int bytes) {
  std::string text;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) text += static_cast<char>(value >> shift);
  return text;
}

inline std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view payload) {
  return number(payload.size(), 3) + number(type, 1) + number(flags, 1) + number(stream, 4) + std::string{payload};
}

/// RFC 7541 section 5.2, without Huffman code.
inline std::string hpack_string(std::string_view text) {
  constexpr std::size_t kPrefix = 127;
  std::string length;
  if (text.size() < kPrefix) {
    length = number(text.size(), 1);
  } else {
    length = number(kPrefix, 1);
    std::size_t rest = text.size() - kPrefix;
    for (; rest >= 128; rest /= 128) length += static_cast<char>(rest % 128 + 128);
    length += static_cast<char>(rest);
  }
  return length + std::string{text};
}

/// Literals without indexing.
inline std::string block(const Fields& fields) {
  std::string text;
  for (const auto& [name, value] : fields) text += '\0' + hpack_string(name) + hpack_string(value);
  return text;
}

inline std::string headers(std::uint32_t stream, std::uint8_t flags, const Fields& fields) {
  return frame(kHeaders, flags | kEndHeaders, stream, block(fields));
}

inline Fields request(const Fields& more = {}) {
  Fields fields{{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

inline std::string get(std::uint32_t stream) { return headers(stream, kEndStream, request()); }
inline std::string rst(std::uint32_t stream, std::uint32_t error) {
  return frame(kRstStream, 0, stream, number(error, 4));
}
inline std::string window_update(std::uint32_t stream, std::uint32_t by) {
  return frame(kWindowUpdate, 0, stream, number(by, 4));
}
inline std::string goaway(std::uint32_t last, std::uint32_t error) {
  return frame(kGoaway, 0, 0, number(last, 4) + number(error, 4));
}
inline std::string settings(const std::vector<std::pair<std::uint16_t, std::uint32_t>>& entries = {}) {
  std::string payload;
  for (const auto& [id, value] : entries) payload += number(id, 2) + number(value, 4);
  return frame(kSettings, 0, 0, payload);
}
inline std::string hello() { return std::string{kPreface} + settings() + frame(kSettings, kAck, 0, ""); }

struct Frame {
  std::uint8_t type;
  std::uint8_t flags;
  std::uint32_t stream;
  std::string payload;
};

inline std::uint32_t read_number(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

inline std::vector<Frame> parse(std::string_view bytes) {
  std::vector<Frame> found;
  if (bytes.starts_with(kPreface)) bytes.remove_prefix(kPreface.size());
  while (bytes.size() >= 9) {
    const std::size_t size = read_number(bytes.substr(0, 3));
    found.push_back({static_cast<std::uint8_t>(bytes[3]), static_cast<std::uint8_t>(bytes[4]),
                     read_number(bytes.substr(5, 4)), std::string{bytes.substr(9, size)}});
    bytes.remove_prefix(9 + size);
  }
  return found;
}

/// Like "RST_STREAM 1 error 1, GOAWAY last 1 error 0". SETTINGS and WINDOW_UPDATE are left out.
inline std::string describe(std::string_view bytes) {
  constexpr std::array<const char*, 10> kNames{"DATA",         "HEADERS", "PRIORITY", "RST_STREAM",    "SETTINGS",
                                               "PUSH_PROMISE", "PING",    "GOAWAY",   "WINDOW_UPDATE", "CONTINUATION"};
  std::string text;
  for (const Frame& one : parse(bytes)) {
    if (one.type == kSettings || one.type == kWindowUpdate) continue;
    if (!text.empty()) text += ", ";
    text += one.type < kNames.size() ? kNames[one.type] : "unknown";
    if (one.stream != 0) text += " " + std::to_string(one.stream);
    if (one.type == kRstStream) text += " error " + std::to_string(read_number(one.payload));
    if (one.type == kGoaway) {
      text += " last " + std::to_string(read_number(one.payload.substr(0, 4))) + " error " +
              std::to_string(read_number(one.payload.substr(4, 4)));
    }
    if (one.type == kPing && (one.flags & kAck) != 0) text += " ack";
    if ((one.type == kData || one.type == kHeaders) && (one.flags & kEndStream) != 0) text += " end";
  }
  return text;
}

}  // namespace outrigger::http::frames
