#include "kube/kubeconfig_section.h"

#include <utility>

#include "kube/base64.h"
#include "kube/small_file.h"

namespace outrigger::kube {

Section::Section(const YAML::Node& node, std::string place) : node_(node), place_(std::move(place)) {}

bool Section::has(const std::string& key) const { return node_[key].IsDefined() && !node_[key].IsNull(); }

Result<std::string> Section::text(const std::string& key) const {
  if (!has(key)) return std::string();
  if (!node_[key].IsScalar()) return problem(key, "not allowed; allowed: a string");
  return node_[key].Scalar();
}

Result<std::string> Section::required(const std::string& key) const {
  auto value = text(key);
  if (value && value->empty()) return problem(key, "is missing");
  return value;
}

Result<std::string> Section::content(const std::string& key, const std::filesystem::path& directory) const {
  auto data = text(key + "-data");
  if (!data) return data;
  if (!data->empty()) {
    auto bytes = decode_base64(*data);
    if (!bytes) return problem(key + "-data", bytes.error().text);
    return bytes;
  }
  auto file = text(key);
  if (!file || file->empty()) return file;
  auto bytes = read_small_file(directory / *file);
  if (!bytes) return problem(key, bytes.error().text);
  if (bytes->empty()) return problem(key, *file + " is empty");
  return bytes;
}

Result<std::vector<std::string>> Section::texts(const std::string& key) const {
  std::vector<std::string> all;
  if (!has(key)) return all;
  if (!node_[key].IsSequence()) return problem(key, "not allowed; allowed: a list of strings");
  for (const YAML::Node& item : node_[key]) {
    if (!item.IsScalar()) return problem(key, "not allowed; allowed: a list of strings");
    all.push_back(item.Scalar());
  }
  return all;
}

Result<Section> Section::inside(const std::string& key) const {
  if (!node_[key].IsMap()) return problem(key, "not allowed; allowed: a mapping");
  return Section(node_[key], place_ + "." + key);
}

Result<std::vector<Section>> Section::each(const std::string& key) const {
  std::vector<Section> all;
  if (!has(key)) return all;
  if (!node_[key].IsSequence()) return problem(key, "not allowed; allowed: a list of mappings");
  for (const YAML::Node& item : node_[key]) {
    if (!item.IsMap()) return problem(key, "not allowed; allowed: a list of mappings");
    all.emplace_back(item, place_ + "." + key + "[" + std::to_string(all.size()) + "]");
  }
  return all;
}

Result<void> Section::refuse(std::span<const Unsupported> keys) const {
  for (const Unsupported& unsupported : keys) {
    if (has(unsupported.key)) {
      return problem(unsupported.key, std::string("is not supported; allowed: ") + unsupported.instead);
    }
  }
  return {};
}

tl::unexpected<Error> Section::problem(const std::string& key, const std::string& text) const {
  return failure(place_ + "." + key + ": " + text);
}

}  // namespace outrigger::kube
