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

/// What an outcome says of the endpoint.
balance::Verdict verdict_of(Outcome outcome);

/// A request, or a connection that is no HTTP, under way at an endpoint: in flight from the pick until finish(). Keeps
/// the cluster from ending. One owner.
class Lease {
 public:
  Lease() = default;
  /// `call` as Cluster::pick() has given it.
  Lease(Destination& cluster, const balance::Call& call);
  ~Lease() { CHECK(call_.backend == nullptr); }
  Lease(Lease&& other) noexcept
      : cluster_(std::exchange(other.cluster_, nullptr)), call_(std::exchange(other.call_, {})) {}
  Lease& operator=(Lease&& other) noexcept {
    CHECK(call_.backend == nullptr);
    cluster_ = std::exchange(other.cluster_, nullptr);
    call_ = std::exchange(other.call_, {});
    return *this;
  }

  explicit operator bool() const { return call_.backend != nullptr; }
  balance::Backend& backend() const { return *call_.backend; }
  Destination& cluster() const { return *cluster_; }
  /// The endpoint's answer has begun, and is none that says it is not well.
  void answered();
  /// It is over, and counted: the endpoint's load and the cluster's places are given back.
  void finish(Outcome outcome) { finish(outcome, verdict_of(outcome)); }
  /// The same where the outcome says something else of the endpoint than it seems to.
  void finish(Outcome outcome, balance::Verdict verdict);
  /// Nothing was tried, and no place has become free that was not before.
  void give_back();

 private:
  void end();

  Destination* cluster_ = nullptr;
  balance::Call call_;
};

}  // namespace outrigger::sidecar
