#include "model/protocol.h"

#include <gtest/gtest.h>

#include <random>

namespace outrigger::model {
namespace {

constexpr std::pair<Protocol, const char*> kNamed[] = {{Protocol::automatic, "auto"},
                                                       {Protocol::http, "http"},
                                                       {Protocol::http2, "http2"},
                                                       {Protocol::grpc, "grpc"},
                                                       {Protocol::tcp, "tcp"}};

TEST(Protocol, HasAName) {
  for (const auto& [protocol, name] : kNamed) {
    EXPECT_EQ(protocol_text(protocol), name);
    EXPECT_EQ(protocol_named(name), protocol);
  }
  for (const char* name : {"", "Http", "http ", " http", "http1", "automatic", "0", "http,tcp"}) {
    EXPECT_EQ(protocol_named(name), std::nullopt) << name;
  }
  EXPECT_EQ(protocol_names(), "auto, http, http2, grpc, tcp");
}

TEST(Protocols, AreOneForAllPorts) {
  for (const auto& [protocol, name] : kNamed) {
    const auto protocols = parse_protocols(name);
    ASSERT_TRUE(protocols) << name;
    EXPECT_EQ(protocols->of(80), protocol);
    EXPECT_EQ(protocols->of(65'535), protocol);
  }
}

TEST(Protocols, AreSomePortsOwn) {
  const auto protocols = parse_protocols("http:80,tcp:5432,auto:65535,tcp:1");
  ASSERT_TRUE(protocols);
  EXPECT_EQ(protocols->of(80), Protocol::http);
  EXPECT_EQ(protocols->of(5'432), Protocol::tcp);
  EXPECT_EQ(protocols->of(65'535), Protocol::automatic);
  EXPECT_EQ(protocols->of(1), Protocol::tcp);
  EXPECT_EQ(protocols->of(81), Protocol::automatic);
}

TEST(Protocols, AreRefusedWholeWhenAPartOfThemIsBad) {
  for (const char* text : {"",
                           ",",
                           ":",
                           ":80",
                           "http:",
                           "http:0",
                           "http:65536",
                           "http:080",
                           "http:80,",
                           ",http:80",
                           "http:80,,tcp:81",
                           "http:80, tcp:81",
                           "http:80;tcp:81",
                           "ftp:80",
                           "http:80,ftp:81",
                           "http:80,tcp:80",
                           "http:80,http:80",
                           "80:http",
                           "http,tcp:81",
                           "tcp:81,http",
                           "HTTP:80",
                           "http:80:81",
                           "http:-1",
                           "http:80\n",
                           "http:99999999999999999999"}) {
    EXPECT_FALSE(parse_protocols(text)) << text;
  }
  EXPECT_EQ(parse_protocols("http:80,ftp:81").error().text,
            "'http:80,ftp:81' is not allowed; allowed: auto, http, http2, grpc, tcp, or some ports' own, as in "
            "http:80,tcp:5432, none twice");
}

TEST(Protocols, OfAnyPortsAreReadAsWritten) {
  for (const unsigned seed : {1u, 2u, 3u}) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    for (int i = 0; i < 500; ++i) {
      Protocols written;
      std::string text;
      for (auto left = random() % 20 + 1; left > 0; --left) {
        const auto port = static_cast<std::uint16_t>(random() % 65'535 + 1);
        const auto protocol = kNamed[random() % std::size(kNamed)].first;
        if (!written.by_port.emplace(port, protocol).second) continue;
        text += (text.empty() ? "" : ",") + protocol_text(protocol) + ":" + std::to_string(port);
      }
      const auto read = parse_protocols(text);
      ASSERT_TRUE(read) << text;
      ASSERT_EQ(*read, written) << text;
    }
  }
}

TEST(AppProtocol, StandsForAProtocolInAnyCase) {
  const std::pair<const char*, Protocol> cases[] = {
      {"http", Protocol::http},
      {"HTTP", Protocol::http},
      {"kubernetes.io/ws", Protocol::http},
      {"http2", Protocol::http2},
      {"kubernetes.io/h2c", Protocol::http2},
      {"Kubernetes.io/H2C", Protocol::http2},
      {"grpc", Protocol::grpc},
      {"gRPC", Protocol::grpc},
      {"grpc-web", Protocol::http},
      {"tcp", Protocol::tcp},
      {"tls", Protocol::tcp},
      {"https", Protocol::tcp},
      {"kubernetes.io/wss", Protocol::tcp},
      {"linkerd.io/opaque", Protocol::tcp},
      {"postgresql", Protocol::tcp},
      {"MySQL", Protocol::tcp},
      {"redis", Protocol::tcp},
      {"mongo", Protocol::tcp},
  };
  for (const auto& [name, protocol] : cases) EXPECT_EQ(protocol_of_app_protocol(name), protocol) << name;
}

TEST(AppProtocol, ThatIsNotKnownSaysNothing) {
  for (const char* name :
       {"", "auto", "http ", "htt", "httpx", "example.com/http", "kubernetes.io/", "h2", "http/1.1"}) {
    EXPECT_EQ(protocol_of_app_protocol(name), std::nullopt) << name;
  }
}

}  // namespace
}  // namespace outrigger::model
