#include "sidecar/unresolved_destinations.h"

#include "sidecar/unresolved_client.h"

namespace outrigger::sidecar {

void UnresolvedDestinations::wait(UnresolvedClient& client) {
  const std::string address = client.wanted().text();
  auto& waiting = waiting_[address];
  waiting.push_back(&client);
  if (waiting.size() == 1) ask_(address);
}

void UnresolvedDestinations::remove(const UnresolvedClient& client) {
  const auto found = waiting_.find(client.wanted().text());
  if (found == waiting_.end()) return;
  std::erase(found->second, &client);
  if (found->second.empty()) waiting_.erase(found);
}

void UnresolvedDestinations::settle(const std::string& address, bool no_service) {
  if (no_service) {
    no_services_.insert(address);
  } else {
    no_services_.erase(address);
  }
  const auto found = waiting_.find(address);
  if (found == waiting_.end()) return;
  // Whoever goes on leaves.
  for (UnresolvedClient* const client : std::vector(found->second)) client->go_on();
}

}  // namespace outrigger::sidecar
