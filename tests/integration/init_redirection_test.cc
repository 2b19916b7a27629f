/// outrigger-init as a pod's init container runs it, with no capability but NET_ADMIN, and what becomes of the pod's
/// connections then.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <sys/fsuid.h>

#include <atomic>
#include <fstream>
#include <optional>
#include <random>
#include <sstream>
#include <thread>

#include "fakes/certificates.h"
#include "fakes/sockets.h"
#include "integration/http_connection.h"
#include "integration/metrics_text.h"
#include "integration/pod_network.h"
#include "integration/process.h"
#include "integration/program.h"
#include "net/original_destination.h"

namespace outrigger::integration {
namespace {

using fakes::Socket;

constexpr std::uint16_t kPort = 15001;
constexpr uid_t kProxy = 64190;
constexpr uid_t kApplication = 1000;
const std::string kElsewhere = "203.0.113.7:8080";
const std::string kElsewhere6 = "[2001:db8::7]:8080";

net::SocketAddress address(const std::string& text) {
  auto parsed = net::SocketAddress::parse(text);
  if (!parsed) throw std::runtime_error(parsed.error().text);
  return *parsed;
}

net::FileDescriptor listen_on(const std::string& text) {
  auto fd = net::listen_on(address(text), /*reuse_port=*/false);
  if (!fd) throw std::runtime_error(fd.error().text);
  return std::move(*fd);
}

void await(int fd, short events, const std::string& what) {
  constexpr int kDeadlineMs = 60'000;
  pollfd waiting{.fd = fd, .events = events, .revents = 0};
  if (::poll(&waiting, 1, kDeadlineMs) != 1) fakes::give_up(what);
}

Socket accept(const net::FileDescriptor& listener) {
  await(listener.get(), POLLIN, "a connection");
  return Socket(net::accept_on(listener.get()));
}

/// A connection as a process of that user opens it; nothing where it is refused.
std::optional<Socket> connect_as(uid_t user, const net::SocketAddress& destination) {
  ::setfsuid(user);
  auto fd = net::start_connect(destination);
  ::setfsuid(0);
  if (!fd) {
    if (errno == ECONNREFUSED) return std::nullopt;
    fakes::give_up(fd.error().text);
  }
  await(fd->get(), POLLOUT, "connecting to " + destination.text());
  const int error = net::connect_error(fd->get());
  if (error == ECONNREFUSED) return std::nullopt;
  if (error != 0) fakes::give_up("connecting to " + destination.text() + ": " + std::strerror(error));
  return Socket(std::move(*fd));
}

/// Where a sidecar listens.
struct Arrivals {
  explicit Arrivals(std::uint16_t port)
      : ipv4(listen_on(fmt::format("127.0.0.1:{}", port))), ipv6(listen_on(fmt::format("[::1]:{}", port))) {}
  net::FileDescriptor ipv4;
  net::FileDescriptor ipv6;

  Socket next(const net::SocketAddress& destination) const {
    return accept(destination.storage.ss_family == AF_INET ? ipv4 : ipv6);
  }
};

struct Ended {
  std::optional<int> status;
  std::vector<std::string> lines;
};

struct Settings {
  std::uint16_t port = kPort;
  uid_t proxy = kProxy;
  std::string skip_ports{};
  std::string api_host{};
  std::uint16_t api_port = 0;
};

class InitRedirection : public testing::Test {
 protected:
  void SetUp() override {
    ::setfsuid(kProxy);
    if (::setfsuid(0) != kProxy) GTEST_SKIP() << "connections of several users need root";
  }

  Ended run(const std::vector<std::string>& flags, const Settings& settings = {},
            const std::string& capabilities = "-all,+net_admin") const {
    std::vector<std::string> command{"env", "-u", "KUBERNETES_SERVICE_HOST", "-u", "KUBERNETES_SERVICE_PORT"};
    if (!settings.api_host.empty()) {
      command.push_back("KUBERNETES_SERVICE_HOST=" + settings.api_host);
      command.push_back("KUBERNETES_SERVICE_PORT=" + std::to_string(settings.api_port));
    }
    command.insert(command.end(), {"setpriv", "--bounding-set", capabilities, "--inh-caps", "-all", OUTRIGGER_INIT,
                                   "--termination-log", termination_log_, "--report", report_});
    command.insert(command.end(), flags.begin(), flags.end());
    return network_.in_pod([&] {
      Process process(command);
      const auto status = process.wait_for_end();
      return Ended{status, process.lines()};
    });
  }

