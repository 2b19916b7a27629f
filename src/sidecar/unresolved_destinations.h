#pragma once
#include <chrono>
#include <functional>
#include <list>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "metrics/cells.h"
#include "net/event_loop.h"

namespace outrigger::sidecar {

/// What a worker knows of destinations (addresses, names of Services) that are in no table: which are no Services, and
/// who waits to be told of the others. Worker's thread only.
class UnresolvedDestinations {
 public:
  class Guest {
   public:
    /// All is known that will be, or it has waited long enough. May end this and other guests.
    virtual void on_told() = 0;

   protected:
    ~Guest() = default;

   private:
    friend class UnresolvedDestinations;
    const std::string* destination_ = nullptr;  ///< a key of waiting_; null: it does not wait
    std::list<Guest*>::iterator place_, place_at_destination_;
    net::Clock::time_point until_;
  };
  using Ask = std::function<void(const std::string& destination)>;

  /// `unanswered` counts guests who have waited in vain.
  UnresolvedDestinations(net::EventLoop& loop, metrics::Counter& unanswered);

  /// Without it nothing is ever asked. `patience`: of guests.
  void set_ask(Ask ask, std::chrono::milliseconds patience) {
    ask_ = std::move(ask);
    patience_ = patience;
  }

  /// Whether it is worth waiting to be told of it.
  bool open(const std::string& destination) const { return ask_ && !no_services_.contains(destination); }
  /// Asks, unless another one has and waits still.
  void wait(const std::string& destination, Guest& guest);
  /// A guest that does not wait is passed over.
  void leave(Guest& guest);

  /// What has come of asking: no Service, until told otherwise; or that the table or nobody knows more. Those who wait
  /// are told.
  void settle(const std::string& destination, bool no_service);

 private:
  void on_time();

  net::EventLoop& loop_;
  metrics::Counter& unanswered_;
  Ask ask_;
  std::chrono::milliseconds patience_{0};
  std::unordered_set<std::string> no_services_;  ///< bounded by who settles: DialledDestinations::kMaxAddresses
  std::list<Guest*> order_;                      ///< who has waited longest is first
  std::unordered_map<std::string, std::list<Guest*>> waiting_;  ///< no entry is empty
  net::Timer timer_;
};

}  // namespace outrigger::sidecar
