/// What a sidecar weighs.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "fakes/certificates.h"
#include "fakes/sockets.h"
#include "integration/backend.h"
#include "integration/eventually.h"
#include "integration/memory.h"
#include "integration/programs.h"
#include "net/signal_watch.h"
#include "sidecar/messages.h"

namespace outrigger::integration {
namespace {

using fakes::Socket;
using sidecar::test::get;

constexpr std::size_t kMib = 1'024;  ///< in KiB

class Memory : public ::testing::Test {
 protected:
  Memory()
      : sidecar_(folder_.write("sidecar.yaml", fmt::format(R"(admin: 127.0.0.1:0
workers: 1
listeners:
  - {{name: web, address: 127.0.0.1:0, protocol: http, service: shop/web:80}}
services:
  - name: shop/web:80
    endpoints: [{{address: {}}}]
)",
                                                           backend_.address()))) {
    const std::string address = sidecar_.address("web");
    port_ = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  }

  void serve(Socket& client) {
    client.send(get("/"));
    ASSERT_EQ(client.read_response().body, "web");
  }
  std::size_t rss(const char* when) {
    const std::size_t kib = rss_kib_of(OUTRIGGER_SIDECAR);
    RecordProperty(when, static_cast<int>(kib));
    return kib;
  }

  fakes::TemporaryFolder folder_;
  Backend backend_{"web", "127.0.0.1:0"};
  Sidecar sidecar_;
  std::uint16_t port_ = 0;
};

TEST_F(Memory, ThatOnlyTheStartNeedsIsLetGo) {
  rss("started_kib");
  if (kSizesCount) {
    EXPECT_TRUE(eventually([] { return rss_kib_of(OUTRIGGER_SIDECAR) < 4 * kMib; }));
  } else {
    EXPECT_FALSE(Socket::connect(port_).readable_within(std::chrono::milliseconds(1'500)));
  }
  rss("idle_kib");
  // And what is needed comes back.
  Socket client = Socket::connect(port_);
  serve(client);
  // An answer is counted when it has been sent, so that a scrape may come between the two.
  EXPECT_TRUE(eventually([&] { return sidecar_.metrics().find("outrigger_requests_total") != std::string::npos; }));
  const std::size_t used = rss("after_a_request_and_a_scrape_kib");
  if (kSizesCount) {
    EXPECT_LT(used, 6 * kMib);
  }
}

TEST_F(Memory, OfAnIdleConnectionIsLessThanHalfAKib) {
  constexpr std::size_t kConnections = kSanitized ? 500 : 9'000;
  net::raise_descriptor_limit();
  std::vector<Socket> clients;
  clients.push_back(Socket::connect(port_));
  serve(clients.front());
  if (kSizesCount) {
    EXPECT_TRUE(eventually([] { return rss_kib_of(OUTRIGGER_SIDECAR) < 5 * kMib; }));
  }
  const std::size_t before = rss("one_connection_kib");
  while (clients.size() < kConnections) {
    clients.push_back(Socket::connect(port_));
    serve(clients.back());
    if (clients.size() == 1'000) rss("a_thousand_idle_connections_kib");
  }
  const std::size_t after = rss("idle_connections_kib");
  if (kSizesCount) {
    EXPECT_LT(after - std::min(before, after), kConnections / 2);
  }
}

}  // namespace
}  // namespace outrigger::integration
