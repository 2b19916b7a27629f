#include "http/examples.h"

namespace outrigger::http {
namespace {

using namespace std::string_literals;

std::string with_field(const std::string& line) { return "HTTP/1.1 200 OK\r\n" + line + "\r\n\r\n"; }

}  // namespace

const std::vector<AcceptedExample>& accepted_responses() {
  static const std::vector<AcceptedExample> kExamples{
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "200 'OK' body length 5 1.1 keep-alive [Content-Length=5]"},
      {"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", "200 '' body length 0 1.1 keep-alive [Content-Length=0]"},
      {"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "200 '' body length 0 1.1 keep-alive [Content-Length=0]"},
      {"HTTP/1.1 599  a\tb \xc3\xa4\r\nTransfer-Encoding: chunked\r\n\r\n",
       "599 ' a\tb \xc3\xa4' body chunked 1.1 keep-alive [Transfer-Encoding=chunked]"},
      {"HTTP/1.1 200 OK\r\n\r\n", "200 'OK' body until_close 1.1 close"},
      {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n",
       "200 'OK' body until_close 1.0 close [Connection=keep-alive]"},
      {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n", "200 'OK' body length 1 1.0 close [Content-Length=1]"},
      {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\n",
       "200 'OK' body length 1 1.0 keep-alive [Content-Length=1] [Connection=keep-alive]"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n",
       "200 'OK' body length 1 1.1 close [Content-Length=1] [Connection=close]"},
      {"HTTP/1.1 100 Continue\r\n\r\n", "100 'Continue' body none 1.1 keep-alive"},
      {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x/1\r\nConnection: Upgrade\r\n\r\n",
       "101 'Switching Protocols' body none upgrade to x/1 1.1 keep-alive [Upgrade=x/1] [Connection=Upgrade]"},
      {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: ,x\r\nConnection: Upgrade\r\n\r\n",
       "101 'Switching Protocols' body none upgrade to x 1.1 keep-alive [Upgrade=,x] [Connection=Upgrade]"},
      {"HTTP/1.1 426 Upgrade Required\r\nUpgrade: x, y\r\nConnection: upgrade\r\nContent-Length: 0\r\n\r\n",
       "426 'Upgrade Required' body length 0 upgrade to x, y 1.1 keep-alive [Upgrade=x, y] [Connection=upgrade] "
       "[Content-Length=0]"},
      {"HTTP/1.1 200 OK\r\nUpgrade: h2c\r\nConnection: upgrade\r\nContent-Length: 0\r\n\r\n",
       "200 'OK' body length 0 1.1 keep-alive [Upgrade=h2c] [Connection=upgrade] [Content-Length=0]"},
      {"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
       "204 'No Content' body none 1.1 close [Transfer-Encoding=chunked]"},
      {"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n",
       "204 'No Content' body none 1.1 close [Content-Length=2]"},
      {"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
       "204 'No Content' body none 1.1 keep-alive [Content-Length=0]"},
      {"HTTP/1.7 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
       "200 'OK' body chunked 1.1 keep-alive [Transfer-Encoding=chunked]"},
      {"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
       "304 'Not Modified' body none 1.1 keep-alive [Content-Length=9]"},
      {"HTTP/1.1 200 OK\r\nHost: not of interest, here\r\nContent-Length: 1\r\n\r\n",
       "200 'OK' body length 1 1.1 keep-alive [Host=not of interest, here] [Content-Length=1]"},
  };
  return kExamples;
}

const std::vector<RefusedExample>& refused_responses() {
  static const std::vector<RefusedExample> kExamples{
      {"empty line first", "\r\nHTTP/1.1 200 OK\r\n\r\n", 502},
      {"no status", "HTTP/1.1\r\n\r\n", 502},
      {"status of two digits", "HTTP/1.1 20 OK\r\n\r\n", 502},
      {"status of four digits", "HTTP/1.1 2000 OK\r\n\r\n", 502},
      {"status of letters", "HTTP/1.1 2x0 OK\r\n\r\n", 502},
      {"status 099", "HTTP/1.1 099 OK\r\n\r\n", 502},
      {"status 600", "HTTP/1.1 600 OK\r\n\r\n", 502},
      {"two spaces before the status", "HTTP/1.1  200 OK\r\n\r\n", 502},
      {"tab before the reason", "HTTP/1.1 200\tOK\r\n\r\n", 502},
      {"lower-case version", "http/1.1 200 OK\r\n\r\n", 502},
      {"version 2.0", "HTTP/2.0 200 OK\r\n\r\n", 502},
      {"another protocol", "ICY 200 OK\r\n\r\n", 502},
      {"control character in the reason", "HTTP/1.1 200 O\x01K\r\n\r\n", 502},
      {"bare CR in the reason", "HTTP/1.1 200 O\rK\r\n\r\n", 502},
      {"bare LF after the status line", "HTTP/1.1 200 OK\n\r\n", 502},
      {"bare LF after a field", "HTTP/1.1 200 OK\r\nX: y\n\r\n", 502},
      {"NUL in a value", with_field("X: a\0b"s), 502},
      {"space before the colon", with_field("X : y"), 502},
      {"folded line", with_field("X: y\r\n z"), 502},
      {"both framings", with_field("Content-Length: 3\r\nTransfer-Encoding: chunked"), 502},
      {"another coding", with_field("Transfer-Encoding: gzip, chunked"), 502},
      {"chunked in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 502},
      {"the same length twice", with_field("Content-Length: 3\r\nContent-Length: 3"), 502},
      {"length too large", with_field("Content-Length: 18446744073709551616"), 502},
      {"101 without Connection", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", 502},
      {"101 without Upgrade", "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n\r\n", 502},
      {"101 to two protocols", "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x, y\r\n\r\n", 502},
      {"101 to HTTP", "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", 502},
      {"101 in HTTP/1.0", "HTTP/1.0 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", 502},
      {"malformed length of no body", "HTTP/1.1 304 Not Modified\r\nContent-Length: x\r\n\r\n", 502},
  };
  return kExamples;
}

}  // namespace outrigger::http
