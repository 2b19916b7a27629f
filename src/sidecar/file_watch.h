#pragma once
#include <filesystem>
#include <functional>
#include <string>

#include "net/event_loop.h"

namespace outrigger::sidecar {

/// Tells when a file may have changed: written and closed, replaced by a rename, or (as ConfigMaps do it) reached
/// through a symbolic link beside it that was replaced.
class FileWatch final : private net::EventHandler {
 public:
  FileWatch(net::EventLoop& loop, const std::string& path, std::function<void()> on_change);
  ~FileWatch();

 private:
  void on_events(std::uint32_t events) override;

  net::EventLoop& loop_;
  std::filesystem::path directory_;
  std::function<void()> on_change_;
  net::FileDescriptor fd_;
};

}  // namespace outrigger::sidecar
