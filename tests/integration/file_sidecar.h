#pragma once
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fakes/certificates.h"
#include "integration/programs.h"

namespace outrigger::integration {

/// What a sidecar's file says beside its services.
struct FileSettings {
  int workers = 1;
  std::string zone = {};
  std::string protocol = "http";
};

/// A service of such a file: "NAMESPACE/NAME:PORT", its options ("policy: random, slowStart: 1h"), its endpoints, each
/// as what stands between its braces.
struct FileService {
  std::string name;
  std::string options;
  std::vector<std::string> endpoints;
};

/// outrigger-sidecar run from a file alone; its listener "web" is for the first of the services. One owner.
class FileSidecar {
 public:
  FileSidecar(const FileSettings& settings, const std::vector<FileService>& services);

  std::string address() { return sidecar_->address("web"); }
  /// These from now on; the workers have them when this returns.
  void reload(const std::vector<FileService>& services);

  std::string metrics() { return sidecar_->metrics(); }
  /// The sum of the samples of that name that have these labels; 0 when there is none.
  double metric(std::string_view name, const std::map<std::string, std::string>& labels = {});
  /// What /backends shows of an endpoint; null when it does not.
  nlohmann::json shown(const std::string& service, const std::string& address);
  std::string state(const std::string& service, const std::string& address);
  double effective_weight(const std::string& service, const std::string& address);

 private:
  std::string text(const std::vector<FileService>& services) const;

  FileSettings settings_;
  fakes::TemporaryFolder folder_;
  std::unique_ptr<Sidecar> sidecar_;
};

}  // namespace outrigger::integration
