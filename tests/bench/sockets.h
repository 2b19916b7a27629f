/// What the bench's programs need of IPv4 sockets. Whatever goes wrong ends the program with a line that says what.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <string>
#include <string_view>

[[noreturn]] void fail(const std::string& what);

/// Of IP:PORT.
sockaddr_in parse_address(std::string_view text);

/// A nonblocking socket whose connections send at once. A port 0 becomes the one that it got.
int listen_on(sockaddr_in& address);

/// Adds `fd` to the epoll instance (EPOLL_CTL_ADD) or changes what of it is waited for (EPOLL_CTL_MOD),
/// level-triggered.
void watch(int epoll, int operation, int fd, std::uint32_t events);
