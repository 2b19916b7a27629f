#include "http/head_writer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <sstream>

#include "http/body_reader.h"
#include "http/control_fields.h"
#include "http/describe.h"
#include "http/examples.h"
#include "http/in_pieces.h"

namespace outrigger::http {
namespace {

const PieceSize kWhole = always(1'000'000);

std::string forwarded_request(std::string_view message, const Hop& hop = {}) {
  const auto parsed = parse_request(message, kWhole);
  EXPECT_EQ(parsed.result.state, ParseState::complete) << message;
  std::string out;
  write_request_head(parsed.head, hop, out);
  return out;
}

struct WrittenResponse {
  std::string head;
  Framing framing;
};

WrittenResponse forwarded_response(std::string_view message, const ClientSide& client = {}) {
  const auto parsed = parse_response(message, client.to_head, kWhole);
  EXPECT_EQ(parsed.result.state, ParseState::complete) << message;
  std::string out;
  const Framing framing = write_response_head(parsed.head, client, out);
  return {out, framing};
}

TEST(RequestWriter, WritesHostFirstAndViaLast) {
  EXPECT_EQ(forwarded_request("GET /x HTTP/1.1\r\nAccept: */*\r\nhost:a\r\nVia: 1.0 b\r\n\r\n"),
            "GET /x HTTP/1.1\r\nHost: a\r\nAccept: */*\r\nVia: 1.0 b\r\nVia: 1.1 outrigger\r\n\r\n");
}

TEST(RequestWriter, AppendsToWhatIsThere) {
  const auto parsed = parse_request("GET / HTTP/1.1\r\nHost: a\r\n\r\n", kWhole);
  std::string out = "before";
  write_request_head(parsed.head, {}, out);
  EXPECT_EQ(out, "beforeGET / HTTP/1.1\r\nHost: a\r\nVia: 1.1 outrigger\r\n\r\n");
}

TEST(RequestWriter, TakesTheAuthorityFromAnAbsoluteTarget) {
  EXPECT_EQ(forwarded_request("GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n"),
            "GET /x HTTP/1.1\r\nHost: b\r\nVia: 1.1 outrigger\r\n\r\n");
}

TEST(RequestWriter, SaysThatAnHttp2RequestsBodyIsEmpty) {
  RequestHead head;
  head.method = "POST";
  head.target = "/";
  head.authority = "a";
  head.version = Version::http2;
  head.fields = {{"content-length", "0"}};
  std::string out;
  write_request_head(head, {}, out);
  EXPECT_EQ(out, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nVia: 2.0 outrigger\r\n\r\n");
}

TEST(RequestWriter, SpeaksHttp11ForAnHttp10Client) {
  EXPECT_EQ(forwarded_request("GET / HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\nX: y\r\n\r\n"),
            "GET / HTTP/1.1\r\nHost: \r\nContent-Length: 1\r\nX: y\r\nVia: 1.0 outrigger\r\n\r\n");
}

TEST(RequestWriter, LeavesOutHopByHopFieldsAndThoseThatConnectionNames) {
  EXPECT_EQ(forwarded_request("GET / HTTP/1.1\r\nHost: a\r\nKeep-Alive: 5\r\nproxy-connection: x\r\nTE: gzip\r\n"
                              "Trailer: X\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\nX-A: 1\r\nx-b: 2\r\nX-C: 3\r\n"
                              "Connection: close, Upgrade, HTTP2-Settings\r\nConnection: x-a , X-B\r\n\r\n"),
            "GET / HTTP/1.1\r\nHost: a\r\nTrailer: X\r\nX-C: 3\r\nVia: 1.1 outrigger\r\n\r\n");
}

TEST(RequestWriter, PassesAnUpgradeOn) {
  EXPECT_EQ(forwarded_request("GET / HTTP/1.1\r\nHost: a\r\nX: y\r\nUpgrade: websocket\r\nX-A: z\r\n"
                              "Connection: keep-alive, x-a, Upgrade\r\nSec-WebSocket-Key: k\r\n\r\n"),
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX: y\r\nSec-WebSocket-Key: k\r\n"
            "Via: 1.1 outrigger\r\n\r\n");
}

TEST(RequestWriter, DoesNotPassOnAnUpgradeToHttp2) {
  EXPECT_EQ(forwarded_request("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n"
                              "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n"),
            "GET / HTTP/1.1\r\nHost: a\r\nVia: 1.1 outrigger\r\n\r\n");
}

TEST(RequestWriter, KeepsEndToEndFieldsWhateverConnectionNames) {
  EXPECT_EQ(forwarded_request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nAuthorization: x\r\ncookie: y\r\n"
                              "Expect: 100-continue\r\n"
                              "Connection: host, content-length, authorization, Cookie, expect\r\n\r\n"),
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nAuthorization: x\r\ncookie: y\r\n"
            "Expect: 100-continue\r\nVia: 1.1 outrigger\r\n\r\n");
}

TEST(RequestWriter, SaysThatTrailersAreAcceptedWhereTheClientDoes) {
  EXPECT_EQ(forwarded_request("GET / HTTP/1.1\r\nHost: a\r\nTE: gzip;q=0.5, Trailers\r\nTE: deflate\r\n\r\n"),
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: TE\r\nTE: trailers\r\nVia: 1.1 outrigger\r\n\r\n");
  EXPECT_EQ(forwarded_request("GET / HTTP/1.0\r\nHost: a\r\nTE: trailers\r\n\r\n"),
            "GET / HTTP/1.1\r\nHost: a\r\nVia: 1.0 outrigger\r\n\r\n");
}

TEST(RequestWriter, CountsMaxForwardsDownWhereThatHasASense) {
  EXPECT_EQ(forwarded_request("OPTIONS * HTTP/1.1\r\nHost: a\r\nMax-Forwards: 010\r\nConnection: max-forwards\r\n\r\n"),
            "OPTIONS * HTTP/1.1\r\nHost: a\r\nMax-Forwards: 9\r\nVia: 1.1 outrigger\r\n\r\n");
  EXPECT_EQ(
      forwarded_request("TRACE / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 99999999999999999999\r\n\r\n", {.via = false}),
      "TRACE / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 18446744073709551614\r\n\r\n");
  EXPECT_EQ(forwarded_request("GET / HTTP/1.1\r\nHost: a\r\nMax-Forwards: x\r\n\r\n", {.via = false}),
            "GET / HTTP/1.1\r\nHost: a\r\nMax-Forwards: x\r\n\r\n");
}

TEST(RequestWriter, SaysWhomItServesInForwarded) {
  const auto forwarded = [](std::string_view host, std::string_view client) {
    const std::string message = "GET / HTTP/1.1\r\nHost: " + std::string{host} + "\r\nForwarded: for=b\r\n\r\n";
    const std::string out =
        forwarded_request(message, {.via = false, .forwarded = Forwarded::forwarded, .client = client});
    const std::string begin = "GET / HTTP/1.1\r\nHost: " + std::string{host} + "\r\nForwarded: for=b\r\nForwarded: ";
    EXPECT_TRUE(out.starts_with(begin) && out.ends_with("\r\n\r\n")) << out;
    return out.substr(begin.size(), out.size() - begin.size() - 4);
  };
  EXPECT_EQ(forwarded("a", "10.1.2.3"), "for=10.1.2.3;proto=http;host=a");
  EXPECT_EQ(forwarded("a:80", "2001:db8::1"), "for=\"[2001:db8::1]\";proto=http;host=\"a:80\"");
  EXPECT_EQ(forwarded("a,b", ""), "for=unknown;proto=http;host=\"a,b\"");
  EXPECT_EQ(forwarded("", "10.1.2.3"), "for=10.1.2.3;proto=http");
}

TEST(RequestWriter, SaysWhomItServesInXForwardedFields) {
  const Hop hop{.via = false, .forwarded = Forwarded::x_forwarded, .client = "2001:db8::1"};
  EXPECT_EQ(forwarded_request("GET / HTTP/1.1\r\nHost: a:80\r\nX: y\r\n\r\n", hop),
            "GET / HTTP/1.1\r\nHost: a:80\r\nX: y\r\nX-Forwarded-For: 2001:db8::1\r\nX-Forwarded-Proto: http\r\n"
            "X-Forwarded-Host: a:80\r\n\r\n");
  EXPECT_EQ(forwarded_request("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: b, c\r\nx-forwarded-host: d\r\n"
                              "x-forwarded-for:\r\nX-Forwarded-Proto: https\r\nX-Forwarded-For: e\r\n\r\n",
                              hop),
            "GET / HTTP/1.1\r\nHost: a\r\nx-forwarded-host: d\r\nX-Forwarded-Proto: https\r\n"
            "X-Forwarded-For: b, c, e, 2001:db8::1\r\n\r\n");
  EXPECT_EQ(forwarded_request("GET / HTTP/1.0\r\n\r\n", {.via = false, .forwarded = Forwarded::x_forwarded}),
            "GET / HTTP/1.1\r\nHost: \r\nX-Forwarded-For: unknown\r\nX-Forwarded-Proto: http\r\n\r\n");
}

TEST(RequestWriter, LeavesForwardedFieldsAloneUnlessAsked) {
  const std::string message =
      "GET / HTTP/1.1\r\nHost: a\r\nForwarded: for=b\r\nX-Forwarded-For: b\r\nX-Forwarded-For: c\r\n\r\n";
  EXPECT_EQ(forwarded_request(message, {.via = false, .client = "10.1.2.3"}), message);
}

TEST(RequestWriter, WritesAnEndlessXForwardedFor) {
  const std::string many(60'000, 'x');
  const std::string out = forwarded_request("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: " + many + "\r\n\r\n",
                                            {.via = false, .forwarded = Forwarded::x_forwarded, .client = "10.1.2.3"});
  EXPECT_NE(out.find("X-Forwarded-For: " + many + ", 10.1.2.3\r\n"), std::string::npos);
}

TEST(RequestWriter, HandlesAsManyConnectionOptionsAsTheParserLetsPass) {
  std::string options = "X";
  for (std::size_t i = 1; i < kMaxConnectionOptions; ++i) options += ", X" + std::to_string(i);
  EXPECT_EQ(forwarded_request("GET / HTTP/1.1\r\nHost: a\r\nX31: y\r\nX32: y\r\nConnection: " + options + "\r\n\r\n"),
            "GET / HTTP/1.1\r\nHost: a\r\nX32: y\r\nVia: 1.1 outrigger\r\n\r\n");
}

TEST(RequestWriter, WritesTheFramingAnew) {
  EXPECT_EQ(forwarded_request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 000\r\n\r\n"),
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nVia: 1.1 outrigger\r\n\r\n");
  EXPECT_EQ(forwarded_request("POST / HTTP/1.1\r\nHost: a\r\ntransfer-encoding: CHUNKED\r\n\r\n"),
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nVia: 1.1 outrigger\r\n\r\n");
  EXPECT_EQ(forwarded_request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\n"),
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\nVia: 1.1 outrigger\r\n\r\n");
}

/// The reference: what is left of a request's fields on the way, by names in sets.
std::vector<Field> fields_left(const RequestHead& head) {
  const auto lower_case = [](std::string_view name) {
    std::string text{name};
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
  };
  const std::set<std::string> kept{"cookie", "authorization"};
  std::set<std::string> dropped{"host",    "connection",     "keep-alive",        "proxy-connection", "te",
                                "upgrade", "content-length", "transfer-encoding", "http2-settings"};
  if (head.max_forwards) dropped.insert("max-forwards");
  for (const Field& field : head.fields) {
    if (lower_case(field.name) != "connection") continue;
    std::stringstream options{lower_case(field.value)};
    for (std::string option; options >> option;) {  // the messages below have blanks around every comma
      if (kept.count(option) == 0) dropped.insert(option);
    }
  }
  std::vector<Field> left;
  for (const Field& field : head.fields) {
    const bool vain = lower_case(field.name) == "expect" && !head.expect_continue && field.value != "more";
    if (!vain && dropped.count(lower_case(field.name)) == 0) left.push_back(field);
  }
  return left;
}

void expect_same_message_on_the_way(const RequestHead& head) {
  std::string out;
  write_request_head(head, {}, out);
  const auto again = parse_request(out, kWhole);
  ASSERT_EQ(again.result.state, ParseState::complete) << out;
  EXPECT_EQ(again.result.head_bytes, out.size());
  EXPECT_EQ(describe_message(again.head), describe_message(head));
  EXPECT_TRUE(again.head.keep_alive);
  EXPECT_EQ(again.head.expect_continue, head.expect_continue);
  EXPECT_EQ(again.head.accepts_trailers, head.accepts_trailers);
  std::vector<Field> left = fields_left(head);
  left.push_back({"Via", head.version == Version::http11 ? "1.1 outrigger" : "1.0 outrigger"});
  EXPECT_EQ(describe(fields_left(again.head)), describe(left));
}

TEST(RequestWriter, WritesWhatTheParserReadsAsTheSameMessage) {
  for (const auto& example : accepted_requests()) {
    SCOPED_TRACE(example.message);
    expect_same_message_on_the_way(parse_request(example.message, kWhole).head);
  }
}

TEST(RequestWriter, WritesWhatTheParserReadsAsTheSameMessageForRandomFields) {
  constexpr std::string_view kLines[]{"Accept: */*",
                                      "x-a: 1",
                                      "X-A:",
                                      "X-B: a, b",
                                      "Cookie: c=d",
                                      "authorization: e",
                                      "Keep-Alive: timeout=5",
                                      "TE: trailers",
                                      "te-x: f",
                                      "Trailer: X-A",
                                      "UPGRADE: h2c",
                                      "Upgrade: x",
                                      "Connection: upgrade",
                                      "Proxy-Connection: keep-alive",
                                      "Expect: 100-continue",
                                      "Connection: close",
                                      "Connection: X-A , te",
                                      "connection: , x-b , Cookie , close",
                                      "Connection: keep-alive , Authorization , accept"};
  constexpr std::string_view kFramings[]{"", "Content-Length: 12\r\n", "transfer-encoding: chunked\r\n"};
  for (unsigned seed = 1; seed <= 2'000; ++seed) {
    std::mt19937 random{seed};
    const auto below = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>{0, n - 1}(random); };
    const bool http11 = below(4) > 0;
    std::string message = http11 ? "PUT /x HTTP/1.1\r\nHost: a\r\n" : "PUT /x HTTP/1.0\r\n";
    message += kFramings[below(http11 ? 3 : 2)];
    for (std::size_t lines = below(8); lines > 0; --lines) message.append(kLines[below(std::size(kLines))]) += "\r\n";
    message += "\r\n";
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + message);
    const auto parsed = parse_request(message, kWhole);
    ASSERT_EQ(parsed.result.state, ParseState::complete);
    expect_same_message_on_the_way(parsed.head);
    if (HasFailure()) return;
  }
}

TEST(ResponseWriter, PassesALengthOn) {
  const auto [head, framing] = forwarded_response("HTTP/1.1 200 Fine\r\nX: y\r\nContent-Length: 05\r\n\r\n");
  EXPECT_EQ(head, "HTTP/1.1 200 Fine\r\nX: y\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(framing, Framing::length);
}

TEST(ResponseWriter, ChunksABodyOfUnknownEnd) {
  for (const auto* message : {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n",
                              "HTTP/1.0 200 OK\r\n\r\n"}) {
    const auto [head, framing] = forwarded_response(message);
    EXPECT_EQ(head, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    EXPECT_EQ(framing, Framing::chunked);
  }
}

TEST(ResponseWriter, EndsABodyOfUnknownEndByCloseForHttp10Clients) {
  for (const auto* message :
       {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n"}) {
    const auto [head, framing] = forwarded_response(message, {.http11 = false});
    EXPECT_EQ(head, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(framing, Framing::until_close);
  }
}

TEST(ResponseWriter, SaysWhatBecomesOfTheConnection) {
  const auto* message = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close, x\r\nX: y\r\nKeep-Alive: 5\r\n\r\n";
  EXPECT_EQ(forwarded_response(message).head, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(forwarded_response(message, {.close = true}).head,
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(forwarded_response(message, {.http11 = false}).head,
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(forwarded_response(message, {.http11 = false, .close = true}).head,
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

TEST(ResponseWriter, PassesASwitchOfProtocolsOn) {
  const auto [head, framing] = forwarded_response(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade, x\r\nX: y\r\nUpgrade: websocket\r\n"
      "Content-Length: 5\r\nSec-WebSocket-Accept: a\r\n\r\n",
      {.close = true});
  EXPECT_EQ(head,
            "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: a\r\nConnection: Upgrade\r\n"
            "Upgrade: websocket\r\n\r\n");
  EXPECT_EQ(framing, Framing::none);
}

TEST(ResponseWriter, SaysWhatA426AsksFor) {
  EXPECT_EQ(forwarded_response("HTTP/1.1 426 Upgrade Required\r\nConnection: upgrade\r\nUpgrade: x/1, y\r\n"
                               "Content-Length: 0\r\n\r\n",
                               {.close = true})
                .head,
            "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\nConnection: Upgrade\r\nUpgrade: x/1, y\r\n"
            "Connection: close\r\n\r\n");
}

TEST(ResponseWriter, TellsHeadTheLengthThatGetWouldHave) {
  const auto [with_length, framing] =
      forwarded_response("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", {.to_head = true});
  EXPECT_EQ(with_length, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(framing, Framing::none);
  const auto [without, framing_without] =
      forwarded_response("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", {.to_head = true});
  EXPECT_EQ(without, "HTTP/1.1 200 OK\r\n\r\n");
  EXPECT_EQ(framing_without, Framing::none);
}

TEST(ResponseWriter, GivesNoBodyToStatusesThatHaveNone) {
  EXPECT_EQ(forwarded_response("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: x\r\n\r\n").head,
            "HTTP/1.1 304 Not Modified\r\nETag: x\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(forwarded_response("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n").head,
            "HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(forwarded_response("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n").head,
            "HTTP/1.1 204 No Content\r\n\r\n");
  for (const std::string framed : {"", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"}) {
    const auto [head, framing] =
        forwarded_response("HTTP/1.1 103 Early Hints\r\nLink: x\r\n" + framed + "\r\n", {.close = true});
    EXPECT_EQ(head, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
    EXPECT_EQ(framing, Framing::none);
  }
}

TEST(ResponseWriter, TellsThatABodyIsEmptyThatHasNoFraming) {
  ResponseHead head;  // as HTTP/2 has it when the stream ends with it
  head.status = 200;
  head.version = Version::http2;
  std::string out;
  write_response_head(head, {}, out);
  EXPECT_EQ(out, "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n");
}

TEST(ResponseWriter, AddsADateWhereThereIsNone) {
  const ClientSide client{.date = "Sun, 06 Nov 1994 08:49:37 GMT"};
  EXPECT_EQ(forwarded_response("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: y\r\n\r\n", client).head,
            "HTTP/1.1 200 OK\r\nX: y\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(forwarded_response("HTTP/1.1 200 OK\r\nContent-Length: 0\r\ndate: x\r\n\r\n", client).head,
            "HTTP/1.1 200 OK\r\ndate: x\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(forwarded_response("HTTP/1.1 103 Early Hints\r\n\r\n", client).head, "HTTP/1.1 103 Early Hints\r\n\r\n");
  std::string out;
  write_local_response(404, "", "", client, out);
  EXPECT_NE(out.find("\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"), std::string::npos);
}

TEST(ResponseWriter, WritesWhatTheParserReadsAsTheSameMessage) {
  for (const auto& example : accepted_responses()) {
    const auto first = parse_response(example.message, false, kWhole);
    for (const bool http11 : {true, false}) {
      std::string out;
      const Framing framing = write_response_head(first.head, {.http11 = http11}, out);
      const auto second = parse_response(out, false, kWhole);
      ASSERT_EQ(second.result.state, ParseState::complete) << out;
      EXPECT_EQ(second.head.status, first.head.status) << out;
      EXPECT_EQ(second.head.reason, first.head.reason) << out;
      EXPECT_EQ(second.head.framing, framing) << out;
      EXPECT_EQ(second.head.upgrade, first.head.upgrade) << out;
      if (framing == Framing::length) {
        EXPECT_EQ(second.head.content_length, first.head.content_length) << out;
      }
    }
  }
}

TEST(LocalResponse, SaysWhatIsWrong) {
  std::string out;
  write_local_response(502, "connection_refused", "nobody there\n", {.close = true}, out);
  EXPECT_EQ(out,
            "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/plain; charset=utf-8\r\n"
            "Proxy-Status: outrigger; error=connection_refused\r\nContent-Length: 13\r\nConnection: close\r\n\r\n"
            "nobody there\n");
}

TEST(LocalResponse, HasNoBodyForHead) {
  std::string out;
  write_local_response(404, "", "no\n", {.to_head = true}, out);
  EXPECT_EQ(out, "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\n\r\n");
}

TEST(LocalResponse, CarriesATextOfAnySize) {
  const std::string text(100'000, 'x');
  std::string out;
  write_local_response(500, "", text, {}, out);
  EXPECT_TRUE(out.ends_with("\r\n\r\n" + text));
}

TEST(HeadWriter, WritesChunkSizesInHexadecimal) {
  std::string out;
  write_chunk_start(1, out);
  write_chunk_start(0xabc0, out);
  EXPECT_EQ(out, "1\r\nabc0\r\n");
}

TEST(ResponseWriter, ChunksABodyOfToldLengthWhereTrailersFollowAndAreAccepted) {
  const std::string chunked = "HTTP/1.1 200 \r\nTrailer: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string with_length = "HTTP/1.1 200 \r\nTrailer: x\r\nContent-Length: 5\r\n\r\n";
  ResponseHead head;
  head.status = 200;
  head.framing = Framing::length;
  head.content_length = 5;
  head.fields = {{"Trailer", "x"}, {"Content-Length", "5"}};
  const auto written = [&head](bool accepted, Version version) {
    head.version = version;
    std::string out;
    write_response_head(head, {.accepts_trailers = accepted}, out);
    return out;
  };
  EXPECT_EQ(written(true, Version::http2), chunked);
  EXPECT_EQ(written(false, Version::http2), with_length);
  EXPECT_EQ(written(true, Version::http11), with_length);
  head.fields.erase(head.fields.begin());
  EXPECT_EQ(written(true, Version::http2), "HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\n");
}

TEST(HeadWriter, WritesTrailersThatTheReaderReadsAsTheSame) {
  std::string out;
  write_last_chunk({}, out);
  EXPECT_EQ(out, kLastChunk);
  const std::vector<Field> trailers{{"grpc-status", "0"}, {"X", ""}, {"X", "a b"}};
  out.clear();
  write_last_chunk(trailers, out);
  EXPECT_EQ(out, "0\r\ngrpc-status: 0\r\nX: \r\nX: a b\r\n\r\n");
  BodyReader reader{Framing::chunked, 0};
  EXPECT_EQ(reader.read(out).consumed, out.size());
  EXPECT_EQ(describe(reader.trailers()), describe(trailers));
}

TEST(HeadWriter, NamesStatuses) {
  EXPECT_EQ(reason_phrase(200), "OK");
  EXPECT_EQ(reason_phrase(431), "Request Header Fields Too Large");
  EXPECT_EQ(reason_phrase(299), "Unknown");
  EXPECT_EQ(continue_response(), "HTTP/1.1 100 Continue\r\n\r\n");
}

}  // namespace
}  // namespace outrigger::http
