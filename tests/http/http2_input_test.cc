/// Frames made by hand: what is refused, and how.
#include <gtest/gtest.h>

#include "http/http2_frames.h"
#include "http/http2_pair.h"

namespace outrigger::http {
namespace {

using namespace frames;

/// A server's session that has had its client's greeting.
struct RawClient {
  explicit RawClient(const Http2Limits& limits = {}) : server(Http2Session::Role::server, limits) {
    EXPECT_TRUE(server.session.receive(hello()));
    greeting = server.take();
  }

  /// What the server says to it.
  std::string says(std::string_view bytes) {
    goes_on = server.session.receive(bytes);
    return frames::describe(server.take());
  }

  Http2Side server;
  std::string greeting;
  bool goes_on = true;
};

/// A client's session that has sent one request and had its server's SETTINGS.
struct RawServer {
  explicit RawServer(std::string_view method = "GET", const Http2Limits& limits = {})
      : client(Http2Session::Role::client, limits) {
    EXPECT_TRUE(client.session.receive(settings() + frame(kSettings, kAck, 0, "")));
    client.request(a_request(method), method != "POST");
    greeting = client.take();
  }

  std::string says(std::string_view bytes) {
    goes_on = client.session.receive(bytes);
    return frames::describe(client.take());
  }
  const std::string& heard() { return client.streams[1]->heard; }

