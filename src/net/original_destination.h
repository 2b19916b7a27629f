#pragma once
/// Where redirected connections were meant to go, and which destinations would lead back here. Any thread.
#include <span>
#include <vector>

#include "net/socket.h"

namespace outrigger::net {

/// Where the client of an accepted socket wanted to connect to: what it was before a REDIRECT or DNAT rule of this
/// network namespace changed it, otherwise the socket's local address, which is the destination also when the
/// connection came here by TPROXY. IPv4 on a socket of [::] is told as IPv4. Fails only when the socket is of no use
/// any more.
Result<SocketAddress> original_destination(int fd);

/// The addresses of this machine's interfaces, with port 0.
Result<std::vector<SocketAddress>> machine_addresses();
/// Whether the address is one of these, or cannot be told not to be; the port does not count.
bool is_of_machine(const SocketAddress& address);

/// Whether a connection to `destination` would be accepted by one of `listening`, addresses as they are bound; then it
/// must not be dialled by whom they belong to. `machine`: all addresses of this machine, which a wildcard listens on;
/// the ports are not looked at. Loopback and, as the kernel takes it for that, the unspecified address need not be
/// among them. Pure.
bool leads_back(const SocketAddress& destination, std::span<const SocketAddress> listening,
                std::span<const SocketAddress> machine);

}  // namespace outrigger::net
