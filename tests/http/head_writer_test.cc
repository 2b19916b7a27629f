#include "http/head_writer.h"

#include <gtest/gtest.h>

#include "http/control_fields.h"
#include "http/describe.h"
#include "http/examples.h"
#include "http/in_pieces.h"

namespace outrigger::http {
namespace {

const PieceSize kWhole = always(1'000'000);

std::string forwarded_request(std::string_view message) {
  const auto parsed = parse_request(message, kWhole);
  EXPECT_EQ(parsed.result.state, ParseState::complete) << message;
  std::string out;
  write_request_head(parsed.head, out);
  return out;
}

struct Forwarded {
  std::string head;
  Framing framing;
};

Forwarded forwarded_response(std::string_view message, const ClientSide& client = {}) {
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
  write_request_head(parsed.head, out);
  EXPECT_EQ(out, "beforeGET / HTTP/1.1\r\nHost: a\r\nVia: 1.1 outrigger\r\n\r\n");
}

TEST(RequestWriter, TakesTheAuthorityFromAnAbsoluteTarget) {
  EXPECT_EQ(forwarded_request("GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n"),
            "GET /x HTTP/1.1\r\nHost: b\r\nVia: 1.1 outrigger\r\n\r\n");
}

TEST(RequestWriter, SpeaksHttp11ForAnHttp10Client) {
  EXPECT_EQ(forwarded_request("GET / HTTP/1.0\r\nExpect: 100-continue\r\nX: y\r\n\r\n"),
            "GET / HTTP/1.1\r\nHost: \r\nX: y\r\nVia: 1.0 outrigger\r\n\r\n");
}

TEST(RequestWriter, LeavesOutHopByHopFieldsAndThoseThatConnectionNames) {
  EXPECT_EQ(forwarded_request("GET / HTTP/1.1\r\nHost: a\r\nKeep-Alive: 5\r\nproxy-connection: x\r\nTE: trailers\r\n"
                              "Trailer: X\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\nX-A: 1\r\nx-b: 2\r\nX-C: 3\r\n"
                              "Connection: close, Upgrade, HTTP2-Settings\r\nConnection: x-a , X-B\r\n\r\n"),
            "GET / HTTP/1.1\r\nHost: a\r\nX-C: 3\r\nVia: 1.1 outrigger\r\n\r\n");
}

TEST(RequestWriter, KeepsEndToEndFieldsWhateverConnectionNames) {
  EXPECT_EQ(forwarded_request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nAuthorization: x\r\ncookie: y\r\n"
                              "Expect: 100-continue\r\n"
                              "Connection: host, content-length, authorization, Cookie, expect\r\n\r\n"),
            "POST / HTTP/1.1\r\nHost: a\r\nAuthorization: x\r\ncookie: y\r\nExpect: 100-continue\r\n"
            "Content-Length: 3\r\nVia: 1.1 outrigger\r\n\r\n");
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

/// What is left of a request's fields on the way: for the examples, nothing that Connection names is among them.
std::string forwarded_fields(const std::vector<Field>& fields, bool http11) {
  std::vector<Field> left;
  for (const Field& field : fields) {
    bool dropped = same_name(field.name, "Expect") && !http11;
    for (const auto* name : {"Host", "Connection", "Content-Length", "Transfer-Encoding", "Via"}) {
      dropped = dropped || same_name(field.name, name);
    }
    if (!dropped) left.push_back(field);
  }
  return describe(left);
}

TEST(RequestWriter, WritesWhatTheParserReadsAsTheSameMessage) {
  for (const auto& example : accepted_requests()) {
    const auto first = parse_request(example.message, kWhole);
    std::string out;
    write_request_head(first.head, out);
    const auto second = parse_request(out, kWhole);
    ASSERT_EQ(second.result.state, ParseState::complete) << out;
    EXPECT_EQ(second.result.head_bytes, out.size());
    EXPECT_EQ(describe_message(second.head), describe_message(first.head));
    EXPECT_EQ(forwarded_fields(second.head.fields, true), forwarded_fields(first.head.fields, first.head.http11));
    EXPECT_TRUE(second.head.keep_alive);
    EXPECT_EQ(second.head.expect_continue, first.head.expect_continue);
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
  const auto [head, framing] = forwarded_response("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", {.close = true});
  EXPECT_EQ(head, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
  EXPECT_EQ(framing, Framing::none);
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

TEST(HeadWriter, NamesStatuses) {
  EXPECT_EQ(reason_phrase(200), "OK");
  EXPECT_EQ(reason_phrase(431), "Request Header Fields Too Large");
  EXPECT_EQ(reason_phrase(299), "Unknown");
  EXPECT_EQ(continue_response(), "HTTP/1.1 100 Continue\r\n\r\n");
}

}  // namespace
}  // namespace outrigger::http
