#include "sidecar/protocol_detection.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <utility>
#include <vector>

namespace outrigger::sidecar {

void PrintTo(Detected detected, std::ostream* out) {
  constexpr std::array<const char*, 4> kNames = {"http1", "http2", "tcp", "more"};
  *out << kNames[static_cast<std::size_t>(detected)];
}

namespace {

using namespace std::string_literals;

const std::string kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const std::string kMethod32(32, 'M');

const std::vector<std::pair<std::string, Detected>> kExamples = {
    {"GET / HTTP/1.1\r\n", Detected::http1},
    {"OPTIONS * HTTP/1.1\r\n", Detected::http1},
    {"GET http://web/ HTTP/1.1\r\n", Detected::http1},
    {"GET HTTPS://web/ HTTP/1.1\r\n", Detected::http1},
    {"M-SEARCH * HTTP/1.1\r\n", Detected::http1},
    {"a /", Detected::http1},
    {kMethod32 + " /", Detected::http1},
    {kMethod32 + " https://", Detected::http1},
    {kPreface, Detected::http2},
    {kPreface + "\0\0\0\x04"s, Detected::http2},
    {"PRI * HTTP/2.1\r\n", Detected::http1},
    {"PRI / HTTP/1.1\r\n", Detected::http1},
    {"PRIME / HTTP/1.1\r\n", Detected::http1},
    {"PRI * HTTP/2.0\r\n\r\nSN", Detected::http1},
    {"\x16\x03\x01\x02\x00\x01"s, Detected::tcp},             // TLS
    {"\0\0\0\x08\x04\xd2\x16\x2f"s, Detected::tcp},           // PostgreSQL's SSLRequest
    {"*1\r\n$4\r\nPING\r\n", Detected::tcp},                  // Redis
    {"PING\r\n", Detected::tcp},                              // Redis, by hand
    {"set key 0 0 3\r\n", Detected::tcp},                     // memcached
    {"SSH-2.0-OpenSSH_9.2\r\n", Detected::tcp},               // long before its end
    {"EHLO example.org\r\n", Detected::tcp},                  // SMTP
    {"CONNECT example.org:443 HTTP/1.1\r\n", Detected::tcp},  // a tunnel
    {"DESCRIBE rtsp://example.org RTSP/1.0\r\n", Detected::tcp},
    {"INVITE sip:bob@example.org SIP/2.0\r\n", Detected::tcp},
    {"GET  / HTTP/1.1\r\n", Detected::tcp},
    {"GET\t/ HTTP/1.1\r\n", Detected::tcp},
    {"GET http:/web", Detected::tcp},
    {"GET httpx", Detected::tcp},
    {" GET / HTTP/1.1\r\n", Detected::tcp},
    {"\r\nGET / HTTP/1.1\r\n", Detected::tcp},
    {kMethod32 + "M /", Detected::tcp},
    {std::string(1000, 'x'), Detected::tcp},
    {"", Detected::more},
    {"GET", Detected::more},
    {"GET ", Detected::more},
    {"GET http", Detected::more},
    {"GET https:/", Detected::more},
    {kMethod32, Detected::more},
    {kMethod32 + " https:/", Detected::more},
    {"PRI", Detected::more},
    {"PRI * ", Detected::more},
    {kPreface.substr(0, kPreface.size() - 1), Detected::more},
};

TEST(Detect, KnowsTheProtocols) {
  for (const auto& [bytes, expected] : kExamples) {
    EXPECT_EQ(detect(bytes), expected) << testing::PrintToString(bytes);
  }
}

TEST(Detect, TellsASlowHttpClientFromOneThatHasSaidAll) {
  for (const char* bytes : {"G", "GET", "GET ", "GET http", "P", "POS", "PRI * ", "O", "DELETE "}) {
    EXPECT_TRUE(begins_like_http(bytes)) << bytes;
  }
  for (const char* bytes : {"g", "hello", "PING", "GETS", "PROPFIND ", "GO"}) {
    EXPECT_FALSE(begins_like_http(bytes)) << bytes;
  }
}

/// What is detected of `bytes` as they arrive, and by how many of them.
std::pair<Detected, std::size_t> detect_byte_by_byte(std::string_view bytes) {
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const Detected detected = detect(bytes.substr(0, size));
    if (detected != Detected::more) return {detected, size};
  }
  return {Detected::more, bytes.size()};
}

TEST(Detect, SaysTheSameHoweverTheBytesAreCut) {
  for (const auto& [bytes, expected] : kExamples) {
    const auto [first, decided] = detect_byte_by_byte(bytes);
    EXPECT_EQ(first, expected) << testing::PrintToString(bytes);
    EXPECT_LE(decided, kMaxDetectionBytes);
    for (std::size_t size = decided; size <= bytes.size(); ++size) {
      EXPECT_EQ(detect(std::string_view(bytes).substr(0, size)), expected) << testing::PrintToString(bytes) << size;
    }
  }
}

TEST(Detect, KeepsItsVerdictOnRandomBytesAndAsksForFew) {
  constexpr unsigned kSeed = 7;
  std::mt19937 random(kSeed);
  // Pieces of what it looks for, so that all of its branches are met.
  const std::vector<std::string> pieces = {
      "PRI * HTTP/2.0\r\n", "\r\nSM\r\n\r\n", "GET", " ", "/", "*", "http", "s", "://", "x", "\r", "\n", "\x16\x03"};
  for (int i = 0; i < 50'000; ++i) {
    std::string bytes;
    while (bytes.size() < 100) bytes += pieces[random() % pieces.size()];
    const auto [first, decided] = detect_byte_by_byte(bytes);
    ASSERT_NE(first, Detected::more) << "seed " << kSeed << testing::PrintToString(bytes);
    ASSERT_LE(decided, kMaxDetectionBytes);
    for (std::size_t size = decided; size <= bytes.size(); ++size) {
      ASSERT_EQ(detect(std::string_view(bytes).substr(0, size)), first)
          << "seed " << kSeed << ' ' << testing::PrintToString(bytes) << ' ' << size;
    }
  }
}

TEST(ServerFirstPorts, AreKnown) {
  for (const int port : {21, 25, 110, 143, 587, 3306, 4222, 11211})
    EXPECT_TRUE(is_server_first_port(static_cast<std::uint16_t>(port)));
  for (const int port : {0, 53, 80, 443, 5432, 6379, 8080, 9092, 27017, 65535}) {
    EXPECT_FALSE(is_server_first_port(static_cast<std::uint16_t>(port)));
  }
}

TEST(SeenServerFirst, ForgetsWhatWasAskedForLeastRecently) {
  SeenServerFirst seen;
  EXPECT_FALSE(seen.contains("0"));
  const std::size_t most = SeenServerFirst::kMaxDestinations;
  for (std::size_t i = 0; i < most; ++i) seen.remember(std::to_string(i));
  EXPECT_TRUE(seen.contains("0"));
  seen.remember("1");
  EXPECT_EQ(seen.size(), most);
  seen.remember("one more");
  EXPECT_EQ(seen.size(), most);
  EXPECT_TRUE(seen.contains("0"));
  EXPECT_TRUE(seen.contains("1"));
  EXPECT_FALSE(seen.contains("2"));
  EXPECT_TRUE(seen.contains("one more"));
}

}  // namespace
}  // namespace outrigger::sidecar
