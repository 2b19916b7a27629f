#include "net/original_destination.h"

#include <gtest/gtest.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace outrigger::net {
namespace {

SocketAddress address(const std::string& text) {
  auto parsed = SocketAddress::parse(text);
  CHECK(parsed);
  return *parsed;
}

struct Accepted {
  FileDescriptor client;
  FileDescriptor socket;
};

/// What `listener` accepts when somebody connects to `destination`.
Accepted accept_after_connect(const FileDescriptor& listener, const std::string& destination) {
  auto client = start_connect(address(destination));
  CHECK(client);
  pollfd poll{listener.get(), POLLIN, 0};
  CHECK(::poll(&poll, 1, 10'000) == 1);
  FileDescriptor socket = accept_on(listener.get());
  CHECK(socket);
  return {std::move(*client), std::move(socket)};
}

FileDescriptor listen_at(const std::string& text) {
  auto listener = listen_on(address(text), false);
  CHECK(listener);
  return std::move(*listener);
}

std::string at_port(const char* ip, const FileDescriptor& listener) {
  return ip + (":" + std::to_string(local_address(listener.get())->port()));
}

std::string destination_of(const Accepted& accepted) {
  const auto destination = original_destination(accepted.socket.get());
  return destination ? destination->text() : destination.error().text;
}

TEST(OriginalDestination, IsTheLocalAddressWhereNothingIsRedirected) {
  const FileDescriptor ipv4 = listen_at("127.0.0.1:0");
  const FileDescriptor ipv6 = listen_at("[::1]:0");
  const FileDescriptor both = listen_at("[::]:0");
  EXPECT_EQ(destination_of(accept_after_connect(ipv4, at_port("127.0.0.1", ipv4))), at_port("127.0.0.1", ipv4));
  EXPECT_EQ(destination_of(accept_after_connect(ipv6, at_port("[::1]", ipv6))), at_port("[::1]", ipv6));
  EXPECT_EQ(destination_of(accept_after_connect(both, at_port("[::1]", both))), at_port("[::1]", both));
  EXPECT_EQ(destination_of(accept_after_connect(both, at_port("127.0.0.3", both))), at_port("127.0.0.3", both));
}

TEST(OriginalDestination, FailsForWhatIsNoSocket) {
  EXPECT_FALSE(original_destination(-1));
  EXPECT_FALSE(original_destination(STDERR_FILENO));
}

void expect_what_was_redirected() {
  const FileDescriptor any(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq up{};
  std::strncpy(up.ifr_name, "lo", IFNAMSIZ - 1);
  up.ifr_flags = IFF_UP;
  ASSERT_EQ(::ioctl(any.get(), SIOCSIFFLAGS, &up), 0);
  const FileDescriptor ipv4 = listen_at("127.0.0.1:0");
  const FileDescriptor both = listen_at("[::]:0");
  std::FILE* const rules = ::popen("PATH=$PATH:/usr/sbin nft -f -", "w");
  ASSERT_NE(rules, nullptr);
  const auto redirect = [rules](int from, const FileDescriptor& to) {
    std::fprintf(rules, "    tcp dport %d redirect to :%d\n", from, local_address(to.get())->port());
  };
  std::fprintf(rules, "table inet test {\n  chain output {\n    type nat hook output priority -100;\n");
  redirect(1001, ipv4);
  redirect(1002, both);
  std::fprintf(rules, "  }\n}\n");
  ASSERT_EQ(::pclose(rules), 0) << "nft is needed, and nat in the kernel";

  EXPECT_EQ(destination_of(accept_after_connect(ipv4, "127.7.7.7:1001")), "127.7.7.7:1001");
  EXPECT_EQ(destination_of(accept_after_connect(both, "127.7.7.7:1002")), "127.7.7.7:1002");
  EXPECT_EQ(destination_of(accept_after_connect(both, "[::1]:1002")), "[::1]:1002");
  // Beside what is redirected, and in a namespace that tracks connections.
  EXPECT_EQ(destination_of(accept_after_connect(both, at_port("127.0.0.1", both))), at_port("127.0.0.1", both));
  EXPECT_EQ(destination_of(accept_after_connect(both, at_port("[::1]", both))), at_port("[::1]", both));
}

TEST(OriginalDestination, IsWhatWasRedirected) {
  constexpr const char* kInside = "OUTRIGGER_TEST_REDIRECTION";
  if (std::getenv(kInside) != nullptr) return expect_what_was_redirected();
  // Once more, in a network namespace of its own. By another program: a process with threads, as a sanitizer's, cannot
  // enter a user namespace itself.
  const std::string self = std::filesystem::read_symlink("/proc/self/exe");
  const std::string command = kInside + std::string("=1 unshare --net ") +
                              (::geteuid() == 0 ? "" : "--map-root-user ") + "-- '" + self +
                              "' --gtest_filter=OriginalDestination.IsWhatWasRedirected";
  EXPECT_EQ(std::system(command.c_str()), 0);
}

TEST(MachineAddresses, HaveLoopback) {
  const auto addresses = machine_addresses();
  ASSERT_TRUE(addresses) << addresses.error().text;
  EXPECT_TRUE(std::any_of(addresses->begin(), addresses->end(),
                          [](const SocketAddress& own) { return own.text() == "127.0.0.1:0"; }));
}

TEST(LeadsBack, KnowsWhoWouldAccept) {
  const std::vector<SocketAddress> machine = {address("127.0.0.1:0"), address("[::1]:0"), address("10.1.2.3:0"),
                                              address("[fd00::3]:0")};
  const auto leads = [&machine](const char* listening, const char* destination) {
    return leads_back(address(destination), std::vector{address("192.0.2.1:1"), address(listening)}, machine);
  };
  for (const auto& [listening, destination] : {std::pair{"127.0.0.1:80", "127.0.0.1:80"},
                                               {"127.0.0.1:80", "0.0.0.0:80"},
                                               {"127.0.0.1:80", "[::ffff:127.0.0.1]:80"},
                                               {"[::1]:80", "[::]:80"},
                                               {"[::1]:80", "[::1]:80"},
                                               {"10.1.2.3:80", "10.1.2.3:80"},
                                               {"0.0.0.0:80", "10.1.2.3:80"},
                                               {"0.0.0.0:80", "127.9.9.9:80"},
                                               {"0.0.0.0:80", "0.0.0.0:80"},
                                               {"[::]:80", "10.1.2.3:80"},
                                               {"[::]:80", "[fd00::3]:80"},
                                               {"[::]:80", "[::1]:80"},
                                               {"[::]:80", "0.0.0.0:80"}}) {
    EXPECT_TRUE(leads(listening, destination)) << listening << ' ' << destination;
  }
  for (const auto& [listening, destination] : {std::pair{"127.0.0.1:80", "127.0.0.1:81"},
                                               {"127.0.0.1:80", "127.0.0.2:80"},
                                               {"127.0.0.1:80", "10.1.2.3:80"},
                                               {"127.0.0.1:80", "[::1]:80"},
                                               {"127.0.0.1:80", "[::]:80"},
                                               {"10.1.2.3:80", "127.0.0.1:80"},
                                               {"10.1.2.3:80", "0.0.0.0:80"},
                                               {"0.0.0.0:80", "10.1.2.4:80"},
                                               {"0.0.0.0:80", "[fd00::3]:80"},
                                               {"0.0.0.0:80", "[::1]:80"},
                                               {"[::]:80", "10.1.2.4:80"},
                                               {"[::]:80", "[fd00::4]:80"}}) {
    EXPECT_FALSE(leads(listening, destination)) << listening << ' ' << destination;
  }
  EXPECT_FALSE(leads_back(address("127.0.0.1:80"), {}, machine));
}

}  // namespace
}  // namespace outrigger::net
