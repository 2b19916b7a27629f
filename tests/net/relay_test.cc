#include "net/relay.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <random>
#include <string>

#include "fakes/run_until.h"
#include "net/socket.h"

namespace outrigger::net {
namespace {

using fakes::run_until;
using std::chrono::milliseconds;

constexpr std::size_t kScratch = 64 * 1024;
constexpr std::size_t kMiB = 1024 * 1024;
constexpr auto kLong = std::chrono::hours(1);

std::string pattern(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string text(size, '\0');
  std::generate(text.begin(), text.end(), [&random] { return static_cast<char>(random()); });
  return text;
}

bool ready(int fd, short events) {
  pollfd poll{fd, events, 0};
  return ::poll(&poll, 1, 10'000) == 1;
}

/// The far end of one of a relay's sockets. Sends and receives only when pumped, so it lives in the relay's thread.
struct Peer {
  FileDescriptor fd;
  std::string to_send = {};
  std::string received = {};
  bool end_after_send = false;
  bool reading = true;
  std::size_t piece = 128 * 1024;  ///< most bytes a pump moves either way
  std::size_t sent = 0;
  bool ended = false;
  bool reset = false;

  Peer& pump() {
    if (!fd) return *this;
    while (sent < to_send.size() && !reset) {
      const ssize_t taken =
          ::send(fd.get(), to_send.data() + sent, std::min(piece, to_send.size() - sent), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (taken <= 0) {
        reset = errno == ECONNRESET;  // told once: what asks next would be told of an end
        break;
      }
      sent += static_cast<std::size_t>(taken);
    }
    if (end_after_send && sent == to_send.size()) {
      ::shutdown(fd.get(), SHUT_WR);
      end_after_send = false;
    }
    std::string buffer(piece, '\0');
    while (reading && !ended && !reset) {
      const ssize_t got = ::recv(fd.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (got < 0 && errno == EAGAIN) break;
      ended = got == 0;
      reset = got < 0;
      if (got > 0) received.append(buffer, 0, static_cast<std::size_t>(got));
    }
    return *this;
  }
  void send(std::string_view bytes) {
    to_send += bytes;
    pump();
  }
  void reset_now() {
    const linger hard{1, 0};
    CHECK(::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)) == 0);
    fd.reset();
  }
};

void limit_buffers(int fd, int bytes) {
  if (bytes == 0) return;
  CHECK(::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)) == 0);
  CHECK(::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)) == 0);
}

class Listening {
 public:
  Listening() {
    auto fd = listen_on(*SocketAddress::parse("127.0.0.1:0"), false);
    CHECK(fd);
    fd_ = std::move(*fd);
  }
  FileDescriptor connect() const {
    auto fd = start_connect(*local_address(fd_.get()));
    CHECK(fd);
    return std::move(*fd);
  }
  FileDescriptor accept() const {
    CHECK(ready(fd_.get(), POLLIN));
    FileDescriptor fd = accept_on(fd_.get());
    CHECK(fd);
    return fd;
  }
  int fd() const { return fd_.get(); }

 private:
  FileDescriptor fd_;
};

class RelayTest : public testing::Test {
 protected:
  RelayTest() { std::signal(SIGPIPE, SIG_IGN); }

