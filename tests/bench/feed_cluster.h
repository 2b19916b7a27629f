/// The made-up cluster of the feed's bench: Services, their EndpointSlices, Pods and Nodes as an API server writes
/// them, and the changes it goes through. Values in, values out; one owner.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "kube/objects.h"

namespace bench {

using Clock = std::chrono::steady_clock;
using outrigger::kube::Kind;

/// What tells one list of endpoints from another, in any order of its addresses.
using Digest = std::uint64_t;
/// Requires "10.A.B.C:8080", as the cluster has them.
Digest digest_of(std::uint32_t address);
std::optional<std::uint32_t> address_of(const std::string& text);

/// One endpoint has gone or come.
struct Step {
  std::size_t service = 0;
  std::uint32_t number = 0;  ///< of the Service's steps, from 1
  bool removal = false;
};

/// An object as a watch tells it.
struct Event {
  Kind kind;
  std::string line;
};

class FeedCluster {
 public:
  static constexpr std::size_t kNodes = 100;
  /// Steps of a Service that are remembered: more than a subscriber can be behind.
  static constexpr std::size_t kRemembered = 64;

  /// Requires two endpoints a Service, of which one always stays.
  FeedCluster(std::size_t services, std::size_t endpoints, std::uint64_t seed);

  std::size_t services() const { return services_.size(); }
  /// As the feed calls its port: "bench/s00012:80".
  static std::string name_of(std::size_t service);
  static std::optional<std::size_t> service_of(const std::string& name);

  /// One endpoint more or less: a Service's oldest goes until `away` are gone, then what has been away for longest is
  /// replaced by another pod with a new address, as a Deployment would. So no two steps of a Service lead to the same
  /// endpoints. Returns what the API server then tells, the slice last.
  std::pair<Step, std::vector<Event>> change(std::size_t away);

  /// A list's page of about `limit` objects that begins with the Service (or node) `from`. All pages of a list say the
  /// `version` of its first, whatever has changed meanwhile: a watch from there tells it again.
  std::string page(Kind kind, std::size_t from, std::uint64_t version, std::size_t limit) const;
  std::uint64_t version() const { return version_; }

  std::uint32_t step_of(std::size_t service) const { return services_[service].first + last_of(service); }
  Digest digest(std::size_t service) const { return services_[service].digests.back(); }
  /// Which step led to these endpoints; null: none that is remembered.
  std::optional<std::uint32_t> step_with(std::size_t service, Digest digest) const;

 private:
  struct Service {
    std::vector<std::uint32_t> addresses;
    std::deque<Digest> digests;  ///< after step first, first + 1, ...
    std::uint32_t first = 0;
  };
  std::uint32_t last_of(std::size_t service) const {
    return static_cast<std::uint32_t>(services_[service].digests.size() - 1);
  }
  std::string object(Kind kind, std::size_t index) const;
  std::string pod(std::size_t service, std::uint32_t address) const;
  std::string slice(std::size_t service) const;

  std::vector<Service> services_;
  std::deque<std::size_t> away_;  ///< Services that lack an endpoint, longest first
  std::mt19937_64 random_;
  std::uint32_t next_address_ = 0;
  std::uint64_t version_ = 1;
};

}  // namespace bench
