#include "net/socket.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <poll.h>

#include <cerrno>

namespace outrigger::net {
namespace {

SocketAddress address(std::string_view text) {
  auto parsed = SocketAddress::parse(text);
  CHECK(parsed);
  return *parsed;
}

int option(int fd, int level, int name) {
  int value = 0;
  socklen_t length = sizeof(value);
  CHECK(::getsockopt(fd, level, name, &value, &length) == 0);
  return value;
}

bool ready(int fd, short events) {
  pollfd poll{fd, events, 0};
  return ::poll(&poll, 1, 5'000) == 1;
}

TEST(SocketAddress, ReadsAndWritesTheSameText) {
  for (const char* text : {"127.0.0.1:80", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:8080", "[::]:0", "[fe80::1]:1",
                           "[::ffff:127.0.0.1]:9"}) {
    const auto parsed = SocketAddress::parse(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed->text(), text);
  }
}

TEST(SocketAddress, RefusesWhatIsNotAnAddressAndSaysWhatIs) {
  for (const char* text :
       {"", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1", "127.0.0.1: 1",
        "127.0.0.1:1x", "127.0.0.256:1", "localhost:80", "::1:80", "[::1]", "[::1]80", "[127.0.0.1]:80", "[]:80",
        "[::1:80", "[::g]:1", "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:1"}) {
    const auto parsed = SocketAddress::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().text,
              "address \"" + std::string(text) + "\": must be IPV4:PORT or [IPV6]:PORT, the port 0 to 65535");
  }
}

TEST(SocketAddress, KnowsLoopback) {
  for (const char* text : {"127.0.0.1:1", "127.255.0.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1"}) {
    EXPECT_TRUE(address(text).is_loopback()) << text;
  }
  for (const char* text : {"128.0.0.1:1", "10.0.0.1:1", "0.0.0.0:1", "[::2]:1", "[::]:1", "[::ffff:10.0.0.1]:1"}) {
    EXPECT_FALSE(address(text).is_loopback()) << text;
  }
  EXPECT_FALSE(SocketAddress{}.is_loopback());
}

class Sockets : public testing::TestWithParam<const char*> {};

TEST_P(Sockets, ConnectAndAreAccepted) {
  const auto listener = listen_on(address(GetParam()), false);
  ASSERT_TRUE(listener) << listener.error().text;
  EXPECT_FALSE(accept_on(listener->get()));
  EXPECT_EQ(errno, EAGAIN);

  const auto client = start_connect(*local_address(listener->get()));
  ASSERT_TRUE(client) << client.error().text;
  ASSERT_TRUE(ready(client->get(), POLLOUT));
  EXPECT_EQ(connect_error(client->get()), 0);
  ASSERT_TRUE(ready(listener->get(), POLLIN));
  const FileDescriptor server = accept_on(listener->get());
  ASSERT_TRUE(server);

  EXPECT_EQ(peer_address(server.get())->text(), local_address(client->get())->text());
  for (const int fd : {client->get(), server.get()}) {
    EXPECT_NE(option(fd, IPPROTO_TCP, TCP_NODELAY), 0);
    EXPECT_NE(::fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Families, Sockets, testing::Values("127.0.0.1:0", "[::1]:0"),
                         [](const auto& param) { return param.index == 0 ? "IPv4" : "IPv6"; });

TEST(Listen, SharesAPortOnlyWhenAsked) {
  const auto first = listen_on(address("127.0.0.1:0"), true);
  ASSERT_TRUE(first);
  const auto taken = *local_address(first->get());
  EXPECT_TRUE(listen_on(taken, true));
  const auto refused = listen_on(taken, false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().text, "listen on " + taken.text() + ": Address already in use");
}

TEST(Connect, TellsARefusal) {
  SocketAddress closed;
  {
    const auto listener = listen_on(address("127.0.0.1:0"), false);
    ASSERT_TRUE(listener);
    closed = *local_address(listener->get());
  }
  const auto client = start_connect(closed);
  if (!client) {
    EXPECT_EQ(client.error().text, "connect to " + closed.text() + ": Connection refused");
    return;
  }
  ASSERT_TRUE(ready(client->get(), POLLOUT));
  EXPECT_EQ(connect_error(client->get()), ECONNREFUSED);
}

TEST(Listen, TakesIPv4OnAnIPv6Wildcard) {
  const auto listener = listen_on(address("[::]:0"), false);
  ASSERT_TRUE(listener);
  const std::uint16_t port = local_address(listener->get())->port();
  const auto client = start_connect(address("127.0.0.1:" + std::to_string(port)));
  ASSERT_TRUE(client);
  ASSERT_TRUE(ready(listener->get(), POLLIN));
  const FileDescriptor server = accept_on(listener->get());
  ASSERT_TRUE(server);
  EXPECT_TRUE(peer_address(server.get())->is_loopback());
}

}  // namespace
}  // namespace outrigger::net
