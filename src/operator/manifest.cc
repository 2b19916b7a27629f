#include "operator/manifest.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "kube/json_path.h"
#include "yaml/json.h"

namespace outrigger::op {
namespace {

using nlohmann::json;

std::optional<kube::Kind> balanced_kind(std::string_view name) {
  for (const kube::Kind kind :
       {kube::Kind::service, kube::Kind::endpoint_slice, kube::Kind::endpoints, kube::Kind::pod, kube::Kind::node}) {
    if (name == kube::kind_name(kind)) return kind;
  }
  return std::nullopt;
}

std::string kind_text(const json& object) { return kube::text_at(object, {"kind"}); }

json& metadata_of(json& object) {
  json& metadata = object["metadata"];
  if (metadata.is_null()) metadata = json::object();
  return metadata;
}

Result<void> add_object(json& object, std::size_t line, Manifest& manifest) {
  const std::string name = kind_text(object);
  if (name.empty()) return failure("not a manifest; allowed: an object with a kind");
  json& metadata = metadata_of(object);
  const auto kind = balanced_kind(name);
  if (!kind) {
    manifest.ignored.push_back(fmt::format("{}: {} '{}'", line, name, kube::text_at(metadata, {"name"})));
    return {};
  }
  if (metadata.is_object()) {
    if (*kind == kube::Kind::node) {
      metadata.erase("namespace");
    } else if (kube::text_at(metadata, {"namespace"}).empty()) {
      metadata["namespace"] = "default";
    }
  }
  auto parsed = kube::parse_object(*kind, object);
  if (!parsed) return failure(parsed.error().text);
  manifest.objects.push_back(std::move(*parsed));
  return {};
}

/// An object, or the items of a list: kubectl writes "List", the API itself "ServiceList".
Result<void> add_document(json& document, std::size_t line, Manifest& manifest) {
  if (!kind_text(document).ends_with("List") || !document.contains("items")) {
    return add_object(document, line, manifest);
  }
  json& items = document["items"];
  if (!items.is_array()) return failure("items: not an array");
  for (json& item : items) {
    if (auto done = add_object(item, line, manifest); !done) return done;
  }
  return {};
}

}  // namespace

bool is_manifest_name(const std::string& file_name) {
  return file_name.ends_with(".yaml") || file_name.ends_with(".yml") || file_name.ends_with(".json");
}

Result<Manifest> read_manifest(const std::string& file_name, const std::string& text) {
  auto documents = file_name.ends_with(".json") ? yaml::read_json(text) : yaml::read_yaml(text);
  if (!documents) return failure(file_name + ":" + documents.error().text);
  Manifest manifest;
  for (yaml::Document& document : *documents) {
    if (auto done = add_document(document.value, document.line, manifest); !done) {
      return failure(fmt::format("{}:{}: {}", file_name, document.line, done.error().text));
    }
  }
  return manifest;
}

}  // namespace outrigger::op
