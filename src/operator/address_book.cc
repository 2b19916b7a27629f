#include "operator/address_book.h"

namespace outrigger::op {

void AddressBook::move(const model::ServicePort& service, const std::vector<std::string>& before,
                       const std::vector<std::string>& now) {
  for (const std::string& address : before) {
    const auto found = services_.find(address);
    if (found == services_.end()) continue;
    found->second.erase(service);
    if (found->second.empty()) services_.erase(found);
  }
  for (const std::string& address : now) services_[address].insert(service);
}

std::optional<model::ServicePort> AddressBook::find(const std::string& address) const {
  const auto found = services_.find(address);
  if (found == services_.end()) return std::nullopt;
  return *found->second.begin();
}

void AddressBook::leave(const std::string& address, Subscriber& subscriber) {
  const auto found = waiting_.find(address);
  if (found == waiting_.end()) return;
  found->second.erase(&subscriber);
  if (found->second.empty()) waiting_.erase(found);
}

std::vector<Subscriber*> AddressBook::waiting_at(const std::string& address) const {
  const auto found = waiting_.find(address);
  if (found == waiting_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

}  // namespace outrigger::op
