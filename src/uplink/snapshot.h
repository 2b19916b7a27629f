#pragma once
/// The last known good sets on disk: a line that says when the operator last confirmed them and what it said of this
/// sidecar's place, then one feed "set" message a line. Any thread; blocking.
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "feed/message.h"
#include "result/result.h"

namespace outrigger::uplink {

struct Snapshot {
  std::chrono::system_clock::time_point confirmed_at;
  std::string node = {};  ///< empty: none was named
  std::string zone = {};  ///< of `node`; empty: not known
  std::vector<std::shared_ptr<const feed::FullSet>> sets;
};

inline constexpr std::size_t kMaxSnapshotBytes = 256 << 20;

/// Replaces the file as a whole: who reads it sees the old or the new one, also after a crash. The error names the
/// path.
Result<void> save_snapshot(const std::string& path, const Snapshot& snapshot);
/// A file that is not there gives a snapshot without sets; a broken one gives an error naming path and line.
Result<Snapshot> load_snapshot(const std::string& path);

}  // namespace outrigger::uplink
