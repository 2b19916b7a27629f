#pragma once
/// A worker in this process, with a listener and a table the test makes.
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "fakes/sockets.h"
#include "sidecar/routing_table.h"
#include "sidecar/worker.h"

namespace outrigger::sidecar::test {

using namespace fakes;

inline const model::ServicePort kWeb{{"shop", "web"}, 80};

model::Endpoint endpoint(const std::string& address, std::uint32_t weight = 1);

class Proxy {
 public:
  /// Listens for kWeb, of which nothing is known yet. `workers`: of how many it takes itself to be one.
  explicit Proxy(std::uint64_t seed = 1, std::size_t workers = 1);

  /// The worker has taken it when this returns.
  void set_endpoints(const std::vector<std::string>& addresses);
  void set(std::vector<model::Endpoint> endpoints);
  void set(const model::EndpointSet& set);
  void forget(const model::ServicePort& service);
  /// The listener goes to another service.
  void turn(const model::ServicePort& service);
  /// For the sets that follow.
  model::ServiceOptions options;

  /// Everything posted before has been done, and so has what was ready to be read.
  void sync();
  /// Waits until it is so, looking again after each round of the worker.
  void eventually(const char* what, const std::function<bool()>& is_so);

  std::uint16_t port() const { return port_; }
  Socket connect(int receive_buffer_bytes = 0) { return Socket::connect(port_, receive_buffer_bytes); }
  /// A fresh listener of the worker's, for kWeb if nothing else is said. Returns its port.
  std::uint16_t listen(const std::string& name, const model::ServicePort& service = kWeb,
                       ListenerProtocol protocol = ListenerProtocol::http);
  /// One whose requests go to the Service that their host names, a name alone to that of the namespace "shop".
  std::uint16_t listen_by_host(ListenerProtocol protocol);

  Worker& worker() { return *worker_; }
  /// Ends the worker as it is.
  void end() { worker_.reset(); }

  // What is counted, once the worker has done with what was ready before.
  std::uint64_t requests(std::uint16_t code, const model::ServicePort& service = kWeb);
  std::uint64_t all_requests(const model::ServicePort& service = kWeb);
  std::uint64_t durations(const model::ServicePort& service = kWeb);
  std::uint64_t retries();
  std::uint64_t outcomes(const std::string& address, Outcome outcome);
  std::uint64_t all_outcomes(const std::string& address);
  std::int64_t in_flight(const std::string& address);
  std::uint64_t ejections(const std::string& address);
  std::int64_t connections();
  bool in_panic();
  std::uint64_t detections(DetectedProtocol protocol);
  /// Bytes that the worker holds.
  std::uint64_t held();
  /// Destinations of which nothing was said in time.
  std::uint64_t unanswered();
  /// What was ended since no more may be held.
  std::uint64_t ended_for_room();

 private:
  using Backends = std::vector<std::shared_ptr<BackendMetrics>>;

  std::uint16_t listen(ListenerConfig config);
  void publish(const Worker::Turns& turned = {});
  const ServiceCells& service(const model::ServicePort& service);
  const Backends& backends(const std::string& address);

  WorkerCells cells_;
  TableBuilder tables_;
  std::map<model::ServicePort, std::shared_ptr<const feed::FullSet>> sets_;
  /// Of every endpoint there ever was: an endpoint that comes back begins anew.
  std::map<std::string, Backends> backends_;
  std::uint16_t port_ = 0;
  int version_ = 0;
  std::unique_ptr<Worker> worker_;
};

}  // namespace outrigger::sidecar::test
