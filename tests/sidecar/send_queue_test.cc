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
  BufferPool pool_;
  SendQueue queue_{pool_};
};

TEST_F(SendQueues, SendWhatIsStagedAndWhatComesBehindItInOrder) {
  queue_.stage().append("one ").append("two ");
  EXPECT_TRUE(queue_.send(near_.get(), "three"));
  EXPECT_FALSE(queue_.blocked());
  EXPECT_EQ(queue_.size(), 0u);
  queue_.stage().append(" four");
  EXPECT_EQ(read(), "one two three") << "what is staged waits for the next call";
  EXPECT_TRUE(queue_.flush(near_.get()));
  EXPECT_TRUE(queue_.flush(near_.get())) << "with nothing to send";
  EXPECT_EQ(read(), " four");
}

TEST_F(SendQueues, KeepWhatTheSocketDoesNotTake) {
  const std::string bytes = pattern(200'000);
  const std::string_view all = bytes;
  std::string received;
  std::size_t given = 0;
  for (std::size_t at = 0; at < all.size(); at += 5'000) {
    queue_.stage().append(all.substr(at, 1'700));
    ASSERT_TRUE(queue_.send(near_.get(), all.substr(at + 1'700, 3'300)));
    given += 5'000;
    received += read();
    EXPECT_LE(given - received.size() - queue_.size(), 64u << 10) << "more than the kernel holds is missing";
    EXPECT_EQ(pool_.held().total(), queue_.size());
  }
  EXPECT_TRUE(queue_.blocked());
  while (received.size() < bytes.size()) {
    ASSERT_TRUE(queue_.resume(near_.get()));
    received += read();
  }
  EXPECT_TRUE(received == bytes);
  EXPECT_FALSE(queue_.blocked());
  EXPECT_EQ(pool_.held().total(), 0u);
}

TEST_F(SendQueues, GiveTheirBufferBackWhenTheyAreEmpty) {
  queue_.stage().append(pattern(5'000));
  const char* const buffer = queue_.stage().data();
  ASSERT_TRUE(queue_.flush(near_.get()));
  while (!read().empty()) {
  }
  if (queue_.blocked()) {
    ASSERT_TRUE(queue_.resume(near_.get()));
  }
  ASSERT_EQ(queue_.size(), 0u);
  EXPECT_EQ(static_cast<const void*>(pool_.take().data()), static_cast<const void*>(buffer));
}

TEST_F(SendQueues, TellThatTheConnectionIsBroken) {
  const std::string bytes = pattern(500'000);
  ASSERT_TRUE(queue_.send(near_.get(), bytes));
  ASSERT_TRUE(queue_.blocked());
  far_.reset();
  EXPECT_FALSE(queue_.resume(near_.get()));
  queue_.clear();
  EXPECT_EQ(queue_.size(), 0u);
  EXPECT_EQ(pool_.held().total(), 0u);
  EXPECT_FALSE(queue_.send(near_.get(), bytes));
}

}  // namespace
}  // namespace outrigger::sidecar::test
