#pragma once
#include <chrono>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "kube/objects.h"
#include "operator/manifest.h"

namespace outrigger::op {

/// The manifests of a folder (not of folders in it), read on request. A file that has become unreadable keeps its last
/// good content until it is good again or gone. Of an object that is there twice the first counts, in the order of
/// file names. One owner.
class ManifestFolder {
 public:
  static constexpr std::uintmax_t kMaxFileBytes = 64 << 20;

  explicit ManifestFolder(std::filesystem::path path) : path_(std::move(path)) {}

  /// Reads everything, also what has been read before.
  Result<void> read_all();
  /// Reads what of `names` is there, and forgets files that are gone. Others stay unread: they may be half written.
  Result<void> read(const std::set<std::string>& names);

  /// Everything that counts: one change per kind, each of which replaces what was known.
  std::vector<kube::Change> changes(std::chrono::steady_clock::time_point read_at) const;

  /// One line per file that is not as it should be; their number is what outrigger_manifest_errors tells.
  const std::vector<std::string>& problems() const { return problems_; }
  /// "FILE:LINE: KIND 'NAME'" of each object of a kind that does not count.
  const std::vector<std::string>& ignored() const { return ignored_; }

 private:
  struct File {
    Manifest manifest;    ///< the last good one
    std::string problem;  ///< empty: `manifest` is what it holds
  };
  Result<std::set<std::string>> list() const;
  void read_file(const std::string& name);
  void look_over();

  std::filesystem::path path_;
  std::map<std::string, File> files_;
  std::vector<std::string> problems_;
  std::vector<std::string> ignored_;
};

}  // namespace outrigger::op
