#pragma once
#include <vector>

#include "balance/random.h"
#include "soak/ledger.h"

namespace outrigger::soak {

/// The services of a soak. Endpoints of `web`, `impatient` speak HTTP/1.1, of `grpc` HTTP/2, of `either` both, of `tcp`
/// none.
inline constexpr const char* kWeb = "shop/web:80";
inline constexpr const char* kGrpc = "shop/grpc:80";
inline constexpr const char* kEither = "shop/either:80";
inline constexpr const char* kTcp = "shop/tcp:80";
inline constexpr const char* kImpatient = "shop/impatient:80";

/// HTTP/1.1: one request, or a few pipelined ones. Some are asked to fail.
std::vector<Plan> http1_batch(const char* service, balance::Random& random);
/// HTTP/2, whose endpoints speak it too or not.
std::vector<Plan> http2_request(const char* service, bool http2_endpoint, balance::Random& random);
/// gRPC-like streams of messages that come back.
std::vector<Plan> grpc_stream(balance::Random& random);
std::vector<Plan> tcp_tunnel(balance::Random& random);
std::vector<Plan> websocket_tunnel(balance::Random& random);
/// Of a service with a timeout: some are not answered in time.
std::vector<Plan> impatient_request(balance::Random& random);

}  // namespace outrigger::soak