  struct Start {
    std::string_view from_client = {};
    std::string_view from_upstream = {};
    int client_buffer_bytes = 0;  ///< of both sockets of that connection, each way; 0: as the kernel likes
    int upstream_buffer_bytes = 0;
    Clock::duration idle = kLong;
  };
  /// A relay with a peer on either side.
  void start(const Start& how) {
    client_.fd = listening_.connect();
    FileDescriptor to_client = listening_.accept();
    FileDescriptor to_upstream = listening_.connect();
    upstream_.fd = listening_.accept();
    for (const int fd : {client_.fd.get(), to_client.get()}) limit_buffers(fd, how.client_buffer_bytes);
    for (const int fd : {upstream_.fd.get(), to_upstream.get()}) limit_buffers(fd, how.upstream_buffer_bytes);
    relay(std::move(to_client), std::move(to_upstream), how.from_client, how.from_upstream, how.idle);
  }
  void relay(FileDescriptor to_client, FileDescriptor to_upstream, std::string_view from_client,
             std::string_view from_upstream, Clock::duration idle) {
    relay_.emplace(resources(), Relay::Side{std::move(to_client), from_client},
                   Relay::Side{std::move(to_upstream), from_upstream}, idle,
                   [this](RelayEnd why, const Relay::Bytes& bytes) {
                     EXPECT_FALSE(over_);
                     over_ = why;
                     bytes_ = bytes;
                     // Nothing of a relay is touched any more once it has told.
                     relay_.reset();
                   });
  }
  const RelayResources& resources() {
    if (!resources_) resources_.emplace(RelayResources{loop_, scratch_, *pipes_, held_});
    return *resources_;
  }
  bool until(const std::function<bool()>& done) {
    return run_until(loop_, [&] {
      client_.pump();
      upstream_.pump();
      return done();
    });
  }
  bool until_over() {
    return until([this] { return over_ && (client_.ended || client_.reset); });
  }
  /// Whether the peer's bytes are no longer taken: by then its kernel has refused them for 50 pumps.
  bool until_stuck(const Peer& peer) {
    std::size_t last = 0;
    int same = 0;
    return until([&] {
      same = peer.sent == last ? same + 1 : 0;
      last = peer.sent;
      return same == 50 || peer.sent == peer.to_send.size();
    });
  }

  EventLoop loop_;
  std::optional<PipePool> pipes_{64};
  std::vector<char> scratch_ = std::vector<char>(kScratch);
  HeldBytes held_;
  std::optional<RelayResources> resources_;
  Listening listening_;
  Peer client_;
  Peer upstream_;
  std::optional<RelayEnd> over_;
  Relay::Bytes bytes_;
  std::optional<Relay> relay_;
};

/// Everything twice: with pipes, and with none to be had.
class RelayWithAndWithoutPipes : public RelayTest, public testing::WithParamInterface<bool> {
 protected:
  RelayWithAndWithoutPipes() {
    if (!GetParam()) pipes_.emplace(0);
  }
};
INSTANTIATE_TEST_SUITE_P(Pipes, RelayWithAndWithoutPipes, testing::Bool(),
                         [](const auto& param) { return param.param ? "With" : "Without"; });

TEST_P(RelayWithAndWithoutPipes, PassesBothWaysAtOnceWhateverTheSizes) {
  for (unsigned seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const auto below = [&random](std::size_t end) { return random() % end; };
    over_.reset();
    client_ = {};
    upstream_ = {};
    // Small buffers now and then, so that sends are partial at all sizes.
    const int buffer = below(2) == 0 ? static_cast<int>((16 + below(100)) * 1024) : 0;
    start({.client_buffer_bytes = buffer, .upstream_buffer_bytes = buffer});
    const std::size_t most = buffer == 0 ? 6 * kMiB : kMiB;
    const std::string request = pattern(below(below(2) == 0 ? 200 : most), seed);
    const std::string answer = pattern(below(below(3) == 0 ? 200 : most), seed + 1000);
    client_.to_send = request;
    upstream_.to_send = answer;
    ASSERT_TRUE(until([&] {
      for (Peer* peer : {&client_, &upstream_}) {
        peer->reading = below(4) != 0;
        peer->piece = 1 + below(below(2) == 0 ? 300 * 1024 : 3000);
        if (below(4) == 0 && peer->sent == peer->to_send.size()) peer->end_after_send = true;
      }
      return over_ && client_.ended && upstream_.ended;
    }));
    EXPECT_EQ(*over_, RelayEnd::orderly);
    EXPECT_TRUE(upstream_.received == request);
    EXPECT_TRUE(client_.received == answer);
    EXPECT_EQ(bytes_.to_upstream, request.size());
    EXPECT_EQ(bytes_.to_client, answer.size());
    EXPECT_EQ(pipes_->taken(), 0u);
  }
}

