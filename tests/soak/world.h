#pragma once
#include <array>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "fakes/certificates.h"
#include "integration/program.h"
#include "soak/client.h"
#include "soak/endpoint.h"
#include "soak/ledger.h"

namespace outrigger::soak {

/// What the sidecar takes up.
struct Reading {
  long rss_kib = 0;
  long descriptors = 0;
  double connections = 0;
  double in_flight = 0;
};

/// One endpoint in a service's set.
struct Member {
  std::size_t index = 0;
  std::uint32_t weight = 1;
  std::uint32_t tier = 0;
  bool draining = false;
};

struct ServiceState {
  std::string protocol;
  std::map<std::string, std::string> options;  ///< as the configuration has them
  std::vector<std::unique_ptr<Endpoint>> endpoints;
  std::unique_ptr<Endpoint> refuge;  ///< no fault ever happens to it
  std::vector<Member> set;           ///< of `endpoints`; when it is empty, the refuge alone
};

/// The real sidecar, with endpoints and clients on one event loop of a thread of its own. Its calls are for the thread
/// that made it; none of a function given to call() is.
class World {
 public:
  explicit World(std::uint64_t seed);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// Runs it on the loop's thread and waits for it.
  void call(const std::function<void()>& task);
  net::EventLoop& loop() { return loop_; }
  Ledger& ledger() { return ledger_; }
  ServiceState& service(const std::string& name) { return services_.at(name); }
  const std::map<std::string, ServiceState>& services() const { return services_; }

  /// "web" and "web2" (HTTP/1.1 and HTTP/2 to kWeb), "grpc", "either", "tcp", "impatient".
  std::string address(const std::string& listener) const { return listeners_.at(listener); }
  void add_client(std::unique_ptr<Client> client) { clients_.push_back(std::move(client)); }
  std::uint64_t next_seed() { return seed_ + ++seeds_given_; }

  /// Every service has what its `set` says from now on. Waits until the sidecar shows it when `wait`.
  void configure(bool wait);
  /// Every endpoint with weight 1.
  void use_all_endpoints();
  /// None but the refuge.
  void use_no_endpoints();

  void start_clients();
  /// Waits until the last answer has come; false when it does not come.
  bool stop_clients();

  void start_sidecar();
  /// SIGTERM; waits for its end.
  void drain_sidecar();
  integration::Program& sidecar() { return *sidecar_; }
  Reading read();
  /// Waits until nothing is open and nothing is kept; then what is left.
  Reading read_at_rest();

 private:
  std::string configuration() const;

  std::uint64_t seed_;
  std::uint64_t seeds_given_ = 0;
  std::string network_;  ///< "127.3.7.": loopback addresses of this process alone
  fakes::TemporaryFolder folder_;
  net::EventLoop loop_;
  Ledger ledger_{loop_};
  std::map<std::string, ServiceState> services_;
  std::map<std::string, std::string> listeners_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::thread thread_;
  std::unique_ptr<integration::Program> sidecar_;
  std::string admin_;
};

}  // namespace outrigger::soak
