#include "proxy.h"

#include <algorithm>
#include <future>
#include <numeric>

namespace outrigger::sidecar::test {
namespace {

constexpr auto kDeadline = std::chrono::seconds(20);

}  // namespace

model::Endpoint endpoint(const std::string& address, std::uint32_t weight) {
  model::Endpoint endpoint;
  endpoint.address = address;
  endpoint.weight = weight;
  return endpoint;
}

Proxy::Proxy(std::uint64_t seed, std::size_t workers)
    : tables_(workers),
      worker_(std::make_unique<Worker>(0, seed, HttpSettings{},
                                       WorkerLimits{.connections = 100'000, .buffered_bytes = 64 << 20}, cells_)) {
  sets_[kWeb] = nullptr;
  publish();
  port_ = listen("web");
}

std::uint16_t Proxy::listen(const std::string& name, const model::ServicePort& service, ListenerProtocol protocol) {
  return listen({.name = name, .address = {}, .service = service, .protocol = protocol});
}

std::uint16_t Proxy::listen_by_host(ListenerProtocol protocol) {
  return listen({.name = "by host", .address = {}, .service = {}, .protocol = protocol, .by_host = "shop"});
}

std::uint16_t Proxy::listen(ListenerConfig config) {
  auto fd = net::listen_on(*net::SocketAddress::parse("127.0.0.1:0"), /*reuse_port=*/true);
  if (!fd) give_up(fd.error().text);
  const std::uint16_t port = net::local_address(fd->get())->port();
  worker_->add_listener(config, std::move(*fd));
  sync();
  return port;
}

void Proxy::set_endpoints(const std::vector<std::string>& addresses) {
  std::vector<model::Endpoint> endpoints;
  std::transform(addresses.begin(), addresses.end(), std::back_inserter(endpoints),
                 [](const std::string& address) { return endpoint(address); });
  set(std::move(endpoints));
}

void Proxy::set(std::vector<model::Endpoint> endpoints) {
  std::sort(endpoints.begin(), endpoints.end(), [](const auto& a, const auto& b) { return a.address < b.address; });
  set({.service = kWeb, .options = options, .rules = model::own_cluster_rule(kWeb), .endpoints = std::move(endpoints)});
}

void Proxy::set(const model::EndpointSet& set) {
  sets_[set.service] = std::make_shared<const feed::FullSet>(feed::FullSet{std::to_string(++version_), set});
  publish();
}

void Proxy::forget(const model::ServicePort& service) {
  sets_.erase(service);
  publish();
}

void Proxy::turn(const model::ServicePort& service) { publish({{"web", service}}); }

void Proxy::publish(const Worker::Turns& turned) {
  const auto table = tables_.build(sets_);
  for (const auto& [service, entry] : *table) {
    for (std::size_t i = 0; i < entry.backends.size(); ++i) {
      Backends& backends = backends_[entry.set->set.endpoints[i].address];
      if (backends.empty() || backends.back() != entry.backends[i]) backends.push_back(entry.backends[i]);
    }
  }
  worker_->apply(table, turned);
  sync();
}

void Proxy::sync() {
  // Events are told before posted tasks are run: the second round tells those that came with the first.
  for (int round = 0; round < 2; ++round) {
    std::promise<void> done;
    worker_->loop().post([&done] { done.set_value(); });
    if (done.get_future().wait_for(kDeadline) != std::future_status::ready) give_up("a round of the worker");
  }
}

void Proxy::eventually(const char* what, const std::function<bool()>& is_so) {
  const auto deadline = net::Clock::now() + kDeadline;
  while (!is_so()) {
    if (net::Clock::now() > deadline) give_up(what);
    sync();
  }
}

const ServiceCells& Proxy::service(const model::ServicePort& service) {
  if (worker_) sync();
  return tables_.current()->at(service).metrics->cells[0];
}

const Proxy::Backends& Proxy::backends(const std::string& address) {
  if (worker_) sync();
  const auto found = backends_.find(address);
  if (found == backends_.end()) give_up("no such endpoint: " + address);
  return found->second;
}

std::uint64_t Proxy::requests(std::uint16_t code, const model::ServicePort& service) {
  return this->service(service).codes[static_cast<std::size_t>(code - kFirstStatus)].value();
}

std::uint64_t Proxy::all_requests(const model::ServicePort& service) {
  const auto& codes = this->service(service).codes;
  return std::accumulate(codes.begin(), codes.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const auto& code) { return sum + code.value(); });
}

std::uint64_t Proxy::durations(const model::ServicePort& service) {
  const auto buckets = this->service(service).duration.read().buckets;
  return std::accumulate(buckets.begin(), buckets.end(), std::uint64_t{0});
}

std::uint64_t Proxy::retries() { return service(kWeb).retries.value(); }

std::uint64_t Proxy::outcomes(const std::string& address, Outcome outcome) {
  std::uint64_t sum = 0;
  for (const auto& backend : backends(address)) {
    sum += backend->cells[0].outcomes[static_cast<std::size_t>(outcome)].value();
  }
  return sum;
}

std::uint64_t Proxy::all_outcomes(const std::string& address) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kOutcomeNames.size(); ++i) sum += outcomes(address, static_cast<Outcome>(i));
  return sum;
}

std::int64_t Proxy::in_flight(const std::string& address) {
  return backends(address).back()->cells[0].in_flight.value();
}

std::uint64_t Proxy::ejections(const std::string& address) {
  const auto& counters = backends(address).back()->cells[0].ejections;
  return std::accumulate(counters.begin(), counters.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const auto& counter) { return sum + counter.value(); });
}

bool Proxy::in_panic() { return service(kWeb).panic.value() != 0; }

std::int64_t Proxy::connections() {
  if (worker_) sync();
  return cells_.connections_active.value();
}

std::uint64_t Proxy::detections(DetectedProtocol protocol) {
  sync();
  return cells_.detections[static_cast<std::size_t>(protocol)].value();
}

std::uint64_t Proxy::held() {
  sync();
  std::promise<std::uint64_t> bytes;
  worker_->loop().post([&] { bytes.set_value(worker_->held().total()); });
  return bytes.get_future().get();
}

std::uint64_t Proxy::unanswered() {
  sync();
  return cells_.no_answers.value();
}

std::uint64_t Proxy::ended_for_room() {
  sync();
  return cells_.no_room.value();
}

}  // namespace outrigger::sidecar::test
