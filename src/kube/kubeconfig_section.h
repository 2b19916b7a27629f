#pragma once
#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "result/result.h"

namespace outrigger::kube {

/// A key that others know and we refuse.
struct Unsupported {
  const char* key;
  const char* instead;
};

/// One mapping of a kubeconfig and where it stands, e.g. "/home/a/.kube/config: users[admin].user". Errors name the
/// place. One thread; yaml-cpp's exceptions come through.
class Section {
 public:
  Section(const YAML::Node& node, std::string place);

  bool has(const std::string& key) const;
  /// Empty: not there.
  Result<std::string> text(const std::string& key) const;
  Result<std::string> required(const std::string& key) const;
  /// The content of `key`-data, or else of the file that `key` names.
  Result<std::string> content(const std::string& key, const std::filesystem::path& directory) const;
  /// Of a list of strings; none when it is not there.
  Result<std::vector<std::string>> texts(const std::string& key) const;
  /// The mapping that is `key`'s value, which is there.
  Result<Section> inside(const std::string& key) const;
  /// Of a list of mappings; none when it is not there.
  Result<std::vector<Section>> each(const std::string& key) const;
  Result<void> refuse(std::span<const Unsupported> keys) const;

  tl::unexpected<Error> problem(const std::string& key, const std::string& text) const;

 private:
  YAML::Node node_;
  std::string place_;
};

}  // namespace outrigger::kube