  static std::vector<std::string> flags(const Settings& settings) {
    return {"--redirect-to", std::to_string(settings.port),
            "--proxy-uid",   std::to_string(settings.proxy),
            "--skip-ports",  settings.skip_ports};
  }

  void redirect(const Settings& settings) const {
    const Ended ended = run(flags(settings), settings);
    ASSERT_EQ(ended.status, 0);
    ASSERT_EQ(ended.lines.size(), 1u) << testing::PrintToString(ended.lines);
    ASSERT_NE(ended.lines[0].find(R"("message":"redirected")"), std::string::npos) << ended.lines[0];
    ASSERT_EQ(text_of(termination_log_), "");
    ASSERT_EQ(text_of(report_), "redirected\n");
  }

  static std::string text_of(const std::string& file) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return std::move(text).str();
  }

  /// Whether a connection of that user arrives where the sidecar listens, and says where it was going.
  bool redirected(const net::SocketAddress& destination, uid_t user = kApplication) const {
    return network_.in_pod([&] {
      const auto client = connect_as(user, destination);
      if (!client) return false;
      const Socket arrived = arrivals_.next(destination);
      const auto original = net::original_destination(arrived.fd());
      EXPECT_EQ(original ? original->text() : original.error().text, destination.text());
      return true;
    });
  }
  bool redirected(const std::string& destination, uid_t user = kApplication) const {
    return redirected(address(destination), user);
  }

  std::string nft(const std::string& command) const {
    return network_.in_pod([&] {
      Process process({"sh", "-c", "PATH=$PATH:/usr/sbin nft " + command});
      EXPECT_EQ(process.wait_for_end(), 0);
      return fmt::format("{}", fmt::join(process.lines(), "\n"));
    });
  }

