#include "integration/network.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <system_error>
#include <vector>

#include "integration/socket_address.h"

namespace outrigger::integration {
namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

/// For a prefix on the loopback device the kernel takes every address of it as the machine's own.
void add_loopback_prefix(const char* address, const char* mask) {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const auto set = [fd](const char* device, unsigned long request, const char* value) {
    ifreq change{};
    std::strncpy(change.ifr_name, device, IFNAMSIZ - 1);
    const sockaddr_in given = socket_address(std::string(value) + ":0");
    std::memcpy(&change.ifr_addr, &given, sizeof given);
    if (::ioctl(fd, request, &change) != 0) fail("setting up the loopback device");
  };
  ifreq up{};
  std::strncpy(up.ifr_name, "lo", IFNAMSIZ - 1);
  up.ifr_flags = IFF_UP;
  if (::ioctl(fd, SIOCSIFFLAGS, &up) != 0) fail("starting the loopback device");
  set("lo:1", SIOCSIFADDR, address);
  set("lo:1", SIOCSIFNETMASK, mask);
  ::close(fd);
}

}  // namespace

void enter_own_network(char** arguments) {
  constexpr const char* kInside = "OUTRIGGER_TEST_NETWORK";
  if (std::getenv(kInside) != nullptr) return add_loopback_prefix(kHostAddress, "255.255.0.0");

  // By another program: a process with threads, as a sanitizer's, cannot enter a user namespace itself.
  ::setenv(kInside, "inside", 1);
  const bool root = ::geteuid() == 0;
  std::vector<const char*> command{"unshare", "--net"};
  if (!root) command.push_back("--map-root-user");
  command.push_back("--");
  for (char** argument = arguments; *argument != nullptr; ++argument) command.push_back(*argument);
  command.push_back(nullptr);
  ::execvp(command[0], const_cast<char* const*>(command.data()));
  fail("unshare");
}

}  // namespace outrigger::integration
