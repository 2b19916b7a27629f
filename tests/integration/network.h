#pragma once
namespace outrigger::integration {

/// The API server refuses endpoints on loopback addresses. So the tests have a network namespace of their own, where
/// every address of 10.77.0.0/16 is this machine and every port is free.
inline constexpr const char* kHostAddress = "10.77.0.1";

/// Runs this program again, in a network namespace of its own, unless it is in one already. To be called before any
/// thread is started. Throws when it is not possible.
void enter_own_network(char** arguments);

}  // namespace outrigger::integration
