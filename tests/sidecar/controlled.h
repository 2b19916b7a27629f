#pragma once
/// The whole sidecar in this process, with its file and its admin address.
#include <gtest/gtest.h>
#include <pthread.h>
#include <nlohmann/json.hpp>

#include <csignal>
#include <filesystem>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "fakes/certificates.h"
#include "fakes/sockets.h"
#include "messages.h"
#include "sidecar/control.h"

namespace outrigger::sidecar::test {

using namespace fakes;

inline constexpr auto kDeadline = std::chrono::seconds(20);

/// A port that is free for whoever sets SO_REUSEADDR, and for nobody else, while this lives.
class ReservedPort {
 public:
  ReservedPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int on = 1;
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
    const auto any = *net::SocketAddress::parse("127.0.0.1:0");
    if (::bind(socket_.get(), any.get(), any.length) != 0) give_up("bind");
    port_ = net::local_address(socket_.get())->port();
  }
  std::uint16_t port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  net::FileDescriptor socket_;
  std::uint16_t port_ = 0;
};

/// Control on a thread of its own, to which signals are sent.
class Sidecar {
 public:
  explicit Sidecar(const std::string& path) {
    std::promise<void> started;
    auto is_started = started.get_future();
    thread_ = std::thread([this, path, started = std::move(started)]() mutable {
      const auto text = read_config(path);
      auto config = parse_config(*text, path);
      if (!config) give_up(config.error().text);
      Control control(std::move(*config), path, *text, "", std::nullopt);
      if (const auto done = control.start(); !done) give_up(done.error().text);
      started.set_value();
      control.run();
      ended_.set_value();
    });
    if (is_started.wait_for(kDeadline) != std::future_status::ready) give_up("the start");
  }
  ~Sidecar() {
    if (!thread_.joinable()) return;
    signal(SIGTERM);
    await_end();
  }

  void signal(int number) { ::pthread_kill(thread_.native_handle(), number); }
  void await_end() {
    if (ended_.get_future().wait_for(kDeadline) != std::future_status::ready) give_up("the sidecar's end");
    thread_.join();
  }

 private:
  std::promise<void> ended_;
  std::thread thread_;
};

class Controlled : public ::testing::Test {
 protected:
  std::string config(const std::vector<std::string>& endpoints, const std::string& more = "") const {
    std::string text = "admin: " + admin_.address() +
                       "\nworkers: 2\nlisteners:\n  - {name: web, address: " + web_.address() +
                       ", service: shop/web:80}\n" + more + "services:\n  - name: shop/web:80\n" + "    endpoints:\n";
    for (const std::string& endpoint : endpoints) text += "      - {address: " + endpoint + "}\n";
    return text;
  }
  /// As a person's editor and a ConfigMap do it: the new file takes the old one's place at once.
  void replace(const std::string& text) const {
    std::filesystem::rename(folder_.write("config.yaml.new", text), path());
  }
  std::string path() const { return (folder_.path() / "config.yaml").string(); }
  Message admin(const std::string& request) const {
    Socket socket = Socket::connect(admin_.port());
    socket.send(request + " HTTP/1.1\r\nHost: sidecar\r\nConnection: close\r\n\r\n");
    return socket.read_response(request.starts_with("HEAD"));
  }
  void await_backend(const std::string& address) const {
    const auto deadline = net::Clock::now() + kDeadline;
    while (admin("GET /backends").body.find(address) == std::string::npos) {
      if (net::Clock::now() > deadline) give_up("a backend " + address);
    }
  }
  /// Of the one service's set, as /backends shows it.
  std::string set_version() const {
    return nlohmann::json::parse(admin("GET /backends").body).at("services").at(0).at("version");
  }
  /// Nobody listens any more.
  void await_refusal() const {
    const auto deadline = net::Clock::now() + kDeadline;
    for (;;) {
      const auto connecting = net::start_connect(*net::SocketAddress::parse(web_.address()));
      if (!connecting) return;
      pollfd polled{.fd = connecting->get(), .events = POLLOUT, .revents = 0};
      if (::poll(&polled, 1, 1'000) > 0 && net::connect_error(connecting->get()) != 0) return;
      if (net::Clock::now() > deadline) give_up("a connection that is refused");
    }
  }
  void expect_served(Listener& endpoint) const {
    Socket client = Socket::connect(web_.port());
    client.send(get("/", "Connection: close\r\n"));
    Socket upstream = endpoint.accept();
    upstream.read_request();
    upstream.send(ok("served", "Connection: close\r\n"));
    EXPECT_EQ(client.read_response().body, "served");
  }

  fakes::TemporaryFolder folder_;
  ReservedPort admin_;
  ReservedPort web_;
  Listener a_;
  Listener b_;
};

}  // namespace outrigger::sidecar::test