  Http2Side client;
  std::string greeting;
  bool goes_on = true;
};

Fields without(std::string_view name) {
  Fields fields = request();
  std::erase_if(fields, [&](const auto& field) { return field.first == name; });
  return fields;
}

Fields with(std::string_view name, std::string_view value) {
  Fields fields = without(name);
  fields.insert(fields.begin(), {std::string{name}, std::string{value}});
  return fields;
}

TEST(Http2Input, GreetsWithItsLimits) {
  const RawClient raw{{.max_concurrent_streams = 7, .max_head_bytes = 1000, .stream_window_bytes = 2000}};
  const std::vector<Frame> sent = parse(raw.greeting);
  ASSERT_GE(sent.size(), 2u);
  EXPECT_EQ(frame(sent[0].type, sent[0].flags, 0, sent[0].payload), settings({{3, 7}, {4, 2000}, {6, 1000}}));
  EXPECT_NE(raw.greeting.find(window_update(0, 1024 * 1024 - 65535)), std::string::npos);
  const RawServer client;
  EXPECT_TRUE(client.greeting.starts_with(std::string{kPreface} + settings({{2, 0}, {4, 65536}, {6, 65536}})));
}

TEST(Http2Input, ResetsMalformedRequests) {
  const std::vector<std::pair<const char*, Fields>> malformed{
      {"no method", without(":method")},
      {"no path", without(":path")},
      {"no scheme", without(":scheme")},
      {"no authority", without(":authority")},
      {"a method that is no token", with(":method", "G T")},
      {"a path without a slash", with(":path", "x")},
      {"an absolute path", with(":path", "http://a/")},
      {"an asterisk for GET", with(":path", "*")},
      {"a fragment", with(":path", "/#x")},
      {"a space in the path", with(":path", "/ x")},
      {"a byte above ASCII in the path", with(":path", "/\xc3\xa4")},
      {"another scheme", with(":scheme", "ftp")},
      {"another scheme, and no path", {{":method", "GET"}, {":scheme", "x"}, {":authority", "a"}, {":path", "x"}}},
      {"user information", with(":authority", "u@a")},
      {"a path in the authority", with(":authority", "a/b")},
      {"a port that is none", with(":authority", "a:70000")},
      {"an unknown pseudo-field", with(":x", "y")},
      {"a response's pseudo-field", with(":status", "200")},
      {"a pseudo-field twice", request({{":path", "/"}})},
      {"a pseudo-field behind a field", {{":method", "GET"}, {"x", "y"}, {":scheme", "http"}, {":path", "/"}}},
      {"an upper-case name", request({{"X", "y"}})},
      {"a space in a name", request({{"x y", "z"}})},
      {"a colon in a name", request({{"x:y", "z"}})},
      {"an empty name", request({{"", "z"}})},
      {"a line feed in a value", request({{"x", "a\nb"}})},
      {"a carriage return in a value", request({{"x", "a\rb"}})},
      {"a NUL in a value", request({{"x", std::string{"a\0b", 3}}})},
      {"white space before a value", request({{"x", " a"}})},
      {"white space behind a value", request({{"x", "a\t"}})},
      {"Connection", request({{"connection", "close"}})},
      {"Keep-Alive", request({{"keep-alive", "5"}})},
      {"Proxy-Connection", request({{"proxy-connection", "x"}})},
      {"Transfer-Encoding", request({{"transfer-encoding", "chunked"}})},
      {"Upgrade", request({{"upgrade", "h2c"}})},
      {"a TE other than trailers", request({{"te", "gzip"}})},
      {"another Host", request({{"host", "b"}})},
      {"two Hosts", request({{"host", "a"}, {"host", "a"}})},
      {"two Content-Lengths", request({{"content-length", "0"}, {"content-length", "0"}})},
      {"a Content-Length that is none", request({{"content-length", "+0"}})},
      {"a body that does not come", request({{"content-length", "1"}})},
      {"extended CONNECT", with(":protocol", "websocket")},
  };
  for (const auto& [what, fields] : malformed) {
    RawClient raw;
    EXPECT_EQ(raw.says(headers(1, kEndStream, fields)), "RST_STREAM 1 error 1") << what;
    EXPECT_TRUE(raw.server.requests.empty()) << what;
    EXPECT_EQ(raw.says(get(3)), "") << what;  // the connection goes on
    EXPECT_EQ(raw.server.requests.size(), 1u) << what;
  }
}

TEST(Http2Input, EndsTheConnectionOnAStreamThatWasGonePast) {
  RawClient raw;
  EXPECT_EQ(raw.says(headers(5, kEndStream, request({}))), "");
  EXPECT_EQ(raw.says(headers(9, kEndStream, request({}))), "");
  EXPECT_EQ(raw.server.requests.size(), 2u);
  EXPECT_EQ(raw.says(headers(7, kEndStream, request({}))), "GOAWAY last 9 error 1");
  EXPECT_EQ(raw.server.requests.size(), 2u);
}

TEST(Http2Input, ReadsRequestsOfEveryForm) {
  const std::vector<std::pair<Fields, const char*>> good{
      {with(":path", "/a%20b?c={|}"), "GET /a%20b?c={|} at 'a' body none 2 keep-alive"},
      {{{":method", "OPTIONS"}, {":scheme", "https"}, {":authority", "a:1"}, {":path", "*"}},
       "OPTIONS * at 'a:1' body none 2 keep-alive"},
      {{{":method", "GET"}, {":scheme", "HTTP"}, {":path", "/"}, {"host", "[::1]:80"}},
       "GET / at '[::1]:80' body none 2 keep-alive [host=[::1]:80]"},
      {request({{"host", "A"}, {"te", "trailers"}}),
       "GET / at 'a' body none 2 keep-alive accepts trailers [host=A] [te=trailers]"},
      {request({{"cookie", "a=1"}, {"x", ""}, {"cookie", "b=2"}, {"cookie", "c=3"}}),
       "GET / at 'a' body none 2 keep-alive [cookie=a=1; b=2; c=3] [x=]"},
      {request({{"expect", "100-continue"}, {"content-length", "0"}}),
       "GET / at 'a' body none 2 keep-alive [expect=100-continue] [content-length=0]"},
      {with(":method", "TRACE"), "TRACE / at 'a' body none 2 keep-alive"},
  };
  for (const auto& [fields, expected] : good) {
    RawClient raw;
    EXPECT_EQ(raw.says(headers(1, kEndStream, fields)), "") << expected;
    ASSERT_EQ(raw.server.requests.size(), 1u) << expected;
    EXPECT_EQ(raw.server.requests[0], expected);
  }
}

TEST(Http2Input, TellsAnExpectationWhereContentFollows) {
  for (const Fields& more : {Fields{}, Fields{{"content-length", "1"}}}) {
    Fields fields = request({{"expect", "100-continue"}});
    fields.insert(fields.end(), more.begin(), more.end());
    RawClient raw;
    EXPECT_EQ(raw.says(headers(1, 0, fields)), "");
    ASSERT_EQ(raw.server.requests.size(), 1u);
    EXPECT_NE(raw.server.requests[0].find(" keep-alive expects "), std::string::npos) << raw.server.requests[0];
  }
}

TEST(Http2Input, ResetsATraceWithContent) {
  RawClient raw;
  EXPECT_EQ(raw.says(headers(1, 0, with(":method", "TRACE"))), "RST_STREAM 1 error 1");
  EXPECT_TRUE(raw.server.requests.empty());
}

TEST(Http2Input, AnswersHeadsAboveItsLimitsAndDropsTheRest) {
  const Http2Limits limits{.max_head_bytes = 2000, .max_target_bytes = 100, .max_fields = 5};
  const Fields six{{"a", "1"}, {"b", "1"}, {"c", "1"}, {"d", "1"}, {"e", "1"}, {"f", "1"}};
  const std::vector<std::pair<Fields, const char*>> large{
      {with(":path", "/" + std::string(100, 'x')), "414"},
      {request({{"x", std::string(2000, 'x')}}), "431"},
      {request(six), "431"},
      {{{":method", "CONNECT"}, {":authority", "a:1"}}, "501"},
  };
  for (const auto& [fields, status] : large) {
    RawClient raw{limits};
    EXPECT_TRUE(raw.server.session.receive(headers(1, 0, fields), "now"));
    const std::string answer = raw.server.take();
    EXPECT_EQ(frames::describe(answer), "HEADERS 1 end, RST_STREAM 1 error 0") << status;
    RawServer reader;
    EXPECT_TRUE(reader.client.session.receive(answer));
    EXPECT_EQ(reader.heard(), status + std::string(" '' body none 2 keep-alive [proxy-status=outrigger; "
                                                   "error=http_request_error] [date=now] [content-length=0]|closed 0"));
    EXPECT_EQ(raw.says(frame(kData, kEndStream, 1, "x")), "") << status;
    EXPECT_TRUE(raw.server.requests.empty()) << status;
    EXPECT_EQ(raw.says(get(3)), "") << status;
    EXPECT_EQ(raw.server.requests.size(), 1u) << status;
    EXPECT_EQ(raw.server.session.open_streams(), 1u) << status;
  }
}

TEST(Http2Input, StopsReadingAHeadThatIsFarTooLarge) {
  RawClient raw{{.max_head_bytes = 2000}};
  EXPECT_EQ(raw.says(headers(1, 0, request({{"x", std::string(8000, 'x')}}))), "RST_STREAM 1 error 11");
  EXPECT_EQ(raw.says(get(3)), "");
  EXPECT_EQ(raw.server.requests.size(), 1u);
}

TEST(Http2Input, EndsTheConnectionOnAValueThatIsFarTooLarge) {
  RawClient raw;
  const std::string head = block(request({{"x", std::string(66'000, 'x')}}));
  std::string bytes = frame(kHeaders, kEndStream, 1, head.substr(0, 16'000));
  for (std::size_t at = 16'000; at < head.size(); at += 16'000) {
    bytes += frame(kContinuation, at + 16'000 < head.size() ? 0 : kEndHeaders, 1, head.substr(at, 16'000));
  }
  const std::string answer = raw.says(bytes);
  EXPECT_EQ(answer.substr(answer.rfind("GOAWAY")), "GOAWAY last 1 error 9");
}

TEST(Http2Input, HoldsBodiesToTheirContentLength) {
  for (const char* body : {"123", "12345"}) {
    RawClient raw;
    EXPECT_EQ(raw.says(headers(1, 0, request({{"content-length", "4"}}))), "");
    EXPECT_EQ(raw.says(frame(kData, kEndStream, 1, body)), "RST_STREAM 1 error 1") << body;
    EXPECT_FALSE(raw.server.streams[1]->ended) << body;
    EXPECT_EQ(raw.server.streams[1]->closed, Http2Error::protocol_error) << body;
  }
}

TEST(Http2Input, ResetsBadTrailers) {
  for (const Fields& trailers : {Fields{{":path", "/"}}, Fields{{"x", "a\nb"}}, Fields{{"X", "y"}}}) {
    RawClient raw;
    EXPECT_EQ(raw.says(headers(1, 0, request())), "");
    EXPECT_EQ(raw.says(headers(1, kEndStream, trailers)), "RST_STREAM 1 error 1");
    EXPECT_EQ(raw.server.streams[1]->heard, "closed 1");
  }
  RawClient raw{{.max_fields = 5}};
  EXPECT_EQ(raw.says(headers(1, 0, request())), "");
  EXPECT_EQ(raw.says(headers(1, kEndStream, {{"a", ""}, {"b", ""}, {"c", ""}, {"d", ""}, {"e", ""}, {"f", ""}})),
            "RST_STREAM 1 error 11");
  EXPECT_EQ(raw.server.streams[1]->heard, "closed 11");
}

TEST(Http2Input, DropsWhatMayNotBeATrailer) {
  RawClient raw;
  EXPECT_EQ(raw.says(headers(1, 0, request())), "");
  EXPECT_EQ(
      raw.says(headers(1, kEndStream,
                       {{"a", "1"}, {"authorization", "x"}, {"set-cookie", "y"}, {"content-type", "z"}, {"b", "2"}})),
      "");
  EXPECT_EQ(raw.server.streams[1]->heard, "end [a=1] [b=2]");
}

TEST(Http2Input, ResetsMalformedResponses) {
  const std::vector<std::pair<const char*, Fields>> malformed{
      {"no status", {{"x", "y"}}},
      {"a status of two digits", {{":status", "20"}}},
      {"a status that is no number", {{":status", "2x0"}}},
      {"a status below 100", {{":status", "099"}}},
      {"a status above 599", {{":status", "600"}}},
      {"101", {{":status", "101"}}},
      {"an interim head at the end", {{":status", "103"}}},
      {"Connection", {{":status", "200"}, {"connection", "close"}}},
      {"a control character", {{":status", "200"}, {"x", "a\rb"}}},
      {"a body that does not come", {{":status", "200"}, {"content-length", "5"}}},
  };
  for (const auto& [what, fields] : malformed) {
    RawServer raw;
    EXPECT_EQ(raw.says(headers(1, kEndStream, fields)), "RST_STREAM 1 error 1") << what;
    EXPECT_EQ(raw.heard(), "closed 1") << what;
    EXPECT_TRUE(raw.goes_on) << what;
  }
  RawServer raw{"GET", {.max_head_bytes = 2000}};
  EXPECT_EQ(raw.says(headers(1, kEndStream, {{":status", "200"}, {"x", std::string(2000, 'x')}})),
            "RST_STREAM 1 error 11");
  EXPECT_EQ(raw.heard(), "closed 11");
}

TEST(Http2Input, ReadsTheFramingOfResponses) {
  const Fields with_length{{":status", "200"}, {"content-length", "5"}};
  RawServer get;
  get.says(headers(1, 0, with_length));
  EXPECT_EQ(get.heard(), "200 '' body length 5 2 keep-alive [content-length=5]");
  RawServer head{"HEAD"};
  head.says(headers(1, kEndStream, with_length));
  EXPECT_EQ(head.heard(), "200 '' body none 2 keep-alive [content-length=5]|closed 0");
  RawServer late_head{"HEAD"};
  late_head.says(headers(1, 0, with_length) + frame(kData, kEndStream, 1, ""));
  EXPECT_EQ(late_head.heard(), "200 '' body chunked 2 keep-alive [content-length=5]|end|closed 0");
}

TEST(Http2Input, EndsTheConnectionOnWhatIsNotHttp2) {
  const std::vector<std::pair<const char*, std::string>> garbage{
      {"HTTP/1.1", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"a preface cut short by something else", "PRI * HTTP/2.0\r\n\r\nSMxxxxxx"},
      {"no SETTINGS", std::string{kPreface} + get(1)},
  };
  for (const auto& [what, bytes] : garbage) {
    Http2Side server{Http2Session::Role::server};
    const bool goes_on = server.session.receive(bytes);
    EXPECT_EQ(frames::describe(server.take()), "GOAWAY last 0 error 1") << what;
    EXPECT_TRUE(!goes_on || server.session.over()) << what;
    EXPECT_TRUE(server.session.over()) << what;
    EXPECT_FALSE(server.session.receive("x")) << what;
    EXPECT_TRUE(server.requests.empty()) << what;
  }
}

TEST(Http2Input, EndsTheConnectionOnFramesThatBreakIt) {
  const std::vector<std::pair<std::string, const char*>> broken{
      {frame(kData, 0, 0, "x"), "GOAWAY last 0 error 1"},
      {frame(kData, 0, 1, "x"), "GOAWAY last 0 error 1"},
      {frame(kHeaders, kEndHeaders, 0, block(request())), "GOAWAY last 0 error 1"},
      {frame(kHeaders, kEndHeaders, 2, block(request())), "GOAWAY last 0 error 1"},
      {frame(kHeaders, kEndHeaders, 1, "\xff\xff\xff\xff\xff\xff"), "GOAWAY last 1 error 9"},
      {frame(kHeaders, 0, 1, block(request())) + frame(kData, 0, 1, "x"), "GOAWAY last 1 error 1"},
      {frame(kContinuation, kEndHeaders, 1, ""), "GOAWAY last 0 error 1"},
      {frame(kPushPromise, kEndHeaders, 1, number(2, 4)), "GOAWAY last 0 error 1"},
      {frame(kPing, 0, 0, "1234567"), "GOAWAY last 0 error 6"},
      {frame(kSettings, 0, 0, "12345"), "GOAWAY last 0 error 6"},
      {frame(kSettings, 0, 1, ""), "GOAWAY last 0 error 1"},
      {settings({{2, 2}}), "GOAWAY last 0 error 1"},
      {settings({{4, 0x80000000}}), "GOAWAY last 0 error 3"},
      {frame(kRstStream, 0, 1, number(0, 4)), "GOAWAY last 0 error 1"},
      {window_update(0, 0), "GOAWAY last 0 error 1"},
      {window_update(0, 0x7fffffff), "GOAWAY last 0 error 3"},
      {frame(kData, 0, 1, std::string(16'385, 'x')), "GOAWAY last 0 error 6"},
  };
  for (const auto& [bytes, expected] : broken) {
    RawClient raw;
    const std::string answer = raw.says(bytes);
    EXPECT_EQ(answer.substr(answer.rfind("GOAWAY")), expected) << testing::PrintToString(bytes.substr(0, 40));
    EXPECT_TRUE(raw.server.session.over());
    EXPECT_FALSE(raw.server.session.receive(get(1)));
  }
}

TEST(Http2Input, RefusesStreamsAboveItsLimit) {
  RawClient raw{{.max_concurrent_streams = 2}};
  EXPECT_EQ(raw.says(get(1) + get(3)), "");
  const std::string third = raw.says(get(5));
  EXPECT_EQ(third, "GOAWAY last 3 error 1");
  EXPECT_EQ(raw.server.requests.size(), 2u);

  // Before it can know the limit, a client's streams are refused one by one, and may be sent again.
  Http2Side early{Http2Session::Role::server, {.max_concurrent_streams = 2}};
  EXPECT_TRUE(early.session.receive(std::string{kPreface} + settings() + get(1) + get(3) + get(5)));
  EXPECT_EQ(frames::describe(early.take()), "RST_STREAM 5 error 7");
  EXPECT_EQ(early.requests.size(), 2u);
}

TEST(Http2Input, AnswersPings) {
  RawClient raw;
  EXPECT_EQ(raw.says(frame(kPing, 0, 0, "12345678")), "PING ack");
  for (int i = 0; i < 50'000; ++i) ASSERT_EQ(raw.says(frame(kPing, 0, 0, "12345678")), "PING ack") << i;
}

TEST(Http2Input, HearsOfResetsAndGoaway) {
  RawServer raw{"POST"};
  const StreamId second = raw.client.request(a_request(), true);
  const StreamId third = raw.client.request(a_request(), true);
  raw.client.take();
  EXPECT_EQ(raw.says(rst(1, 8)), "");
  EXPECT_EQ(raw.heard(), "closed 8");
  EXPECT_TRUE(raw.client.session.can_request());
  EXPECT_EQ(raw.says(goaway(static_cast<std::uint32_t>(second), 0)), "");
  EXPECT_EQ(raw.client.streams[third]->heard, "closed 7");
  EXPECT_EQ(raw.client.streams[second]->heard, "");
  EXPECT_TRUE(raw.client.session.closing());
  EXPECT_FALSE(raw.client.session.can_request());
  EXPECT_EQ(raw.client.capacity_changes, 2);  // SETTINGS was the first
  EXPECT_FALSE(raw.client.session.over());
  EXPECT_EQ(raw.says(headers(3, kEndStream, {{":status", "200"}})), "");
  EXPECT_EQ(raw.client.streams[second]->closed, Http2Error::no_error);
  EXPECT_TRUE(raw.client.session.over());
}

TEST(Http2Input, TakesAResetWithoutAnErrorForAnEndOnlyBehindAWholeResponse) {
  RawServer cut{"POST"};
  cut.says(headers(1, 0, {{":status", "200"}}) + rst(1, 0));
  EXPECT_EQ(cut.heard(), "200 '' body chunked 2 keep-alive|closed 8");
  RawServer whole{"POST"};
  whole.says(headers(1, kEndStream, {{":status", "200"}}) + rst(1, 0));
  EXPECT_EQ(whole.heard(), "200 '' body none 2 keep-alive|closed 0");
}

}  // namespace
}  // namespace outrigger::http