  const PodNetwork network_;
  const Arrivals arrivals_ = network_.in_pod([] { return Arrivals(kPort); });
  const fakes::TemporaryFolder folder_;
  const std::string termination_log_ = folder_.write("termination-log", "");
  /// With what a pod's earlier start has left.
  const std::string report_ = folder_.write("report", "not redirected: for now, for reasons that have gone since\n");
};

TEST_F(InitRedirection, TakesWhatGoesElsewhere) {
  EXPECT_FALSE(redirected(kElsewhere));
  redirect({});
  for (const uid_t user : {uid_t{0}, kApplication, kProxy + 1}) {
    EXPECT_TRUE(redirected(kElsewhere, user)) << user;
    EXPECT_TRUE(redirected(kElsewhere6, user)) << user;
  }
  // Neighbours in the pod's own network, and those whose port is the sidecar's.
  EXPECT_TRUE(redirected("10.99.0.1:80"));
  EXPECT_TRUE(redirected("[fd99::1]:80"));
  EXPECT_TRUE(redirected(fmt::format("203.0.113.7:{}", kPort)));
}

TEST_F(InitRedirection, LeavesTheSidecarsOwnConnectionsAlone) {
  redirect({});
  const net::FileDescriptor outside = network_.in_world([] { return listen_on(kElsewhere); });
  auto client = network_.in_pod([] { return connect_as(kProxy, address(kElsewhere)); });
  ASSERT_TRUE(client);
  Socket arrived = accept(outside);
  client->send("there");
  EXPECT_EQ(arrived.read_bytes(5), "there");
  EXPECT_FALSE(redirected(kElsewhere6, kProxy));
}

TEST_F(InitRedirection, LeavesPortsAlone) {
  redirect({.skip_ports = "10250,9000-9050,53,9051-9100"});
  for (const int port : {53, 9000, 9050, 9051, 9100, 10250}) {
    EXPECT_FALSE(redirected(fmt::format("203.0.113.7:{}", port))) << port;
    EXPECT_FALSE(redirected(fmt::format("[2001:db8::7]:{}", port))) << port;
  }
  for (const int port : {1, 52, 54, 8999, 9101, 10249, 10251, 65535}) {
    EXPECT_TRUE(redirected(fmt::format("203.0.113.7:{}", port))) << port;
    EXPECT_TRUE(redirected(fmt::format("[2001:db8::7]:{}", port))) << port;
  }
}

TEST_F(InitRedirection, LeavesTheApiServerAlone) {
  for (const auto& [host, server, others] : std::vector<std::tuple<std::string, std::string, std::vector<std::string>>>{
           {"10.96.0.1", "10.96.0.1:443", {"10.96.0.1:80", "10.96.0.2:443", "[fd00:96::1]:443"}},
           {"fd00:96::1", "[fd00:96::1]:443", {"[fd00:96::1]:80", "[fd00:96::2]:443", "10.96.0.1:443"}}}) {
    redirect({.api_host = host, .api_port = 443});
    EXPECT_FALSE(redirected(server));
    for (const std::string& other : others) EXPECT_TRUE(redirected(other)) << other;
  }
}

TEST_F(InitRedirection, LeavesAloneWhatStaysOnTheMachineOrOnTheLink) {
  redirect({});
  for (const char* ip : {"127.0.0.1", "127.1.2.3", "[::1]", PodNetwork::kAddress, "[fd99::2]", "169.254.169.254"}) {
    EXPECT_FALSE(redirected(std::string(ip) + ":80")) << ip;
  }
  net::SocketAddress link_local = address(fmt::format("[{}]:80", PodNetwork::kWorldLinkLocal));
  reinterpret_cast<sockaddr_in6*>(&link_local.storage)->sin6_scope_id =
      network_.in_pod([] { return ::if_nametoindex("eth0"); });
  EXPECT_FALSE(redirected(link_local));
}

TEST_F(InitRedirection, LeavesUdpAlone) {
  redirect({});
  const auto datagram_socket = [] { return net::FileDescriptor(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)); };
  const net::FileDescriptor outside = network_.in_world(datagram_socket);
  const net::FileDescriptor client = network_.in_pod(datagram_socket);
  const net::SocketAddress destination = address(kElsewhere);
  ASSERT_EQ(::bind(outside.get(), destination.get(), destination.length), 0);
  ASSERT_EQ(::sendto(client.get(), "there", 5, 0, destination.get(), destination.length), 5);
  await(outside.get(), POLLIN, "a datagram");
  char bytes[8];
  EXPECT_EQ(::recv(outside.get(), bytes, sizeof(bytes), 0), 5);
}

TEST_F(InitRedirection, LeavesAloneWhatComesInAndWhatWasThere) {
  const std::string inside = fmt::format("{}:8080", PodNetwork::kAddress);
  const net::FileDescriptor server = network_.in_pod([&] { return listen_on(inside); });
  const net::FileDescriptor outside = network_.in_world([] { return listen_on(kElsewhere); });
  const auto come_in = [&] { return network_.in_world([&] { return *connect_as(kApplication, address(inside)); }); };
  std::vector<Socket> clients;
  std::vector<Socket> servers;
  clients.push_back(come_in());
  servers.push_back(accept(server));
  clients.push_back(network_.in_pod([] { return *connect_as(kApplication, address(kElsewhere)); }));
  servers.push_back(accept(outside));

  redirect({});
  clients.push_back(come_in());
  servers.push_back(accept(server));
  for (std::size_t i = 0; i < clients.size(); ++i) {
    SCOPED_TRACE(i);
    // The pod's side speaks first: those were there before connection tracking was.
    Socket& pod = i == 1 ? clients[i] : servers[i];
    Socket& world = i == 1 ? servers[i] : clients[i];
    pod.send("out");
    EXPECT_EQ(world.read_bytes(3), "out");
    world.send("back");
    EXPECT_EQ(pod.read_bytes(4), "back");
  }
}

TEST_F(InitRedirection, ReplacesItsOwnTableAndNoOther) {
  nft("'add table inet another; add chain inet another output { type nat hook output priority -90; }'");
  redirect({.skip_ports = "53"});
  const std::string once = nft("list ruleset");
  redirect({.skip_ports = "53"});
  EXPECT_EQ(nft("list ruleset"), once);
  EXPECT_NE(once.find("table inet another"), std::string::npos);

  const Arrivals others = network_.in_pod([] { return Arrivals(kPort + 1); });
  redirect({.port = kPort + 1, .skip_ports = "8080"});
  EXPECT_FALSE(redirected(kElsewhere));
  EXPECT_FALSE(redirected(kElsewhere6));
  const auto client = network_.in_pod([] { return connect_as(kApplication, address("203.0.113.7:53")); });
  ASSERT_TRUE(client);
  EXPECT_EQ(net::original_destination(accept(others.ipv4).fd())->text(), "203.0.113.7:53");
}

