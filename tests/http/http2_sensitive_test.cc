/// Fields that must never be indexed, on the wire (RFC 7541 sections 6.2.3 and 7.1.3).
#include <gtest/gtest.h>

#include "http/http2_frames.h"
#include "http/http2_pair.h"

namespace outrigger::http {
namespace {

using namespace frames;

/// Text that Huffman code would only make longer, so that it is sent as it is.
constexpr std::string_view kRaw = "~~~~";

std::string literal(char representation) { return representation + hpack_string(kRaw) + hpack_string(kRaw); }
std::string headers_block(std::string_view written) {
  for (const Frame& one : frames::parse(written)) {
    if (one.type == kHeaders) return one.payload;
  }
  return {};
}

TEST(Http2Sensitive, FieldsAreKnownAsThatFromHeadsAndTrailers) {
  Http2Side server{Http2Session::Role::server};
  EXPECT_TRUE(server.session.receive(hello()));
  const std::string block_of_head = block(request()) + literal('\x10') + literal('\x00');
  EXPECT_TRUE(server.session.receive(frame(kHeaders, kEndHeaders, 1, block_of_head)));
  EXPECT_NE(server.requests.at(0).find("[~~~~=~~~~ sensitive] [~~~~=~~~~]"), std::string::npos) << server.requests[0];
  EXPECT_TRUE(server.session.receive(frame(kHeaders, kEndHeaders | kEndStream, 1, literal('\x10'))));
  EXPECT_EQ(server.streams[1]->heard, "end [~~~~=~~~~ sensitive]");
  server.session.abandon(Http2Error::cancel);
}

TEST(Http2Sensitive, CookiesStayThatWhenTheyAreJoined) {
  Http2Side server{Http2Session::Role::server};
  EXPECT_TRUE(server.session.receive(hello()));
  const std::string crumbs = block({{"cookie", "a=1"}}) + '\x10' + hpack_string("cookie") + hpack_string("b=2");
  EXPECT_TRUE(server.session.receive(frame(kHeaders, kEndHeaders | kEndStream, 1, block(request()) + crumbs)));
  EXPECT_NE(server.requests.at(0).find("[cookie=a=1; b=2 sensitive]"), std::string::npos) << server.requests[0];
  server.session.abandon(Http2Error::cancel);
}

TEST(Http2Sensitive, PseudoFieldsAreKnownAsThat) {
  Http2Side server{Http2Session::Role::server};
  std::vector<bool> sensitive;
  server.do_on_request = [&](StreamId, const RequestHead& head) { sensitive.push_back(head.sensitive); };
  EXPECT_TRUE(server.session.receive(hello()));
  const std::string others = block({{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}});
  const std::string path = hpack_string(":path") + hpack_string("/secret");
  EXPECT_TRUE(server.session.receive(frame(kHeaders, kEndHeaders | kEndStream, 1, others + '\x10' + path)));
  EXPECT_TRUE(server.session.receive(frame(kHeaders, kEndHeaders | kEndStream, 3, others + '\0' + path)));
  EXPECT_EQ(sensitive, (std::vector<bool>{true, false}));
  server.session.abandon(Http2Error::cancel);
}

TEST(Http2Sensitive, FieldsAreSentAsThat) {
  for (const bool sensitive : {true, false}) {
    Http2Pair pair;
    Http2Side& client = pair.client;
    Http2Side& server = pair.server;
    const std::vector<Field> fields{{kRaw, kRaw, sensitive}};
    const std::string wanted = literal(sensitive ? '\x10' : '\x40');
    client.request(a_request("POST", fields), false);
    const std::string request = client.take();
    EXPECT_NE(headers_block(request).find(wanted), std::string::npos);
    EXPECT_TRUE(server.session.receive(request));
    server.session.respond(1, a_response(200, fields), false);
    EXPECT_NE(headers_block(server.take()).find(wanted), std::string::npos);
    // In trailers an indexed field is one byte by now.
    server.session.finish(1, fields);
    EXPECT_EQ(headers_block(server.take()), sensitive ? wanted : "\xbe");
    server.session.abandon(Http2Error::cancel);
    client.session.abandon(Http2Error::cancel);
  }
}

TEST(Http2Sensitive, PseudoFieldsAreSentAsThat) {
  Http2Pair pair;
  RequestHead head = a_request();
  head.target = "/~~~~~~";
  head.sensitive = true;
  pair.client.request(head, true);
  // :path is number 4 of the static table.
  EXPECT_NE(headers_block(pair.client.take()).find("\x14" + hpack_string(head.target)), std::string::npos);
  pair.client.session.abandon(Http2Error::cancel);
}

TEST(Http2Sensitive, AStatusStaysThat) {
  Http2Pair pair;
  pair.client.request(a_request(), true);
  pair.exchange();
  ResponseHead head = a_response(299);
  head.sensitive = true;
  pair.server.session.respond(1, head, true);
  const std::string sent = pair.server.take();
  // :status is number 8 of the static table.
  EXPECT_NE(headers_block(sent).find(std::string("\x18") + hpack_string("299")), std::string::npos);
  bool sensitive = false;
  pair.client.streams[1]->do_on_head = [&](const ResponseHead& heard) { sensitive = heard.sensitive; };
  EXPECT_TRUE(pair.client.session.receive(sent));
  EXPECT_TRUE(sensitive);
}

}  // namespace
}  // namespace outrigger::http
