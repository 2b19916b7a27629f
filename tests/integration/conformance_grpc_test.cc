#include <fmt/format.h>

#include "integration/conformance.h"
#include "integration/metrics_text.h"

namespace outrigger::integration {
namespace {

/// The test cases of gRPC's interoperability client (grpc/doc/interop-test-descriptions.md), but for those that need
/// credentials and
/// - pick_first_unary: gRPC's Go server does not say which one it is, and through a sidecar calls are to be spread;
/// - orca_oob: asks for the load of the one server that a connection leads to.
/// rpc_soak and channel_soak make ten calls of 270 KB, on one connection and on one each.
constexpr const char* kCases[] = {
    "empty_unary",
    "large_unary",
    "client_streaming",
    "server_streaming",
    "ping_pong",
    "empty_stream",
    "timeout_on_sleeping_server",
    "cancel_after_begin",
    "cancel_after_first_response",
    "status_code_and_message",
    "special_status_message",
    "custom_metadata",
    "unimplemented_method",
    "unimplemented_service",
    "rpc_soak",
    "channel_soak",
    "orca_per_rpc",
};

std::vector<std::string> client(const Way& way, const std::string& test_case) {
  std::vector<std::string> command{conformance_tool("grpc-interop-client"), "-server_host=127.0.0.1",
                                   "-server_port=" + way.port(), "-test_case=" + test_case,
                                   // Its own limits are for machines that do nothing else.
                                   "-soak_per_iteration_max_acceptable_latency_ms=60000",
                                   "-soak_overall_timeout_seconds=60"};
  if (test_case == "orca_per_rpc") {
    command.push_back(R"(-service_config_json={"loadBalancingConfig":[{"test_backend_metrics_load_balancer":{}}]})");
  }
  return command;
}

std::vector<std::string> server() {
  return {"env", "GRPC_GO_LOG_SEVERITY_LEVEL=info", conformance_tool("grpc-interop-server"), "-port=0"};
}

class GrpcInterop : public ::testing::TestWithParam<Route> {};

TEST_P(GrpcInterop, PassesEveryCase) {
  const ConformanceServer a(server());
  const ConformanceServer b(server());
  Way way(GetParam(), {a.address(), b.address()});
  for (const char* test_case : kCases) {
    Process running(client(way, test_case));
    EXPECT_EQ(running.wait_for_end(), 0) << test_case << fmt::format(": {}", fmt::join(running.lines(), "\n"));
  }
  if (way.sidecar() == nullptr) return;
  const std::string metrics = way.sidecar()->metrics();
  for (const ConformanceServer* server : {&a, &b}) {
    EXPECT_GT(metric(metrics, "outrigger_backend_requests_total", {{"backend", server->address()}}), 10)
        << "the calls are not spread";
  }
}

INSTANTIATE_TEST_SUITE_P(Over, GrpcInterop,
                         ::testing::Values(kDirect, through_sidecar("http2", "grpc"), through_sidecar("auto", "grpc")),
                         route_name);

}  // namespace
}  // namespace outrigger::integration
