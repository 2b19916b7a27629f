/// What a request's head says.
#include "request_battery.h"

namespace outrigger::sidecar::test {
namespace {

using namespace std::string_literals;

const std::string kHost = "Host: web\r\n";
const std::string kVia = "Via: 1.1 outrigger\r\n";

/// A request line, as it comes and as it goes on.
RawCase line(const std::string& in, const std::string& out) {
  return passed(in, in + "\r\n" + kHost + "\r\n", out + "\r\n" + kHost + kVia + "\r\n");
}
RawCase no_line(const std::string& in, std::uint16_t status = 400) {
  return refused(in, in + "\r\n" + kHost + "\r\n", status);
}
/// A request line beside Host: web that goes on as one for another host.
RawCase line_for(const std::string& in, const std::string& out, const std::string& host) {
  return passed(in, in + "\r\n" + kHost + "\r\n", out + "\r\nHost: " + host + "\r\n" + kVia + "\r\n");
}
RawCase host(const std::string& field, const std::string& out) {
  return passed(field, "GET / HTTP/1.1\r\n" + field + "\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: " + out + "\r\n" + kVia + "\r\n");
}
RawCase no_host(const std::string& fields) { return refused(fields, "GET / HTTP/1.1\r\n" + fields + "\r\n"); }
/// Fields, as they come and as they go on, from behind Host.
RawCase fields(const std::string& in, const std::string& out) {
  return passed(in, "GET / HTTP/1.1\r\n" + kHost + in + "\r\n", "GET / HTTP/1.1\r\n" + kHost + out + kVia + "\r\n");
}
RawCase no_fields(const std::string& in) { return refused(in, "GET / HTTP/1.1\r\n" + kHost + in + "\r\n"); }
RawCase last_fields(const std::string& in, const std::string& out) {
  return last(in, "GET / HTTP/1.1\r\n" + kHost + in + "\r\n", "GET / HTTP/1.1\r\n" + kHost + out + kVia + "\r\n");
}
/// Fields of an HTTP/1.0 request.
RawCase old(const std::string& in, const std::string& out) {
  return last("HTTP/1.0: " + in, "GET / HTTP/1.0\r\n" + in + "\r\n",
              "GET / HTTP/1.1\r\n" + out + "Via: 1.0 outrigger\r\n\r\n");
}

}  // namespace

std::vector<RawCase> request_line_cases() {
  return {
      line("GET / HTTP/1.1", "GET / HTTP/1.1"),
      line("GET / HTTP/1.9", "GET / HTTP/1.1"),
      line("get / HTTP/1.1", "get / HTTP/1.1"),
      line("X-Y! / HTTP/1.1", "X-Y! / HTTP/1.1"),
      line("\r\nGET / HTTP/1.1", "GET / HTTP/1.1"),
      line("GET //other/x HTTP/1.1", "GET //other/x HTTP/1.1"),
      line("GET /%00%0d%0a?x=%20 HTTP/1.1", "GET /%00%0d%0a?x=%20 HTTP/1.1"),
      line("GET /../..\\;{}|^` HTTP/1.1", "GET /../..\\;{}|^` HTTP/1.1"),
      line("OPTIONS * HTTP/1.1", "OPTIONS * HTTP/1.1"),
      line("OPTIONS http://web HTTP/1.1", "OPTIONS * HTTP/1.1"),
      line("GET http://web HTTP/1.1", "GET / HTTP/1.1"),
      line("GET http://web/x?y HTTP/1.1", "GET /x?y HTTP/1.1"),
      line("GET http://web?x/y HTTP/1.1", "GET /?x/y HTTP/1.1"),
      line("OPTIONS http://web? HTTP/1.1", "OPTIONS /? HTTP/1.1"),
      line_for("GET http://other:81/x HTTP/1.1", "GET /x HTTP/1.1", "other:81"),
      line_for("GET HTTP://OTHER/x HTTP/1.1", "GET /x HTTP/1.1", "OTHER"),
      line_for("GET http://[::1]:8080/ HTTP/1.1", "GET / HTTP/1.1", "[::1]:8080"),
      no_line("GET http://user@web/ HTTP/1.1"),
      no_line("GET http:///x HTTP/1.1"),
      no_line("GET http:/x HTTP/1.1"),
      no_line("GET ftp://web/ HTTP/1.1"),
      no_line("GET https://web/ HTTP/1.1", 421),
      no_line("CONNECT web:80 HTTP/1.1", 501),
      no_line("connect web:80 HTTP/1.1"),
      no_line("GET * HTTP/1.1"),
      no_line("GET ?x HTTP/1.1"),
      no_line("GET a/b HTTP/1.1"),
      no_line("GET  / HTTP/1.1"),
      no_line("GET /  HTTP/1.1"),
      no_line(" GET / HTTP/1.1"),
      no_line("GET\t/ HTTP/1.1"),
      no_line("GET /\tHTTP/1.1"),
      no_line("GET / HTTP/1.1 "),
      no_line("GET / HTTP/1.1 HTTP/1.1"),
      no_line("GET / http/1.1"),
      no_line("GET / HTTP/1.1x"),
      no_line("GET / HTTP/01.1"),
      no_line("GET / HTTP/1.10"),
      no_line("GET / HTTP/1"),
      no_line("GET / HTTP/ 1.1"),
      no_line("GET /"),
      no_line("GET"),
      no_line("GET / HTTP/2.0", 505),
      no_line("GET / HTTP/0.9", 505),
      no_line("PRI * HTTP/2.0", 505),
      no_line("G@T / HTTP/1.1"),
      no_line("G\0T / HTTP/1.1"s),
      no_line("GET /\x01 HTTP/1.1"),
      no_line("GET /\0 HTTP/1.1"s),
      no_line("GET /\x7f HTTP/1.1"),
      no_line("GET /\xc3\xa4 HTTP/1.1"),
      no_line("GET /#x HTTP/1.1"),
      no_line("GET /a b HTTP/1.1"),
      no_line("GET /a\rb HTTP/1.1"),
      no_line("\r\n\r\nGET / HTTP/1.1"),
      no_line("\nGET / HTTP/1.1"),
      no_line("GET / HTTP/1.1\r"),
      no_line("GET / HTTP/1.1\r\n "),
      no_line("GET / HTTP/1.1\nX: y"),
      no_line("\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"s),
      host("Host: web:8080", "web:8080"),
      host("host:web", "web"),
      host("HOST:  web\t", "web"),
      host("Host: web:", "web:"),
      host("Host: [::1]:80", "[::1]:80"),
      host("Host:", ""),
      host("Host: w%65b", "w%65b"),
      no_host(""),
      no_host("Host: web\r\nHost: web\r\n"),
      no_host("Host: web\r\nhost: other\r\n"),
      no_host("Host: web\r\nHost:\r\n"),
      no_host("Host: web, other\r\n"),
      no_host("Host: web other\r\n"),
      no_host("Host: web/x\r\n"),
      no_host("Host: http://web\r\n"),
      no_host("Host: user@web\r\n"),
      no_host("Host: web:99999\r\n"),
      no_host("Host: web:8x\r\n"),
      no_host("Host: web:-1\r\n"),
      no_host("Host: [::1\r\n"),
      no_host("Host: [::1]x\r\n"),
      no_host("Host: web#x\r\n"),
      no_host("Host: web?x\r\n"),
      no_host("Host: web\\x\r\n"),
      no_host("Host: web\0\r\n"s),
      no_host("Host: w\xc3\xa4"
              "b\r\n"),
      no_host("Host : web\r\n"),
      no_host(" Host: web\r\n"),
      no_host("X: y\r\n Host: web\r\n"),
      no_host("Host:\r\n web\r\n"),
      no_host("X-Host: web\r\n"),
  };
}

std::vector<RawCase> field_cases() {
  const std::string conditions =
      "If-Match: \"a\"\r\nIf-None-Match: *\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
      "If-Unmodified-Since: Sunday, 06-Nov-94 08:49:37 GMT\r\nIf-Range: W/\"b\"\r\nRange: "
      "bytes=0-99999999999999999999\r\n";
  return {
      fields("X:a\r\n", "X: a\r\n"),
      fields("X:\r\n", "X: \r\n"),
      fields("X:  a b \t\r\n", "X: a b\r\n"),
      fields("X: a\tb\r\n", "X: a\tb\r\n"),
      fields("X: \x80\xff\r\n", "X: \x80\xff\r\n"),
      fields("X: a: b\r\n", "X: a: b\r\n"),
      fields("X: 1\r\nx: 2\r\nX: 1\r\n", "X: 1\r\nx: 2\r\nX: 1\r\n"),
      fields("!#$%&'*+-.^_`|~9z: 1\r\n", "!#$%&'*+-.^_`|~9z: 1\r\n"),
      fields(conditions, conditions),
      no_fields("X\r\n"),
      no_fields(": x\r\n"),
      no_fields("X Y: 1\r\n"),
      no_fields("X : 1\r\n"),
      no_fields("X\t: 1\r\n"),
      no_fields("X(: 1\r\n"),
      no_fields("X\"Y\": 1\r\n"),
      no_fields("\xc3\xa4: 1\r\n"),
      no_fields("X\0: 1\r\n"s),
      no_fields("X: a\0b\r\n"s),
      no_fields("X: \x01\r\n"),
      no_fields("X: \x1b[0m\r\n"),
      no_fields("X: \x7f\r\n"),
      no_fields("X: a\rb\r\n"),
      no_fields("X: a\nb\r\n"),
      no_fields("X: a\nY: b\r\n"),
      no_fields("X: a\r\r\n"),
      no_fields("X: a\n"),
      no_fields("X: a\r\n b\r\n"),
      no_fields("X: a\r\n\tb\r\n"),
      no_fields("X: a\r\n \r\n"),
      no_fields("X: a\r\n\n"),
      no_fields("GET /smuggled HTTP/1.1\r\n"),
  };
}

std::vector<RawCase> hop_cases() {
  const std::string upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
  const std::string te = "Connection: TE\r\nTE: trailers\r\n";
  return {
      fields("Connection: X-A\r\nX-A: 1\r\nX-B: 2\r\n", "X-B: 2\r\n"),
      fields("X-A: 1\r\nconnection: x-a , ,x-c\r\nX-B: 2\r\nx-C: 3\r\n", "X-B: 2\r\n"),
      fields("Connection: X-A\r\nConnection: X-B\r\nX-A: 1\r\nX-B: 2\r\n", ""),
      fields("Connection: Host\r\n", ""),
      fields("Connection: Authorization\r\nAuthorization: x\r\n", "Authorization: x\r\n"),
      fields("Connection: Cookie, Via, X-Forwarded-For\r\nCookie: x\r\nX-Forwarded-For: y\r\n",
             "Cookie: x\r\nX-Forwarded-For: y\r\n"),
      fields("Connection: ,\r\nConnection:\r\n", ""),
      fields("Connection: closed\r\n", ""),
      fields("Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n", ""),
      fields("Proxy-Connection: close\r\nKeep-Alive: 1\r\n", ""),
      fields("Upgrade: websocket\r\n", ""),
      fields(upgrade, upgrade),
      fields("connection: upgrade , x\r\nupgrade: websocket\r\n", upgrade),
      fields("Connection: Upgrade\r\nUpgrade: , websocket,\r\n", upgrade),
      fields("Connection: Upgrade\r\nUpgrade: websocket, chat\r\n", ""),
      fields("Connection: Upgrade\r\nUpgrade: a\r\nUpgrade: b\r\n", ""),
      fields("Connection: Upgrade\r\nUpgrade: HTTP/2.0\r\n", ""),
      fields("Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n", ""),
      fields("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n", ""),
      fields("TE: trailers\r\n", te),
      fields("TE: gzip, trailers;q=1\r\n", ""),
      fields("TE: gzip\r\n", ""),
      fields("TE: chunked\r\nConnection: TE\r\n", ""),
      fields("TE: chunked, , trailers\r\nConnection: TE\r\n", te),
      fields("Via: 1.0 other\r\n", "Via: 1.0 other\r\n"),
      fields("Expect: 100-continue\r\n", ""),
      fields("Expect: x\r\n", "Expect: x\r\n"),
      passed("an Upgrade with content", "GET / HTTP/1.1\r\n" + kHost + upgrade + "Content-Length: 3\r\n\r\nabc",
             "GET / HTTP/1.1\r\n" + kHost + "Content-Length: 3\r\n" + kVia + "\r\nabc"),
      passed("Expect with content",
             "PUT / HTTP/1.1\r\n" + kHost + "Expect: 100-Continue\r\nContent-Length: 3\r\n\r\nabc",
             "PUT / HTTP/1.1\r\n" + kHost + "Content-Length: 3\r\nExpect: 100-Continue\r\n" + kVia + "\r\nabc"),
      passed("TRACE", "TRACE / HTTP/1.1\r\n" + kHost + "Max-Forwards: 5\r\n\r\n",
             "TRACE / HTTP/1.1\r\n" + kHost + "Max-Forwards: 4\r\n" + kVia + "\r\n"),
      fields("Max-Forwards: x\r\n", "Max-Forwards: x\r\n"),
      refused("Max-Forwards of letters", "OPTIONS / HTTP/1.1\r\n" + kHost + "Max-Forwards: x\r\n\r\n"),
      refused("content in a TRACE", "TRACE / HTTP/1.1\r\n" + kHost + "Content-Length: 3\r\n\r\nabc"),
      last_fields("Connection: close\r\n", ""),
      last_fields("Connection: X-A, Close\r\nX-A: 1\r\n", ""),
      last_fields("Connection: keep-alive, close\r\n", ""),
      old(kHost, kHost),
      old("", "Host: \r\n"),
      old(kHost + "Content-Length: 0\r\n", kHost + "Content-Length: 0\r\n"),
      old(kHost + upgrade, kHost),
      old(kHost + "Expect: 100-continue\r\n", kHost),
      old(kHost + "TE: trailers\r\n", kHost),
      refused("chunks in HTTP/1.0", "POST / HTTP/1.0\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
      refused("two hosts in HTTP/1.0", "GET / HTTP/1.0\r\n" + kHost + kHost + "\r\n"),
      passed("HTTP/1.0 that goes on", "GET / HTTP/1.0\r\n" + kHost + "Connection: Keep-Alive\r\n\r\n",
             "GET / HTTP/1.1\r\n" + kHost + "Via: 1.0 outrigger\r\n\r\n"),
      {"a bad one behind two good ones",
       kFollowing + kFollowing + "GET / HTTP/1.1\r\nHost : web\r\n\r\n" + kFollowing,
       {200, 200, 400},
       {kFollowingArrives, kFollowingArrives}},
  };
}

}  // namespace outrigger::sidecar::test
