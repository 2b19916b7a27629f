#pragma once
/// gRPC's health checking protocol (grpc.health.v1.Health/Check), as bytes of its messages. Any thread.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace outrigger::check {

inline constexpr std::string_view kGrpcHealthPath = "/grpc.health.v1.Health/Check";

/// Of HealthCheckResponse.ServingStatus the one that is well.
inline constexpr std::uint64_t kServing = 1;
/// "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN", "UNKNOWN", or the number.
std::string serving_status_text(std::uint64_t status);

/// A HealthCheckRequest, with gRPC's five bytes before it. An empty `service` is the server as a whole.
std::string grpc_health_request(std::string_view service);
/// The status of a HealthCheckResponse with gRPC's five bytes before it; nothing when it is not exactly that, or is
/// compressed, which was not offered. As protobuf has it: 0 where the field is not there, the last one where it is
/// there twice, and other fields are passed over.
std::optional<std::uint64_t> grpc_health_response(std::string_view bytes);

}  // namespace outrigger::check
