/// Many raw answers of an endpoint: the client gets a 502, or exactly one message that can be read in one way alone, or
/// one that is cut and looks so.
#include <gtest/gtest.h>

#include "messages.h"
#include "proxy.h"
#include "strict_reader.h"

namespace outrigger::sidecar::test {
namespace {

using namespace std::string_literals;

/// What comes behind each answer that has an end of its own.
const std::string kPoison = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison";
const std::string kOk = "HTTP/1.1 200 OK\r\nDate: now\r\n";

struct RawAnswer {
  enum class Fate { passed, invalid, cut };

  std::string input;
  Fate fate = Fate::invalid;
  std::string arrives;  ///< the very bytes, of one that is passed
};

RawAnswer passed(std::string input, std::string arrives) {
  return {std::move(input) + kPoison, RawAnswer::Fate::passed, std::move(arrives)};
}
/// Ended by the connection's end.
RawAnswer ended(std::string input, std::string arrives) {
  return {std::move(input), RawAnswer::Fate::passed, std::move(arrives)};
}
RawAnswer invalid(std::string input) { return {std::move(input) + kPoison, RawAnswer::Fate::invalid, {}}; }
RawAnswer cut(std::string input) { return {std::move(input), RawAnswer::Fate::cut, {}}; }

RawAnswer fields(const std::string& in, const std::string& out) {
  return passed(kOk + in + "Content-Length: 3\r\n\r\nabc", kOk + out + "Content-Length: 3\r\n\r\nabc");
}
RawAnswer no_fields(const std::string& in) { return invalid(kOk + in + "Content-Length: 3\r\n\r\nabc"); }
RawAnswer length(const std::string& field) {
  return passed(kOk + field + "\r\n\r\nabc", kOk + "Content-Length: 3\r\n\r\nabc");
}
RawAnswer no_framing(const std::string& lines) { return invalid(kOk + lines + "\r\n\r\n3\r\nabc\r\n0\r\n\r\n"); }
RawAnswer chunks_pass(const std::string& in, const std::string& out) {
  const std::string head = kOk + "Transfer-Encoding: chunked\r\n\r\n";
  return passed(head + in, head + out);
}
/// Broken behind its head, which has gone.
RawAnswer no_chunks(const std::string& body) {
  return cut(kOk + "Transfer-Encoding: chunked\r\n\r\n" + body + kPoison);
}
RawAnswer line(const std::string& in, const std::string& out) {
  return passed(in + "\r\nDate: now\r\nContent-Length: 3\r\n\r\nabc",
                out + "\r\nDate: now\r\nContent-Length: 3\r\n\r\nabc");
}
RawAnswer no_line(const std::string& in) { return invalid(in + "\r\nContent-Length: 3\r\n\r\nabc"); }

class ResponseBattery : public ::testing::Test {
 protected:
  ResponseBattery() { proxy_.set_endpoints({upstream_.address()}); }

  void run(const std::vector<RawAnswer>& answers) {
    for (const RawAnswer& answer : answers) {
      for (const bool at_once : {true, false}) {
        SCOPED_TRACE(answer.input.substr(0, 200) + (at_once ? "" : ", byte by byte"));
        run(answer, at_once);
      }
    }
  }

 private:
  void run(const RawAnswer& answer, bool at_once) {
    Socket client = proxy_.connect();
    client.send(get("/"));
    client.half_close();
    Socket endpoint = upstream_.accept();
    EXPECT_TRUE(endpoint.read_request().whole);
    at_once ? endpoint.send(answer.input) : endpoint.trickle(answer.input);
    endpoint.half_close();
    const std::string bytes = client.read_to_end();
    endpoint.read_to_end();  // never used again
    const StrictReading response = read_strict_response(bytes, /*at_end=*/true);
    EXPECT_EQ(response.problem, "") << bytes;
    switch (answer.fate) {
      case RawAnswer::Fate::passed: return check_passed(answer, at_once, bytes, response);
      case RawAnswer::Fate::invalid:
        EXPECT_TRUE(response.start_line.starts_with("HTTP/1.1 502 ")) << bytes;
        EXPECT_NE(bytes.find("\r\nProxy-Status: outrigger; error=http_protocol_error\r\n"), bytes.npos) << bytes;
        EXPECT_EQ(response.size, bytes.size()) << bytes;
        return;
      case RawAnswer::Fate::cut:
        // So short that head and fault may be known together, or not.
        EXPECT_TRUE(!response.whole() || response.start_line.starts_with("HTTP/1.1 502 ")) << bytes;
        return;
    }
  }

  static void check_passed(const RawAnswer& answer, bool at_once, const std::string& bytes,
                           const StrictReading& response) {
    EXPECT_EQ(response.size, bytes.size()) << bytes;
    if (at_once) {
      EXPECT_EQ(bytes, answer.arrives);
      return;
    }
    const StrictReading expected = read_strict_response(answer.arrives, /*at_end=*/true);
    EXPECT_EQ(response.head, expected.head);
    EXPECT_EQ(response.body, expected.body);
  }