TEST_F(InitRedirection, IsNeverAbsentWhileItIsReplaced) {
  redirect({});
  std::atomic<bool> stopping{false};
  int connections = 0;
  std::thread applications([&] {
    do {
      EXPECT_TRUE(redirected(kElsewhere));
      ++connections;
    } while (!stopping);
  });
  for (int i = 0; i < 10; ++i) {
    const Ended ended = run(flags({}));
    EXPECT_EQ(ended.status, 0);
  }
  stopping = true;
  applications.join();
  EXPECT_GT(connections, 10);
}

TEST_F(InitRedirection, WithoutTheCapabilitySaysSoAndLetsThePodStart) {
  const Ended ended = run(flags({}), {}, "-all");
  EXPECT_EQ(ended.status, 0);
  ASSERT_EQ(ended.lines.size(), 1u) << testing::PrintToString(ended.lines);
  for (const char* part : {R"("message":"not redirected")", "Operation not permitted", "needed: NET_ADMIN"}) {
    EXPECT_NE(ended.lines[0].find(part), std::string::npos) << ended.lines[0];
  }
  const std::string message = text_of(termination_log_);
  EXPECT_EQ(message.find("not redirected: nftables: "), 0u) << message;
  EXPECT_EQ(message.find('\n'), message.size() - 1) << message;
  EXPECT_NE(message.find("Operation not permitted"), std::string::npos) << message;
  EXPECT_EQ(text_of(report_), message);
  EXPECT_FALSE(redirected(kElsewhere));
}

TEST_F(InitRedirection, BringsConnectionsToASidecarAndNotItsOwn) {
  redirect({.port = kPort + 1});
  const std::string config = folder_.write("sidecar.yaml", R"(admin: 127.0.0.1:0
listeners:
  - {name: ipv4, address: "127.0.0.1:15002", transparent: true}
  - {name: ipv6, address: "[::1]:15002", transparent: true}
services:
  - name: shop/db:5432
    protocol: tcp
    clusterAddresses: ["10.96.7.7:5432", "[fd00:96::7]:5432"]
    endpoints: [{address: "10.244.1.1:15432"}]
)");
  // With a user of its own; that may read the folders of whoever runs the tests.
  std::optional<Program> sidecar;
  network_.in_pod([&] {
    sidecar.emplace(std::vector<std::string>{"setpriv", "--reuid", std::to_string(kProxy), "--clear-groups",
                                             "--pdeathsig", "KILL", "--inh-caps", "+dac_read_search", "--ambient-caps",
                                             "+dac_read_search", OUTRIGGER_SIDECAR, "--config", config, "--redirection",
                                             report_});
    sidecar->address("listener", "ipv4");
    sidecar->address("listener", "ipv6");
  });
  const net::FileDescriptor endpoint = network_.in_world([] { return listen_on("10.244.1.1:15432"); });
  const net::FileDescriptor outside = network_.in_world([] { return listen_on(kElsewhere); });
  // The kernel lets nobody listen on an IPv6 address that is on no device.
  const std::string neighbour = "[fd99::1]:8080";
  const net::FileDescriptor outside6 = network_.in_world([&] { return listen_on(neighbour); });
  for (const auto& [dialled, arrives_at] :
       std::vector<std::pair<std::string, const net::FileDescriptor*>>{{"10.96.7.7:5432", &endpoint},
                                                                       {"[fd00:96::7]:5432", &endpoint},
                                                                       {kElsewhere, &outside},
                                                                       {neighbour, &outside6}}) {
    SCOPED_TRACE(dialled);
    auto client = network_.in_pod([&, &to = dialled] { return connect_as(kApplication, address(to)); });
    ASSERT_TRUE(client);
    client->send("out");
    Socket server = accept(*arrives_at);
    EXPECT_EQ(server.read_bytes(3), "out");
    server.send("back");
    EXPECT_EQ(client->read_bytes(4), "back");
  }
  const std::string metrics = network_.in_pod([&] { return http_get(sidecar->address("admin"), "/metrics"); });
  EXPECT_EQ(metric(metrics, "outrigger_redirected"), 1);
}