TEST_P(RelayWithAndWithoutPipes, KeepsTheOtherWayOpenWhenOneHasEnded) {
  for (const bool client_first : {true, false}) {
    over_.reset();
    client_ = {};
    upstream_ = {};
    start({});
    Peer& first = client_first ? client_ : upstream_;
    Peer& second = client_first ? upstream_ : client_;
    first.to_send = pattern(kMiB, 1);
    first.end_after_send = true;
    ASSERT_TRUE(until([&] { return second.ended; }));
    EXPECT_TRUE(second.received == first.to_send);
    EXPECT_FALSE(over_);
    EXPECT_FALSE(first.ended);

    second.to_send = pattern(kMiB, 2);
    ASSERT_TRUE(until([&] { return first.received.size() == kMiB; }));
    EXPECT_FALSE(over_);
    second.end_after_send = true;
    ASSERT_TRUE(until([&] { return over_ && first.ended; }));
    EXPECT_EQ(*over_, RelayEnd::orderly);
    EXPECT_TRUE(first.received == second.to_send);
  }
}

TEST_P(RelayWithAndWithoutPipes, StopsReadingWhatIsNotTaken) {
  constexpr int kBuffer = 64 * 1024;
  start({.client_buffer_bytes = kBuffer, .upstream_buffer_bytes = kBuffer});
  upstream_.to_send = pattern(32 * kMiB, 3);
  upstream_.end_after_send = true;
  client_.reading = false;
  ASSERT_TRUE(until_stuck(upstream_));
  // Four sockets' buffers (the kernel doubles what is asked for, for its own needs) and what the relay holds.
  EXPECT_LT(upstream_.sent, 4 * 2 * kBuffer + kMiB);
  EXPECT_GT(upstream_.sent, 0u);
  EXPECT_LE(pipes_->taken(), 1u);
  // The other way is none the worse for it.
  client_.send("and you?");
  ASSERT_TRUE(until([&] { return upstream_.received == "and you?"; }));

  client_.reading = true;
  client_.end_after_send = true;
  ASSERT_TRUE(until_over());
  EXPECT_EQ(*over_, RelayEnd::orderly);
  EXPECT_TRUE(client_.received == upstream_.to_send);
  EXPECT_EQ(pipes_->taken(), 0u);
}

// A socket whose two ways have both ended is told as hung up for as long as it is asked about.
TEST_P(RelayWithAndWithoutPipes, RestsWhileASideThatHasEndedWaitsForASlowReader) {
  start({.client_buffer_bytes = 16 * 1024});
  client_.end_after_send = true;
  ASSERT_TRUE(until([&] { return upstream_.ended; }));
  // More than the client's connection takes, less than the upstream's: the end arrives at the relay, which holds some.
  client_.reading = false;
  const std::string answer = pattern(140 * 1024, 4);
  upstream_.to_send = answer;
  upstream_.end_after_send = true;
  const auto voluntary_waits = [] {
    rusage usage{};
    CHECK(::getrusage(RUSAGE_THREAD, &usage) == 0);
    return usage.ru_nvcsw;
  };
  ASSERT_TRUE(until([&] { return !upstream_.end_after_send; }));
  const auto before = voluntary_waits();
  int pumps = 0;
  ASSERT_TRUE(until([&] { return ++pumps == 100; }));
  EXPECT_GT(voluntary_waits() - before, 50);
  EXPECT_FALSE(over_);

  client_.reading = true;
  ASSERT_TRUE(until_over());
  EXPECT_EQ(*over_, RelayEnd::orderly);
  EXPECT_TRUE(client_.received == answer);
}

