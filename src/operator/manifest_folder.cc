#include "operator/manifest_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <system_error>

namespace outrigger::op {
namespace {

namespace fs = std::filesystem;

constexpr kube::Kind kKinds[] = {kube::Kind::service, kube::Kind::endpoint_slice, kube::Kind::endpoints,
                                 kube::Kind::pod, kube::Kind::node};

Result<std::string> read_text(const fs::path& path) {
  std::error_code error;
  const std::uintmax_t bytes = fs::file_size(path, error);
  if (error) return failure(path.string() + ": " + error.message());
  if (bytes > ManifestFolder::kMaxFileBytes) {
    return failure(fmt::format("{}: {} bytes; allowed: {}", path.string(), bytes, ManifestFolder::kMaxFileBytes));
  }
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return failure(path.string() + ": " + std::system_category().message(errno));
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

Result<void> ManifestFolder::read_all() {
  auto names = list();
  if (!names) return tl::unexpected(names.error());
  return read(*names);
}

Result<void> ManifestFolder::read(const std::set<std::string>& names) {
  const auto there = list();
  if (!there) return tl::unexpected(there.error());
  std::erase_if(files_, [&](const auto& file) { return !there->contains(file.first); });
  for (const std::string& name : names) {
    if (there->contains(name)) read_file(name);
  }
  look_over();
  return {};
}

std::vector<kube::Change> ManifestFolder::changes(std::chrono::steady_clock::time_point read_at) const {
  std::vector<kube::Change> changes;
  for (const kube::Kind kind : kKinds) {
    kube::Change& change = changes.emplace_back();
    change.kind = kind;
    change.replace = true;
    change.read_at = read_at;
    std::set<model::ObjectKey> seen;
    for (const auto& [name, file] : files_) {
      for (const kube::Object& object : file.manifest.objects) {
        if (object.kind == kind && seen.insert(object.key).second) change.objects.push_back(object);
      }
    }
  }
  return changes;
}

Result<std::set<std::string>> ManifestFolder::list() const {
  std::set<std::string> names;
  std::error_code error;
  fs::directory_iterator entry(path_, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    std::string name = entry->path().filename().string();
    std::error_code unknown;
    if (!name.starts_with('.') && is_manifest_name(name) && entry->is_regular_file(unknown)) {
      names.insert(std::move(name));
    }
  }
  if (error) return failure(path_.string() + ": " + error.message());
  return names;
}

void ManifestFolder::read_file(const std::string& name) {
  const fs::path path = path_ / name;
  File& file = files_[name];
  const auto text = read_text(path);
  auto manifest = text ? read_manifest(path.string(), *text) : Result<Manifest>(tl::unexpected(text.error()));
  if (manifest) {
    file = {std::move(*manifest), ""};
  } else {
    file.problem = manifest.error().text;
  }
}

void ManifestFolder::look_over() {
  problems_.clear();
  ignored_.clear();
  std::map<std::pair<kube::Kind, model::ObjectKey>, std::string> first_in;
  for (const auto& [name, file] : files_) {
    std::string problem = file.problem;
    for (const kube::Object& object : file.manifest.objects) {
      const auto [first, is_new] = first_in.try_emplace({object.kind, object.key}, name);
      if (is_new || !problem.empty()) continue;
      problem = fmt::format("{}: {} {} is already in {}; allowed: once", (path_ / name).string(),
                            kube::kind_name(object.kind), object.key.text(), first->second);
    }
    if (!problem.empty()) problems_.push_back(std::move(problem));
    for (const std::string& object : file.manifest.ignored) {
      ignored_.push_back((path_ / name).string() + ":" + object);
    }
  }
}

}  // namespace outrigger::op
