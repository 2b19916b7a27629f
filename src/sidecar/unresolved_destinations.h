#pragma once
#include <chrono>
#include <functional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace outrigger::sidecar {

class UnresolvedClient;

/// What a worker knows of destinations that are in no table: which are no Services, and who waits to be told of the
/// others. Worker's thread only.
class UnresolvedDestinations {
 public:
  using Ask = std::function<void(const std::string& address)>;
  /// Without it nothing is ever asked. `patience`: of who waits to be told.
  void set_ask(Ask ask, std::chrono::milliseconds patience) {
    ask_ = std::move(ask);
    patience_ = patience;
  }
  std::chrono::milliseconds patience() const { return patience_; }

  /// Whether it is worth waiting to be told of that address.
  bool open(const std::string& address) const { return ask_ && !no_services_.contains(address); }
  /// Asks, unless another one has and waits still.
  void wait(UnresolvedClient& client);
  void remove(const UnresolvedClient& client);

  /// What has come of asking: no Service, until told otherwise; or that the table or nobody knows more. Those who wait
  /// go on.
  void settle(const std::string& address, bool no_service);

 private:
  Ask ask_;
  std::chrono::milliseconds patience_{0};
  std::unordered_set<std::string> no_services_;  ///< bounded by who settles: DialledDestinations::kMaxAddresses
  std::unordered_map<std::string, std::vector<UnresolvedClient*>> waiting_;  ///< no entry is empty
};

}  // namespace outrigger::sidecar
