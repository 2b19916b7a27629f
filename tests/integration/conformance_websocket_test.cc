#include <fmt/format.h>

#include "integration/conformance.h"

namespace outrigger::integration {
namespace {

/// Echoes, pings, close codes and ends: tests/conformance/websocket-client says which.
class WebSocket : public ::testing::TestWithParam<Route> {};

TEST_P(WebSocket, PassesEveryCase) {
  const ConformanceServer server({conformance_tool("echo-server")});
  const Way way(GetParam(), {server.address()});
  Process client({conformance_tool("websocket-client"), way.address()});
  EXPECT_EQ(client.wait_for_end(), 0) << fmt::format("{}", fmt::join(client.lines(), "\n"));
}

INSTANTIATE_TEST_SUITE_P(Over, WebSocket,
                         ::testing::Values(kDirect, through_sidecar("http", "http"), through_sidecar("auto", "auto")),
                         route_name);

}  // namespace
}  // namespace outrigger::integration