TEST_P(RelayWithAndWithoutPipes, PassesAResetOn) {
  for (const bool by_client : {true, false}) {
    for (const std::size_t held : {std::size_t{0}, 8 * kMiB}) {
      over_.reset();
      client_ = {};
      upstream_ = {};
      start({});
      Peer& breaks = by_client ? client_ : upstream_;
      Peer& learns = by_client ? upstream_ : client_;
      // With bytes on their way to it, some of them in the relay.
      learns.to_send = std::string(held, 'x');
      breaks.reading = held == 0;
      learns.send("hello");
      if (held > 0) {
        ASSERT_TRUE(until_stuck(learns));
      } else {
        ASSERT_TRUE(until([&] { return breaks.received == "hello"; }));
      }
      breaks.reset_now();
      ASSERT_TRUE(run_until(loop_, [&] { return learns.pump().reset; }));
      EXPECT_FALSE(learns.ended);
      EXPECT_EQ(over_, by_client ? RelayEnd::reset_by_client : RelayEnd::reset_by_upstream);
      EXPECT_EQ(pipes_->taken(), 0u);
    }
  }
}

TEST_P(RelayWithAndWithoutPipes, PassesAResetOnAfterAnEnd) {
  start({});
  client_.send("question");
  client_.end_after_send = true;
  ASSERT_TRUE(until([&] { return upstream_.ended; }));
  upstream_.send("half an ans");
  ASSERT_TRUE(until([&] { return client_.received == "half an ans"; }));
  upstream_.reset_now();
  ASSERT_TRUE(run_until(loop_, [&] { return client_.pump().reset; }));
  EXPECT_EQ(over_, RelayEnd::reset_by_upstream);
}

TEST_P(RelayWithAndWithoutPipes, PassesOnWhatCameBeforeAReset) {
  for (const bool bulk : {false, true}) {
    over_.reset();
    client_ = {};
    upstream_ = {};
    start({});
    const std::string begin = bulk ? pattern(256 * 1024, 6) : "begin";
    upstream_.to_send = begin;
    ASSERT_TRUE(until([&] { return client_.received.size() == begin.size(); }));
    upstream_.send("end");
    upstream_.reset_now();
    ASSERT_TRUE(run_until(loop_, [&] { return client_.pump().reset || client_.ended; }));
    EXPECT_TRUE(client_.reset);
    EXPECT_TRUE(client_.received == begin + "end");
    EXPECT_EQ(over_, RelayEnd::reset_by_upstream);
  }
}

TEST_F(RelayTest, SendsFirstWhatWasReceivedBefore) {
  start({.from_client = "GET / HTTP", .from_upstream = "220 ready"});
  client_.send("/1.1\r\n");
  upstream_.send("\r\n");
  client_.end_after_send = upstream_.end_after_send = true;
  ASSERT_TRUE(until_over());
  EXPECT_EQ(*over_, RelayEnd::orderly);
  EXPECT_EQ(upstream_.received, "GET / HTTP/1.1\r\n");
  EXPECT_EQ(client_.received, "220 ready\r\n");
  EXPECT_EQ(bytes_.to_upstream, 16u);
  EXPECT_EQ(bytes_.to_client, 11u);
}

TEST_F(RelayTest, IsOverWhenNothingMovesForTheIdleTime) {
  constexpr milliseconds kIdle(100);
  start({.idle = kIdle});
  const auto begin = Clock::now();
  // A byte either way now and then is enough; a byte is under way in each pump.
  ASSERT_TRUE(until([&] {
    client_.send("x");
    return over_ || Clock::now() - begin > 4 * kIdle;
  }));
  ASSERT_FALSE(over_);
  ASSERT_TRUE(until_over());
  EXPECT_EQ(*over_, RelayEnd::idle);
  EXPECT_TRUE(client_.reset);
  ASSERT_TRUE(until([&] { return upstream_.reset; }));
  EXPECT_FALSE(upstream_.ended);
}

