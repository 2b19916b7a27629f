#include "integration/redirection.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <cstdio>
#include <stdexcept>

#include "net/socket.h"

namespace outrigger::integration {
namespace {

constexpr int kMark = 7;

void nft(const std::string& rules) {
  std::FILE* const input = ::popen("PATH=$PATH:/usr/sbin nft -f -", "w");
  if (input == nullptr) throw std::runtime_error("nft");
  std::fputs(rules.c_str(), input);
  if (::pclose(input) != 0) throw std::runtime_error("nft is needed, and nat in the kernel");
}

fakes::Socket connect(const std::string& destination, int mark) {
  const auto parsed = net::SocketAddress::parse(destination);
  if (!parsed) throw std::runtime_error(parsed.error().text);
  const net::SocketAddress& to = *parsed;
  net::FileDescriptor fd(::socket(to.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_MARK, &mark, sizeof mark) != 0 ||
      ::connect(fd.get(), to.get(), to.length) != 0) {
    fakes::give_up("connecting to " + destination);
  }
  return fakes::Socket(std::move(fd));
}

}  // namespace

Redirection::Redirection(std::uint16_t port) {
  nft(
      fmt::format("table inet redirection {{\n chain output {{\n type nat hook output priority -100\n"
                  " meta mark {} meta l4proto tcp redirect to :{}\n }}\n}}\n",
                  kMark, port));
}

Redirection::~Redirection() { nft("delete table inet redirection\n"); }

fakes::Socket Redirection::connect(const std::string& destination) { return integration::connect(destination, kMark); }

TurnsOfPorts::TurnsOfPorts(std::uint16_t port, const std::vector<std::uint16_t>& others) {
  std::string turns;
  for (std::size_t i = 0; i < others.size(); ++i) turns += fmt::format("{}{} : {}", i == 0 ? "" : ", ", i, others[i]);
  nft(
      fmt::format("table ip turns {{\n chain output {{\n type nat hook output priority -100\n"
                  " ip daddr 127.0.0.1 tcp dport {} redirect to :numgen inc mod {} map {{ {} }}\n }}\n}}\n",
                  port, others.size(), turns));
}

TurnsOfPorts::~TurnsOfPorts() { nft("delete table ip turns\n"); }

fakes::Socket connect_straight(const std::string& destination) { return connect(destination, 0); }

}  // namespace outrigger::integration
