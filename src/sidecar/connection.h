#pragma once
#include <cstddef>

#include "sidecar/mortal.h"

namespace outrigger::sidecar {

/// A client's connection, whatever it speaks: owned by its worker, which it tells when it is closed. Worker's thread
/// only.
class Connection : public Mortal {
 public:
  /// Ends it at once, whatever is under way, and has the worker bury it.
  virtual void close() = 0;
  /// The sidecar is to end: closes now if idle, else after what is under way.
  virtual void drain() = 0;

 private:
  friend class ConnectionList;
  Connection* next_ = nullptr;
  Connection* previous_ = nullptr;
};

/// A worker's connections. Linked through themselves: ten thousand idle ones should not cost a table as well.
class ConnectionList {
 public:
  std::size_t size() const { return size_; }
  bool empty() const { return first_ == nullptr; }
  Connection* first() const { return first_; }
  static Connection* next(const Connection& connection) { return connection.next_; }

  void add(Connection& connection) {
    connection.next_ = first_;
    if (first_ != nullptr) first_->previous_ = &connection;
    first_ = &connection;
    ++size_;
  }
  void remove(Connection& connection) {
    (connection.previous_ != nullptr ? connection.previous_->next_ : first_) = connection.next_;
    if (connection.next_ != nullptr) connection.next_->previous_ = connection.previous_;
    connection.next_ = connection.previous_ = nullptr;
    --size_;
  }

 private:
  Connection* first_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace outrigger::sidecar