TEST_F(InitRedirection, ABadCommandLineIsAnError) {
  const Ended ended = run({"--redirect-to", "http", "--proxy-uid", "1"});
  EXPECT_EQ(ended.status, 1);
  ASSERT_EQ(ended.lines.size(), 1u);
  EXPECT_EQ(ended.lines[0],
            "outrigger-init: --redirect-to: 'http' is not allowed; allowed: whole numbers from 1 to 65535");
  EXPECT_EQ(text_of(termination_log_), "");
}

std::string ip_port(const std::string& ip, int port) {
  return (ip.find(':') == std::string::npos ? ip : "[" + ip + "]") + ":" + std::to_string(port);
}

/// What the settings mean, without any nftables.
bool is_to_be_redirected(const Settings& settings, const std::string& ip, std::uint16_t port, uid_t user) {
  if (ip.starts_with("127.") || ip == "::1" || ip == PodNetwork::kAddress || ip == "fd99::2") return false;
  if (ip.starts_with("169.254.") || user == settings.proxy) return false;
  if (ip == settings.api_host && port == settings.api_port) return false;
  std::istringstream skipped(settings.skip_ports);
  for (std::string part; std::getline(skipped, part, ',');) {
    const std::size_t dash = part.find('-');
    const int first = std::stoi(part.substr(0, dash));
    const int last = dash == std::string::npos ? first : std::stoi(part.substr(dash + 1));
    if (port >= first && port <= last) return false;
  }
  return true;
}

TEST_F(InitRedirection, DoesWhatItsSettingsSayForAnyConnection) {
  const char* const given = std::getenv("OUTRIGGER_TEST_SEED");
  const std::uint64_t seed = given != nullptr ? std::stoull(given) : std::random_device{}();
  std::cout << "OUTRIGGER_TEST_SEED=" << seed << std::endl;
  std::mt19937_64 random(seed);
  const auto below = [&random](int bound) { return std::uniform_int_distribution(0, bound - 1)(random); };
  const std::vector<std::string> ips{"127.0.0.1", "::1",        "10.99.0.2", "fd99::2",    "203.0.113.7",
                                     "10.96.0.1", "fd00:96::1", "10.99.0.1", "10.244.1.1", "169.254.169.254"};
  const std::vector<uid_t> users{0, kApplication, kProxy};
  int taken = 0;
  int left = 0;
  for (int round = 0; round < 20; ++round) {
    // Few ports, so that ranges overlap and touch, and connections meet their edges.
    Settings settings{.proxy = users[1 + static_cast<std::size_t>(below(2))]};
    for (int i = below(6); i > 0; --i) {
      const int first = 1 + below(60);
      settings.skip_ports += fmt::format("{}{}-{}", settings.skip_ports.empty() ? "" : ",", first, first + below(5));
    }
    settings.api_host = std::vector<std::string>{"", "10.96.0.1", "fd00:96::1",
                                                 "kubernetes.default"}[static_cast<std::size_t>(below(4))];
    settings.api_port = static_cast<std::uint16_t>(1 + below(3));
    redirect(settings);
    for (int i = 0; i < 100; ++i) {
      const std::string& ip = ips[static_cast<std::size_t>(below(static_cast<int>(ips.size())))];
      const auto port = static_cast<std::uint16_t>(1 + below(below(2) == 0 ? 3 : 66));
      const uid_t user = users[static_cast<std::size_t>(below(3))];
      const bool expected = is_to_be_redirected(settings, ip, port, user);
      ++(expected ? taken : left);
      ASSERT_EQ(redirected(ip_port(ip, port), user), expected)
          << ip << ' ' << port << " of " << user << ", proxy " << settings.proxy << ", skipped " << settings.skip_ports
          << ", API server " << settings.api_host << ' ' << settings.api_port;
    }
  }
  EXPECT_GT(taken, 100);
  EXPECT_GT(left, 100);
}

}  // namespace
}  // namespace outrigger::integration
