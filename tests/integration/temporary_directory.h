#pragma once
#include <filesystem>
#include <string>
#include <string_view>

namespace outrigger::integration {

/// A new directory for a test's files; deleted with its content.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  std::string file(std::string_view name) const { return path_ / name; }
  /// Writes the whole file beside its place and renames it there, so that nobody reads half of it. Its path.
  std::string write(std::string_view name, std::string_view content) const;

 private:
  std::filesystem::path path_;
};

}  // namespace outrigger::integration
