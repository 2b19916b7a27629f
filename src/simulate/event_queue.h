#pragma once
#include <cstdint>
#include <vector>

#include "health/passive_health.h"

namespace outrigger::simulate {

using health::Time;

/// How a try at a backend ended, as its sidecar comes to know.
enum class Answer : std::uint8_t {
  good,
  bad,            ///< a server error
  reset,          ///< the connection ended before an answer
  not_connected,  ///< nobody took the connection
};

/// Something that happens at a time. What `subject` and `version` are depends on the kind; one whose version is not
/// its subject's any more is out of date and means nothing.
struct Event {
  enum class Kind : std::uint8_t {
    arrival,     ///< a request of an open load; version: of the rate
    client,      ///< a client of a closed load sends its next request; subject: the client
    reach,       ///< a try comes to its backend; subject: the request, version: the try
    finish,      ///< a backend has done with a request; subject: the backend, version: of its next end
    answer,      ///< it is back at the sidecar; subject: the request, version: the try
    give_up,     ///< nobody waits any longer; subject: the request, version: its life
    change,      ///< of the scenario; subject: its index
    revert,      ///< and its end; version: the only backend, or kAll
    antagonist,  ///< another speed; subject: the backend, version: of its antagonist
    told,        ///< the sidecars learn the next set
  };
  static constexpr std::uint32_t kAll = UINT32_MAX;

  Time at{0};
  std::uint64_t order = 0;  ///< in which they were pushed
  std::uint32_t subject = 0;
  std::uint32_t version = 0;
  Kind kind = Kind::arrival;
  Answer answer = Answer::good;
};

/// What is to come, the soonest first, and of one moment in the order in which it was pushed, so that a run can be
/// repeated. One owner.
class EventQueue {
 public:
  void push(Time at, Event::Kind kind, std::uint32_t subject = 0, std::uint32_t version = 0,
            Answer answer = Answer::good);
  bool empty() const { return heap_.empty(); }
  /// Requires that it is not empty. O(log n), as push().
  Event pop();

 private:
  std::vector<Event> heap_;
  std::uint64_t pushed_ = 0;
};

}  // namespace outrigger::simulate
