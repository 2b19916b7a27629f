#include "sidecar/dialled_destinations.h"

#include <utility>

namespace outrigger::sidecar {

DialledDestinations::Asked DialledDestinations::ask(const std::string& address) {
  if (const auto known = addresses_.find(address); known != addresses_.end()) {
    return {known->second.no_service ? Asked::Next::no_service : Asked::Next::wait};
  }
  Asked asked{Asked::Next::ask};
  if (addresses_.size() == kMaxAddresses) {
    asked.forgotten = std::move(order_.front());
    order_.pop_front();
    addresses_.erase(*asked.forgotten);
  }
  addresses_.emplace(address, Address{false, order_.insert(order_.end(), address)});
  return asked;
}

std::vector<model::ServicePort> DialledDestinations::services() const {
  std::vector<model::ServicePort> services;
  for (const auto& [service, used_at] : services_) services.push_back(service);
  return services;
}

bool DialledDestinations::answer(const std::string& address, const std::optional<model::ServicePort>& service,
                                 TimePoint now) {
  const auto asked = addresses_.find(address);
  if (asked == addresses_.end()) return false;
  const bool taken = service && (services_.contains(*service) || services_.size() < kMaxServices);
  if (!taken) {
    asked->second.no_service = true;
    return false;
  }
  order_.erase(asked->second.place);
  addresses_.erase(asked);
  services_[*service] = now;
  waiting_[*service].push_back(address);
  return true;
}

void DialledDestinations::remember(const model::ServicePort& service, TimePoint now) {
  if (services_.size() < kMaxServices) services_.emplace(service, now);
}

std::vector<std::string> DialledDestinations::take_waiting(const model::ServicePort& service) {
  const auto found = waiting_.find(service);
  if (found == waiting_.end()) return {};
  std::vector<std::string> addresses = std::move(found->second);
  waiting_.erase(found);
  return addresses;
}

void DialledDestinations::use(const model::ServicePort& service, TimePoint now) {
  if (const auto found = services_.find(service); found != services_.end()) found->second = now;
}

std::vector<model::ServicePort> DialledDestinations::unused_since(TimePoint time) const {
  std::vector<model::ServicePort> unused;
  for (const auto& [service, used_at] : services_) {
    if (used_at <= time && !waiting_.contains(service)) unused.push_back(service);
  }
  return unused;
}

bool DialledDestinations::end(const model::ServicePort& service) {
  return !waiting_.contains(service) && services_.erase(service) > 0;
}

}  // namespace outrigger::sidecar
