#pragma once
/// What gRPC (gRPC over HTTP/2, and its statuses) makes of the sidecar's own answers. Any thread.
#include <cstdint>
#include <string>
#include <string_view>

#include "http/message.h"

namespace outrigger::sidecar {

/// By its Content-Type: "application/grpc", alone or with "+proto", ";..." and the like.
bool is_grpc(const http::RequestHead& head);

/// DEADLINE_EXCEEDED for an answer that did not come in time, RESOURCE_EXHAUSTED for what is too large, INTERNAL for
/// what else is wrong with the request, UNAVAILABLE for everything that another try may mend.
std::uint32_t grpc_status(std::uint16_t http_status, std::string_view proxy_error);

/// Whether an answer's head or trailers say that the server failed: UNKNOWN, DEADLINE_EXCEEDED, INTERNAL, UNAVAILABLE
/// or DATA_LOSS, what corresponds to HTTP's 5xx.
bool is_grpc_failure(const std::vector<http::Field>& fields);

/// Percent-encoded, as grpc-message wants it.
std::string grpc_message(std::string_view text);

}  // namespace outrigger::sidecar
