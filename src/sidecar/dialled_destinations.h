#pragma once
/// What a pod dials beside what its sidecar's configuration names: which addresses were asked for, which Services they
/// are, and since when nobody has used them. Pure: time is passed in. One owner.
#include <chrono>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "model/service_port.h"

namespace outrigger::sidecar {

class DialledDestinations {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  /// Addresses asked for that are not known to be a Service's; beyond it the one asked for first is forgotten.
  static constexpr std::size_t kMaxAddresses = 1'024;
  /// Services; beyond it what is dialled is passed through.
  static constexpr std::size_t kMaxServices = 1'024;

  struct Asked {
    enum class Next {
      ask,         ///< the operator is to be asked
      wait,        ///< it has been asked
      no_service,  ///< it has answered
    } next;
    /// What comes of this address need not be told any more.
    std::optional<std::string> forgotten = {};
  };
  /// Somebody dials an address that no set has.
  Asked ask(const std::string& address);
  /// What the operator has answered. False: the Service is one too many, and counts as none.
  bool answer(const std::string& address, const std::optional<model::ServicePort>& service, TimePoint now);
  /// One that was in use when this sidecar last ran.
  void remember(const model::ServicePort& service, TimePoint now);

  /// What is to be subscribed to.
  std::vector<model::ServicePort> services() const;

  /// The addresses whose Service is `service` and of which this was not said yet.
  std::vector<std::string> take_waiting(const model::ServicePort& service);

  /// It is in use, up to now.
  void use(const model::ServicePort& service, TimePoint now);
  /// Not used since then, nor waited for.
  std::vector<model::ServicePort> unused_since(TimePoint time) const;
  /// Nobody uses it. False: somebody waits for it, so it goes on.
  bool end(const model::ServicePort& service);

 private:
  struct Address {
    bool no_service = false;  ///< the operator has said so
    std::list<std::string>::iterator place;
  };
  std::unordered_map<std::string, Address> addresses_;
  std::list<std::string> order_;                      ///< of addresses_, the one asked for first in front
  std::map<model::ServicePort, TimePoint> services_;  ///< to when it was last seen in use
  std::map<model::ServicePort, std::vector<std::string>> waiting_;
};

}  // namespace outrigger::sidecar
