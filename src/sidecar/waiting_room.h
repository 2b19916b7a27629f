#pragma once
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>

#include "net/event_loop.h"

namespace outrigger::sidecar {

/// Where requests wait for a place at a cluster that has as many requests or connections as it may have: first come,
/// first served, each only so long. Worker's thread only.
class WaitingRoom {
 public:
  class Guest {
   public:
    /// Try now. A guest for whom there is no place after all enters again, and keeps its turn and its time.
    virtual void on_place() = 0;
    /// It has waited long enough.
    virtual void on_no_place() = 0;

   protected:
    ~Guest() = default;

   private:
    friend class WaitingRoom;
    bool waits_ = false;
    std::list<Guest*>::iterator place_;
    net::Clock::time_point until_;
  };

  explicit WaitingRoom(net::EventLoop& loop);
  ~WaitingRoom() { *self_ = nullptr; }
  WaitingRoom(const WaitingRoom&) = delete;
  WaitingRoom& operator=(const WaitingRoom&) = delete;

  std::size_t size() const { return guests_.size(); }
  /// Whether others were here before this one, which must then enter even if there is a place.
  bool would_be_overtaken_by(const Guest& guest) const { return !guests_.empty() && &guest != let_in_; }
  /// `patience` is the same for all who wait at a time, but for a change of options.
  void enter(Guest& guest, net::Clock::duration patience);
  /// A guest that does not wait is passed over.
  void leave(Guest& guest);
  /// There may be a place, or several: lets in who has one, once this round's events are told.
  void place_is_free();

 private:
  void let_in_all();
  void on_time();
  void wake_by(net::Clock::time_point time);

  net::EventLoop& loop_;
  std::list<Guest*> guests_;
  const Guest* let_in_ = nullptr;  ///< who tries now
  bool came_back_ = false;         ///< and has entered again
  bool place_told_ = false;
  std::shared_ptr<WaitingRoom*> self_;  ///< for what is deferred: null once this has ended
  net::Timer timer_;
  net::Clock::time_point due_;  ///< what timer_ is set to
};

}  // namespace outrigger::sidecar
