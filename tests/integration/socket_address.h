#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>

#include <stdexcept>
#include <string>

namespace outrigger::integration {

/// "127.0.0.1:80" as the kernel wants it. Throws on anything else.
inline sockaddr_in socket_address(const std::string& text) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || ::inet_pton(AF_INET, text.substr(0, colon).c_str(), &address.sin_addr) != 1) {
    throw std::invalid_argument("'" + text + "' is not IPv4:PORT");
  }
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoul(text.substr(colon + 1))));
  return address;
}

}  // namespace outrigger::integration
