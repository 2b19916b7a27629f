#pragma once
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "fakes/certificates.h"
#include "integration/process.h"

namespace outrigger::integration {

/// What is scraped, and the labels that a PodMonitor would add.
struct ScrapeTarget {
  std::string job;
  std::string address;
  std::string ns;
  std::string pod;
};

/// A real Prometheus, found in PATH, that scrapes and evaluates rules every second. Its port is fixed: one at a time in
/// a network namespace. One owner.
class Prometheus {
 public:
  /// `rules`: a rules file. Throws when it does not become ready.
  Prometheus(const std::vector<ScrapeTarget>& targets, const std::string& rules);

  /// The values of an instant query's series; the next three throw what Prometheus says against it.
  std::vector<double> query(const std::string& expression) const;
  /// Of the series that a selector matches.
  std::set<std::string> label_values(const std::string& label, const std::string& selector) const;
  /// The rules of all groups, as its API shows them.
  std::vector<nlohmann::json> rules() const;

 private:
  static nlohmann::json ask(const std::string& path);

  fakes::TemporaryFolder folder_;
  Process process_;
};

}  // namespace outrigger::integration
