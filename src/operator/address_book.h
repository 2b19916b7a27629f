#pragma once
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "model/service_port.h"

namespace outrigger::op {

class Subscriber;

/// Which Service is dialled at which address, and who waits for an address to become a Service's. One owner.
class AddressBook {
 public:
  /// `service` is dialled at `now` instead of at `before`.
  void move(const model::ServicePort& service, const std::vector<std::string>& before,
            const std::vector<std::string>& now);

  /// Of several that claim the address, as there may be for the time between two of their changes, the first by name.
  std::optional<model::ServicePort> find(const std::string& address) const;

  /// `subscriber`, which must leave before it ends, is among waiting_at(address) from now on.
  void wait(const std::string& address, Subscriber& subscriber) { waiting_[address].insert(&subscriber); }
  void leave(const std::string& address, Subscriber& subscriber);
  std::vector<Subscriber*> waiting_at(const std::string& address) const;

 private:
  std::unordered_map<std::string, std::set<model::ServicePort>> services_;    ///< no entry is empty
  std::unordered_map<std::string, std::unordered_set<Subscriber*>> waiting_;  ///< no entry is empty
};

}  // namespace outrigger::op
