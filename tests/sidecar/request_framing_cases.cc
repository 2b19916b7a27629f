/// Where a request ends.
#include <utility>

#include "request_battery.h"

namespace outrigger::sidecar::test {
namespace {

using namespace std::string_literals;

const std::string kStart = "POST / HTTP/1.1\r\nHost: web\r\n";
const std::string kVia = "Via: 1.1 outrigger\r\n";
const std::string kChunked = "Transfer-Encoding: chunked\r\n";
const std::string kAbcInChunks = "3\r\nabc\r\n0\r\n\r\n";

std::string framed(const std::string& fields, const std::string& body) { return kStart + fields + "\r\n" + body; }

std::string arrives(const std::string& framing, const std::string& body, const std::string& others = "") {
  return kStart + framing + others + kVia + "\r\n" + body;
}

/// "abc" under those fields goes on with a plain length.
RawCase length(const std::string& fields) {
  return passed(fields, framed(fields, "abc"), arrives("Content-Length: 3\r\n", "abc"));
}
RawCase no_length(const std::string& fields) { return refused(fields, framed(fields, "abc")); }
/// "abc" in chunks under those fields goes on in chunks.
RawCase coding(const std::string& fields) {
  return passed(fields, framed(fields, kAbcInChunks), arrives(kChunked, kAbcInChunks));
}
RawCase no_coding(const std::string& fields) { return refused(fields, framed(fields, kAbcInChunks)); }
/// A chunked body that goes on as `out`.
RawCase chunks_pass(const std::string& in, const std::string& out) {
  return passed(in, framed(kChunked, in), arrives(kChunked, out));
}
RawCase no_chunks(const std::string& body) { return refused(body, framed(kChunked, body)); }

}  // namespace

RawCase refused(std::string name, std::string input, std::uint16_t status) {
  return {std::move(name), std::move(input) + kFollowing, {status}, {}};
}

RawCase passed(std::string name, std::string input, std::string arrives) {
  return {std::move(name), std::move(input) + kFollowing, {200, 200}, {std::move(arrives), kFollowingArrives}};
}

RawCase last(std::string name, std::string input, std::string arrives) {
  return {std::move(name), std::move(input) + kFollowing, {200}, {std::move(arrives)}};
}

std::vector<RawCase> length_cases() {
  return {
      length("Content-Length: 3\r\n"),
      length("content-length: 3\r\n"),
      length("CONTENT-LENGTH:3\r\n"),
      length("Content-Length:   3  \r\n"),
      length("Content-Length:\t3\t\r\n"),
      length("Content-Length: 003\r\n"),
      length("Content-Length: 00000000000000000000000003\r\n"),
      length("Connection: Content-Length\r\nContent-Length: 3\r\n"),
      passed("a length of nothing", framed("Content-Length: 0\r\n", ""), arrives("Content-Length: 0\r\n", "")),
      passed("no length", framed("", ""), arrives("", "")),
      passed("a request as content",
             framed("Content-Length: " + std::to_string(kFollowing.size()) + "\r\n", kFollowing),
             arrives("Content-Length: " + std::to_string(kFollowing.size()) + "\r\n", kFollowing)),
      passed("content of a GET", "GET / HTTP/1.1\r\nHost: web\r\nContent-Length: 3\r\n\r\nabc",
             "GET / HTTP/1.1\r\nHost: web\r\nContent-Length: 3\r\n" + kVia + "\r\nabc"),
      {"content without a length", framed("", "abc\r\n") + kFollowing, {200, 400}, {arrives("", "")}},
      passed("an underscore", framed("Content_Length: 3\r\n", ""), arrives("", "", "Content_Length: 3\r\n")),
      no_length("Content-Length:\r\n"),
      no_length("Content-Length: \t \r\n"),
      no_length("Content-Length: +3\r\n"),
      no_length("Content-Length: -3\r\n"),
      no_length("Content-Length: -0\r\n"),
      no_length("Content-Length: 3,3\r\n"),
      no_length("Content-Length: 3, 3\r\n"),
      no_length("Content-Length: 3,\r\n"),
      no_length("Content-Length: ,3\r\n"),
      no_length("Content-Length: 3 3\r\n"),
      no_length("Content-Length: 3;\r\n"),
      no_length("Content-Length: 0x3\r\n"),
      no_length("Content-Length: 3.0\r\n"),
      no_length("Content-Length: 3e0\r\n"),
      no_length("Content-Length: \"3\"\r\n"),
      no_length("Content-Length: three\r\n"),
      no_length("Content-Length: 3a\r\n"),
      no_length("Content-Length: \xef\xbc\x93\r\n"),
      no_length("Content-Length: 18446744073709551616\r\n"),
      no_length("Content-Length: 18446744073709551619\r\n"),
      no_length("Content-Length: 99999999999999999999999999\r\n"),
      no_length("Content-Length: 3\0\r\n"s),
      no_length("Content-Length: \v3\r\n"),
      no_length("Content-Length: 3\f\r\n"),
      no_length("Content-Length: 3\r\nContent-Length: 3\r\n"),
      no_length("Content-Length: 3\r\ncontent-length: 0\r\n"),
      no_length("Content-Length: 0\r\nX: y\r\nCONTENT-LENGTH: 3\r\n"),
      no_length("Content-Length: 3\r\nContent-Length:\r\n"),
      no_length("Content-Length : 3\r\n"),
      no_length("Content-Length\t: 3\r\n"),
      no_length(" Content-Length: 3\r\n"),
      no_length("Content-Length:\r\n 3\r\n"),
      no_length("Content-Length: 3\r\n 3\r\n"),
      no_length("Content-Length: 3\n"),
      no_length("Content-Length: 3\rX: y\r\n"),
      no_length("Content-Length\r\n: 3\r\n"),
      no_length("Content-Length\0: 3\r\n"s),
      no_length("Content Length: 3\r\n"),
  };
}

std::vector<RawCase> coding_cases() {
  const std::string both = "Content-Length: 3\r\n";
  return {
      coding("Transfer-Encoding: chunked\r\n"),
      coding("transfer-encoding:chunked\r\n"),
      coding("TRANSFER-ENCODING: CHUNKED\r\n"),
      coding("Transfer-Encoding: \tChunked \t\r\n"),
      coding("Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n"),
      passed("an underscore", framed("Transfer_Encoding: chunked\r\n", ""),
             arrives("", "", "Transfer_Encoding: chunked\r\n")),
      passed("another field", framed("Content-Encoding: chunked\r\n", ""),
             arrives("", "", "Content-Encoding: chunked\r\n")),
      no_coding(kChunked + both),
      no_coding(both + kChunked),
      no_coding(kChunked + "Content-Length: 0\r\n"),
      no_coding(kChunked + "Content-Length: 13\r\n"),
      no_coding("transfer-encoding: chunked\r\ncontent-length: 3\r\n"),
      no_coding("Transfer-Encoding: identity\r\n" + both),
      no_coding("Transfer-Encoding:\r\n" + both),
      no_coding("Transfer-Encoding: x\r\n" + both),
      no_coding("Connection: Content-Length\r\n" + kChunked + both),
      no_coding("Connection: Transfer-Encoding\r\n" + kChunked + both),
      no_coding(kChunked + kChunked),
      no_coding(kChunked + "Transfer-Encoding: identity\r\n"),
      no_coding("Transfer-Encoding: gzip\r\n" + kChunked),
      no_coding("Transfer-Encoding: gzip\r\n"),
      no_coding("Transfer-Encoding: identity\r\n"),
      no_coding("Transfer-Encoding: gzip, chunked\r\n"),
      no_coding("Transfer-Encoding: chunked, gzip\r\n"),
      no_coding("Transfer-Encoding: chunked, chunked\r\n"),
      no_coding("Transfer-Encoding: chunked, identity\r\n"),
      no_coding("Transfer-Encoding: chunked;q=1\r\n"),
      no_coding("Transfer-Encoding: chunked; x\r\n"),
      no_coding("Transfer-Encoding: \"chunked\"\r\n"),
      no_coding("Transfer-Encoding: xchunked\r\n"),
      no_coding("Transfer-Encoding: chunkedx\r\n"),
      no_coding("Transfer-Encoding: chunk ed\r\n"),
      no_coding("Transfer-Encoding: ,chunked\r\n"),
      no_coding("Transfer-Encoding: chunked,\r\n"),
      no_coding("Transfer-Encoding:\r\n"),
      no_coding("Transfer-Encoding: chun\xe2\x80\x8bked\r\n"),
      no_coding("Transfer-Encoding: chun\xc4\xb8"
                "ed\r\n"),
      no_coding("Transfer-Encoding: chunked\0\r\n"s),
      no_coding("Transfer-Encoding: \vchunked\r\n"),
      no_coding("Transfer-Encoding: chunked\x7f\r\n"),
      no_coding("Transfer-Encoding : chunked\r\n"),
      no_coding("Transfer-Encoding\t: chunked\r\n"),
      no_coding(" Transfer-Encoding: chunked\r\n"),
      no_coding("X: y\r\n Transfer-Encoding: chunked\r\n"),
      no_coding("Transfer-Encoding:\r\n chunked\r\n"),
      no_coding("Transfer-Encoding: chunked\r\n , x\r\n"),
      no_coding("Transfer-Encoding\0: chunked\r\n"s),
      no_coding("Transfer Encoding: chunked\r\n"),
      no_coding("X: y\nTransfer-Encoding: chunked\r\n"),
      no_coding("X: y\rTransfer-Encoding: chunked\r\n"),
  };
}

std::vector<RawCase> chunk_cases() {
  const std::string request = std::to_string(kFollowing.size());
  return {
      chunks_pass("3\r\nabc\r\n0\r\n\r\n", "3\r\nabc\r\n0\r\n\r\n"),
      chunks_pass("0\r\n\r\n", "0\r\n\r\n"),
      chunks_pass("1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"),
      chunks_pass("A\r\n0123456789\r\n0\r\n\r\n", "a\r\n0123456789\r\n0\r\n\r\n"),
      chunks_pass("0000000000000003\r\nabc\r\n0000\r\n\r\n", kAbcInChunks),
      chunks_pass("3;x=1\r\nabc\r\n0;last\r\n\r\n", kAbcInChunks),
      chunks_pass("3 \t; x = \"a;b\"\r\nabc\r\n0\r\n\r\n", kAbcInChunks),
      chunks_pass("3;\xc3\xa4\r\nabc\r\n0\r\n\r\n", kAbcInChunks),
      chunks_pass("5\r\n0\r\n\r\n\r\n0\r\n\r\n", "5\r\n0\r\n\r\n\r\n0\r\n\r\n"),
      chunks_pass("4\r\na\0\r\n\r\n0\r\n\r\n"s, "4\r\na\0\r\n\r\n0\r\n\r\n"s),
      chunks_pass("0\r\nX-Sum: 1\r\n\r\n", "0\r\nX-Sum: 1\r\n\r\n"),
      chunks_pass("0\r\nx-sum:1 \r\nX-More:\t\r\n\r\n", "0\r\nx-sum: 1\r\nX-More: \r\n\r\n"),
      chunks_pass("0\r\nContent-Length: 9\r\nX: 1\r\n\r\n", "0\r\nX: 1\r\n\r\n"),
      chunks_pass("0\r\nTransfer-Encoding: chunked\r\n\r\n", "0\r\n\r\n"),
      chunks_pass("0\r\nHost: other\r\nConnection: close\r\nTrailer: X\r\n\r\n", "0\r\n\r\n"),
      passed("a nominated trailer", framed("Connection: X-A\r\n" + kChunked, "0\r\nX-A: 1\r\nX-B: 2\r\n\r\n"),
             arrives(kChunked, "0\r\nX-B: 2\r\n\r\n")),
      no_chunks("\r\nabc\r\n0\r\n\r\n"),
      no_chunks("g\r\nabc\r\n0\r\n\r\n"),
      no_chunks("-3\r\nabc\r\n0\r\n\r\n"),
      no_chunks("+3\r\nabc\r\n0\r\n\r\n"),
      no_chunks("0x3\r\nabc\r\n0\r\n\r\n"),
      no_chunks("3h\r\nabc\r\n0\r\n\r\n"),
      no_chunks("3,\r\nabc\r\n0\r\n\r\n"),
      no_chunks("3.0\r\nabc\r\n0\r\n\r\n"),
      no_chunks(" 3\r\nabc\r\n0\r\n\r\n"),
      no_chunks("\t3\r\nabc\r\n0\r\n\r\n"),
      no_chunks("3 \r\nabc\r\n0\r\n\r\n"),
      no_chunks("3 3\r\nabc\r\n0\r\n\r\n"),
      no_chunks("3\nabc\r\n0\r\n\r\n"),
      no_chunks("3\rabc\r\n0\r\n\r\n"),
      no_chunks("3\r\r\nabc\r\n0\r\n\r\n"),
      no_chunks("3\0\r\nabc\r\n0\r\n\r\n"s),
      no_chunks("3\r\nabc\n0\r\n\r\n"),
      no_chunks("3\r\nabc0\r\n\r\n"),
      no_chunks("3\r\nabcd\r\n0\r\n\r\n"),
      no_chunks("3\r\nab\r\n0\r\n\r\n"),
      no_chunks("3\r\nabc\rx0\r\n\r\n"),
      no_chunks("3\r\nabc\r\n\r\n0\r\n\r\n"),
      no_chunks("10000000000000003\r\nabc\r\n0\r\n\r\n"),
      no_chunks("00000000000000003\r\nabc\r\n0\r\n\r\n"),
      no_chunks("3;x\ny\r\nabc\r\n0\r\n\r\n"),
      no_chunks("3;x\ry\r\nabc\r\n0\r\n\r\n"),
      no_chunks("3;\0\r\nabc\r\n0\r\n\r\n"s),
      no_chunks("3;" + std::string(5'000, 'x') + "\r\nabc\r\n0\r\n\r\n"),
      no_chunks("0\nX\r\n\r\n"),
      no_chunks("0\r\n\n"),
      no_chunks("0\r\n\rx"),
      no_chunks("0\r\nX y: 1\r\n\r\n"),
      no_chunks("0\r\nX : 1\r\n\r\n"),
      no_chunks("0\r\n: 1\r\n\r\n"),
      no_chunks("0\r\nX\r\n\r\n"),
      no_chunks("0\r\n X: 1\r\n\r\n"),
      no_chunks("0\r\nX: 1\r\n 2\r\n\r\n"),
      no_chunks("0\r\nX: 1\n\r\n"),
      no_chunks("0\r\nX: 1\rY: 2\r\n\r\n"),
      no_chunks("0\r\nX: \0\r\n\r\n"s),
  };
}

}  // namespace outrigger::sidecar::test
