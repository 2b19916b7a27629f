#pragma once
#include <utility>

#include "sidecar/router.h"
#include "sidecar/service_metrics.h"

namespace outrigger::sidecar {

/// One connection to an endpoint, counted against what the cluster may have.
class ConnectionSlot {
 public:
  ConnectionSlot() = default;
  explicit ConnectionSlot(Destination& cluster) : cluster_(&cluster) { ++cluster.connections; }
  ~ConnectionSlot() { free(); }
  ConnectionSlot(ConnectionSlot&& other) noexcept : cluster_(std::exchange(other.cluster_, nullptr)) {}
  ConnectionSlot& operator=(ConnectionSlot&& other) noexcept {
    free();
    cluster_ = std::exchange(other.cluster_, nullptr);
    return *this;
  }
  /// The connection is closed.
  void free();

 private:
  Destination* cluster_ = nullptr;
};

/// A request, or a connection that is no HTTP, under way at an endpoint: in flight from the pick until finish(). Keeps
/// the cluster from ending. One owner.
class Lease {
 public:
  Lease() = default;
  /// `backend` as Cluster::pick() has given it.
  Lease(Destination& cluster, balance::Backend& backend);
  ~Lease() { CHECK(backend_ == nullptr); }
  Lease(Lease&& other) noexcept
      : cluster_(std::exchange(other.cluster_, nullptr)), backend_(std::exchange(other.backend_, nullptr)) {}
  Lease& operator=(Lease&& other) noexcept {
    CHECK(backend_ == nullptr);
    cluster_ = std::exchange(other.cluster_, nullptr);
    backend_ = std::exchange(other.backend_, nullptr);
    return *this;
  }

  explicit operator bool() const { return backend_ != nullptr; }
  balance::Backend& backend() const { return *backend_; }
  Destination& cluster() const { return *cluster_; }
  /// It is over, and counted: the endpoint's load and the cluster's places are given back.
  void finish(Outcome outcome);
  /// Nothing was tried, and no place has become free that was not before.
  void give_back();

 private:
  Destination* cluster_ = nullptr;
  balance::Backend* backend_ = nullptr;
};

}  // namespace outrigger::sidecar