TEST_F(RelayTest, IsOverWhenItWouldHoldMoreThanThereMayBe) {
  pipes_.emplace(0);
  held_.set_limit(0);
  start({});
  upstream_.reading = false;
  client_.send(pattern(32 * kMiB, 1));
  ASSERT_TRUE(until_over());
  EXPECT_EQ(over_, RelayEnd::no_room);
  EXPECT_TRUE(client_.reset);
  EXPECT_EQ(held_.total(), 0u);
}

TEST_F(RelayTest, ResetsBothSidesWhenItsOwnerClosesIt) {
  for (const bool destroy : {false, true}) {
    client_ = {};
    upstream_ = {};
    start({});
    client_.send("hello");
    ASSERT_TRUE(until([&] { return upstream_.received == "hello"; }));
    EXPECT_EQ(relay_->bytes().to_upstream, 5u);
    if (destroy) {
      relay_.reset();
    } else {
      relay_->close();
      relay_->close();
    }
    ASSERT_TRUE(until([&] { return client_.reset && upstream_.reset; }));
    EXPECT_FALSE(over_);
  }
}

TEST_F(RelayTest, ResetsTheClientWhenTheUpstreamCannotBeConnectedTo) {
  for (const std::string_view first : {"", "GET /"}) {
    for (const bool ends : {false, true}) {
      over_.reset();
      client_ = {};
      SocketAddress refusing;
      {
        const Listening closed;
        refusing = *local_address(closed.fd());
      }
      client_.fd = listening_.connect();
      client_.end_after_send = ends;
      client_.pump();
      FileDescriptor to_client = listening_.accept();
      auto connecting = start_connect(refusing);
      ASSERT_TRUE(connecting);
      relay(std::move(to_client), std::move(*connecting), first, {}, kLong);
      ASSERT_TRUE(run_until(loop_, [&] { return client_.pump().reset; }));
      EXPECT_EQ(over_, RelayEnd::reset_by_upstream);
      EXPECT_EQ(bytes_.to_upstream, 0u);
    }
  }
}

