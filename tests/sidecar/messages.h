#pragma once
#include <algorithm>
#include <string>
#include <string_view>

#include "http/head_writer.h"

namespace outrigger::sidecar::test {

inline std::string get(const std::string& target, const std::string& fields = "") {
  return "GET " + target + " HTTP/1.1\r\nHost: web\r\n" + fields + "\r\n";
}

inline std::string post(const std::string& target, const std::string& body) {
  return "POST " + target + " HTTP/1.1\r\nHost: web\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

inline std::string ok(const std::string& body, const std::string& fields = "") {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + fields + "\r\n" + body;
}

/// A chunked body in chunks of that size.
inline std::string chunks(std::string_view body, std::size_t size) {
  std::string text;
  for (; !body.empty(); body.remove_prefix(std::min(size, body.size()))) {
    const std::string_view chunk = body.substr(0, size);
    http::write_chunk_start(chunk.size(), text);
    text.append(chunk).append(http::kChunkEnd);
  }
  return text.append(http::kLastChunk);
}

/// Bytes in which a lost, doubled or moved piece shows.
inline std::string pattern(std::size_t size, std::uint32_t seed = 1) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) {
    seed = seed * 1'664'525 + 1'013'904'223;
    byte = static_cast<char>(seed >> 24);
  }
  return bytes;
}

}  // namespace outrigger::sidecar::test
