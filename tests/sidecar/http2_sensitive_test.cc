/// Fields that must never be indexed, from one connection to the other (RFC 7541 section 7.1.3).
#include <gtest/gtest.h>

#include "http/http2_frames.h"
#include "http2_peer.h"
#include "messages.h"
#include "proxy.h"

namespace outrigger::sidecar::test {
namespace {

using namespace http::frames;

TEST(Http2SensitiveFields, GoOnAsThat) {
  Proxy proxy;
  Stage stage;
  Endpoint& endpoint = stage.endpoint(Speaks::http2);
  proxy.options.protocol = model::Protocol::http2;
  proxy.set_endpoints({endpoint.address()});
  Socket client = Socket::connect(proxy.listen("h2", kWeb, ListenerProtocol::http2));
  // Text that Huffman code would only make longer, so that it is sent as it is.
  const std::string field = hpack_string("~~~~") + hpack_string("secret~~~~");
  client.send(hello() + frame(kHeaders, kEndHeaders | kEndStream, 1, block(request()) + '\x10' + field));
  stage.until("a request", [&] { return endpoint.talks.size() == 1; });
  EXPECT_EQ(endpoint.talks[0]->heard.field("~~~~"), "secret~~~~");
  EXPECT_NE(static_cast<Http2Peer&>(*endpoint.connections[0]).received().find('\x10' + field), std::string::npos);
}

}  // namespace
}  // namespace outrigger::sidecar::test
