#pragma once
#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "net/file_descriptor.h"
#include "operator/manifest_folder.h"
#include "operator/source.h"

namespace outrigger::op {

/// Objects of a folder of manifests, followed with inotify on a thread of its own: files written in place, replaced
/// (editors) or swapped behind a link (ConfigMaps). A change of a link's target outside the folder is not seen. A file
/// that has become bad is logged and keeps its last good content.
class DirSource final : public Source {
 public:
  static std::vector<kube::Kind> kinds();

  /// Tells everything once before it returns. A file that is bad now is an error: "FILE:LINE: reason".
  static Result<std::unique_ptr<DirSource>> open(const std::string& path, OnChanges on_changes);
  ~DirSource() override;

  /// outrigger_manifest_errors.
  void add_metrics(metrics::Exposition& exposition) const override;
  /// None: it waits for its folder to change, for as long as that takes.
  std::vector<std::string> stuck() const override { return {}; }

 private:
  DirSource(const std::string& path, OnChanges on_changes);
  /// What events said is to be read again.
  struct Hints {
    bool all = false;
    bool folder_gone = false;
    std::set<std::string> names;
  };
  Result<void> watch();
  void run();
  Hints take_events();
  void add_hint(const char* name, std::uint32_t mask, Hints& hints) const;
  void read(const Hints& hints, std::chrono::steady_clock::time_point read_at);
  void log_news();

  std::string path_;
  OnChanges on_changes_;
  ManifestFolder folder_;
  net::FileDescriptor inotify_;
  net::FileDescriptor stop_;
  int watch_ = -1;
  std::set<std::string> logged_;  ///< of what the folder has now
  std::atomic<std::size_t> problems_{0};
  std::thread thread_;
};

}  // namespace outrigger::op
