#include "net/stream.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <optional>
#include <random>

#include "fakes/certificates.h"
#include "fakes/function_timer.h"
#include "fakes/run_until.h"

namespace outrigger::net {
namespace {

using fakes::run_until;

std::string pattern(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string text(size, '\0');
  std::generate(text.begin(), text.end(), [&random] { return static_cast<char>(random()); });
  return text;
}

/// A stream with what it was told.
struct Side {
  std::unique_ptr<Stream> stream;
  std::string received;
  bool open = false;
  int drained = 0;
  std::optional<std::string> ended;
  std::function<void()> on_bytes;
  std::function<void()> on_drained;

  Stream::Callbacks callbacks() {
    return {.on_open =
                [this] {
                  EXPECT_FALSE(open);
                  open = true;
                },
            .on_bytes =
                [this](std::string_view bytes) {
                  EXPECT_TRUE(open);
                  EXPECT_FALSE(ended);
                  received += bytes;
                  if (on_bytes) on_bytes();
                },
            .on_drained =
                [this] {
                  EXPECT_EQ(stream->unsent(), 0u);
                  ++drained;
                  if (on_drained) on_drained();
                },
            .on_end =
                [this](const std::string& reason) {
                  EXPECT_FALSE(ended) << *ended;
                  ended = reason;
                }};
  }
};

FileDescriptor listener() {
  auto listening = listen_on(*SocketAddress::parse("127.0.0.1:0"), false);
  CHECK(listening);
  return std::move(*listening);
}

FileDescriptor accept_soon(const FileDescriptor& listening) {
  pollfd poll{listening.get(), POLLIN, 0};
  CHECK(::poll(&poll, 1, 10'000) == 1);
  return accept_on(listening.get());
}

/// Certificates of one root for both sides.
struct Certificates {
  fakes::TemporaryFolder folder;
  fakes::CertificateAuthority ca;
  int issued = 0;

  TlsFiles files(const fakes::LeafOptions& options = {}) { return files_of(ca.issue(options)); }
  TlsFiles files_of(const fakes::Identity& identity) {
    const std::string name = std::to_string(++issued);
    return {folder.write(name + ".crt", identity.certificate), folder.write(name + ".key", identity.key),
            folder.write("ca.crt", ca.certificate())};
  }
};

class StreamPair : public testing::Test {
 protected:
  void open(const SslContext& server, const SslContext& client, const std::string& name = "localhost") {
    const FileDescriptor listening = listener();
    auto connected = Stream::connect(loop_, *local_address(listening.get()), client, name, client_.callbacks());
    ASSERT_TRUE(connected);
    client_.stream = std::move(*connected);
    server_.stream = Stream::accepted(loop_, accept_soon(listening), server, server_.callbacks());
  }
  /// Plain, the client's side a bare socket.
  FileDescriptor open_bare() {
    const FileDescriptor listening = listener();
    auto bare = start_connect(*local_address(listening.get()));
    CHECK(bare);
    server_.stream = Stream::accepted(loop_, accept_soon(listening), nullptr, server_.callbacks());
    return std::move(*bare);
  }
  void until(const std::function<bool()>& done) { EXPECT_TRUE(run_until(loop_, done)); }

  EventLoop loop_;
  Side client_, server_;
};

class Streams : public StreamPair, public testing::WithParamInterface<bool> {
 protected:
  void SetUp() override {
    if (!GetParam()) return open(nullptr, nullptr);
    Certificates certificates;
    const TlsFiles files = certificates.files();
    open(*server_context(files), *client_context(files));
  }
};

INSTANTIATE_TEST_SUITE_P(Kinds, Streams, testing::Bool(),
                         [](const auto& param) { return param.param ? "Tls" : "Plain"; });

TEST_P(Streams, CarryTenMegabytesBothWaysToASlowReader) {
  constexpr std::size_t kTotal = std::size_t{10} * 1024 * 1024;
  constexpr std::size_t kBlock = 100'000;
  std::size_t most_unsent = 0;
  std::vector<std::unique_ptr<Timer>> resumes;
  std::string sent[2];
  int index = 0;
  for (Side* side : {&client_, &server_}) {
    std::string& text = sent[index++];
    text = pattern(kTotal, static_cast<unsigned>(index));
    const auto next = [=, &text, &most_unsent, at = std::make_shared<std::size_t>(0)] {
      if (*at == kTotal) return;
      const std::size_t size = std::min(kBlock, kTotal - *at);
      side->stream->write(text.substr(*at, size));
      *at += size;
      most_unsent = std::max(most_unsent, side->stream->unsent());
    };
    side->on_drained = next;
    next();
    resumes.push_back(std::make_unique<Timer>(loop_, [side] { side->stream->pause_reading(false); }));
    side->on_bytes = [side, resume = resumes.back().get()] {
      side->stream->pause_reading(true);
      resume->set(std::chrono::milliseconds(0));
    };
  }
  until([&] { return client_.received.size() >= kTotal && server_.received.size() >= kTotal; });
  EXPECT_TRUE(client_.received == sent[1]);
  EXPECT_TRUE(server_.received == sent[0]);
  EXPECT_LE(most_unsent, kBlock);
  EXPECT_EQ(client_.stream->sent(), kTotal);
}

TEST_P(Streams, CountWhatAPausedPeerDoesNotTake) {
  constexpr std::size_t kTotal = std::size_t{20} * 1024 * 1024;
  server_.stream->pause_reading(true);
  const auto block = std::make_shared<const std::string>(pattern(kTotal / 4, 1));
  for (int i = 0; i < 4; ++i) client_.stream->write(block);
  EXPECT_EQ(client_.stream->unsent(), kTotal);
  std::uint64_t last = 0;
  int still = 0;  // looks without progress: the kernel's buffers are full
  until([&] {
    EXPECT_EQ(client_.stream->sent() + client_.stream->unsent(), kTotal);
    still = client_.stream->sent() == last && last > 0 ? still + 1 : 0;
    last = client_.stream->sent();
    return still == 20;
  });
  EXPECT_GT(client_.stream->unsent(), 0u);
  EXPECT_TRUE(server_.received.empty());
  EXPECT_EQ(client_.drained, 0);

  server_.stream->pause_reading(false);
  until([&] { return server_.received.size() == kTotal; });
  EXPECT_EQ(client_.drained, 1);
  EXPECT_TRUE(server_.received == *block + *block + *block + *block);
}

TEST_P(Streams, KeepTheOrderOfBlocksOfAllSizes) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    std::string expected = server_.received;
    for (int i = 0; i < 500; ++i) {
      // Around the sizes at which blocks are put together or cut.
      const std::size_t size = random() % (std::size_t{1} << (random() % 17));
      std::string block = pattern(size, seed * 1'000 + static_cast<unsigned>(i));
      expected += block;
      client_.stream->write(std::move(block));
    }
    until([&] { return server_.received.size() >= expected.size(); });
    ASSERT_TRUE(server_.received == expected);
  }
}

TEST_P(Streams, LetGoOfASharedBlockWhenItIsSent) {
  const auto block = std::make_shared<const std::string>(pattern(50'000, 1));
  client_.stream->write(block);
  server_.stream->write(block);
  EXPECT_EQ(block.use_count(), 3);
  until([&] { return client_.drained == 1 && server_.drained == 1; });
  EXPECT_EQ(block.use_count(), 1);
}

TEST_P(Streams, SendWhatIsQueuedBeforeTheyFinish) {
  const std::string text = pattern(3'000'000, 1);
  client_.stream->write(text);
  client_.stream->finish();
  client_.stream->write("dropped");
  until([&] { return client_.ended && server_.ended; });
  EXPECT_TRUE(server_.received == text);
  EXPECT_EQ(*client_.ended, "");
  EXPECT_EQ(*server_.ended, "");
}

TEST_P(Streams, AnswerAPeerThatFinishes) {
  client_.stream->write("question");
  client_.stream->finish();
  server_.on_bytes = [&] { server_.stream->write("answer"); };
  until([&] { return client_.ended && server_.ended; });
  EXPECT_EQ(server_.received, "question");
  EXPECT_EQ(server_.stream->sent(), 6u);
  EXPECT_EQ(*server_.ended, "");
}

TEST_P(Streams, CallNobodyAfterClose) {
  int told = 0;
  client_.on_bytes = [&] {
    ++told;
    client_.stream->write("more");
    client_.stream->close();
  };
  server_.stream->write(pattern(5'000'000, 1));
  until([&] { return server_.ended.has_value(); });
  EXPECT_EQ(told, 1);
  EXPECT_FALSE(client_.ended);
  EXPECT_EQ(client_.drained, 0);
  EXPECT_EQ(client_.stream->unsent(), 0u);
  EXPECT_FALSE(client_.stream->descriptor());
}

TEST_P(Streams, EndOnceThroughDeferWhileWorkIsQueued) {
  client_.on_bytes = [&] {
    client_.stream->write("more");
    loop_.defer([&] { client_.stream.reset(); });
  };
  server_.stream->write("now");
  until([&] { return server_.ended.has_value(); });
  EXPECT_FALSE(client_.ended);
}

TEST_P(Streams, DoNotKeepTheLoopFromOthersWhileEachDrainedWritesAgain) {
  int rounds = 0;
  client_.on_drained = [&] { client_.stream->write(pattern(10, 1)); };
  fakes::FunctionTimer other(loop_, [&] {
    ++rounds;
    other.set(std::chrono::milliseconds(0));
  });
  other.set(std::chrono::milliseconds(0));
  client_.stream->write("begin");
  until([&] { return rounds >= 20; });
  EXPECT_GT(client_.drained, 1);
}

using StreamsDeathTest = Streams;
INSTANTIATE_TEST_SUITE_P(Kinds, StreamsDeathTest, testing::Values(false));

TEST_P(StreamsDeathTest, RefuseToBeDestroyedByTheirCallback) {
  client_.on_bytes = [&] { client_.stream.reset(); };
  server_.stream->write("now");
  EXPECT_DEATH(run_until(loop_, [] { return false; }), "CHECK failed: !in_callback_");
}

using PlainStream = StreamPair;

TEST_F(PlainStream, TellsThatNobodyListens) {
  SocketAddress nobody;
  {
    const FileDescriptor listening = listener();
    nobody = *local_address(listening.get());
  }
  auto connected = Stream::connect(loop_, nobody, nullptr, "", client_.callbacks());
  if (!connected) return;
  client_.stream = std::move(*connected);
  until([&] { return client_.ended.has_value(); });
  EXPECT_EQ(*client_.ended, "connect: Connection refused");
  EXPECT_FALSE(client_.open);
}

TEST_F(PlainStream, SendsToAPeerThatHasClosedOnlyItsSide) {
  const FileDescriptor bare = open_bare();
  server_.on_bytes = [&] { server_.stream->write(pattern(4'000'000, 1)); };
  ASSERT_EQ(::send(bare.get(), "x", 1, 0), 1);
  ASSERT_EQ(::shutdown(bare.get(), SHUT_WR), 0);
  std::size_t got = 0;
  until([&] {
    char buffer[65'536];
    for (;;) {
      const ssize_t size = ::recv(bare.get(), buffer, sizeof(buffer), MSG_DONTWAIT);
      if (size <= 0) return size == 0;
      got += static_cast<std::size_t>(size);
    }
  });
  EXPECT_EQ(got, 4'000'000u);
  EXPECT_EQ(server_.ended, "");
}

class Reset : public StreamPair, public testing::WithParamInterface<bool> {};
INSTANTIATE_TEST_SUITE_P(Reading, Reset, testing::Bool(),
                         [](const auto& param) { return param.param ? "Paused" : "Reading"; });

TEST_P(Reset, IsTold) {
  FileDescriptor bare = open_bare();
  server_.stream->pause_reading(GetParam());
  until([&] { return server_.open; });
  const linger reset{1, 0};
  ASSERT_EQ(::setsockopt(bare.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
  bare.reset();
  until([&] { return server_.ended.has_value(); });
  EXPECT_EQ(*server_.ended, "Connection reset by peer");
}

TEST_F(PlainStream, DoesNotWaitForEverForThePeersEnd) {
  const FileDescriptor bare = open_bare();
  server_.stream->write("all");
  server_.stream->finish();
  const auto begun = Clock::now();
  until([&] { return server_.ended.has_value(); });
  EXPECT_EQ(*server_.ended, "");
  EXPECT_GE(Clock::now() - begun, std::chrono::seconds(2));
}

class TlsStream : public StreamPair {
 protected:
  void expect_refused_by_server(const std::string& reason) {
    until([&] { return server_.ended && client_.ended; });
    EXPECT_EQ(*server_.ended, reason);
    EXPECT_FALSE(server_.open);
    EXPECT_NE(*client_.ended, "");
  }
  void expect_refused_by_client(const std::string& reason) {
    until([&] { return server_.ended && client_.ended; });
    EXPECT_EQ(*client_.ended, reason);
    EXPECT_FALSE(client_.open);
    EXPECT_NE(*server_.ended, "");
    EXPECT_FALSE(server_.open);
  }

  Certificates certificates_;
  SslContext server_context_ = *server_context(certificates_.files());
  SslContext client_context_ = *client_context(certificates_.files());
};

TEST_F(TlsStream, VerifiesNamesAndAddresses) {
  for (const char* name : {"localhost", "127.0.0.1"}) {
    client_ = {};
    server_ = {};
    open(server_context_, client_context_, name);
    until([&] { return client_.open && server_.open; });
    EXPECT_FALSE(client_.ended);
  }
}

TEST_F(TlsStream, RefusesAServerOfAnotherName) {
  open(server_context_, client_context_, "example.com");
  expect_refused_by_client("TLS handshake: the peer's certificate: hostname mismatch");
}

TEST_F(TlsStream, RefusesAServerOfAnotherAddress) {
  open(server_context_, client_context_, "127.0.0.2");
  expect_refused_by_client("TLS handshake: the peer's certificate: IP address mismatch");
}

TEST_F(TlsStream, RefusesAnExpiredServer) {
  const fakes::LeafOptions expired{.valid_from = std::chrono::hours(-2), .valid_until = std::chrono::hours(-1)};
  open(*server_context(certificates_.files(expired)), client_context_);
  expect_refused_by_client("TLS handshake: the peer's certificate: certificate has expired");
}

TEST_F(TlsStream, RefusesAnExpiredClient) {
  const fakes::LeafOptions expired{.valid_from = std::chrono::hours(-2), .valid_until = std::chrono::hours(-1)};
  open(server_context_, *client_context(certificates_.files(expired)));
  expect_refused_by_server("TLS handshake: the peer's certificate: certificate has expired");
}

TEST_F(TlsStream, RefusesAServerOfAnotherRoot) {
  const auto other = fakes::CertificateAuthority("other").issue();
  open(*server_context(certificates_.files_of(other)), client_context_);
  expect_refused_by_client("TLS handshake: the peer's certificate: unable to get local issuer certificate");
}

TEST_F(TlsStream, RefusesAClientOfAnotherRoot) {
  const auto other = fakes::CertificateAuthority("other").issue();
  open(server_context_, *client_context(certificates_.files_of(other)));
  expect_refused_by_server("TLS handshake: the peer's certificate: unable to get local issuer certificate");
}

TEST_F(TlsStream, RefusesAClientWithoutACertificate) {
  const SslContext anonymous(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  open(server_context_, anonymous);
  expect_refused_by_server("TLS handshake: peer did not return a certificate");
}

TEST_F(TlsStream, RefusesOldTls) {
  const SslContext old(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  SSL_CTX_set_security_level(old.get(), 0);
  ASSERT_EQ(SSL_CTX_set_max_proto_version(old.get(), TLS1_1_VERSION), 1);
  open(server_context_, old);
  expect_refused_by_server("TLS handshake: unsupported protocol");
}

TEST_F(TlsStream, SpeaksTls12) {
  ASSERT_EQ(SSL_CTX_set_max_proto_version(client_context_.get(), TLS1_2_VERSION), 1);
  open(server_context_, client_context_);
  client_.stream->write("question");
  server_.on_bytes = [&] { server_.stream->write("answer"); };
  until([&] { return client_.received == "answer"; });
}

TEST_F(TlsStream, EndsWhenThePeerDoesNotSpeakTls) {
  const FileDescriptor listening = listener();
  const auto bare = start_connect(*local_address(listening.get()));
  ASSERT_TRUE(bare);
  server_.stream = Stream::accepted(loop_, accept_soon(listening), server_context_, server_.callbacks());
  ASSERT_EQ(::send(bare->get(), "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
  until([&] { return server_.ended.has_value(); });
  EXPECT_EQ(*server_.ended, "TLS handshake: http request");
}

TEST_F(TlsStream, TellsAnEndWithoutCloseNotify) {
  open(server_context_, client_context_);
  until([&] { return client_.open && server_.open; });
  client_.stream->close();
  until([&] { return server_.ended.has_value(); });
  EXPECT_EQ(*server_.ended, "TLS: unexpected eof while reading");
}

}  // namespace
}  // namespace outrigger::net