  Listener upstream_;
  Proxy proxy_;
};

TEST_F(ResponseBattery, StatusLines) {
  run({
      line("HTTP/1.1 200 OK", "HTTP/1.1 200 OK"),
      line("HTTP/1.1 200 ", "HTTP/1.1 200 "),
      line("HTTP/1.1 200", "HTTP/1.1 200 "),
      line("HTTP/1.1 200  two  spaces ", "HTTP/1.1 200  two  spaces "),
      line("HTTP/1.1 299 \xc3\xa4", "HTTP/1.1 299 \xc3\xa4"),
      line("HTTP/1.1 599 x", "HTTP/1.1 599 x"),
      line("HTTP/1.9 200 OK", "HTTP/1.1 200 OK"),
      line("HTTP/1.0 200 OK", "HTTP/1.1 200 OK"),
      no_line("HTTP/1.1 600 x"),
      no_line("HTTP/1.1 099 x"),
      no_line("HTTP/1.1 000 x"),
      no_line("HTTP/1.1 20 OK"),
      no_line("HTTP/1.1 2000 OK"),
      no_line("HTTP/1.1 +20 OK"),
      no_line("HTTP/1.1 2x0 OK"),
      no_line("HTTP/1.1  200 OK"),
      no_line("HTTP/1.1\t200 OK"),
      no_line(" HTTP/1.1 200 OK"),
      no_line("\r\nHTTP/1.1 200 OK"),
      no_line("http/1.1 200 OK"),
      no_line("HTTP/2.0 200 OK"),
      no_line("HTTP/2 200 OK"),
      no_line("HTTP/0.9 200 OK"),
      no_line("HTTP/1.10 200 OK"),
      no_line("ICY 200 OK"),
      no_line("HTTP/1.1 200 O\0K"s),
      no_line("HTTP/1.1 200 O\rK"),
      no_line("HTTP/1.1 200 O\nK"),
      no_line("HTTP/1.1 200 OK\n"),
      no_line("HTTP/1.1 200 OK\r\n "),
      no_line("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket"),
      no_line("HTTP/1.1 101 Switching Protocols"),
      no_line("220 mail ready"),
      no_line("<html>"),
  });
}

TEST_F(ResponseBattery, Framing) {
  run({
      length("Content-Length: 3"),
      length("content-length:3"),
      length("Content-Length:  003 "),
      length("Connection: Content-Length\r\nContent-Length: 3"),
      passed(kOk + "Content-Length: 0\r\n\r\n", kOk + "Content-Length: 0\r\n\r\n"),
      passed("HTTP/1.1 204 No Content\r\nDate: now\r\n\r\n", "HTTP/1.1 204 No Content\r\nDate: now\r\n\r\n"),
      passed("HTTP/1.1 204 x\r\nDate: now\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 204 x\r\nDate: now\r\n\r\n"),
      passed("HTTP/1.1 204 x\r\nDate: now\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
             "HTTP/1.1 204 x\r\nDate: now\r\n\r\n"),
      passed("HTTP/1.1 304 Not Modified\r\nDate: now\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nDate: now\r\n\r\n"),
      ended(kOk + "\r\nabc", kOk + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
      ended(kOk + "\r\n", kOk + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
      ended("HTTP/1.0 200 OK\r\nDate: now\r\n\r\nabc", kOk + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
      cut(kOk + "Content-Length: 4\r\n\r\nabc"),
      cut(kOk + "Content-Length: 999999999\r\n\r\nabc"),
      cut(kOk + "Transfer-Encoding: chunked\r\n\r\n"),
      cut(kOk + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"),
      cut(kOk + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n"),
      cut(kOk + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: 1\r\n"),
      no_framing("Content-Length:"),
      no_framing("Content-Length: +3"),
      no_framing("Content-Length: -3"),
      no_framing("Content-Length: 3, 3"),
      no_framing("Content-Length: 3 3"),
      no_framing("Content-Length: 0x3"),
      no_framing("Content-Length: 3a"),
      no_framing("Content-Length: 18446744073709551616"),
      no_framing("Content-Length: 3\r\nContent-Length: 3"),
      no_framing("Content-Length: 3\r\ncontent-length: 4"),
      no_framing("Content-Length : 3"),
      no_framing("Content-Length:\r\n 3"),
      no_framing("Content-Length: 3\0"s),
      no_framing("Content-Length: 3\r\nTransfer-Encoding: chunked"),
      no_framing("Transfer-Encoding: chunked\r\nContent-Length: 13"),
      no_framing("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
      no_framing("Transfer-Encoding: gzip, chunked"),
      no_framing("Transfer-Encoding: chunked, gzip"),
      no_framing("Transfer-Encoding: chunked, identity"),
      no_framing("Transfer-Encoding: identity"),
      no_framing("Transfer-Encoding: gzip"),
      no_framing("Transfer-Encoding: xchunked"),
      no_framing("Transfer-Encoding: \vchunked"),
      no_framing("Transfer-Encoding:"),
      no_framing("Transfer-Encoding : chunked"),
      no_framing("Transfer-Encoding:\r\n chunked"),
      invalid("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
  });
}

TEST_F(ResponseBattery, Chunks) {
  const std::string abc = "3\r\nabc\r\n0\r\n\r\n";
  run({
      chunks_pass(abc, abc),
      chunks_pass("0\r\n\r\n", "0\r\n\r\n"),
      chunks_pass("A\r\n0123456789\r\n0\r\n\r\n", "a\r\n0123456789\r\n0\r\n\r\n"),
      chunks_pass("003;x=1\r\nabc\r\n00;y\r\n\r\n", abc),
      chunks_pass("3 ;x\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n", abc),  // no TE: no trailers
      chunks_pass("5\r\n0\r\n\r\n\r\n0\r\n\r\n", "5\r\n0\r\n\r\n\r\n0\r\n\r\n"),
      no_chunks("\r\nabc\r\n0\r\n\r\n"),
      no_chunks("x\r\nabc\r\n0\r\n\r\n"),
      no_chunks("-3\r\nabc\r\n0\r\n\r\n"),
      no_chunks("0x3\r\nabc\r\n0\r\n\r\n"),
      no_chunks(" 3\r\nabc\r\n0\r\n\r\n"),
      no_chunks("3 \r\nabc\r\n0\r\n\r\n"),
      no_chunks("3\nabc\r\n0\r\n\r\n"),
      no_chunks("3\rabc\r\n0\r\n\r\n"),
      no_chunks("3\r\nabcd\r\n0\r\n\r\n"),
      no_chunks("3\r\nab\r\n0\r\n\r\n"),
      no_chunks("3\r\nabc0\r\n\r\n"),
      no_chunks("3\r\nabc\n0\r\n\r\n"),
      no_chunks("10000000000000003\r\nabc\r\n0\r\n\r\n"),
      no_chunks("3;\n\r\nabc\r\n0\r\n\r\n"),
      no_chunks("3;\0\r\nabc\r\n0\r\n\r\n"s),
      no_chunks("3\r\nabc\r\n0\r\nX y: 1\r\n\r\n"),
      no_chunks("3\r\nabc\r\n0\r\n X: 1\r\n\r\n"),
      no_chunks("3\r\nabc\r\n0\r\nX: 1\n\r\n"),
      no_chunks("3\r\nabc\r\n0\r\n\n"),
  });
}

TEST_F(ResponseBattery, Fields) {
  run({
      fields("X:a\r\n", "X: a\r\n"),
      fields("X: \t\r\n", "X: \r\n"),
      fields("X: \xff\r\nx: 2\r\n", "X: \xff\r\nx: 2\r\n"),
      fields("Set-Cookie: a\r\nSet-Cookie: b\r\n", "Set-Cookie: a\r\nSet-Cookie: b\r\n"),
      fields("Connection: X-A, keep-alive\r\nX-A: 1\r\nKeep-Alive: x\r\n", ""),
      fields("Connection: close\r\nProxy-Connection: close\r\n", ""),
      fields("Connection: Set-Cookie\r\nSet-Cookie: a\r\n", "Set-Cookie: a\r\n"),
      fields("Allow: , GET,\r\nWWW-Authenticate: A b=\"c\", , D\r\nWWW-Authenticate: E\r\n",
             "Allow: , GET,\r\nWWW-Authenticate: A b=\"c\", , D\r\nWWW-Authenticate: E\r\n"),
      fields("Connection: Allow, www-authenticate\r\nAllow: GET\r\nWWW-Authenticate: E\r\n",
             "Allow: GET\r\nWWW-Authenticate: E\r\n"),
      fields("Upgrade: h2c\r\nConnection: Upgrade\r\n", ""),
      fields("TE: trailers\r\nTrailer: X\r\n", "Trailer: X\r\n"),
      no_fields("X\r\n"),
      no_fields(": x\r\n"),
      no_fields("X : 1\r\n"),
      no_fields("X Y: 1\r\n"),
      no_fields("\xc3\xa4: 1\r\n"),
      no_fields("X\0: 1\r\n"s),
      no_fields("X: \0\r\n"s),
      no_fields("X: \x7f\r\n"),
      no_fields("X: a\rb\r\n"),
      no_fields("X: a\nb\r\n"),
      no_fields("X: a\n"),
      no_fields("X: a\r\n b\r\n"),
      no_fields(" X: a\r\n"),
      no_fields("HTTP/1.1 200 OK\r\n"),
  });
}

}  // namespace
}  // namespace outrigger::sidecar::test
