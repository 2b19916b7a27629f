#include "operator/candidate.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <random>

namespace outrigger::op {
namespace {

constexpr const char* kLeaseName = "outrigger-operator";

std::string identity() {
  std::array<char, 65> name{};
  CHECK(::gethostname(name.data(), name.size() - 1) == 0);
  std::random_device random;
  return fmt::format("{}_{:08x}{:08x}", name.data(), random(), random());
}

}  // namespace

Result<std::optional<kube::LeaderElector::Candidate>> candidate_of(const Options& options) {
  if (!options.elect || options.manifests) return std::nullopt;
  kube::LeaderElector::Candidate candidate{{}, identity(), options.election};
  if (options.lease) {
    candidate.lease = *options.lease;
  } else {
    if (!options.kubeconfig.empty()) return std::nullopt;
    const auto ns = kube::in_cluster_namespace();
    if (!ns) return tl::unexpected(ns.error());
    candidate.lease = {*ns, kLeaseName};
  }
  return candidate;
}

}  // namespace outrigger::op