// shutdown() would end the attempt to connect.
TEST_F(RelayTest, PassesAnEndOnOnceTheUpstreamIsConnected) {
  const FileDescriptor full(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto any = *SocketAddress::parse("127.0.0.1:0");
  ASSERT_EQ(::bind(full.get(), any.get(), any.length), 0);
  ASSERT_EQ(::listen(full.get(), 0), 0);
  const auto address = *local_address(full.get());
  const auto queued = start_connect(address);
  ASSERT_TRUE(queued);

  client_.fd = listening_.connect();
  client_.end_after_send = true;
  client_.pump();
  auto connecting = start_connect(address);
  ASSERT_TRUE(connecting);
  const int attempt = connecting->get();
  relay(listening_.accept(), std::move(*connecting), {}, {}, kLong);
  // Long enough for the relay to see the client's end, which is there already.
  ASSERT_TRUE(until([rounds = 0]() mutable { return ++rounds == 20; }));
  pollfd still{attempt, POLLOUT, 0};
  ASSERT_EQ(::poll(&still, 1, 0), 0) << "the queue was not full";
  EXPECT_FALSE(over_);
  // Room in the queue: the kernel asks again within a second or three.
  accept_on(full.get());
  ASSERT_TRUE(run_until(loop_, [&] {
    if (!upstream_.fd) upstream_.fd = accept_on(full.get());
    return upstream_.fd && upstream_.pump().ended;
  }));
  upstream_.send("bye");
  upstream_.end_after_send = true;
  ASSERT_TRUE(until_over());
  EXPECT_EQ(*over_, RelayEnd::orderly);
  EXPECT_EQ(client_.received, "bye");
}

/// Lets this process have no further descriptor, as long as it lives.
class NoMoreDescriptors {
 public:
  NoMoreDescriptors() {
    CHECK(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
    rlimit none = before_;
    // The lowest that is free is what the next one would be.
    const FileDescriptor lowest(::dup(STDERR_FILENO));
    none.rlim_cur = static_cast<rlim_t>(lowest.get());
    CHECK(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  }
  ~NoMoreDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST_F(RelayTest, GoesOnWhenThereAreNoDescriptorsForAPipe) {
  start({});
  const std::string all = pattern(4 * kMiB, 5);
  // UBSan needs a descriptor to look at a kind of object for the first time: a byte first.
  client_.to_send = all.substr(0, 1);
  ASSERT_TRUE(until([this] { return upstream_.received.size() == 1; }));
  client_.to_send = all;
  client_.end_after_send = upstream_.end_after_send = true;
  const NoMoreDescriptors none;
  ASSERT_FALSE(pipes_->take());
  ASSERT_TRUE(until_over());
  EXPECT_EQ(*over_, RelayEnd::orderly);
  EXPECT_TRUE(upstream_.received == client_.to_send);
  EXPECT_EQ(pipes_->kept(), 0u);
}

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

TEST_F(RelayTest, ThousandIdleOnesHoldNoPipe) {
  constexpr std::size_t kRelays = 1000;
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlimit before = limit;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 8192);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  scratch_.resize(16 * 1024);

  struct Pair {
    Peer client, upstream;
    std::unique_ptr<Relay> relay;
  };
  std::vector<Pair> pairs(kRelays);
  std::size_t passed = 0;
  for (Pair& pair : pairs) {
    pair.client.fd = listening_.connect();
    FileDescriptor to_client = listening_.accept();
    FileDescriptor to_upstream = listening_.connect();
    pair.upstream.fd = listening_.accept();
    pair.relay =
        std::make_unique<Relay>(resources(), Relay::Side{std::move(to_client)}, Relay::Side{std::move(to_upstream)},
                                kLong, [](RelayEnd, const Relay::Bytes&) { FAIL() << "is over"; });
    pair.client.to_send = std::string(64 * 1024, 'x');
  }
  const std::size_t descriptors = open_descriptors();
  ASSERT_TRUE(run_until(loop_, [&] {
    passed = 0;
    for (Pair& pair : pairs) {
      pair.client.pump();
      passed += pair.upstream.pump().received.size() / pair.client.to_send.size();
    }
    return passed == kRelays;
  }));
  EXPECT_EQ(pipes_->taken(), 0u);
  EXPECT_GE(pipes_->kept(), 1u);
  EXPECT_LE(pipes_->kept(), 4u);
  EXPECT_EQ(open_descriptors(), descriptors + 2 * pipes_->kept());
  pairs.clear();
  ::setrlimit(RLIMIT_NOFILE, &before);
}

TEST(PipePool, HandsOutNoMoreThanItMayAndKeepsTheEmptyOnes) {
  PipePool pool(2);
  auto first = pool.take();
  auto second = pool.take();
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(pool.take());
  const int known = first->read_end.get();
  pool.give_back(std::move(*first));
  EXPECT_EQ(pool.taken(), 1u);
  EXPECT_EQ(pool.kept(), 1u);
  auto again = pool.take();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->read_end.get(), known);
  pool.discard(std::move(*again));
  pool.discard(std::move(*second));
  EXPECT_EQ(pool.taken(), 0u);
  EXPECT_EQ(pool.kept(), 0u);
}

TEST(PipePool, KeepsSomeOnly) {
  PipePool pool(PipePool::kMaxKept + 1);
  std::vector<Pipe> pipes;
  while (auto pipe = pool.take()) pipes.push_back(std::move(*pipe));
  EXPECT_EQ(pipes.size(), PipePool::kMaxKept + 1);
  for (Pipe& pipe : pipes) pool.give_back(std::move(pipe));
  EXPECT_EQ(pool.kept(), PipePool::kMaxKept);
}

}  // namespace
}  // namespace outrigger::net
