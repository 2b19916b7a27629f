#include "soak/world.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "integration/http_connection.h"
#include "integration/metrics_text.h"
#include "soak/traffic.h"

namespace outrigger::soak {
namespace {

constexpr std::size_t kEndpoints = 4;

struct ListenerKind {
  const char* name;
  const char* protocol;
  const char* service;
};
constexpr std::array<ListenerKind, 6> kListeners = {{{"web", "http", kWeb},
                                                     {"web2", "http2", kWeb},
                                                     {"grpc", "http2", kGrpc},
                                                     {"either", "auto", kEither},
                                                     {"tcp", "tcp", kTcp},
                                                     {"impatient", "http", kImpatient}}};

long rss_kib_of(pid_t pid) {
  std::ifstream status(fmt::format("/proc/{}/status", pid));
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stol(line.substr(6));
  }
  return 0;
}

long descriptors_of(pid_t pid) {
  const std::filesystem::directory_iterator all(fmt::format("/proc/{}/fd", pid));
  return std::distance(begin(all), end(all));
}

}  // namespace

World::World(std::uint64_t seed) : seed_(seed) {
  const int pid = ::getpid();
  network_ = fmt::format("127.{}.{}.", 1 + pid / 250 % 250, 1 + pid % 250);
  for (const auto& [name, protocol] : std::map<std::string, std::string>{
           {kWeb, "http"}, {kGrpc, "http2"}, {kEither, "auto"}, {kTcp, "tcp"}, {kImpatient, "http"}}) {
    ServiceState& service = services_[name];
    service.protocol = protocol;
    if (name == kImpatient) service.options["timeout"] = "2s";
    const auto make_endpoint = [&, name = name, protocol = protocol](std::size_t i) {
      const auto address = fmt::format("{}{}:80{:02}", network_, 2 + i, services_.size());
      return std::make_unique<Endpoint>(loop_, address, protocol == "tcp", [this, name] { ledger_.went_away(name); });
    };
    for (std::size_t i = 0; i < kEndpoints; ++i) {
      service.endpoints.push_back(make_endpoint(i));
    }
    service.refuge = make_endpoint(kEndpoints);
  }
  for (const auto& listener : kListeners) {
    listeners_[listener.name] = fmt::format("{}1:{}", network_, 8'100 + listeners_.size());
  }
  thread_ = std::thread([this] { loop_.run(); });
  use_all_endpoints();
  start_sidecar();
}

World::~World() {
  sidecar_.reset();
  loop_.stop();
  thread_.join();
}

void World::call(const std::function<void()>& task) {
  std::promise<void> done;
  loop_.post([&] {
    task();
    done.set_value();
  });
  done.get_future().wait();
}

std::string World::configuration() const {
  std::string text = "admin: 127.0.0.1:0\nworkers: 2\nlisteners:\n";
  for (const auto& [name, protocol, service] : kListeners) {
    text += fmt::format("  - {{name: {}, address: {}, protocol: {}, service: {}}}\n", name, listeners_.at(name),
                        protocol, service);
  }
  text += "services:\n";
  for (const auto& [name, service] : services_) {
    text += fmt::format("  - name: {}\n    protocol: {}\n", name, service.protocol);
    for (const auto& [key, value] : service.options) text += fmt::format("    {}: {}\n", key, value);
    text += "    endpoints:\n";
    if (service.set.empty()) text += fmt::format("      - {{address: {}}}\n", service.refuge->address());
    for (const Member& member : service.set) {
      text += fmt::format("      - {{address: {}, weight: {}, tier: {}}}\n", service.endpoints[member.index]->address(),
                          member.weight, member.tier);
    }
  }
  return text;
}

void World::configure(bool wait) {
  // In one piece, so that nobody reads half of it.
  const std::string place = folder_.path() / "sidecar.yaml";
  std::filesystem::rename(folder_.write("next.yaml", configuration()), place);
  if (!wait) return;
  EXPECT_TRUE(integration::eventually([this] {
    const auto shown = nlohmann::json::parse(integration::http_get(admin_, "/backends"));
    return std::all_of(shown.at("services").begin(), shown.at("services").end(), [this](const auto& one) {
      return one.at("backends").size() == std::max<std::size_t>(1, services_.at(one.at("service")).set.size());
    });
  })) << "the sidecar does not take a configuration";
}

void World::use_all_endpoints() {
  for (auto& [name, service] : services_) {
    service.set.clear();
    for (std::size_t i = 0; i < service.endpoints.size(); ++i) service.set.push_back({.index = i});
  }
  configure(sidecar_ != nullptr);
}

void World::use_no_endpoints() {
  for (auto& [name, service] : services_) service.set.clear();
  configure(true);
}

void World::start_clients() {
  call([this] {
    for (const auto& client : clients_) client->start();
  });
}

bool World::stop_clients() {
  call([this] {
    for (const auto& client : clients_) client->stop();
  });
  return integration::eventually(
      [this] {
        bool idle = false;
        call([&] {
          idle = std::all_of(clients_.begin(), clients_.end(), [](const auto& client) { return client->idle(); });
        });
        return idle;
      },
      2 * kRequestDeadline);
}

void World::start_sidecar() {
  sidecar_ = std::make_unique<integration::Program>(
      std::vector<std::string>{OUTRIGGER_SIDECAR, "--config", folder_.path() / "sidecar.yaml"});
  admin_ = sidecar_->address("admin");
}

void World::drain_sidecar() {
  std::promise<void> done;
  loop_.post([&] {
    // Behind what this round writes: what counts as sent before has been sent.
    loop_.defer([&] {
      ledger_.drain_begins();
      sidecar_->signal(SIGTERM);
      done.set_value();
    });
  });
  done.get_future().wait();
  sidecar_.reset();
}

Reading World::read() {
  const std::string metrics = integration::http_get(admin_, "/metrics");
  return {.rss_kib = rss_kib_of(sidecar_->pid()),
          .descriptors = descriptors_of(sidecar_->pid()),
          .connections = integration::metric(metrics, "outrigger_connections_active").value_or(-1),
          .in_flight = integration::metric(metrics, "outrigger_backend_in_flight").value_or(0)};
}

Reading World::read_at_rest() {
  Reading reading;
  EXPECT_TRUE(integration::eventually([&] {
    reading = read();
    return reading.connections == 0 && reading.in_flight == 0;
  })) << reading.connections
      << " connections, " << reading.in_flight << " requests in flight";
  use_no_endpoints();  // ends the connections that are kept for further requests
  EXPECT_TRUE(integration::eventually([&] {
    std::size_t open = 0;
    call([&] {
      for (const auto& [name, service] : services_) {
        for (const auto& endpoint : service.endpoints) open += endpoint->connections();
      }
    });
    return open == 0;
  })) << "connections to endpoints that are no longer in any set";
  return read();
}

}  // namespace outrigger::soak
