#include "uplink/operator_address.h"

#include <fmt/format.h>
#include <netdb.h>

#include <cstring>
#include <memory>
#include <utility>

namespace outrigger::uplink {
namespace {

Result<net::SocketAddress> resolve(const std::string& host, std::uint16_t port, std::uint64_t turn) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* first = nullptr;
  const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &first);
  if (error != 0) return failure(fmt::format("{}: {}", host, ::gai_strerror(error)));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all(first, ::freeaddrinfo);
  std::uint64_t count = 0;
  for (const addrinfo* each = first; each != nullptr; each = each->ai_next) ++count;
  const addrinfo* chosen = first;
  for (std::uint64_t i = turn % count; i > 0; --i) chosen = chosen->ai_next;
  net::SocketAddress address;
  std::memcpy(&address.storage, chosen->ai_addr, chosen->ai_addrlen);
  address.length = chosen->ai_addrlen;
  return address;
}

}  // namespace

OperatorAddress::OperatorAddress(net::EventLoop& loop, std::string host, std::uint16_t port, std::uint64_t first_turn)
    : loop_(loop), host_(std::move(host)), port_(port), turn_(first_turn) {}

OperatorAddress::~OperatorAddress() {
  if (resolver_.joinable()) resolver_.join();
}

void OperatorAddress::find(Found found) {
  CHECK(!std::exchange(finding_, true));
  if (resolver_.joinable()) resolver_.join();
  const std::string host = host_.find(':') == std::string::npos ? host_ : "[" + host_ + "]";
  if (auto numeric = net::SocketAddress::parse(fmt::format("{}:{}", host, port_))) {
    return loop_.post([this, found = std::move(found), address = *numeric] { answer(found, address); });
  }
  resolver_ = std::thread([this, turn = turn_++, found = std::move(found)] { look_up(turn, found); });
}

void OperatorAddress::look_up(std::uint64_t turn, const Found& found) {
  auto address = resolve(host_, port_, turn);
  loop_.post([this, found, address = std::move(address)] { answer(found, address); });
}

void OperatorAddress::answer(const Found& found, Result<net::SocketAddress> address) {
  finding_ = false;
  found(std::move(address));
}

}  // namespace outrigger::uplink
