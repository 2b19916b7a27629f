#include "sidecar/send_queue.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>

#include "messages.h"
#include "net/file_descriptor.h"

namespace outrigger::sidecar::test {
namespace {

class SendQueues : public ::testing::Test {
 protected:
  SendQueues() {
    std::array<int, 2> fds{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()), 0);
    near_ = net::FileDescriptor(fds[0]);
    far_ = net::FileDescriptor(fds[1]);
    const int small = 1;
    ::setsockopt(near_.get(), SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
  }
  std::string read() {
    std::array<char, 512> buffer;
    const ssize_t size = ::recv(far_.get(), buffer.data(), buffer.size(), 0);
    return {buffer.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
  }

  net::FileDescriptor near_;
  net::FileDescriptor far_;
  SendQueue queue_;
};

TEST_F(SendQueues, SendAllPiecesInOrder) {
  const std::array<std::string_view, 4> pieces = {"one ", "", "two ", "three"};
  EXPECT_TRUE(queue_.send(near_.get(), pieces));
  EXPECT_TRUE(queue_.empty());
  EXPECT_EQ(read(), "one two three");
}

TEST_F(SendQueues, KeepWhatTheSocketDoesNotTake) {
  const std::string bytes = pattern(200'000);
  const std::string_view all = bytes;
  std::string received;
  std::size_t queued = 0;
  for (std::size_t at = 0; at < all.size(); at += 5'000) {
    const std::array<std::string_view, 3> pieces = {all.substr(at, 1'700), all.substr(at + 1'700, 300),
                                                    all.substr(at + 2'000, 3'000)};
    ASSERT_TRUE(queue_.send(near_.get(), pieces));
    queued += 5'000;
    received += read();
    EXPECT_LE(queued - received.size() - queue_.size(), 64u << 10) << "more than the kernel holds is missing";
  }
  EXPECT_FALSE(queue_.empty());
  while (received.size() < bytes.size()) {
    ASSERT_TRUE(queue_.flush(near_.get()));
    received += read();
  }
  EXPECT_TRUE(received == bytes);
  EXPECT_TRUE(queue_.empty());
}

TEST_F(SendQueues, TellThatTheConnectionIsBroken) {
  const std::string bytes = pattern(500'000);
  const std::array<std::string_view, 1> pieces = {bytes};
  ASSERT_TRUE(queue_.send(near_.get(), pieces));
  ASSERT_FALSE(queue_.empty());
  far_.reset();
  EXPECT_FALSE(queue_.flush(near_.get()));
  queue_.clear();
  EXPECT_TRUE(queue_.empty());
  EXPECT_FALSE(queue_.send(near_.get(), pieces));
}

}  // namespace
}  // namespace outrigger::sidecar::test
