#include "http/control_fields.h"
#include "http/examples.h"

namespace outrigger::http {
namespace {

using namespace std::string_literals;

std::string with_field(const std::string& line) { return "GET / HTTP/1.1\r\nHost: a\r\n" + line + "\r\n\r\n"; }
std::string with_host(const std::string& host) { return "GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n"; }
std::string with_target(const std::string& target) { return "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n"; }

std::string with_connection_options(std::size_t count) {
  std::string line = "Connection: x";
  for (std::size_t i = 1; i < count; ++i) line += ",x";
  return with_field(line);
}

std::string with_upgrade(const std::string& lines) { return with_field("Connection: upgrade\r\n" + lines); }
std::string passed_over(const std::string& upgrade) {
  return "GET / at 'a' body none 1.1 keep-alive [Host=a] [Connection=upgrade]" + upgrade;
}

}  // namespace

const std::vector<AcceptedExample>& accepted_requests() {
  static const std::vector<AcceptedExample> kExamples{
      {"GET / HTTP/1.9\r\nHost: a\r\n\r\n", "GET / at 'a' body none 1.1 keep-alive [Host=a]"},
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / at 'a' body none 1.1 keep-alive [Host=a]"},
      {"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / at 'a' body none 1.1 keep-alive [Host=a]"},
      {"GET /a/b?c=d&e=%20%00|{}^ HTTP/1.1\r\nhOsT:\t a.b-c_d~:8080 \t\r\n\r\n",
       "GET /a/b?c=d&e=%20%00|{}^ at 'a.b-c_d~:8080' body none 1.1 keep-alive [hOsT=a.b-c_d~:8080]"},
      {"M-SEARCH!#$%&'*+.^_`|~09 // HTTP/1.1\r\nHost: a\r\n\r\n",
       "M-SEARCH!#$%&'*+.^_`|~09 // at 'a' body none 1.1 keep-alive [Host=a]"},
      {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * at 'a' body none 1.1 keep-alive [Host=a]"},

      // absolute-form: the authority counts, not Host
      {"GET http://b:81/x?y HTTP/1.1\r\nHost: a\r\n\r\n", "GET /x?y at 'b:81' body none 1.1 keep-alive [Host=a]"},
      {"GET HTTP://b HTTP/1.1\r\nHost: b\r\n\r\n", "GET / at 'b' body none 1.1 keep-alive [Host=b]"},
      {"GET http://b?x/y HTTP/1.1\r\nHost: b\r\n\r\n", "GET /?x/y at 'b' body none 1.1 keep-alive [Host=b]"},
      {"OPTIONS http://b:81? HTTP/1.1\r\nHost: b\r\n\r\n", "OPTIONS /? at 'b:81' body none 1.1 keep-alive [Host=b]"},
      {"OPTIONS http://b HTTP/1.1\r\nHost: b\r\n\r\n", "OPTIONS * at 'b' body none 1.1 keep-alive [Host=b]"},
      {"OPTIONS http://b/ HTTP/1.1\r\nHost: b\r\n\r\n", "OPTIONS / at 'b' body none 1.1 keep-alive [Host=b]"},
      {"GET http://b/ HTTP/1.0\r\n\r\n", "GET / at 'b' body none 1.0 close"},

      // Host
      {with_host(""), "GET / at '' body none 1.1 keep-alive [Host=]"},
      {with_host("a:"), "GET / at 'a:' body none 1.1 keep-alive [Host=a:]"},
      {with_host("a:65535"), "GET / at 'a:65535' body none 1.1 keep-alive [Host=a:65535]"},
      {with_host("10.1.2.3:80"), "GET / at '10.1.2.3:80' body none 1.1 keep-alive [Host=10.1.2.3:80]"},
      {with_host("[::1]"), "GET / at '[::1]' body none 1.1 keep-alive [Host=[::1]]"},
      {with_host("[fe80::1.2.3.4]:80"),
       "GET / at '[fe80::1.2.3.4]:80' body none 1.1 keep-alive [Host=[fe80::1.2.3.4]:80]"},
      {with_host("a%2Fb"), "GET / at 'a%2Fb' body none 1.1 keep-alive [Host=a%2Fb]"},
      {"GET / HTTP/1.0\r\n\r\n", "GET / at '' body none 1.0 close"},

      // field values
      {with_field("X:"), "GET / at 'a' body none 1.1 keep-alive [Host=a] [X=]"},
      {with_field("X: \t "), "GET / at 'a' body none 1.1 keep-alive [Host=a] [X=]"},
      {with_field("X: a\tb: c \xc3\xa4\xff\x80, \"d\""),
       "GET / at 'a' body none 1.1 keep-alive [Host=a] [X=a\tb: c \xc3\xa4\xff\x80, \"d\"]"},

      // framing
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
       "POST / at 'a' body length 0 1.1 keep-alive [Host=a] [Content-Length=0]"},
      {"GET / HTTP/1.1\r\nHost: a\r\ncontent-length: 007\r\n\r\n",
       "GET / at 'a' body length 7 1.1 keep-alive [Host=a] [content-length=007]"},
      {with_field("Content-Length: 18446744073709551615"),
       "GET / at 'a' body length 18446744073709551615 1.1 keep-alive [Host=a] [Content-Length=18446744073709551615]"},
      {"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n",
       "PUT / at 'a' body chunked 1.1 keep-alive [Host=a] [Transfer-Encoding=Chunked]"},
      {"PUT / HTTP/1.0\r\nContent-Length: 3\r\n\r\n", "PUT / at '' body length 3 1.0 close [Content-Length=3]"},

      // connection and expectation
      {with_field("Connection: x, ,CLOSE"), "GET / at 'a' body none 1.1 close [Host=a] [Connection=x, ,CLOSE]"},
      {with_field("Connection: keep-alive\r\nConnection: close"),
       "GET / at 'a' body none 1.1 close [Host=a] [Connection=keep-alive] [Connection=close]"},
      {with_field("Connection: closed"), "GET / at 'a' body none 1.1 keep-alive [Host=a] [Connection=closed]"},
      {"GET / HTTP/1.0\r\nConnection: x\r\nConnection: Keep-Alive\r\n\r\n",
       "GET / at '' body none 1.0 keep-alive [Connection=x] [Connection=Keep-Alive]"},
      {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n",
       "GET / at '' body none 1.0 close [Connection=keep-alive, close]"},
      {with_field("Content-Length: 1\r\nExpect: x, 100-Continue"),
       "GET / at 'a' body length 1 1.1 keep-alive expects [Host=a] [Content-Length=1] [Expect=x, 100-Continue]"},
      {with_field("Expect: 100-continue"), "GET / at 'a' body none 1.1 keep-alive [Host=a] [Expect=100-continue]"},
      {with_field("Expect: more"), "GET / at 'a' body none 1.1 keep-alive [Host=a] [Expect=more]"},
      {with_field("TE: gzip;q=1, trailers"),
       "GET / at 'a' body none 1.1 keep-alive accepts trailers [Host=a] [TE=gzip;q=1, trailers]"},
      {with_field("TE: trailers-not"), "GET / at 'a' body none 1.1 keep-alive [Host=a] [TE=trailers-not]"},
      {"GET / HTTP/1.0\r\nTE: trailers\r\n\r\n", "GET / at '' body none 1.0 close [TE=trailers]"},
      {"TRACE / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n",
       "TRACE / at 'a' body none 1.1 keep-alive forwards 0 [Host=a] [Max-Forwards=0]"},
      {"OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 18446744073709551616\r\n\r\n",
       "OPTIONS / at 'a' body none 1.1 keep-alive forwards 18446744073709551615 [Host=a] "
       "[Max-Forwards=18446744073709551616]"},
      {with_field("Max-Forwards: x"), "GET / at 'a' body none 1.1 keep-alive [Host=a] [Max-Forwards=x]"},

      // Upgrade: taken when it is one protocol that may be tunnelled, else passed over
      {with_field("Connection: x, upgrade\r\nupgrade: WebSocket"),
       "GET / at 'a' body none upgrade to WebSocket 1.1 keep-alive [Host=a] [Connection=x, upgrade] "
       "[upgrade=WebSocket]"},
      {with_field("Connection: Upgrade\r\nUpgrade: irc/6.9\r\nContent-Length: 0"),
       "GET / at 'a' body length 0 upgrade to irc/6.9 1.1 keep-alive [Host=a] [Connection=Upgrade] [Upgrade=irc/6.9] "
       "[Content-Length=0]"},
      {with_field("Connection: upgrade\r\nUpgrade: , x/1 ,\t,"),
       "GET / at 'a' body none upgrade to x/1 1.1 keep-alive [Host=a] [Connection=upgrade] [Upgrade=, x/1 ,\t,]"},
      {with_field("Upgrade: x"), "GET / at 'a' body none 1.1 keep-alive [Host=a] [Upgrade=x]"},
      {"GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
       "GET / at '' body none 1.0 close [Connection=upgrade] [Upgrade=x]"},
      {with_upgrade("Upgrade: H2C"), passed_over(" [Upgrade=H2C]")},
      {with_upgrade("Upgrade: HTTP/2.0"), passed_over(" [Upgrade=HTTP/2.0]")},
      {with_upgrade("Upgrade: TLS/1.2"), passed_over(" [Upgrade=TLS/1.2]")},
      {with_upgrade("Upgrade: x, y"), passed_over(" [Upgrade=x, y]")},
      {with_upgrade("Upgrade: x\r\nUpgrade: x"), passed_over(" [Upgrade=x] [Upgrade=x]")},
      {with_upgrade("Upgrade: x/"), passed_over(" [Upgrade=x/]")},
      {with_upgrade("Upgrade:"), passed_over(" [Upgrade=]")},
      {with_upgrade("Upgrade: ,"), passed_over(" [Upgrade=,]")},
      {with_upgrade("Upgrade: x\r\nContent-Length: 1"),
       "GET / at 'a' body length 1 1.1 keep-alive [Host=a] [Connection=upgrade] [Upgrade=x] [Content-Length=1]"},
      {with_upgrade("Upgrade: x\r\nTransfer-Encoding: chunked"),
       "GET / at 'a' body chunked 1.1 keep-alive [Host=a] [Connection=upgrade] [Upgrade=x] "
       "[Transfer-Encoding=chunked]"},

      {"GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n", "GET / at '' body none 1.0 close [Expect=100-continue]"},
  };
  return kExamples;
}

const std::vector<RefusedExample>& refused_requests() {
  static const std::vector<RefusedExample> kExamples{
      {"two empty lines first", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"empty line of a bare LF first", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"no method", " / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"method not a token", "G@T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"blank before the method", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"empty target", "GET  HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"no version", "GET /\r\nHost: a\r\n\r\n", 400},
      {"method alone", "GET\r\nHost: a\r\n\r\n", 400},
      {"two spaces before the target", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"two spaces after the target", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"tab as separator", "GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"space after the version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
      {"bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400},
      {"bare CR in the request line", "GET /\rx HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"two CRs at the end of the request line", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", 400},

      {"lower-case version", "GET / http/1.1\r\nHost: a\r\n\r\n", 400},
      {"version of two digits", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400},
      {"version of one number", "GET / HTTP/2\r\nHost: a\r\n\r\n", 400},
      {"version of letters", "GET / HTTP/x.y\r\nHost: a\r\n\r\n", 400},
      {"version 0.9", "GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505},
      {"version 1.2 without Host", "GET / HTTP/1.2\r\n\r\n", 400},
      {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},

      {"CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 501},
      {"relative target", with_target("x/y"), 400},
      {"authority as target", with_target("a:80"), 400},
      {"asterisk for GET", with_target("*"), 400},
      {"asterisk with more", "OPTIONS *x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"https where nothing is secured", with_target("HTTPS://a/"), 421},
      {"another scheme", with_target("ftp://a/"), 400},
      {"scheme alone", with_target("http:/"), 400},
      {"no authority", with_target("http:///x"), 400},
      {"port alone as authority", with_target("http://:80/x"), 400},
      {"user in the authority", with_target("http://u@a/"), 400},
      {"fragment", with_target("/a#b"), 400},
      {"NUL in the target", with_target("/a\0b"s), 400},
      {"DEL in the target", with_target("/a\x7f"), 400},
      {"control character in the target", with_target("/a\x1f"), 400},
      {"byte beyond ASCII in the target", with_target("/\xc3\xa4"), 400},

      {"no Host", "GET / HTTP/1.1\r\nX: y\r\n\r\n", 400},
      {"no Host beside an absolute target", "GET http://a/ HTTP/1.1\r\n\r\n", 400},
      {"the same Host twice", "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", 400},
      {"two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"list of Hosts", with_host("a, b"), 400},
      {"Host with a path", with_host("a/b"), 400},
      {"Host with a user", with_host("u@a"), 400},
      {"Host with a blank", with_host("a b"), 400},
      {"Host beyond ASCII", with_host("\xc3\xa4"), 400},
      {"Host with half an escape", with_host("a%4"), 400},
      {"Host with no escape", with_host("a%zz"), 400},
      {"Host of a port alone", with_host(":80"), 400},
      {"port of letters", with_host("a:b"), 400},
      {"port with a sign", with_host("a:+1"), 400},
      {"port too large", with_host("a:65536"), 400},
      {"two ports", with_host("a:80:80"), 400},
      {"open bracket", with_host("[::1"), 400},
      {"closed bracket", with_host("::1]"), 400},
      {"empty brackets", with_host("[]"), 400},
      {"name in brackets", with_host("[xyz]"), 400},
      {"text after brackets", with_host("[::1]80"), 400},
      {"malformed Host in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a/b\r\n\r\n", 400},

      {"bare LF after a field", "GET / HTTP/1.1\r\nHost: a\n\r\n", 400},
      {"bare LF in a value", with_field("X: a\nY: b"), 400},
      {"bare LF as the empty line", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400},
      {"bare CR in a value", with_field("X: a\rY: b"), 400},
      {"two CRs at the end of a field", with_field("X: a\r"), 400},
      {"CR in the empty line", "GET / HTTP/1.1\r\nHost: a\r\n\r\r\n", 400},
      {"NUL in a value", with_field("X: a\0b"s), 400},
      {"NUL in a long value", with_field("X: 0123456789\0abcdefghij"s), 400},
      {"DEL in a value", with_field("X: 0123456789a\x7f"), 400},
      {"escape character in a value", with_field("X: \x1b[0m"), 400},
      {"space before the colon", with_field("X : y"), 400},
      {"tab before the colon", with_field("X\t: y"), 400},
      {"blank in a name", with_field("X Y: z"), 400},
      {"empty name", with_field(": y"), 400},
      {"name not a token", with_field("X(Y): z"), 400},
      {"name beyond ASCII", with_field("X\xc3\xa4: z"), 400},
      {"NUL in a name", with_field("X\0: z"s), 400},
      {"no colon", with_field("X"), 400},
      {"folded line", with_field("X: y\r\n z"), 400},
      {"line folded by a tab", with_field("X: y\r\n\tz"), 400},
      {"folded line after the request line", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
      {"line of blanks", with_field("X: y\r\n "), 400},

      {"both framings", with_field("Content-Length: 3\r\nTransfer-Encoding: chunked"), 400},
      {"both framings, the other way round", with_field("Transfer-Encoding: chunked\r\nContent-Length: 3"), 400},
      {"chunked not last", with_field("Transfer-Encoding: chunked, gzip"), 400},
      {"chunked not alone", with_field("Transfer-Encoding: gzip, chunked"), 400},
      {"chunked twice", with_field("Transfer-Encoding: chunked, chunked"), 400},
      {"chunked in two fields", with_field("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), 400},
      {"chunked in an empty list", with_field("Transfer-Encoding: , chunked"), 400},
      {"chunked with a parameter", with_field("Transfer-Encoding: chunked;x=y"), 400},
      {"chunked in quotes", with_field("Transfer-Encoding: \"chunked\""), 400},
      {"chunked with a vertical tab", with_field("Transfer-Encoding: \vchunked"), 400},
      {"another coding", with_field("Transfer-Encoding: gzip"), 400},
      {"identity", with_field("Transfer-Encoding: identity"), 400},
      {"no coding", with_field("Transfer-Encoding:"), 400},
      {"chunked in HTTP/1.0", "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"the same length twice", with_field("Content-Length: 3\r\nContent-Length: 3"), 400},
      {"list of lengths", with_field("Content-Length: 3, 3"), 400},
      {"no length", with_field("Content-Length:"), 400},
      {"signed length", with_field("Content-Length: +3"), 400},
      {"negative length", with_field("Content-Length: -3"), 400},
      {"hexadecimal length", with_field("Content-Length: 0x3"), 400},
      {"length with a blank", with_field("Content-Length: 3 3"), 400},
      {"length with a fraction", with_field("Content-Length: 3.0"), 400},
      {"length too large", with_field("Content-Length: 18446744073709551616"), 400},
      {"Max-Forwards of letters", "TRACE / HTTP/1.1\r\nHost: a\r\nMax-Forwards: x\r\n\r\n", 400},
      {"signed Max-Forwards", "OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: +1\r\n\r\n", 400},
      {"empty Max-Forwards", "OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards:\r\n\r\n", 400},
      {"Max-Forwards twice", "OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 1\r\nMax-Forwards: 1\r\n\r\n", 400},
      {"content in a TRACE", "TRACE / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n", 400},
      {"too many Connection options", with_connection_options(kMaxConnectionOptions + 1), 400},
  };
  return kExamples;
}

}  // namespace outrigger::http
